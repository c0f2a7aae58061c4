/* What the printers share. */
#ifndef TUI_APP_PRINT_H
#define TUI_APP_PRINT_H

#include "tui/app/verb.h"
#include "tui/core/table.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The result's items as a table, or what is said when there are none; how to ask for the next page. */
void print_list(
    struct paper *paper, const struct column *columns, size_t count, const json_t *result, const char *nothing);

#endif
