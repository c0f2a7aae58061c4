/*
 * Text tables for the command line: columns as data, cells from JSON, everything sanitised. On a terminal a table fits
 * its width: columns that may shrink do, then the least important are left out. Columns without any value are left out
 * everywhere.
 */
#ifndef TUI_CORE_TABLE_H
#define TUI_CORE_TABLE_H

#include "tui/core/paper.h"

#include <jansson.h>

enum cell_kind {
    CELL_TEXT,
    CELL_NUMBER,  /* 12,345 */
    CELL_BYTES,   /* 1.2 MiB */
    CELL_TIME,    /* 2026-11-21 03:12:44, without seconds or year where there is no room */
    CELL_SECONDS, /* 1.2 s */
    CELL_PERCENT, /* 2.10 % */
    CELL_LIST,    /* a JSON array, joined by " | " */
    CELL_KEY,     /* a lake key: cut in front */
    CELL_RUN,     /* a run's id: its last part says as much */
};

/* When a cell stands out. */
enum stress { STRESS_NONE, STRESS_WORD /* failed, quarantined … */, STRESS_BAD_COUNT, STRESS_WAITING_COUNT };

struct column {
    const char *title;
    const char *key;
    enum cell_kind kind;
    unsigned least; /* terminal columns it can shrink to; 0: it keeps what it needs */
    unsigned rank;  /* the highest is left out first; 0: never */
    enum stress stress;
};

enum { TABLE_MOST_COLUMNS = 32 };

/* Appends the table: titles, then a line an item. */
void table_print(struct paper *paper, const struct column *columns, size_t count, const json_t *items);
/* Appends one value as a cell of this kind shows it; nothing for null. */
void table_cell(struct buf *out, enum cell_kind kind, const json_t *value);
/* Cuts sanitised text to most terminal columns, an ellipsis at the end that was cut off. */
void table_cut(struct buf *text, size_t most, bool in_front);

#endif
