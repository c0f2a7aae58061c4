/*
 * A scrolling list: lines from JSON objects, columns as data, some of them frozen at the left. It may show a window of
 * a longer list: items are lines base to base + n of total, and the caller brings others when grid_wants() says so.
 * Search, filter and sort look at what is there.
 */
#ifndef TUI_CORE_GRID_H
#define TUI_CORE_GRID_H

#include "shared/arena.h"
#include "tui/core/canvas.h"
#include "tui/core/keymap.h"
#include "tui/core/table.h"

struct grid_cell {
    struct buf *text;
    unsigned style;
    char mark;          /* drawn before the text: '!' for a failing cell */
    double part, whole; /* whole > 0: a bar in place of the text */
};

struct grid_column {
    const char *title, *key;
    enum cell_kind kind;
    int least, most; /* columns of the terminal */
    bool grows;      /* takes what is left over */
};

struct grid {
    const struct grid_column *columns;
    size_t column_count, frozen;
    /* Fills the cell; NULL: the value of the column's key as table_cell() has it. */
    void (*cell)(void *context, const json_t *item, size_t column, struct grid_cell *cell);
    void *context;
    bool by_cell; /* the cursor stands on a cell, not on a line */

    const json_t *targets; /* {name: whether its link is lost}, when items are of several; NULL: they are of one */
    const char *key;       /* the member that tells an item from others: the cursor stays on it; NULL: on its line */

    json_t *items;
    size_t base, total;
    size_t *order, order_count; /* of items shown; NULL: all, as they are */
    size_t at, top;             /* lines: of total, or of order when there is one */
    size_t column, first;       /* the cursor's, and the first one shown behind the frozen ones */
    int *widths;
    int height, width; /* as last drawn */
    struct buf search, filter;
    int sort; /* a column, or -1 */
    bool reverse;

    const char *id;   /* the member that names an item; NULL: nothing here is marked */
    json_t *marks;    /* ids, by their text */
    const char *like; /* and every item whose member of this name is like_value, here or not: so many */
    json_t *like_value;
    size_t like_count;
    bool ranging; /* from anchor to the cursor */
    size_t anchor;
};

void grid_init(struct grid *grid, const struct grid_column *columns, size_t column_count, size_t frozen);
void grid_dispose(struct grid *grid);
/* items are shared, not taken. The cursor stays on its item, or else on its line. */
void grid_set(struct grid *grid, json_t *items, size_t base, size_t total);
/* Columns that are known only with the data. */
void grid_set_columns(struct grid *grid, const struct grid_column *columns, size_t column_count, size_t frozen);
size_t grid_lines(const struct grid *grid);
/* The item under the cursor; NULL: none, or not here yet. */
json_t *grid_item(const struct grid *grid);
json_t *grid_item_at(const struct grid *grid, size_t line);
/* True when lines on the screen are not among the items: from *line on. */
bool grid_wants(const struct grid *grid, size_t *line);

void grid_draw(struct grid *grid, struct canvas *canvas, int y, int x, int height, int width);
/* Moving, sorting, next match. False: none of the grid's business. */
bool grid_request(struct grid *grid, enum request request);
void grid_go(struct grid *grid, size_t line);
/* "!" before the text turns it round; an empty text shows all. */
bool grid_filter(struct grid *grid, struct str text);
bool grid_search(struct grid *grid, struct str text);
/* From the cursor on, or back. False: no line has it. */
bool grid_find(struct grid *grid, bool back);
/* A value as a cell shows it; text as it is, for the canvas to sanitise. */
void grid_value(struct buf *out, enum cell_kind kind, const json_t *value);
/* The target of an item of several targets', else NULL. */
const char *grid_target(const struct grid *grid, const json_t *item);
/* A cell as text. */
void grid_text(const struct grid *grid, const json_t *item, size_t column, struct buf *out);

#endif
