/* What leaves the screen: to the terminal's clipboard, or to a file. */
#include "tui/app/state.h"

#include "shared/fs.h"
#include "shared/utf8.h"

#include <fcntl.h>
#include <unistd.h>

enum { MOST_TEXT = 16 * 1024 * 1024 };

static void add_line(const struct grid *grid, const json_t *item, struct buf *out)
{
    struct buf text;
    const char *target = grid_target(grid, item);
    buf_init(&text, MOST_TEXT);
    if (target) {
        utf8_sanitise(out, str_of(target));
        buf_add_byte(out, '\t');
    }
    for (size_t c = 0; c < grid->column_count; c++) {
        grid_text(grid, item, c, &text);
        buf_add_cstr(out, c ? "\t" : "");
        utf8_sanitise(out, buf_str(&text));
    }
    buf_add_byte(out, '\n');
    buf_dispose(&text);
}

static void send(struct console *console, struct str text)
{
    struct buf words;
    buf_init(&words, 256);
    bool ok = term_copy(text);
    buf_printf(&words,
        ok ? "%zu bytes sent to the terminal" : "%zu bytes are more than terminals take; w writes a file", text.n);
    console_flash(console, ok ? ROLE_GOOD : ROLE_WARN, words.p);
    buf_dispose(&words);
}

void export_copy(struct console *console)
{
    const struct grid *grid = &console_top(console)->grid;
    const json_t *item = grid_item(grid);
    struct buf text, clean;
    if (!item)
        return;
    buf_init(&text, MOST_TEXT);
    buf_init(&clean, MOST_TEXT);
    if (grid->by_cell && grid->column < grid->column_count) {
        grid_text(grid, item, grid->column, &text);
        utf8_sanitise(&clean, buf_str(&text));
    } else
        add_line(grid, item, &clean);
    send(console, buf_str(&clean));
    buf_dispose(&text);
    buf_dispose(&clean);
}

/* Line by line through the sanitiser: the block is made to be pasted. */
static void clean_lines(struct buf *out, struct str text)
{
    while (text.n) {
        size_t n = str_find_byte(text, '\n');
        utf8_sanitise(out, (struct str){text.p, n});
        buf_add_byte(out, '\n');
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
}

void export_hand_over(struct console *console)
{
    struct view *top = console_top(console);
    struct buf text, clean;
    if (!top->loaded || !top->type->hand_over)
        return;
    buf_init(&text, MOST_TEXT);
    buf_init(&clean, MOST_TEXT);
    top->type->hand_over(top, &text);
    clean_lines(&clean, buf_str(&text));
    send(console, buf_str(&clean));
    buf_dispose(&text);
    buf_dispose(&clean);
}

void export_write(struct console *console, const char *path)
{
    const struct grid *grid = &console_top(console)->grid;
    struct buf text, words;
    struct err err;
    buf_init(&text, 16 * MOST_TEXT);
    buf_init(&words, 1024);
    buf_add_cstr(&text, grid->targets ? "TARGET\t" : "");
    for (size_t c = 0; c < grid->column_count; c++) {
        buf_add_cstr(&text, c ? "\t" : "");
        utf8_sanitise(&text, str_of(grid->columns[c].title));
    }
    buf_add_byte(&text, '\n');
    size_t written = 0;
    for (size_t i = 0; i < grid_lines(grid); i++) {
        const json_t *item = grid_item_at(grid, i);
        if (item) {
            add_line(grid, item, &text);
            written++;
        }
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok = fd >= 0 ? fs_write_all(fd, text.p, text.n, path, &err) : ERR_ERRNO(&err, "cannot write %s", path);
    if (fd >= 0 && close(fd) != 0)
        ok = ERR_ERRNO(&err, "cannot write %s", path);
    if (ok)
        buf_printf(&words, "%zu of %zu lines written to %s", written, grid_lines(grid), path);
    else
        buf_add_cstr(&words, err.message);
    console_flash(console, ok ? ROLE_GOOD : ROLE_BAD, words.p);
    buf_dispose(&text);
    buf_dispose(&words);
}
