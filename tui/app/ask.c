#include "tui/app/ask.h"

#include "shared/utf8.h"
#include "tui/core/merge.h"
#include "tui/core/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE = 4096 };

/* Messages may carry names from files: they pass the sanitiser as all else does. */
int ask_complain(const struct err *err)
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
    return ask_complain(err);
}

/* What was to be done may stand although its answer was lost. */
static void hint_outcome(const struct link *link, const json_t *params, struct err *err)
{
    const char *client = json_string_value(json_object_get(params, "client"));
    if (client && err->message[0] && link_ended(link))
        err_hint(err, "Whether it was done: sluice outcome %s", client);
}

static json_t *call(const struct asking *asking, struct link *link, json_t *params, struct err *err)
{
    const struct verb *verb = asking->verb;
    json_incref(params);
    json_t *result = verb->takes & TAKES_OUTPUT ? pack_fetch(link, params, asking->input, err)
                                                : link_call(link, verb->method, params, err);
    if (!result && verb->takes & ACTS)
        hint_outcome(link, params, err);
    return result;
}

/* If whoever asks stands by it. */
static json_t *call_in_session(
    const struct asking *asking, const struct link_options *options, json_t *params, struct err *err)
{
    struct session *session = asking->session;
    struct link *link = session_take(session, options, err);
    if (!link)
        return NULL;
    bool overview = strcmp(asking->verb->method, "overview") == 0;
    const char *seen = overview ? session_look(session, options) : NULL;
    if (seen)
        json_object_set_new(params, "seen", json_string(seen));
    bool acts = verb_acts(asking->verb, asking->input), was_there = session->link_used;
    bool stands = !acts || session->confirm(session->context, link, asking->verb->name);
    json_t *result = stands ? call(asking, link, params, err) : NULL;
    if (!stands)
        ERR(err, ERR_USAGE, "nothing is done");
    bool again = !result && stands && !acts && was_there && link_ended(link);
    session_give(session, link);
    if (again) /* it was lost since the last question */
        return call_in_session(asking, options, params, err);
    json_decref(session->next);
    json_t *next = json_object_get(result, "next");
    session->next = json_is_null(next) ? NULL : json_incref(next);
    return result;
}

/* NULL: err tells, or the agent has. */
static json_t *answer_of(const struct asking *asking, const struct link_options *options, struct err *err)
{
    json_t *params = verb_params(asking->verb, asking->input, err), *result = NULL;
    struct link *link = params && !asking->session ? link_open(options, err) : NULL;
    if (link)
        result = call(asking, link, params, err);
    else if (params && asking->session)
        result = call_in_session(asking, options, params, err);
    link_close(link);
    json_decref(params);
    return result;
}

static bool adds_up(const json_t *result)
{
    return !json_is_false(json_object_get(result, "balanced"));
}

static int ask_one(const struct asking *asking, struct err *err)
{
    json_t *result = answer_of(asking, asking->link, err);
    if (!result)
        return ask_complain(err);
    if (asking->json && json_object_size(result))
        print_json(result);
    else
        print_text(asking->verb, result);
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

static json_t *answer_of_target(const struct asking *asking, const char *name, struct arena *arena, struct err *err)
{
    struct link_options options = *asking->link;
    options.target = target_named(name, options.config, arena, err);
    return options.target ? answer_of(asking, &options, err) : NULL;
}

static void print_merged(const struct asking *asking, const json_t *answers)
{
    json_t *parts = json_object(), *item;
    size_t i;
    json_array_foreach(answers, i, item)
        json_object_set(parts, json_string_value(json_object_get(item, "target")), json_object_get(item, "result"));
    json_t *whole = merge_answers(asking->verb->method, parts, NULL);
    print_text(asking->verb, whole);
    json_decref(whole);
    json_decref(parts);
}

/* Each target's answer under its name, one after another, or all in one list; one that gives none does not keep the
 * others from theirs. The code is the worst. */
static int ask_fleet(const struct asking *asking, struct arena *arena, struct err *err)
{
    json_t *answers = json_array();
    bool one_list = asking->verb->takes & ONE_LIST;
    int worst = 0;
    for (size_t i = 0; i < asking->targets->count; i++) {
        const char *name = asking->targets->items[i];
        if (!asking->json && !one_list)
            print_heading(name, i == 0);
        json_t *result = answer_of_target(asking, name, arena, err);
        int code = result ? !adds_up(result) : ask_complain(err);
        worst = code > worst ? code : worst;
        if (result && !asking->json && !one_list)
            print_text(asking->verb, result);
        json_array_append_new(answers, json_pack("{s:s, s:o?}", "target", name, "result", result));
    }
    json_t *all = json_pack("{s:O}", "targets", answers);
    if (asking->json)
        print_json(all);
    else if (one_list)
        print_merged(asking, answers);
    json_decref(all);
    json_decref(answers);
    int code = flush(err);
    return code > worst ? code : worst;
}

int ask_verb(const struct asking *asking, struct arena *arena, struct err *err)
{
    return asking->targets->count > 1 ? ask_fleet(asking, arena, err) : ask_one(asking, err);
}
