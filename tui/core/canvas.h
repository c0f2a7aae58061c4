/*
 * What a screen shows, as a grid of cells that a test can read as text and styles. Drawing is clipped. All text passes
 * the sanitiser (shared/utf8.h) here, so nothing from a file, a name or the wire can reach a terminal another way.
 */
#ifndef TUI_CORE_CANVAS_H
#define TUI_CORE_CANVAS_H

#include "shared/buf.h"

#include <stdint.h>

/* What a piece of text means; the terminal gives it a look. letter: how canvas_styles() shows it. */
enum role {
    ROLE_TEXT,
    ROLE_DIM,     /* less important */
    ROLE_HEAD,    /* titles of columns */
    ROLE_TITLE,   /* the name of a thing */
    ROLE_GOOD,    /* it worked */
    ROLE_WARN,    /* look at it */
    ROLE_BAD,     /* it is lost or broken */
    ROLE_ACCENT,  /* keys, links, what can be entered */
    ROLE_STRANGE, /* bytes that no screen shows as they are */
    ROLE_FRAME,   /* lines */
    ROLE_COUNT,
};

/* A style is a role with marks. */
enum { MARK_BOLD = 0x100, MARK_REVERSE = 0x200, MARK_UNDERLINE = 0x400, STYLE_ROLE = 0xFF };

enum glyph { GLYPH_LINE, GLYPH_ELLIPSIS, GLYPH_DOT, GLYPH_ARROW, GLYPH_OPEN, GLYPH_CLOSED, GLYPH_LEFT, GLYPH_RIGHT };

enum { CLUSTER_BYTES = 24 };

struct canvas_cell {
    char text[CLUSTER_BYTES]; /* a base and its combining marks, UTF-8 */
    uint8_t n, width;         /* width 0: the right half of the cell before */
    uint16_t style;
};

struct canvas {
    int rows, columns;
    bool ascii; /* the terminal shows nothing else: lines and data are written with it */
    struct canvas_cell *cells;
    int cursor_y, cursor_x;
};

bool canvas_init(struct canvas *canvas, int rows, int columns, bool ascii, struct err *err) MUST_CHECK;
void canvas_dispose(struct canvas *canvas);
/* Blanks it and puts the cursor into the lower left corner. */
void canvas_clear(struct canvas *canvas);
const struct canvas_cell *canvas_at(const struct canvas *canvas, int y, int x);

/* Text in at most width columns from (y, x), what does not fit ends in an ellipsis. Returns the columns it took. */
int canvas_text(struct canvas *canvas, int y, int x, int width, unsigned style, struct str text);
int canvas_cstr(struct canvas *canvas, int y, int x, int width, unsigned style, const char *text);
/* The same, ending at column x + width - 1. */
int canvas_right(struct canvas *canvas, int y, int x, int width, unsigned style, struct str text);
int canvas_printf(struct canvas *canvas, int y, int x, int width, unsigned style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void canvas_fill(struct canvas *canvas, int y, int x, int width, unsigned style);
/* Gives cells another style, the text stays. */
void canvas_restyle(struct canvas *canvas, int y, int x, int width, unsigned style);
void canvas_glyph(struct canvas *canvas, int y, int x, unsigned style, enum glyph glyph);
void canvas_line(struct canvas *canvas, int y, int x, int width);
/* A bar of part/whole of width columns: reversed spaces (on a reversed line: what is not reversed) and one partial
 * glyph; something is never nothing. */
void canvas_bar(struct canvas *canvas, int y, int x, int width, unsigned style, double part, double whole);
/* Columns that text would take. */
int canvas_measure(const struct canvas *canvas, struct str text);

/* The same where lines are not ASCII only. */
int canvas_width(struct str text);

/* For tests: a line of a canvas as text without trailing blanks, and a letter for each column's role. */
void canvas_row_text(const struct canvas *canvas, int y, struct buf *out);
void canvas_row_styles(const struct canvas *canvas, int y, struct buf *out);

#endif
