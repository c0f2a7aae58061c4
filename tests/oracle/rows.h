/* Random rows, as the worker's vectors and as SQL that fills PostgreSQL's tables with the same. */
#ifndef TESTS_ORACLE_ROWS_H
#define TESTS_ORACLE_ROWS_H

#include "tests/oracle/dice.h"
#include "worker/expr/expr.h"

enum { ROWS_COLUMNS = 21, ROWS_COUNT = 16 };

/* _row numbers its rows from 0. The name lets a reference's column be found. */
#define ROWS_FROM "oracle.t as rates"

struct rows {
    struct expr_name names[ROWS_COLUMNS];
    struct expr_scope scope;
    struct vector vectors[ROWS_COLUMNS];
    const struct vector *slots[ROWS_COLUMNS];
};

void rows_table(struct buf *sql);
/* Texts and vectors live in arena. */
bool rows_fill(struct rows *rows, struct dice *dice, struct arena *arena, struct buf *sql);
void rows_print(const struct rows *rows, uint32_t column, uint32_t row, struct buf *out);

#endif
