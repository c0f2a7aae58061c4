#include "worker/run/progress.h"

#include "shared/clock.h"
#include "shared/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDRAW_US = 100000, BAR_CELLS = 24, MAX_LINE = 4096, NAME_CELLS = 30 };

struct progress {
    bool terminal;
    int64_t started, drawn, file_started;
    uint64_t files, files_done, bytes, bytes_done;
    uint64_t file_size, file_at, rows;
    struct buf name, line;
};

struct progress *progress_new(bool forced)
{
    bool terminal = isatty(STDERR_FILENO);
    struct progress *p = terminal || forced ? calloc(1, sizeof *p) : NULL;
    if (!p)
        return NULL;
    p->terminal = terminal;
    p->started = clock_monotonic();
    buf_init(&p->name, MAX_LINE);
    buf_init(&p->line, MAX_LINE);
    return p;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    progress_clear(p);
    buf_dispose(&p->name);
    buf_dispose(&p->line);
    free(p);
}

void progress_total(struct progress *p, uint64_t files, uint64_t bytes)
{
    if (!p)
        return;
    p->files = files;
    p->bytes = bytes;
}

void progress_file(struct progress *p, struct str name, uint64_t size)
{
    if (!p)
        return;
    buf_reset(&p->name);
    utf8_sanitise(&p->name, name);
    p->file_size = size;
    p->file_at = 0;
    p->rows = 0;
    p->file_started = clock_monotonic();
}

static void add_bar(struct buf *line, double share)
{
    int filled = (int)(share * BAR_CELLS);
    buf_add_byte(line, '[');
    for (int i = 0; i < BAR_CELLS; i++)
        buf_add_byte(line, i < filled ? '#' : '.');
    buf_printf(line, "] %3d%%", (int)(share * 100));
}

static void draw(struct progress *p, uint64_t rejected, int64_t now)
{
    double seconds = (double)(now - p->started) / 1e6;
    uint64_t done = p->bytes_done + p->file_at;
    double share = p->bytes ? (double)done / (double)p->bytes : 0;
    share = share > 1 ? 1 : share;
    double file_seconds = (double)(now - p->file_started) / 1e6;
    buf_reset(&p->line);
    add_bar(&p->line, share);
    buf_printf(&p->line, " file %llu/%llu ", (unsigned long long)p->files_done + 1, (unsigned long long)p->files);
    buf_printf(&p->line, "%.*s ", NAME_CELLS, p->name.n ? p->name.p : "");
    buf_printf(&p->line, "%llu rows", (unsigned long long)p->rows);
    if (file_seconds > 0.2)
        buf_printf(&p->line, " %.0f rows/s", (double)p->rows / file_seconds);
    if (rejected)
        buf_printf(&p->line, " %llu rejected", (unsigned long long)rejected);
    if (share > 0.01 && share < 1)
        buf_printf(&p->line, " ETA %.0fs", seconds * (1 - share) / share);
    fprintf(stderr, "\r\033[K%s", p->line.p ? p->line.p : "");
    p->drawn = now;
}

void progress_at(struct progress *p, uint64_t bytes, uint64_t rows, uint64_t rejected)
{
    if (!p)
        return;
    p->file_at = bytes < p->file_size ? bytes : p->file_size;
    p->rows = rows;
    int64_t now = clock_monotonic();
    if (p->terminal && now - p->drawn >= REDRAW_US)
        draw(p, rejected, now);
}

void progress_done(struct progress *p, const char *outcome, uint64_t rows, uint64_t rejected)
{
    if (!p)
        return;
    progress_clear(p);
    fprintf(stderr, "  %-12s %s", outcome, p->name.n ? p->name.p : "");
    if (rows || rejected)
        fprintf(stderr, "  %llu rows", (unsigned long long)rows);
    if (rejected)
        fprintf(stderr, ", %llu rejected", (unsigned long long)rejected);
    fputc('\n', stderr);
    p->files_done++;
    p->bytes_done += p->file_size;
    p->file_at = 0;
}

void progress_clear(struct progress *p)
{
    if (p && p->terminal)
        fputs("\r\033[K", stderr);
}
