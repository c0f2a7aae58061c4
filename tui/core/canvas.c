#include "tui/core/canvas.h"

#include "shared/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_TEXT = 64 * 1024 };

bool canvas_init(struct canvas *canvas, int rows, int columns, bool ascii, struct err *err)
{
    *canvas = (struct canvas){.rows = rows, .columns = columns, .ascii = ascii};
    canvas->cells = calloc((size_t)rows * (size_t)columns, sizeof *canvas->cells);
    if (!canvas->cells)
        return ERR(err, ERR_MEMORY, "no memory for a screen of %d x %d", columns, rows);
    canvas_clear(canvas);
    return true;
}

void canvas_dispose(struct canvas *canvas)
{
    free(canvas->cells);
    canvas->cells = NULL;
}

static struct canvas_cell *cell_at(const struct canvas *canvas, int y, int x)
{
    bool inside = y >= 0 && y < canvas->rows && x >= 0 && x < canvas->columns;
    return inside ? &canvas->cells[y * canvas->columns + x] : NULL;
}

const struct canvas_cell *canvas_at(const struct canvas *canvas, int y, int x)
{
    return cell_at(canvas, y, x);
}

static void blank(struct canvas_cell *cell, unsigned style)
{
    memset(cell, 0, sizeof *cell);
    cell->text[0] = ' ';
    cell->n = cell->width = 1;
    cell->style = (uint16_t)style;
}

void canvas_clear(struct canvas *canvas)
{
    for (int i = 0; i < canvas->rows * canvas->columns; i++)
        blank(&canvas->cells[i], ROLE_TEXT);
    canvas->cursor_y = canvas->rows - 1;
    canvas->cursor_x = 0;
}

/* Half a wide character is never left behind. */
static void clear_way(struct canvas *canvas, int y, int x)
{
    struct canvas_cell *cell = cell_at(canvas, y, x), *left = cell_at(canvas, y, x - 1),
                       *right = cell_at(canvas, y, x + 1);
    if (cell && cell->width == 0 && left)
        blank(left, left->style);
    if (cell && cell->width == 2 && right)
        blank(right, right->style);
}

static void put(struct canvas *canvas, int y, int x, int width, unsigned style, struct str text)
{
    struct canvas_cell *cell = cell_at(canvas, y, x), *next = cell_at(canvas, y, x + 1);
    if (!cell || (width == 2 && !next))
        return;
    clear_way(canvas, y, x);
    if (width == 2)
        clear_way(canvas, y, x + 1);
    memset(cell, 0, sizeof *cell);
    cell->n = (uint8_t)(text.n < CLUSTER_BYTES ? text.n : CLUSTER_BYTES);
    memcpy(cell->text, text.p, cell->n);
    cell->width = (uint8_t)width;
    cell->style = (uint16_t)style;
    if (width == 2) {
        memset(next, 0, sizeof *next);
        next->style = (uint16_t)style;
    }
}

/* ---- text ---- */

/* A base with the marks on it that a screen may show: the piece that is drawn as one. */
static size_t cluster(struct str text, struct buf *out)
{
    uint32_t c;
    size_t n = utf8_decode(text, &c);
    size_t at = n ? n : 1;
    while (n && c >= 0x20 && at < text.n && (unsigned char)text.p[at] >= 0x80) {
        size_t more = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        if (!more || utf8_width(c) != 0)
            break;
        buf_reset(out);
        utf8_sanitise(out, (struct str){text.p, at + more});
        if (!str_eq(buf_str(out), (struct str){text.p, at + more}))
            break;
        at += more;
    }
    return at;
}

/* Sanitises one cluster into out; true when it is no longer what it was. */
static bool clean(bool ascii, struct str piece, struct buf *out)
{
    buf_reset(out);
    if (ascii && (unsigned char)piece.p[0] >= 0x80) {
        for (size_t at = 0; at < piece.n;) {
            uint32_t c;
            size_t n = utf8_decode((struct str){piece.p + at, piece.n - at}, &c);
            if (n)
                buf_printf(out, "<U+%04X>", c);
            else
                buf_printf(out, "\\x%02X", (unsigned char)piece.p[at]);
            at += n ? n : 1;
        }
        return true;
    }
    utf8_sanitise(out, piece);
    return !str_eq(piece, buf_str(out));
}

/* Draws a sanitised piece, or measures it where canvas is NULL. Returns its columns. */
static int draw_piece(struct canvas *canvas, int y, int x, int room, unsigned style, struct str piece)
{
    int used = 0;
    for (size_t at = 0; at < piece.n;) {
        size_t end = at;
        uint32_t c;
        size_t n = utf8_decode((struct str){piece.p + at, piece.n - at}, &c);
        int width = n ? utf8_width(c) : 1;
        end += n ? n : 1;
        while (end < piece.n && (unsigned char)piece.p[end] >= 0x80) {
            n = utf8_decode((struct str){piece.p + end, piece.n - end}, &c);
            if (!n || utf8_width(c) != 0)
                break;
            end += n;
        }
        if (used + width > room)
            break;
        if (canvas)
            put(canvas, y, x + used, width, style, (struct str){piece.p + at, end - at});
        used += width;
        at = end;
    }
    return used;
}

static int measure_most(bool ascii, struct str text, int most)
{
    struct buf piece;
    int columns = 0;
    buf_init(&piece, MOST_TEXT);
    for (size_t at = 0; at < text.n && columns <= most;) {
        size_t n = 1;
        unsigned char c = (unsigned char)text.p[at];
        if (c >= 0x20 && c < 0x7F && (at + 1 == text.n || (unsigned char)text.p[at + 1] < 0x80))
            columns++;
        else {
            n = cluster((struct str){text.p + at, text.n - at}, &piece);
            clean(ascii, (struct str){text.p + at, n}, &piece);
            columns += draw_piece(NULL, 0, 0, MOST_TEXT, 0, buf_str(&piece));
        }
        at += n;
    }
    buf_dispose(&piece);
    return columns;
}

