#include "tui/app/cli.h"

#include "shared/options.h"
#include "shared/rpc.h"
#include "shared/suggest.h"
#include "shared/utf8.h"
#include "tui/app/ask.h"
#include "tui/app/console.h"
#include "tui/app/plain.h"
#include "tui/app/verb.h"
#include "tui/core/link.h"
#include "tui/core/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT = 256 * 1024, MOST_TARGETS = 32 };

struct cli_options {
    struct link_options link;
    struct option_list targets;
    const char *go;
    struct verb_input input;
    bool json, plain, help, version;
    struct session *session; /* the line is one of several; NULL: it is the program's own */
};

static const struct option_row rows[] = {
    {.name = "lake",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, link.lake),
        .flag_only = true,
        .value = "DIR",
        .help = "the lake (else the configured one, else this folder)"},
    {.name = "target",
        .kind = OPTION_LIST,
        .offset = offsetof(struct cli_options, targets),
        .letter = 't',
        .flag_only = true,
        .value = "TARGET",
        .help = "folder, name, unix:PATH, ssh://[user@]host[:port]"},
    {.name = "go",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, go),
        .flag_only = true,
        .value = "PLACE",
        .help = "opens the console there: 'rows RUN', alerts"},
    {.name = "plain",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, plain),
        .flag_only = true,
        .help = "the console in lines, nothing is redrawn"},
    {.name = "journal",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, link.journal),
        .flag_only = true,
        .value = "FILE",
        .help = "the journal, if not the lake's .sluice/journal.db"},
    {.name = "config",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, link.config),
        .flag_only = true,
        .value = "FILE",
        .help = "settings, in place of the usual sluice.yaml"},
    {.name = "dataset",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.dataset),
        .flag_only = true,
        .value = "NAME",
        .help = "only this dataset"},
    {.name = "cause",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct cli_options, input.cause),
        .lowest = 1,
        .highest = INT32_MAX,
        .flag_only = true,
        .value = "N",
        .help = "only this cause"},
    {.name = "stage",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.stage),
        .flag_only = true,
        .value = "NAME",
        .help = "only rows that this stage rejected"},
    {.name = "limit",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct cli_options, input.limit),
        .lowest = 1,
        .highest = RPC_MAX_PAGE,
        .flag_only = true,
        .value = "N",
        .help = "so many, up to 1000 (else 100)"},
    {.name = "after",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.after),
        .flag_only = true,
        .value = "KEY",
        .help = "go on after this run, row or line"},
    {.name = "set",
        .kind = OPTION_LIST,
        .offset = offsetof(struct cli_options, input.sets),
        .flag_only = true,
        .value = "PATH=VALUE",
        .help = "read it otherwise: dialect.delimiter=';'"},
    {.name = "map",
        .kind = OPTION_LIST,
        .offset = offsetof(struct cli_options, input.maps),
        .flag_only = true,
        .value = "LABEL=FIELD",
        .help = "this label of its header is that field"},
    {.name = "rules",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.rules),
        .flag_only = true,
        .value = "same|current",
        .help = "those of then, or the contract as it is (default)"},
    {.name = "reason",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.reason),
        .flag_only = true,
        .value = "TEXT",
        .help = "why, for whoever looks later"},
    {.name = "note",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.note),
        .flag_only = true,
        .value = "TEXT",
        .help = "what is done about it"},
    {.name = "output",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.output),
        .letter = 'o',
        .flag_only = true,
        .value = "DIR|-",
        .help = "where to (else this folder); -: standard output"},
    {.name = "mark-returned",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, input.mark_returned),
        .flag_only = true,
        .help = "they go to the producer, and are closed here"},
    {.name = "partition",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.partition),
        .flag_only = true,
        .value = "NAME=VALUE",
        .help = "only this partition"},
    {.name = "rate",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.rate),
        .flag_only = true,
        .value = "N/TIME",
        .help = "so many files at most: 5/s, 100/min, 2000/h, none"},
    {.name = "since",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.since),
        .flag_only = true,
        .value = "TIME",
        .help = "delivered since: 09:00, 2d (ago), an ISO time"},
    {.name = "until",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.until),
        .flag_only = true,
        .value = "TIME",
        .help = "till then, or delivered before: 09:00, 2h, ISO time"},
    {.name = "apply-to",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.apply_to),
        .flag_only = true,
        .value = "WHICH",
        .help = "these files alone, until a time, or the contract"},
    {.name = "row",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct cli_options, input.row),
        .lowest = 1,
        .highest = INT64_MAX,
        .flag_only = true,
        .value = "N",
        .help = "this row; the first record is 1"},
    {.name = "rows",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, input.rows),
        .flag_only = true,
        .help = "its open rejected rows alone, not the file"},
    {.name = "column",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.column),
        .flag_only = true,
        .value = "NAME",
        .help = "its cell: a field, or a label of the header"},
    {.name = "value",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.value),
        .flag_only = true,
        .value = "TEXT",
        .help = "what the cell is to say"},
    {.name = "raw",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, input.raw),
        .flag_only = true,
        .value = "TEXT",
        .help = "the whole row, as it is to stand in the file"},
    {.name = "undo",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, input.undo),
        .flag_only = true,
        .help = "takes the last edit back"},
    {.name = "patch",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, input.patch),
        .flag_only = true,
        .help = "with the run's edits over its file"},
    {.name = "ask",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, input.ask),
        .flag_only = true,
        .help = "ask only: 'sluice approve' lets it run"},
    {.name = "datasets",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, link.datasets),
        .flag_only = true,
        .value = "DIR|FILE",
        .help = "the contracts, to read a file again by"},
    {.name = "json",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, json),
        .flag_only = true,
        .help = "the agent's answer as JSON"},
    {.name = "help",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, help),
        .letter = 'h',
        .flag_only = true,
        .help = "this text; with a verb, the verb's"},
    {.name = "version",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, version),
        .letter = 'V',
        .flag_only = true,
        .help = "the version"},
};

