#include "tui/core/complaint.h"

#include "shared/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST_LINE = 64 * 1024, READ_BYTES = 4096 };

void complaint_begin(struct complaint *complaint)
{
    int ends[2];
    *complaint = (struct complaint){.pipe = -1, .own = -1};
    buf_init(&complaint->line, MOST_LINE);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    complaint->own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (complaint->own >= 0 && dup2(ends[1], STDERR_FILENO) >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        complaint->pipe = ends[0];
    else
        close(ends[0]);
    close(ends[1]);
}

void complaint_started(struct complaint *complaint)
{
    if (complaint->own < 0)
        return;
    dup2(complaint->own, STDERR_FILENO);
    close(complaint->own);
    complaint->own = -1;
}

static void say(struct complaint *complaint)
{
    struct buf clean;
    buf_init(&clean, 8 * MOST_LINE);
    utf8_sanitise(&clean, buf_str(&complaint->line));
    fprintf(stderr, "%.*s\n", (int)clean.n, clean.n ? clean.p : "");
    buf_dispose(&clean);
    buf_reset(&complaint->line);
}

void complaint_pass(struct complaint *complaint)
{
    char bytes[READ_BYTES];
    ssize_t n;
    while (complaint->pipe >= 0 && ((n = read(complaint->pipe, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)))
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != '\n')
                buf_add_byte(&complaint->line, bytes[i]);
            if (bytes[i] == '\n' || complaint->line.n + 1 >= MOST_LINE)
                say(complaint);
        }
}

void complaint_end(struct complaint *complaint)
{
    complaint_pass(complaint);
    if (complaint->line.n)
        say(complaint);
    if (complaint->pipe >= 0)
        close(complaint->pipe);
    complaint->pipe = -1;
    buf_dispose(&complaint->line);
}
