#include "tui/app/console.h"

#include "shared/clock.h"
#include "tui/app/state.h"
#include "tui/core/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 4096 };

bool console_possible(void)
{
    const char *terminal = getenv("TERM");
    bool dumb = terminal && strcmp(terminal, "dumb") == 0;
    return !dumb && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

struct view *console_top(const struct console *console)
{
    return console->depth ? console->views[console->depth - 1] : NULL;
}

void console_flash(struct console *console, enum role role, const char *text)
{
    buf_reset(&console->flash);
    buf_add_cstr(&console->flash, text);
    console->flash_role = role;
    console->dirty = true;
}

/* What the agent writes to standard error: its last line is kept. */
static void take_complaint(struct console *console)
{
    char text[READ_BYTES];
    ssize_t n = read(console->loop.complaint, text, sizeof text);
    if (n <= 0)
        return;
    struct str line = str_trim((struct str){text, (size_t)n});
    for (size_t at; (at = str_find_byte(line, '\n')) < line.n;)
        line = str_trim((struct str){line.p + at + 1, line.n - at - 1});
    buf_reset(&console->complaint);
    buf_add_str(&console->complaint, line);
    if (console->complaint.p)
        console_flash(console, ROLE_WARN, console->complaint.p);
}

/* ---- screens ---- */

static void host_flash(void *context, enum role role, const char *text)
{
    console_flash(context, role, text);
}

void console_open(struct console *console, const struct view_type *type, json_t *arguments)
{
    struct view *view = console->depth < MOST_VIEWS ? view_new(type, &console->host, arguments) : NULL;
    if (!view) {
        console_flash(console, ROLE_WARN, "too many screens are open; q closes one");
        return;
    }
    view->grid.targets = view_is_of_all(view) ? console->lost : NULL;
    console->views[console->depth++] = view;
    type->load(view);
    console->dirty = true;
}

static void host_open(void *context, const struct view_type *type, json_t *arguments)
{
    console_open(context, type, arguments);
}

/* What it leads back to may have changed by what it did. */
static void host_close(void *context, struct view *view)
{
    struct console *console = context;
    if (console_top(console) != view || console->depth < 2)
        return;
    console_close_top(console);
    console_top(console)->type->load(console_top(console));
}

static void host_filter(void *context, struct view *view, const char *text)
{
    struct console *console = context;
    struct grid *grid;
    if (console_top(console) != view || console->depth < 2)
        return;
    bool found = grid_filter(&console->views[console->depth - 2]->grid, str_of(text));
    console_close_top(console);
    grid = &console_top(console)->grid;
    if (!found)
        console_flash(console, ROLE_BAD, "no memory for a filter");
    else if (grid->total > json_array_size(grid->items))
        console_flash(console, ROLE_DIM, "the filter looks at the rows around the cursor only; Esc clears it");
}

void console_close_top(struct console *console)
{
    struct view *top = console_top(console);
    links_forget(console, top);
    view_free(top);
    console->depth--;
    console->dirty = true;
}

/* By the role, or by what the cursor stands on; NULL: the key works. */
static const char *why_disabled(const struct console *console, const struct keymap_row *row)
{
    const struct view *top = console_top(console);
    const char *why = view_role_lacks(links_site(console, top)->hello, row->least);
    return why || !top->type->disabled ? why : top->type->disabled(top, row->request);
}

/* Of the screen's own keys, by their names. */
static json_t *all_disabled(const struct console *console)
{
    size_t count;
    const struct keymap_row *rows = keymap_rows(&count);
    json_t *disabled = json_object();
    for (size_t i = 0; i < count; i++) {
        bool here = console_top(console)->type->requests & REQUEST_BIT(rows[i].request);
        const char *why = here ? why_disabled(console, &rows[i]) : NULL;
        if (why)
            json_object_set_new(disabled, rows[i].name, json_string(why));
    }
    return disabled;
}

void console_switch(struct console *console, const struct view_type *type)
{
    json_t *arguments = json_object();
    if (links_is_fleet(console) && !type->fleet)
        json_object_set_new(arguments, "target", json_string(links_site(console, console_top(console))->name));
    if (type == &view_help && console_top(console)) {
        json_object_set_new(arguments, "of", json_string(console_top(console)->type->name));
        json_object_set_new(arguments, "disabled", all_disabled(console));
    } else
        while (console->depth > 1)
            console_close_top(console);
    if (type == &view_overview)
        json_decref(arguments);
    else
        console_open(console, type, arguments);
}

/* ---- keys ---- */

static void go_back(struct console *console, bool asks)
{
    struct view *top = console_top(console);
    if (top->grid.filter.n && !asks) {
        if (!grid_filter(&top->grid, STR("")))
            console_flash(console, ROLE_BAD, "no memory");
    } else if (console->depth > 1)
        console_close_top(console);
    else if (asks)
        prompt_open(console, PROMPT_QUIT);
}

static void suspend(struct console *console)
{
    if (!term_suspend(&console->term))
        console_flash(console, ROLE_DIM, "there is no shell to return to");
}

/* What the program itself does; false: the screen's business. */
static bool own_request(struct console *console, enum request request)
{
    struct view *top = console_top(console);
    switch (request) {
    case REQUEST_BACK:
        go_back(console, false);
        return true;
    case REQUEST_CLOSE:
        go_back(console, true);
        return true;
    case REQUEST_QUIT:
        console->quit = true;
        return true;
    case REQUEST_OVERVIEW:
        console_switch(console, &view_overview);
        return true;
    case REQUEST_RUNS:
        console_switch(console, &view_runs);
        return true;
    case REQUEST_REJECTS:
        console_switch(console, &view_rejects);
        return true;
    case REQUEST_REQUESTS:
        console_switch(console, &view_requests);
        return true;
    case REQUEST_AUDIT:
        console_switch(console, &view_audit);
        return true;
    case REQUEST_HELP:
        if (top->type != &view_help)
            console_switch(console, &view_help);
        return true;
    case REQUEST_COMMAND:
        prompt_open(console, PROMPT_COMMAND);
        return true;
    case REQUEST_REFRESH:
        if (links_any_lost(console))
            links_connect(console);
        else
            top->type->load(top);
        return true;
    case REQUEST_FREEZE:
        top->frozen = !top->frozen;
        console_flash(console, ROLE_DIM,
            top->frozen ? "this screen stays as it is; F lets it follow again" : "this screen follows what others do");
        return true;
    case REQUEST_REPAINT:
        term_repaint(&console->term);
        return true;
    case REQUEST_SUSPEND:
        suspend(console);
        return true;
    default:
        return false;
    }
}

/* What every list does in the same way. */
static bool list_request(struct console *console, enum request request)
{
    struct grid *grid = &console_top(console)->grid;
    switch (request) {
    case REQUEST_SEARCH:
        prompt_open(console, PROMPT_SEARCH);
        return true;
    case REQUEST_FILTER:
        prompt_open(console, PROMPT_FILTER);
        return true;
    case REQUEST_NEXT_MATCH:
    case REQUEST_PREVIOUS_MATCH:
        if (!grid_find(grid, request == REQUEST_PREVIOUS_MATCH))
            console_flash(console, ROLE_DIM, grid->search.n ? "not found" : "nothing was searched for");
        return true;
    case REQUEST_COPY:
        export_copy(console);
        return true;
    case REQUEST_HANDOVER:
        export_hand_over(console);
        return true;
    case REQUEST_WRITE:
        prompt_open(console, PROMPT_WRITE);
        return true;
    default:
        return false;
    }
}

static bool is_small(const struct console *console)
{
    return !console->small_ignored && (console->canvas.rows < LEAST_ROWS || console->canvas.columns < LEAST_COLUMNS);
}

static void take_request(struct console *console, const struct key *key)
{
    struct view *top = console_top(console);
    enum request request = keymap_request(key);
    const char *why;
    if (top->type->key && top->type->key(top, key))
        return;
    if (own_request(console, request))
        return;
    if (!(top->type->requests & REQUEST_BIT(request)) || request == REQUEST_NONE)
        console_flash(console, ROLE_DIM, request ? "not on this screen; ? lists the keys" : "? lists the keys");
    else if ((why = why_disabled(console, keymap_row(request))))
        console_flash(console, ROLE_WARN, why);
    else if (!list_request(console, request))
        top->type->request(top, request);
}

static void take_key(struct console *console, const struct key *key)
{
    enum request request = keymap_request(key);
    console->dirty = true;
    links_look(console);
    buf_reset(&console->flash);
    if (console->prompt) {
        prompt_key(console, key);
        return;
    }
    if (is_small(console)) {
        console->small_ignored = key->code == 'i';
        console->quit = request == REQUEST_QUIT;
        return;
    }
    take_request(console, key);
    struct view *top = console_top(console);
    if (!console->prompt)
        console->keyboard.text_field = top->type->typing && top->type->typing(top);
}

static void read_keys(struct console *console)
{
    unsigned char bytes[READ_BYTES];
    struct key key;
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        console->gone = true;
        return;
    }
    int64_t now = clock_monotonic();
    for (ssize_t i = 0; i < n && !console->quit; i++) {
        keyboard_feed(&console->keyboard, bytes[i], now);
        while (!console->quit && keyboard_take(&console->keyboard, &key))
            take_key(console, &key);
    }
}

