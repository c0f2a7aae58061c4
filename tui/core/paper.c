#include "tui/core/paper.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MAX_TEXT = 256 * 1024 * 1024, USUAL_WIDTH = 80, LEAST_WIDTH = 20, MOST_WIDTH = 1000 };

static unsigned width_of(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width < 1 && ioctl(fd, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    return width < 1             ? USUAL_WIDTH
           : width < LEAST_WIDTH ? LEAST_WIDTH
           : width > MOST_WIDTH  ? MOST_WIDTH
                                 : (unsigned)width;
}

void paper_init(struct paper *paper, int fd)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    bool terminal = isatty(fd);
    *paper = (struct paper){.width = terminal ? width_of(fd) : 0,
        .colour = terminal && !(no_colour && *no_colour) && term && *term && strcmp(term, "dumb") != 0};
    buf_init(&paper->out, MAX_TEXT);
}

void paper_dispose(struct paper *paper)
{
    buf_dispose(&paper->out);
}

void paper_tone(struct paper *paper, enum tone tone)
{
    static const char *const codes[] = {
        [TONE_PLAIN] = "\x1b[0m",
        [TONE_STRONG] = "\x1b[1m",
        [TONE_FAINT] = "\x1b[2m",
        [TONE_BAD] = "\x1b[31m",
        [TONE_WAITING] = "\x1b[33m",
    };
    if (paper->colour)
        buf_add_cstr(&paper->out, codes[tone]);
}
