/* curses calls its failure ERR, and so do its macros; ours is another */
#define NCURSES_NOMACROS
#include <curses.h>
#undef ERR

#include "tui/core/term.h"

#include "shared/fs.h"
#include "shared/json.h"
#include "shared/utf8.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MOST_COPY = 74 * 1024, MOST_WIDE = 16, MOST_GAP = 12 };

struct look {
    short colour; /* -1: the terminal's own */
    attr_t with_colour, without;
};

/* No plain blue, which is unreadable on black; dim only beside text that is not. */
static const struct look looks[ROLE_COUNT] = {
    [ROLE_TEXT] = {-1, A_NORMAL, A_NORMAL},
    [ROLE_DIM] = {-1, A_DIM, A_DIM},
    [ROLE_HEAD] = {COLOR_CYAN, A_NORMAL, A_UNDERLINE},
    [ROLE_TITLE] = {-1, A_BOLD, A_BOLD},
    [ROLE_GOOD] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
    [ROLE_WARN] = {COLOR_YELLOW, A_NORMAL, A_BOLD},
    [ROLE_BAD] = {COLOR_RED, A_BOLD, A_BOLD},
    [ROLE_ACCENT] = {COLOR_CYAN, A_BOLD, A_BOLD},
    [ROLE_STRANGE] = {COLOR_MAGENTA, A_NORMAL, A_UNDERLINE},
    [ROLE_FRAME] = {-1, A_DIM, A_NORMAL},
};

static void start_colours(struct term *term)
{
    const char *plain = getenv("NO_COLOR");
    term->colours = has_colors() && !(plain && *plain) && start_color() == OK && use_default_colors() == OK;
    for (short i = 0; term->colours && i < ROLE_COUNT; i++)
        init_pair((short)(i + 1), looks[i].colour, -1);
}

/* newterm() ends no program, as initscr() would. A terminal without cursor movement is as good as unknown. */
static SCREEN *open_as(const char *name)
{
    SCREEN *screen = newterm(name, stdout, stdin);
    const char *cursor = screen ? tigetstr("cup") : NULL;
    if (!screen || (cursor && cursor != (const char *)-1))
        return screen;
    endwin();
    delscreen(screen);
    return NULL;
}

static SCREEN *open_screen(struct term *term)
{
    static const char *const known[] = {"xterm-256color", "xterm", "linux", "vt100", "ansi"};
    const char *name = getenv("TERM");
    SCREEN *screen = name && *name ? open_as(name) : NULL;
    for (size_t i = 0; !screen && i < sizeof known / sizeof *known; i++)
        if ((screen = open_as(known[i])))
            term->fallback = known[i];
    return screen;
}

static void set_modes(void)
{
    raw();
    noecho();
    nonl();
    typeahead(-1);
    leaveok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    idlok(stdscr, FALSE);
}

static void say(const char *sequence)
{
    struct err ignored; /* what was not written shows nothing */
    fflush(stdout);
    if (!fs_write_all(STDOUT_FILENO, sequence, strlen(sequence), "the terminal", &ignored))
        return;
}

static void paste_mode(bool on)
{
    say(on ? "\033[?2004h" : "\033[?2004l");
}

bool term_start(struct term *term, struct err *err)
{
    *term = (struct term){.stale = true};
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return ERR(err, ERR_USAGE, "the console needs a terminal");
    setlocale(LC_CTYPE, "");
    term->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    setenv("NCURSES_NO_UTF8_ACS", "1", 0);
    term->screen = open_screen(term);
    if (!term->screen)
        return ERR(err, ERR_UNAVAILABLE, "this terminal is not known, nor is any that it could be taken for");
    set_modes();
    start_colours(term);
    int rows, columns;
    term_size(&rows, &columns);
    resizeterm(rows, columns);
    clear();
    paste_mode(true);
    return canvas_init(&term->shown, rows, columns, term->ascii, err);
}

void term_stop(struct term *term, bool gone)
{
    if (!term->screen)
        return;
    if (!gone) {
        paste_mode(false);
        endwin();
        delscreen(term->screen);
    }
    canvas_dispose(&term->shown);
    term->screen = NULL;
}

void term_size(int *rows, int *columns)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    *rows = size.ws_row > 1000 ? 1000 : size.ws_row;
    *columns = size.ws_col > 1000 ? 1000 : size.ws_col;
}

void term_resize(struct term *term, int rows, int columns)
{
    resizeterm(rows, columns);
    term->stale = true;
}

void term_repaint(struct term *term)
{
    term->stale = true;
    clearok(curscr, TRUE);
}

/* ---- cells ---- */

static attr_t attributes(const struct term *term, unsigned style)
{
    unsigned role = style & STYLE_ROLE;
    attr_t look = term->colours ? looks[role].with_colour : looks[role].without;
    look |= style & MARK_BOLD ? A_BOLD : 0;
    look |= style & MARK_REVERSE ? A_REVERSE : 0;
    look |= style & MARK_UNDERLINE ? A_UNDERLINE : 0;
    return style & MARK_REVERSE ? look & ~(attr_t)A_DIM : look;
}