static void tick_keys(struct console *console)
{
    struct key key;
    keyboard_tick(&console->keyboard, clock_monotonic());
    while (!console->quit && keyboard_take(&console->keyboard, &key))
        take_key(console, &key);
}

/* ---- the loop ---- */

static bool resize(struct console *console, struct err *err)
{
    int rows, columns;
    term_size(&rows, &columns);
    term_resize(&console->term, rows, columns);
    canvas_dispose(&console->canvas);
    console->dirty = true;
    return canvas_init(&console->canvas, rows, columns, console->term.ascii, err);
}

static int64_t next_deadline(const struct console *console)
{
    int64_t keys = keyboard_deadline(&console->keyboard), links = links_deadline(console);
    int64_t soon = keys < 0 || (links >= 0 && links < keys) ? links : keys, wake = console_top(console)->wake;
    return wake && (soon < 0 || wake < soon) ? wake : soon;
}

/* What only time makes stale. */
static void wake_top(struct console *console)
{
    struct view *top = console_top(console);
    if (!top->wake || clock_monotonic() < top->wake)
        return;
    top->wake = 0;
    top->stale = true;
}

static void list_links(const struct console *console, struct loop_wait *wait)
{
    for (size_t i = 0; i < console->site_count; i++) {
        const struct async_link *link = &console->sites[i].link;
        if (link->open)
            wait->links[wait->link_count++] =
                (struct loop_link){link->agent.in, link->agent.out, async_link_writes(link)};
    }
}

