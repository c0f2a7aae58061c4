/* What is printed for people: text with the width of the terminal it goes to, and tones where it has colours. */
#ifndef TUI_CORE_PAPER_H
#define TUI_CORE_PAPER_H

#include "shared/buf.h"

enum tone { TONE_PLAIN, TONE_STRONG, TONE_FAINT, TONE_BAD, TONE_WAITING };

struct paper {
    struct buf out;
    unsigned width; /* columns; 0: no terminal, nothing is cut */
    bool colour;
};

/* Asks fd: a terminal has a width ($COLUMNS comes first), and colours unless $NO_COLOR is set or it is dumb. */
void paper_init(struct paper *paper, int fd);
void paper_dispose(struct paper *paper);
/* What follows is in this tone; TONE_PLAIN ends it. Takes no columns. */
void paper_tone(struct paper *paper, enum tone tone);

#endif
