/* What the printers share. */
#ifndef TUI_APP_PRINT_H
#define TUI_APP_PRINT_H

#include "tui/app/verb.h"
#include "tui/core/table.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The result's items as a table, or what is said when there are none; how to ask for the next page. */
void print_list(
    struct paper *paper, const struct column *columns, size_t count, const json_t *result, const char *nothing);

void print_cell(struct paper *paper, enum cell_kind kind, const json_t *object, const char *key);
/* The label of a fact, whose value follows. */
void print_label(struct paper *paper, const char *label);
/* A line of its own, behind an empty one. */
void print_heading(struct paper *paper, const char *title);

#endif