/* Where curses would take another width than we do, the cell is question marks: the line must not slip. */
static int widen(const struct canvas_cell *cell, wchar_t out[MOST_WIDE])
{
    int n = 0, width = 0;
    struct str text = {cell->text, cell->n};
    for (size_t at = 0; at < text.n && n < CCHARW_MAX;) {
        uint32_t c;
        size_t took = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        if (!took)
            break;
        int columns = wcwidth((wchar_t)c);
        if (columns < 0 || (n && columns)) {
            width = -1;
            break;
        }
        width += columns;
        out[n++] = (wchar_t)c;
        at += took;
    }
    if (width != cell->width)
        for (n = 0; n < cell->width; n++)
            out[n] = L'?';
    return n;
}

static bool is_blank(const struct canvas_cell *cell)
{
    return cell->n == 1 && cell->text[0] == ' ' && !(cell->style & (MARK_REVERSE | MARK_UNDERLINE));
}

static int blanks(const struct canvas *canvas, int y, int x)
{
    int n = 0;
    while (x + n < canvas->columns && is_blank(canvas_at(canvas, y, x + n)))
        n++;
    return n <= MOST_GAP && x + n < canvas->columns ? n : 0;
}

/* Blanks before a word look the same in its style, or in that of the word before them, and cost no change of it. */
static unsigned blank_style(const struct canvas *canvas, int y, int x, int gap, unsigned before)
{
    unsigned style = x ? before : canvas_at(canvas, y, gap)->style;
    return style & (MARK_REVERSE | MARK_UNDERLINE) ? ROLE_TEXT : style;
}

static void show_row(const struct term *term, const struct canvas *canvas, int y)
{
    unsigned style = ROLE_TEXT;
    for (int x = 0, gap = 0; x < canvas->columns; x++) {
        const struct canvas_cell *cell = canvas_at(canvas, y, x);
        wchar_t text[MOST_WIDE] = {0};
        if (!cell->width)
            continue;
        if (gap)
            gap--;
        else if ((gap = blanks(canvas, y, x)))
            style = blank_style(canvas, y, x, gap--, style);
        else
            style = cell->style;
        short pair = (short)(term->colours ? (style & STYLE_ROLE) + 1 : 0);
        attr_set(attributes(term, style), pair, NULL);
        int n = widen(cell, text);
        /* the last cell of the screen would scroll some terminals; curses knows how to write it */
        if (text[0] == L'?' && n > 1)
            mvaddnwstr(y, x, text, n);
        else {
            cchar_t character;
            setcchar(&character, text, attributes(term, style), pair, NULL);
            mvadd_wch(y, x, &character);
        }
    }
}

static bool same_row(const struct canvas *a, const struct canvas *b, int y)
{
    size_t at = (size_t)y * (size_t)a->columns;
    return memcmp(a->cells + at, b->cells + at, (size_t)a->columns * sizeof *a->cells) == 0;
}

bool term_show(struct term *term, const struct canvas *canvas, struct err *err)
{
    struct canvas *shown = &term->shown;
    if (shown->rows != canvas->rows || shown->columns != canvas->columns) {
        canvas_dispose(shown);
        if (!canvas_init(shown, canvas->rows, canvas->columns, canvas->ascii, err))
            return false;
        term->stale = true;
    }
    for (int y = 0; y < canvas->rows; y++)
        if (term->stale || !same_row(shown, canvas, y))
            show_row(term, canvas, y);
    memcpy(shown->cells, canvas->cells, (size_t)canvas->rows * (size_t)canvas->columns * sizeof *canvas->cells);
    term->stale = false;
    move(canvas->cursor_y, canvas->cursor_x);
    wnoutrefresh(stdscr);
    doupdate();
    return true;
}

/* ---- the shell, the clipboard ---- */

bool term_suspend(struct term *term)
{
    /* without a parent in our session nobody could wake us */
    if (getsid(getppid()) != getsid(0) || getpid() == getsid(0))
        return false;
    paste_mode(false);
    endwin();
    signal(SIGTSTP, SIG_DFL);
    kill(0, SIGTSTP); /* make and scripts above us as well, as the terminal itself would */
    set_modes();
    paste_mode(true);
    term_repaint(term);
    return true;
}

bool term_copy(struct str text)
{
    struct buf sequence, coded;
    struct json json;
    struct err ignored;
    if (text.n > MOST_COPY)
        return false;
    buf_init(&coded, 2 * MOST_COPY);
    buf_init(&sequence, 2 * MOST_COPY);
    jsonw_init(&json, &coded);
    jsonw_base64(&json, text);
    /* a JSON string of base64: without its quotes */
    buf_add_cstr(&sequence, "\033]52;c;");
    buf_add(&sequence, coded.p + 1, coded.n - 2);
    buf_add_byte(&sequence, '\a');
    fflush(stdout);
    bool ok = !sequence.failed && fs_write_all(STDOUT_FILENO, sequence.p, sequence.n, "the terminal", &ignored);
    buf_dispose(&coded);
    buf_dispose(&sequence);
    return ok;
}
