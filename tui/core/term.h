/*
 * The terminal through ncurses: start and stop, colours for roles, and bringing a canvas onto it. NO_COLOR and
 * terminals without colour get attributes only; an unknown TERM falls back to a known one; where the locale is not
 * UTF-8 everything is ASCII. Keys are not read here: bytes go to the keyboard.
 */
#ifndef TUI_CORE_TERM_H
#define TUI_CORE_TERM_H

#include "tui/core/canvas.h"

struct term {
    void *screen; /* ncurses' own */
    bool ascii, colours;
    const char *fallback; /* the terminal type in use because TERM is not known; NULL: TERM is */
    struct canvas shown;  /* what the terminal has */
    bool stale;           /* shown is not to be trusted */
};

/* Takes over standard input and output. ERR_USAGE when they are no terminal. */
bool term_start(struct term *term, struct err *err) MUST_CHECK;
/* Gives the terminal back as it was. gone: it has hung up, nothing is written. */
void term_stop(struct term *term, bool gone);
void term_size(int *rows, int *columns);
void term_resize(struct term *term, int rows, int columns);
/* Brings the canvas onto the screen, at the cost of what differs. */
bool term_show(struct term *term, const struct canvas *canvas, struct err *err) MUST_CHECK;
/* The whole screen is written at the next term_show(). */
void term_repaint(struct term *term);
/* To the shell and back; false where there is no shell to return to. */
bool term_suspend(struct term *term);
/* OSC 52: text into the terminal's clipboard. False when it is larger than what terminals take. */
bool term_copy(struct str text);

#endif
