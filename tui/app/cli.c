#include "tui/app/cli.h"

#include "shared/options.h"
#include "shared/utf8.h"
#include "tui/app/verb.h"
#include "tui/core/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OUTPUT = 256 * 1024 * 1024, MAX_LINE = 4096 };

struct cli_options {
    const char *lake, *dataset, *cause, *after, *limit, *rules, *datasets;
    struct option_list sets, maps;
    bool json, help, version;
};

static const struct option_row rows[] = {
    {.name = "target",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, lake),
        .letter = 't',
        .flag_only = true,
        .value = "DIR",
        .help = "the lake to look at"},
    {.name = "lake",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, lake),
        .fallback = ".",
        .value = "DIR",
        .help = "the same; $SLUICE_LAKE is asked too"},
    {.name = "dataset",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, dataset),
        .flag_only = true,
        .value = "NAME",
        .help = "only this dataset (runs, rejects, causes)"},
    {.name = "cause",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, cause),
        .flag_only = true,
        .value = "N",
        .help = "only rows of this cause (rows)"},
    {.name = "after",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, after),
        .flag_only = true,
        .value = "KEY",
        .help = "the page behind it: a run, or a row number for rows"},
    {.name = "limit",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, limit),
        .flag_only = true,
        .value = "N",
        .help = "so many, at most 1000; 100 by default"},
    {.name = "set",
        .kind = OPTION_LIST,
        .offset = offsetof(struct cli_options, sets),
        .flag_only = true,
        .value = "PATH=VALUE",
        .help = "read it otherwise: dialect.delimiter=';', fields.NAME.decimalChar=, (rehearse)"},
    {.name = "map",
        .kind = OPTION_LIST,
        .offset = offsetof(struct cli_options, maps),
        .flag_only = true,
        .value = "LABEL=FIELD",
        .help = "this label of the file's header is that field (rehearse)"},
    {.name = "rules",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, rules),
        .flag_only = true,
        .value = "same|current",
        .help = "the rules of then, or the contract as it is now: the default (rehearse)"},
    {.name = "datasets",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct cli_options, datasets),
        .flag_only = true,
        .value = "DIR",
        .help = "where the contracts are; $SLUICE_DATASETS is asked too (rehearse)"},
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
        .help = "this text"},
    {.name = "version",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct cli_options, version),
        .flag_only = true,
        .help = "the version"},
};

/* Messages may carry names from files: they pass the sanitiser as all else does. */
static int complain(const struct err *err)
{
    struct buf line;
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

static int help(const struct option_set *set)
{
    struct buf text;
    size_t count;
    const struct verb *verbs = verb_list(&count);
    buf_init(&text, MAX_OUTPUT);
    options_help(set, &text);
    puts("usage: sluice [VERB] [RUN] [options]\n");
    for (size_t i = 0; i < count; i++)
        printf("  %-9s %-6s %s\n", verbs[i].name, verbs[i].argument, verbs[i].summary);
    printf("\nRUN is any part of a run's id that names only one. Without a verb: overview.\n\n%s", text.p);
    buf_dispose(&text);
    return 0;
}

static void print_json(const json_t *result)
{
    char *text = json_dumps(result, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    puts(text ? text : "");
    free(text);
}

static int ask(const struct verb *verb, const struct verb_input *input, const struct cli_options *own, struct err *err)
{
    if (own->datasets && setenv("SLUICE_DATASETS", own->datasets, 1) != 0)
        return complain((ERR(err, ERR_MEMORY, "no memory for --datasets"), err));
    struct link *link = link_open(own->lake, err);
    json_t *result = link ? link_call(link, verb->method, verb_params(verb, input), err) : NULL;
    link_close(link);
    if (!result)
        return complain(err);
    if (own->json)
        print_json(result);
    else {
        struct buf out;
        buf_init(&out, MAX_OUTPUT);
        verb->print(&out, result);
        fwrite(out.p, 1, out.n, stdout);
        buf_dispose(&out);
    }
    json_decref(result);
    return 0;
}

static int dispatch(const struct option_list *rest, const struct cli_options *own, struct err *err)
{
    const char *name = rest->count ? rest->items[0] : "overview";
    const struct verb *verb = verb_find(name);
    struct verb_input input = {.run = rest->count > 1 ? rest->items[1] : NULL,
        .dataset = own->dataset,
        .cause = own->cause,
        .after = own->after,
        .limit = own->limit,
        .rules = own->rules,
        .sets = &own->sets,
        .maps = &own->maps};
    bool changes = own->sets.count || own->maps.count || own->rules;
    if (!verb)
        ERR(err, ERR_USAGE, "there is no verb '%s'", name);
    else if (verb->needs_run && !input.run)
        ERR(err, ERR_USAGE, "'sluice %s' needs a run", name);
    else if (changes && strcmp(verb->name, "rehearse") != 0)
        ERR(err, ERR_USAGE, "'sluice %s' takes neither --set, --map nor --rules", name);
    else if (rest->count > 2 || (rest->count == 2 && !verb->argument[0]))
        ERR(err, ERR_USAGE, "'sluice %s' does not take '%s'", name, rest->items[rest->count - 1]);
    else
        return ask(verb, &input, own, err);
    err_hint(err, "'sluice --help' lists the verbs; 'sluice runs' lists runs.");
    return complain(err);
}

int cli_main(int argc, char **argv)
{
    struct cli_options own = {0};
    struct option_set set = OPTION_SET(rows, &own);
    struct option_list rest = {0};
    struct err err;
    struct arena *arena = arena_new(0);
    int code = 0;
    if (!arena || !options_defaults(&set, arena, &err) || !options_environment(&set, "SLUICE_", arena, &err) ||
        !options_arguments(argc - 1, argv + 1, &set, 1, &rest, arena, &err))
        code = arena ? complain(&err) : 3;
    else if (own.help)
        code = help(&set);
    else if (own.version)
        puts("sluice " SLUICE_VERSION);
    else
        code = dispatch(&rest, &own, &err);
    arena_free(arena);
    return code;
}
