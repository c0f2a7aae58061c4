#include "tui/app/cli.h"

#include "shared/options.h"
#include "shared/rpc.h"
#include "shared/suggest.h"
#include "shared/utf8.h"
#include "tui/app/console.h"
#include "tui/app/verb.h"
#include "tui/core/link.h"
#include "tui/core/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT = 256 * 1024, MAX_LINE = 4096, MOST_TARGETS = 32 };

struct cli_options {
    struct link_options link;
    struct option_list targets;
    const char *go;
    struct verb_input input;
    bool json, help, version;
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

/* Messages may carry names from files: they pass the sanitiser as all else does. */
static int complain(const struct err *err)
{
    struct buf line;
    if (!err->message[0]) /* the agent has told it */
        return err_exit_code(err);
    buf_init(&line, MAX_LINE);
    utf8_sanitise(&line, str_of(err->message));
    fprintf(stderr, "sluice: %s\n", line.p ? line.p : "");
    buf_reset(&line);
    utf8_sanitise(&line, str_of(err->hint));
    if (line.n)
        fprintf(stderr, "  %s\n", line.p);
    buf_dispose(&line);
    return err_exit_code(err);
}

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
        {"output", TAKES_OUTPUT}, {"mark-returned", TAKES_OUTPUT}, {"partition", TAKES_PARTITION}};
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
                       "console on a terminal, the overview elsewhere.\n\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(text, "  %-11s  %-11s  %s\n", verbs[i].name, verbs[i].argument, verbs[i].summary);
    buf_add_cstr(text, "\nRUN and REQUEST are any part of an id that names only one.\n\noptions:\n");
    options_help(set, text);
    buf_add_cstr(text, "\nexamples:\n"
                       "  sluice --lake /srv/lake               what waits, what is open\n"
                       "  sluice runs --dataset sales           its runs, newest first\n"
                       "  sluice rows 7BBXP --limit 10          the first ten rows that run rejected\n"
                       "  sluice reason 7BBXP                   why it rejected the whole file\n"
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

/* DEL is ASCII, yet nothing for a terminal. It can stand in strings only. */
static void print_json(const json_t *result)
{
    char *text = json_dumps(result, JSON_INDENT(2) | JSON_ENSURE_ASCII), *rest = text;
    for (char *bad; rest && (bad = strchr(rest, '\x7f')); rest = bad + 1) {
        fwrite(rest, 1, (size_t)(bad - rest), stdout);
        fputs("\\u007f", stdout);
    }
    puts(rest ? rest : "");
    free(text);
}

static void print_text(const struct verb *verb, const json_t *result)
{
    struct paper paper;
    paper_init(&paper, STDOUT_FILENO);
    verb->print(&paper, result);
    fwrite(paper.out.p, 1, paper.out.n, stdout);
    paper_dispose(&paper);
}

static int flush(struct err *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno == EPIPE) /* whoever reads has seen enough */
        return 0;
    ERR_ERRNO(err, "cannot write to standard output");
    return complain(err);
}

/* What was to be done may stand although its answer was lost. */
static void hint_outcome(const struct link *link, const json_t *params, struct err *err)
{
    const char *client = json_string_value(json_object_get(params, "client"));
    if (client && err->message[0] && link_ended(link))
        err_hint(err, "Whether it was done: sluice outcome %s", client);
}

/* NULL: err tells, or the agent has. */
static json_t *answer_of(
    const struct verb *verb, const struct cli_options *own, const struct link_options *options, struct err *err)
{
    json_t *params = verb_params(verb, &own->input, err);
    struct link *link = params ? link_open(options, err) : NULL;
    json_incref(params);
    if (!link)
        json_decref(params);
    json_t *result = !link                        ? NULL
                     : verb->takes & TAKES_OUTPUT ? pack_fetch(link, params, &own->input, err)
                                                  : link_call(link, verb->method, params, err);
    if (link && !result && verb->takes & ACTS)
        hint_outcome(link, params, err);
    json_decref(params);
    link_close(link);
    return result;
}