/* ---- help ---- */

static bool offers(const struct verb *verb, const char *option)
{
    static const struct {
        const char *option;
        unsigned takes;
    } some[] = {{"dataset", TAKES_DATASET}, {"cause", TAKES_CAUSE}, {"stage", TAKES_STAGE}, {"limit", TAKES_PAGE},
        {"after", TAKES_PAGE}, {"set", TAKES_OVERRIDES}, {"map", TAKES_OVERRIDES}, {"rules", TAKES_OVERRIDES},
        {"datasets", TAKES_OVERRIDES | TAKES_KEY}, {"reason", TAKES_REASON}, {"ask", TAKES_ASK},
        {"until", TAKES_UNTIL | TAKES_SINCE}, {"since", TAKES_SINCE}, {"apply-to", TAKES_APPLY},
        {"row", TAKES_EDIT | TAKES_ROW | TAKES_ROWS}, {"rows", TAKES_ROWS}, {"column", TAKES_EDIT},
        {"value", TAKES_EDIT}, {"raw", TAKES_EDIT}, {"undo", TAKES_EDIT}, {"patch", TAKES_PATCH}, {"note", TAKES_NOTE},
        {"output", TAKES_OUTPUT}, {"mark-returned", TAKES_OUTPUT}, {"partition", TAKES_PARTITION},
        {"rate", TAKES_RATE}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (strcmp(option, some[i].option) == 0)
            return verb->takes & some[i].takes;
    return true;
}

static void verb_help(const struct verb *verb, struct buf *text)
{
    struct option_row own[sizeof rows / sizeof *rows];
    struct option_set set = {.rows = own};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (offers(verb, rows[i].name))
            own[set.count++] = rows[i];
    buf_printf(text, "usage: sluice %s%s%s [options]\n\n%s\n\n", verb->name, verb->argument[0] ? " " : "",
        verb->argument, verb->summary);
    if (strstr(verb->argument, "RUN") || strstr(verb->argument, "REQUEST"))
        buf_printf(text, "%s is any part of its id that names only one.\n\n",
            strcmp(verb->argument, "REQUEST") == 0 ? "REQUEST" : "RUN");
    options_help(&set, text);
    buf_printf(text, "\nexample: %s\n", verb->example);
}

static void program_help(const struct option_set *set, struct buf *text)
{
    size_t count;
    const struct verb *verbs = verb_list(&count);
    buf_add_cstr(text, "usage: sluice [VERB] [RUN] [options]\n\nWhat a lake's journal tells. Without a verb: the\n"
                       "console on a terminal, line by line with --plain or on a dumb one,\n"
                       "the overview elsewhere.\n\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(text, "  %-11s  %-11s  %s\n", verbs[i].name, verbs[i].argument, verbs[i].summary);
    buf_add_cstr(text, "\nRUN and REQUEST are any part of an id that names only one.\n\noptions:\n");
    options_help(set, text);
    buf_add_cstr(text, "\nexamples:\n"
                       "  sluice --lake /srv/lake               what waits, what is open\n"
                       "  sluice runs --dataset sales           its runs, newest first\n"
                       "  sluice rows 7BBXP --limit 10          the first ten rows that run rejected\n"
                       "  sluice reason 7BBXP                   why it rejected the whole file\n"
                       "  sluice --plain -t prod                for screen readers: lines, no screens\n"
                       "\nexit codes: 0 done; 1 refused; 2 wrong usage or configuration; 3 the lake or its\n"
                       "journal is not there now; 4 what was named does not exist, or is not alone.\n"
                       "\nThe manual is sluice(1).\n");
}

static int help(const struct option_set *set, const struct verb *verb)
{
    struct buf text;
    buf_init(&text, MAX_TEXT);
    if (verb)
        verb_help(verb, &text);
    else
        program_help(set, &text);
    fputs(text.p ? text.p : "", stdout);
    buf_dispose(&text);
    return 0;
}

/* ---- verbs ---- */

/* One target is the link's, and without any that of the settings; several are for looking at. */
static bool take_targets(const struct verb *verb, struct cli_options *own, struct arena *arena, struct err *err)
{
    if (!own->targets.count && !own->link.lake && !getenv("SLUICE_LAKE"))
        own->link.target = target_of_worker(own->link.config, arena);
    if (own->targets.count == 1) {
        own->link.target = target_named(own->targets.items[0], own->link.config, arena, err);
        return own->link.target != NULL;
    }
    if (own->targets.count < 2 || !(verb->takes & (ACTS | TAKES_OUTPUT)))
        return true;
    ERR(err, ERR_USAGE, "'sluice %s' acts on one target, not on %zu", verb->name, own->targets.count);
    return err_hint(err, "Give the one that it is about.");
}

/* One console over all of them. */
static int open_console(const struct cli_options *own, struct arena *arena, struct err *err)
{
    size_t count = own->targets.count ? own->targets.count : 1;
    struct console_target targets[MOST_TARGETS];
    if (count > MOST_TARGETS) {
        ERR(err, ERR_USAGE, "the console shows %d targets at most, not %zu", MOST_TARGETS, count);
        return ask_complain(err);
    }
    for (size_t i = 0; i < count; i++) {
        targets[i] = (struct console_target){own->targets.count ? own->targets.items[i] : "", own->link};
        for (size_t other = 0; other < i; other++)
            if (strcmp(targets[other].name, targets[i].name) == 0) {
                ERR(err, ERR_USAGE, "the target %s is given twice", targets[i].name);
                return ask_complain(err);
            }
        if (own->targets.count)
            targets[i].options.target = target_named(targets[i].name, own->link.config, arena, err);
        if (own->targets.count && !targets[i].options.target)
            return ask_complain(err);
    }
    return console_run(targets, count, own->go, err) ? 0 : ask_complain(err);
}

static int run_line(void *context, int argc, char **argv);

/* Lines in, lines out, in place of screens. */
static int open_plain(struct cli_options *own, struct err *err)
{
    struct session session;
    session_begin(&session, &own->link, &own->targets);
    int code = plain_run(&session, &(struct plain){own->go, run_line, &session}, err);
    session_end(&session);
    return code;
}

static int no_such_verb(const char *name, struct err *err)
{
    struct suggestion suggestion;
    size_t count;
    const struct verb *verbs = verb_list(&count);
    suggest_init(&suggestion, str_of(name));
    for (size_t i = 0; i < count; i++)
        suggest_offer(&suggestion, str_of(verbs[i].name));
    ERR(err, ERR_USAGE, "there is no verb '%.80s'", name);
    if (suggestion.best.n)
        err_hint(err, "Did you mean '" STR_FMT "'? 'sluice --help' lists the verbs.", STR_ARG(suggestion.best));
    else
        err_hint(err, "'sluice --help' lists the verbs.");
    return ask_complain(err);
}

static int dispatch(const struct option_list *rest, const struct option_set *set, struct cli_options *own,
    struct arena *arena, struct err *err)
{
    const char *name = rest->count ? rest->items[0] : "overview";
    const struct verb *verb = verb_find(name);
    if (own->version) {
        puts("sluice " SLUICE_VERSION);
        return 0;
    }
    if (own->help && !rest->count)
        return help(set, NULL);
    if (!verb)
        return no_such_verb(name, err);
    if (own->help)
        return help(set, verb);
    if (!take_targets(verb, own, arena, err))
        return ask_complain(err);
    if (!rest->count && !own->json && !own->session && (own->plain || plain_wanted()))
        return open_plain(own, err);
    if (!rest->count && !own->json && !own->session && console_possible())
        return open_console(own, arena, err);
    own->input.run = rest->count > 1 ? rest->items[1] : NULL;
    bool takes_key = verb->takes & TAKES_KEY;
    own->input.key = takes_key && rest->count > 2 ? rest->items[2] : NULL;
    if (rest->count > 2u + takes_key) {
        ERR(err, ERR_USAGE, "'sluice %s' does not take '%.80s'", name, rest->items[2 + takes_key]);
        err_hint(err, "'sluice %s --help' tells what it takes.", name);
        return ask_complain(err);
    }
    return ask_verb(
        &(struct asking){verb, &own->input, &own->link, &own->targets, own->json, own->session}, arena, err);
}

static void take_defaults(struct cli_options *own, const struct session *session)
{
    const struct link_options *link = &session->link;
    if (!own->targets.count && !own->link.lake) {
        own->targets = session->targets;
        own->link.target = link->target;
        own->link.lake = link->lake;
    }
    own->link.journal = own->link.journal ? own->link.journal : link->journal;
    own->link.config = own->link.config ? own->link.config : link->config;
    own->link.datasets = own->link.datasets ? own->link.datasets : link->datasets;
}

static int run(int argc, char **argv, struct session *session)
{
    struct cli_options own = {.session = session};
    struct option_set set = OPTION_SET(rows, &own);
    struct option_list rest = {0};
    struct err err;
    struct arena *arena = arena_new(0);
    bool ok = arena || ERR(&err, ERR_MEMORY, "no memory to start");
    ok = ok && options_arguments(argc, argv, &set, 1, &rest, arena, &err);
    if (ok && session)
        take_defaults(&own, session);
    int code = ok ? dispatch(&rest, &set, &own, arena, &err) : ask_complain(&err);
    arena_free(arena);
    return code;
}

static int run_line(void *context, int argc, char **argv)
{
    return run(argc, argv, context);
}

int cli_main(int argc, char **argv)
{
    return run(argc - 1, argv + 1, NULL);
}
