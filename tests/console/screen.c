/*
 * What a terminal shows of the bytes it is sent, by libvterm: for tests, which load this as a library. What libvterm
 * does not know is remembered, so that the test that met it fails.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

struct screen {
    VTerm *terminal;
    VTermScreen *screen;
    int columns;
    char strange[80];
};

struct screen *screen_new(int rows, int columns);
void screen_free(struct screen *screen);
const char *screen_feed(struct screen *screen, const char *bytes, size_t n);
void screen_cursor(struct screen *screen, int *y, int *x);
size_t screen_text(struct screen *screen, int y, char *out, size_t room);
void screen_looks(struct screen *screen, int y, uint16_t *out);

enum { LOOK_BOLD = 1, LOOK_UNDERLINE = 2, LOOK_REVERSE = 4, LOOK_COLOUR_SHIFT = 8 };

static int strange_control(unsigned char control, void *user)
{
    struct screen *screen = user;
    if (control != 0x07)
        snprintf(screen->strange, sizeof screen->strange, "control %02x", control);
    return 1;
}

static int strange_escape(const char *bytes, size_t n, void *user)
{
    struct screen *screen = user;
    snprintf(screen->strange, sizeof screen->strange, "ESC %.*s", (int)n, bytes);
    return 1;
}

static int strange_csi(
    const char *leader, const long args[], int count, const char *intermediate, char command, void *user)
{
    struct screen *screen = user;
    (void)args, (void)count;
    /* t: the title is put by, which is the window's */
    if (command != 't')
        snprintf(screen->strange, sizeof screen->strange, "CSI %s %s%c", leader ? leader : "",
            intermediate ? intermediate : "", command);
    return 1;
}

struct screen *screen_new(int rows, int columns)
{
    static const VTermParserCallbacks strange = {
        .control = strange_control, .escape = strange_escape, .csi = strange_csi};
    struct screen *screen = calloc(1, sizeof *screen);
    if (!screen)
        return NULL;
    screen->columns = columns;
    screen->terminal = vterm_new(rows, columns);
    vterm_set_utf8(screen->terminal, 1);
    screen->screen = vterm_obtain_screen(screen->terminal);
    vterm_screen_enable_altscreen(screen->screen, 1);
    vterm_screen_set_unrecognised_fallbacks(screen->screen, &strange, screen);
    vterm_screen_reset(screen->screen, 1);
    return screen;
}

void screen_free(struct screen *screen)
{
    if (screen)
        vterm_free(screen->terminal);
    free(screen);
}

const char *screen_feed(struct screen *screen, const char *bytes, size_t n)
{
    vterm_input_write(screen->terminal, bytes, n);
    vterm_screen_flush_damage(screen->screen);
    return screen->strange;
}

void screen_cursor(struct screen *screen, int *y, int *x)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(screen->terminal), &at);
    *y = at.row;
    *x = at.col;
}

/* Of one row, as UTF-8 without what is blank at its end. */
size_t screen_text(struct screen *screen, int y, char *out, size_t room)
{
    VTermRect row = {.start_row = y, .end_row = y + 1, .start_col = 0, .end_col = screen->columns};
    return vterm_screen_get_text(screen->screen, out, room, row);
}

/* A cell's attributes; above them its colour plus one, 0: the terminal's own. */
void screen_looks(struct screen *screen, int y, uint16_t *out)
{
    for (int x = 0; x < screen->columns; x++) {
        VTermScreenCell cell;
        memset(&cell, 0, sizeof cell);
        vterm_screen_get_cell(screen->screen, (VTermPos){.row = y, .col = x}, &cell);
        unsigned colour = VTERM_COLOR_IS_INDEXED(&cell.fg) ? cell.fg.indexed.idx + 1u : 0;
        out[x] = (uint16_t)((cell.attrs.bold ? LOOK_BOLD : 0) | (cell.attrs.underline ? LOOK_UNDERLINE : 0) |
                            (cell.attrs.reverse ? LOOK_REVERSE : 0) | colour << LOOK_COLOUR_SHIFT);
    }
}