static bool adds_up(const json_t *result)
{
    return !json_is_false(json_object_get(result, "balanced"));
}

static int ask(const struct verb *verb, const struct cli_options *own, struct err *err)
{
    json_t *result = answer_of(verb, own, &own->link, err);
    if (!result)
        return complain(err);
    if (own->json && json_object_size(result))
        print_json(result);
    else
        print_text(verb, result);
    bool balanced = adds_up(result);
    json_decref(result);
    int code = flush(err);
    return code ? code : !balanced;
}

static void print_heading(const char *name, bool first)
{
    struct buf heading;
    buf_init(&heading, MAX_LINE);
    utf8_sanitise(&heading, str_of(name));
    printf("%s── %s\n", first ? "" : "\n", heading.p ? heading.p : "");
    fflush(stdout);
    buf_dispose(&heading);
}

/* Each target's answer under its name, one after another; one that gives none does not keep the others from theirs. The
 * code is the worst. */
static int ask_fleet(const struct verb *verb, const struct cli_options *own, struct arena *arena, struct err *err)
{
    json_t *answers = json_array();
    int worst = 0;
    for (size_t i = 0; i < own->targets.count; i++) {
        struct link_options options = own->link;
        const char *name = own->targets.items[i];
        if (!own->json)
            print_heading(name, i == 0);
        options.target = target_named(name, own->link.config, arena, err);
        json_t *result = options.target ? answer_of(verb, own, &options, err) : NULL;
        int code = result ? !adds_up(result) : complain(err);
        worst = code > worst ? code : worst;
        if (result && !own->json)
            print_text(verb, result);
        json_array_append_new(answers, json_pack("{s:s, s:o?}", "target", name, "result", result));
    }
    json_t *all = json_pack("{s:o}", "targets", answers);
    if (own->json)
        print_json(all);
    json_decref(all);
    int code = flush(err);
    return code > worst ? code : worst;
}

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
        return complain(err);
    }
    for (size_t i = 0; i < count; i++) {
        targets[i] = (struct console_target){own->targets.count ? own->targets.items[i] : "", own->link};
        for (size_t other = 0; other < i; other++)
            if (strcmp(targets[other].name, targets[i].name) == 0) {
                ERR(err, ERR_USAGE, "the target %s is given twice", targets[i].name);
                return complain(err);
            }
        if (own->targets.count)
            targets[i].options.target = target_named(targets[i].name, own->link.config, arena, err);
        if (own->targets.count && !targets[i].options.target)
            return complain(err);
    }
    return console_run(targets, count, own->go, err) ? 0 : complain(err);
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
    return complain(err);
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
        return complain(err);
    if (!rest->count && !own->json && console_possible())
        return open_console(own, arena, err);
    own->input.run = rest->count > 1 ? rest->items[1] : NULL;
    bool takes_key = verb->takes & TAKES_KEY;
    own->input.key = takes_key && rest->count > 2 ? rest->items[2] : NULL;
    if (rest->count > 2u + takes_key) {
        ERR(err, ERR_USAGE, "'sluice %s' does not take '%.80s'", name, rest->items[2 + takes_key]);
        err_hint(err, "'sluice %s --help' tells what it takes.", name);
        return complain(err);
    }
    return own->targets.count > 1 ? ask_fleet(verb, own, arena, err) : ask(verb, own, err);
}

int cli_main(int argc, char **argv)
{
    struct cli_options own = {0};
    struct option_set set = OPTION_SET(rows, &own);
    struct option_list rest = {0};
    struct err err;
    struct arena *arena = arena_new(0);
    bool ok = arena || ERR(&err, ERR_MEMORY, "no memory to start");
    ok = ok && options_arguments(argc - 1, argv + 1, &set, 1, &rest, arena, &err);
    int code = ok ? dispatch(&rest, &set, &own, arena, &err) : complain(&err);
    arena_free(arena);
    return code;
}
