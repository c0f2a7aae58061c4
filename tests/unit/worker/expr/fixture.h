/* The table t of generate.sh as vectors: what PostgreSQL saw is what the engine sees. */
#ifndef TESTS_EXPR_FIXTURE_H
#define TESTS_EXPR_FIXTURE_H

#include "worker/expr/expr.h"

enum { FIXTURE_COLUMNS = 14, FIXTURE_ROWS = 6 };

struct fixture {
    struct expr_scope scope;
    struct vector vectors[FIXTURE_COLUMNS];
    const struct vector *slots[FIXTURE_COLUMNS];
};

bool fixture_init(struct fixture *fixture, struct arena *arena);

#endif