int canvas_measure(const struct canvas *canvas, struct str text)
{
    return measure_most(canvas->ascii, text, MOST_TEXT);
}

int canvas_width(struct str text)
{
    return measure_most(false, text, MOST_TEXT);
}

int canvas_text(struct canvas *canvas, int y, int x, int width, unsigned style, struct str text)
{
    struct buf piece;
    int used = 0;
    if (width > canvas->columns - x)
        width = canvas->columns - x;
    if (width <= 0 || y < 0 || y >= canvas->rows)
        return 0;
    bool cut = measure_most(canvas->ascii, text, width) > width;
    int room = cut ? width - 1 : width;
    buf_init(&piece, MOST_TEXT);
    for (size_t at = 0; at < text.n && used < room;) {
        size_t n = cluster((struct str){text.p + at, text.n - at}, &piece);
        bool strange = clean(canvas->ascii, (struct str){text.p + at, n}, &piece);
        unsigned look = strange ? (style & ~(unsigned)STYLE_ROLE) | ROLE_STRANGE : style;
        int took = draw_piece(canvas, y, x + used, room - used, look, buf_str(&piece));
        bool whole = took == draw_piece(NULL, 0, 0, MOST_TEXT, 0, buf_str(&piece));
        used += took;
        at += n;
        if (!whole)
            break;
    }
    buf_dispose(&piece);
    if (cut)
        canvas_glyph(canvas, y, x + used++, style, GLYPH_ELLIPSIS);
    return used;
}

int canvas_cstr(struct canvas *canvas, int y, int x, int width, unsigned style, const char *text)
{
    return canvas_text(canvas, y, x, width, style, str_of(text));
}

int canvas_right(struct canvas *canvas, int y, int x, int width, unsigned style, struct str text)
{
    int columns = measure_most(canvas->ascii, text, width);
    int gap = columns < width ? width - columns : 0;
    return gap + canvas_text(canvas, y, x + gap, width - gap, style, text);
}

int canvas_printf(struct canvas *canvas, int y, int x, int width, unsigned style, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        return 0;
    int used = canvas_text(canvas, y, x, width, style, (struct str){text, (size_t)n});
    free(text);
    return used;
}

/* ---- shapes ---- */

void canvas_fill(struct canvas *canvas, int y, int x, int width, unsigned style)
{
    for (int i = 0; i < width; i++) {
        struct canvas_cell *cell = cell_at(canvas, y, x + i);
        if (!cell)
            continue;
        clear_way(canvas, y, x + i);
        blank(cell, style);
    }
}

void canvas_restyle(struct canvas *canvas, int y, int x, int width, unsigned style)
{
    for (int i = 0; i < width; i++) {
        struct canvas_cell *cell = cell_at(canvas, y, x + i);
        if (cell)
            cell->style = (uint16_t)style;
    }
}

void canvas_glyph(struct canvas *canvas, int y, int x, unsigned style, enum glyph glyph)
{
    static const char *const glyphs[][2] = {
        [GLYPH_LINE] = {"─", "-"},
        [GLYPH_ELLIPSIS] = {"…", "~"},
        [GLYPH_DOT] = {"·", "."},
        [GLYPH_ARROW] = {"›", ">"},
        [GLYPH_OPEN] = {"▾", "-"},
        [GLYPH_CLOSED] = {"▸", "+"},
        [GLYPH_LEFT] = {"‹", "<"},
        [GLYPH_RIGHT] = {"›", ">"},
    };
    put(canvas, y, x, 1, style, str_of(glyphs[glyph][canvas->ascii ? 1 : 0]));
}

void canvas_line(struct canvas *canvas, int y, int x, int width)
{
    for (int i = 0; i < width; i++)
        canvas_glyph(canvas, y, x + i, ROLE_FRAME, GLYPH_LINE);
}

void canvas_bar(struct canvas *canvas, int y, int x, int width, unsigned style, double part, double whole)
{
    static const char *const partial[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (!(whole > 0 && part > 0))
        return;
    int eighths = part < whole ? (int)(part / whole * width * 8 + 0.5) : width * 8;
    eighths = eighths ? eighths : 1;
    for (int i = 0; i < eighths / 8; i++)
        put(canvas, y, x + i, 1, style ^ MARK_REVERSE, STR(" "));
    if (eighths % 8)
        put(canvas, y, x + eighths / 8, 1, style, str_of(canvas->ascii ? "|" : partial[eighths % 8]));
}

/* ---- for tests ---- */

void canvas_row_text(const struct canvas *canvas, int y, struct buf *out)
{
    size_t end = out->n;
    for (int x = 0; x < canvas->columns; x++) {
        const struct canvas_cell *cell = cell_at(canvas, y, x);
        buf_add(out, cell->text, cell->n);
        if (cell->n != 1 || cell->text[0] != ' ')
            end = out->n;
    }
    out->n = out->failed ? out->n : end;
    if (out->p)
        out->p[out->n] = '\0';
}

void canvas_row_styles(const struct canvas *canvas, int y, struct buf *out)
{
    static const char letters[ROLE_COUNT + 1] = ".dhtgwbas-";
    for (int x = 0; x < canvas->columns; x++) {
        unsigned style = cell_at(canvas, y, x)->style;
        char letter = letters[style & STYLE_ROLE];
        bool strong = style & (MARK_REVERSE | MARK_BOLD);
        buf_add_byte(out, (char)(strong && letter == '.' ? '#' : strong ? letter - 'a' + 'A' : letter));
    }
}