static bool step(struct console *console, struct err *err)
{
    struct loop_wait wait = {.keys = STDIN_FILENO, .deadline = next_deadline(console)};
    list_links(console, &wait);
    unsigned events = loop_wait(&console->loop, &wait);
    if (events & LOOP_HANGUP)
        console->gone = true;
    if (events & LOOP_STOP)
        console->quit = true;
    if (console->gone || console->quit)
        return true;
    if (events & LOOP_RESIZED && !resize(console, err))
        return false;
    if (events & LOOP_COMPLAINT)
        take_complaint(console);
    if (events & LOOP_LINK)
        links_pump(console);
    if (events & LOOP_KEYS)
        read_keys(console);
    tick_keys(console);
    wake_top(console);
    if (!console->quit)
        links_follow(console);
    console->dirty = console->dirty || links_any_lost(console);
    links_retry(console);
    return true;
}

static bool run_loop(struct console *console, struct err *err)
{
    while (!console->quit && !console->gone) {
        if (console->dirty) {
            frame_draw(console);
            console->dirty = false;
            if (!term_show(&console->term, &console->canvas, err))
                return false;
        }
        if (!step(console, err))
            return false;
    }
    return true;
}

/* The agent finds its questions when it is up, and starts while the terminal is set up. */
static bool start(struct console *console, const char *go, struct err *err)
{
    if (!loop_init(&console->loop, err))
        return false;
    keyboard_init(&console->keyboard);
    console->host.context = console;
    console->host.open = host_open;
    console->host.flash = host_flash;
    console->host.close = host_close;
    console->host.filter = host_filter;
    console_open(console, &view_overview, json_object());
    if (go && !command_run(console, str_of(go)))
        return ERR(err, ERR_USAGE, "the console has no '%.80s' to go to", go);
    links_connect(console);
    links_pump(console);
    if (!term_start(&console->term, err) || !resize(console, err))
        return false;
    if (console->term.fallback) {
        struct buf words;
        buf_init(&words, 1024);
        buf_printf(&words, "terminal type %s is not known here; taking it for %s", getenv("TERM") ? getenv("TERM") : "",
            console->term.fallback);
        console_flash(console, ROLE_WARN, words.p);
        buf_dispose(&words);
    }
    return true;
}

bool console_run(const struct console_target *targets, size_t count, const char *go, struct err *err)
{
    struct console *console = calloc(1, sizeof *console);
    if (!console)
        return ERR(err, ERR_MEMORY, "no memory for the console");
    console->loop = (struct loop){-1, -1, -1};
    buf_init(&console->flash, 8192);
    buf_init(&console->complaint, 8192);
    buf_init(&console->input, MOST_INPUT);
    bool ok = links_init(console, targets, count, err) && start(console, go, err) && run_loop(console, err);
    term_stop(&console->term, console->gone);
    while (console->depth)
        console_close_top(console);
    links_keep_looks(console);
    links_dispose(console);
    loop_dispose(&console->loop);
    canvas_dispose(&console->canvas);
    buf_dispose(&console->flash);
    buf_dispose(&console->complaint);
    buf_dispose(&console->input);
    free(console);
    return ok;
}
