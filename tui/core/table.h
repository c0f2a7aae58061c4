/* Text tables for the command line: columns as data, cells from JSON, widths from what is shown, everything sanitised.
 */
#ifndef TUI_CORE_TABLE_H
#define TUI_CORE_TABLE_H

#include "shared/buf.h"

#include <jansson.h>

enum cell_kind {
    CELL_TEXT,
    CELL_NUMBER,  /* 12,345 */
    CELL_BYTES,   /* 1.2 MiB */
    CELL_TIME,    /* 2026-11-21 03:12:44 */
    CELL_SECONDS, /* 1.2 s */
    CELL_PERCENT, /* 2.10 % */
    CELL_LIST,    /* a JSON array, joined by " | " */
};

struct column {
    const char *title;
    const char *key;
    enum cell_kind kind;
    unsigned most; /* columns of the terminal it may take; 0: all it needs. Longer text is cut with an ellipsis. */
};

/* Appends the table: titles, then a line an item. */
void table_print(struct buf *out, const struct column *columns, size_t count, const json_t *items);
/* Appends one value as a cell of this kind shows it; nothing for null. */
void table_cell(struct buf *out, enum cell_kind kind, const json_t *value);

#endif
