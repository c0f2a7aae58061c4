/* The command line behind ':'. */
#include "tui/app/state.h"

#include <stdlib.h>

struct command {
    const char *name;
    const struct view_type *type; /* NULL: quit */
    bool needs_run;
};

static const struct command commands[] = {
    {"overview", &view_overview, false},
    {"runs", &view_runs, false},
    {"run", &view_run, true},
    {"rejects", &view_rejects, false},
    {"requests", &view_requests, false},
    {"audit", &view_audit, false},
    {"targets", &view_targets, false},
    {"alerts", &view_alerts, false},
    {"workers", &view_workers, false},
    {"rows", &view_rows, true},
    {"reason", &view_reason, true},
    {"help", &view_help, false},
    {"q", NULL, false},
    {"quit", NULL, false},
};

static struct str word(struct str *line)
{
    *line = str_trim(*line);
    size_t n = str_find_byte(*line, ' ');
    struct str first = {line->p, n};
    *line = str_trim((struct str){line->p + n, line->n - n});
    return first;
}

static bool go(struct console *console, struct str digits)
{
    struct view *top = console_top(console);
    int64_t number = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || number > INT64_MAX / 20)
            return false;
        number = number * 10 + (digits.p[i] - '0');
    }
    if (top && top->type->go)
        return top->type->go(top, number);
    if (top)
        grid_go(&top->grid, number > 0 ? (size_t)number - 1 : 0);
    return true;
}

/* In a fleet it is looked for in all targets. */
static void open_run(struct console *console, const struct view_type *type, struct str run)
{
    json_t *arguments = json_pack("{s:s%, s:s%}", "run", run.p, run.n, "title", run.p, run.n);
    if (!links_is_fleet(console)) {
        console_open(console, type, arguments);
        return;
    }
    json_object_set(arguments, "part", json_object_get(arguments, "run"));
    json_object_set_new(arguments, "screen", json_string(type->name));
    console_open(console, &view_runs, arguments);
}

bool command_run(struct console *console, struct str line)
{
    struct str name = word(&line);
    if (!name.n)
        return true;
    if (name.p[0] >= '0' && name.p[0] <= '9' && !line.n)
        return go(console, name);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!str_eq(name, str_of(commands[i].name)))
            continue;
        if (!commands[i].type)
            console->quit = true;
        else if (commands[i].needs_run && line.n)
            open_run(console, commands[i].type, line);
        else if (commands[i].needs_run)
            console_flash(console, ROLE_WARN, "which run? any part of its id will do");
        else
            console_switch(console, commands[i].type);
        return true;
    }
    return false;
}

void command_complete(struct buf *line)
{
    const char *only = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct str name = str_of(commands[i].name);
        if (!str_starts(name, buf_str(line)) || name.n == line->n)
            continue;
        if (only && !str_starts(str_of(only), name) && !str_starts(name, str_of(only)))
            return;
        only = !only || name.n < strlen(only) ? commands[i].name : only;
    }
    if (only)
        buf_add_cstr(line, only + line->n);
}
