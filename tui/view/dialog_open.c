/* What opens the dialog: the arguments of each acting call. */
#include "tui/core/overrides.h"
#include "tui/view/dialog.h"
#include "tui/view/progress.h"

#include <string.h>

enum { MOST_LINE = 64 * 1024, MOST_REHEARSED = 20 };

static void add_fact(json_t *facts, const char *label, struct str value)
{
    if (value.n)
        json_array_append_new(facts, json_pack("{s:s, s:s%}", "label", label, "value", value.p, value.n));
}

static void add_text(json_t *facts, const char *label, const json_t *text)
{
    add_fact(facts, label, (struct str){json_string_value(text), json_string_length(text)});
}

static void add_number(json_t *facts, const char *label, json_int_t number)
{
    struct buf text;
    buf_init(&text, 64);
    view_number(&text, number);
    add_fact(facts, label, buf_str(&text));
    buf_dispose(&text);
}

/* Each target has its own rehearsal, rules and approvers: one dialog each, one behind another. */
static void add_turn(json_t *facts, const struct view *view, const char *target)
{
    struct buf text;
    buf_init(&text, MOST_LINE);
    buf_printf(&text, "%s, %zu of %zu", target, view->turn, view->turns);
    if (view->turn < view->turns)
        buf_add_cstr(&text, ": the next one's dialog comes after this");
    add_fact(facts, "target", buf_str(&text));
    buf_dispose(&text);
}

/* In a fleet a command has to tell of which target it is. */
static void open_dialog(struct view *view, json_t *arguments)
{
    static const char program[] = "sluice ";
    const char *target = view_target(view), *command;
    json_t *commands = json_object_get(arguments, "commands"), *line;
    size_t i;
    if (view->turns > 1)
        add_turn(json_object_get(arguments, "facts"), view, target);
    if (target && view->host->ask_all)
        json_array_foreach(commands, i, line)
        {
            command = json_string_value(line) + sizeof program - 1;
            json_array_set_new(commands, i, json_sprintf("%s-t %s %s", program, target, command));
        }
    view_open(view, &view_dialog, arguments);
}

/* ---- reading once more ---- */

static json_t *call_of(const struct redrive_subject *subject)
{
    json_t *params = json_object();
    bool cause_alone = subject->cause && (subject->everywhere || !subject->rows);
    if (subject->runs)
        json_object_set(params, "runs", (json_t *)subject->runs);
    else if (!cause_alone)
        json_object_set_new(params, "run", json_string(subject->run));
    if (subject->cause)
        json_object_set_new(params, "cause", json_integer(subject->cause));
    if (subject->row)
        json_object_set(params, "row", (json_t *)subject->row);
    if (subject->rows && !subject->cause && !subject->row)
        json_object_set_new(params, "scope", json_string("rows"));
    if (subject->patch)
        json_object_set_new(params, "patch", json_true());
    return params;
}

static void add_rehearsals(json_t *list, const struct redrive_subject *subject)
{
    for (size_t i = 0; i < json_array_size(subject->runs) && i < MOST_REHEARSED; i++)
        json_array_append_new(list, json_pack("{s:O}", "run", json_array_get(subject->runs, i)));
    if (subject->runs)
        return;
    struct redrive_subject one = *subject;
    one.everywhere = false;
    one.cause = one.rows ? one.cause : 0;
    json_array_append_new(list, call_of(&one));
}

static void add_command(json_t *list, const struct redrive_subject *subject, const char *run, json_int_t row)
{
    struct buf text;
    buf_init(&text, MOST_LINE);
    buf_add_cstr(&text, "sluice redrive");
    if (!(subject->cause && (subject->everywhere || !subject->rows)))
        buf_printf(&text, " %s", run);
    if (subject->cause)
        buf_printf(&text, " --cause %lld", (long long)subject->cause);
    if (row)
        buf_printf(&text, " --row %lld", (long long)row);
    if (subject->rows && !subject->cause && !subject->row)
        buf_add_cstr(&text, " --rows");
    if (subject->patch)
        buf_add_cstr(&text, " --patch");
    json_array_append_new(list, json_stringn(text.p, text.n));
    buf_dispose(&text);
}

/* A verb is of one run and one row. */
static void add_commands(json_t *list, const struct redrive_subject *subject)
{
    const json_t *one;
    size_t i;
    json_array_foreach(subject->runs, i, one) add_command(list, subject, json_string_value(one), 0);
    json_array_foreach(subject->row, i, one) add_command(list, subject, subject->run, json_integer_value(one));
    if (!subject->runs && !subject->row)
        add_command(list, subject, subject->run, 0);
}

/* What is asked for is rehearsed file by file before it is a request; the screen shows the first of many. */
static void add_first(json_t *facts, size_t runs)
{
    struct buf text;
    if (runs <= MOST_REHEARSED)
        return;
    buf_init(&text, 128);
    buf_printf(&text, "the first %d of %zu; asking rehearses every one", MOST_REHEARSED, runs);
    add_fact(facts, "rehearsed", buf_str(&text));
    buf_dispose(&text);
}

static const char *redrive_title(const struct redrive_subject *subject, size_t count)
{
    if (count > 1)
        return subject->rows ? "Read the rejected rows of these causes once more"
                             : "Read all files of these causes once more";
    if (subject->runs)
        return "Read these files once more";
    if (subject->patch)
        return "Read this file once more, with its patch";
    if (subject->rows)
        return subject->cause ? "Read the rejected rows of this cause once more" : "Read these rejected rows once more";
    return subject->cause ? "Re-drive all files of this cause" : "Re-drive this file";
}

void dialog_redrive(struct view *view, const struct redrive_subject *subjects, size_t count, int idea)
{
    json_t *calls = json_array(), *rehearse = json_array(), *commands = json_array(), *facts = json_array();
    json_int_t extent = 0;
    bool known = true;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(calls, call_of(&subjects[i]));
        add_rehearsals(rehearse, &subjects[i]);
        add_commands(commands, &subjects[i]);
        extent += subjects[i].count;
        known = known && subjects[i].count;
    }
    const char *unit = subjects->rows ? "rows" : "files";
    add_fact(facts, count > 1 || subjects->everywhere || (subjects->cause && !subjects->rows) ? "rehearsed" : "run",
        str_of(subjects->run));
    if (known)
        add_number(facts, unit, extent);
    add_first(facts, json_array_size(subjects->runs));
    json_t *arguments =
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:o, s:O*}", "title", redrive_title(subjects, count),
            "button", "Ask", "method", "redrive", "changes", 1, "reason", "needed", "reason_as", "reason", "calls",
            calls, "commands", commands, "rehearse", rehearse, "facts", facts, "suggestions", subjects->ideas);
    if (subjects->runs || count > 1 || (subjects->cause && (subjects->everywhere || !subjects->rows)))
        json_object_set_new(arguments, "paced", json_true());
    if (known) {
        json_object_set_new(arguments, "count", json_integer(extent));
        json_object_set_new(arguments, "unit", json_string(unit));
    }
    if (idea != NO_IDEA && json_array_size(subjects->ideas))
        json_object_set_new(
            arguments, "suggestion", json_integer((json_int_t)((size_t)idea % json_array_size(subjects->ideas))));
    open_dialog(view, arguments);
}

/* ---- everything else ---- */

struct plain {
    const char *title, *button, *method, *reason, *reason_as, *unit;
    json_int_t count;
};

static void open_plain(struct view *view, const struct plain *plain, json_t *calls, json_t *commands, json_t *facts)
{
    json_t *arguments = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:o, s:o, s:o}", "title", plain->title, "button",
        plain->button, "method", plain->method, "reason", plain->reason, "reason_as", plain->reason_as, "calls", calls,
        "commands", commands, "facts", facts);
    if (plain->count) {
        json_object_set_new(arguments, "count", json_integer(plain->count));
        json_object_set_new(arguments, "unit", json_string(plain->unit));
        add_number(facts, plain->unit, plain->count);
    }
    open_dialog(view, arguments);
}

void dialog_discard(struct view *view, const json_t *runs, const char *name)
{
    json_t *calls = json_array(), *commands = json_array(), *facts = json_array(), *run;
    size_t i, count = json_array_size(runs);
    json_array_foreach((json_t *)runs, i, run)
    {
        json_array_append_new(calls, json_pack("{s:O}", "run", run));
        json_array_append_new(commands, json_sprintf("sluice discard %s", json_string_value(run)));
    }
    add_fact(facts, count == 1 ? "file" : "cause", str_of(name ? name : ""));
    open_plain(view,
        &(struct plain){
            count == 1 ? "Close this file for good; its bytes stay" : "Close these files for good; their bytes stay",
            "Discard", "discard", "needed", "reason", "files", (json_int_t)count},
        calls, commands, facts);
}

void dialog_discard_rows(struct view *view, const char *run, json_int_t cause, const json_t *row, json_int_t count)
{
    json_t *params = json_pack("{s:s}", "run", run), *facts = json_array();
    json_t *commands = json_array();
    const json_t *one;
    size_t i;
    if (cause) {
        json_object_set_new(params, "cause", json_integer(cause));
        json_array_append_new(commands, json_sprintf("sluice discard %s --cause %lld", run, (long long)cause));
    }
    if (row)
        json_object_set(params, "row", (json_t *)row);
    json_array_foreach(row, i, one) json_array_append_new(
        commands, json_sprintf("sluice discard %s --row %lld", run, (long long)json_integer_value(one)));
    add_fact(facts, "run", str_of(run));
    open_plain(view,
        &(struct plain){"Close these rejected rows for good", "Discard", "discard", "needed", "reason", "rows", count},
        json_pack("[o]", params), commands, facts);
}

void dialog_withdraw(struct view *view, const char *run, const char *name, json_int_t rows)
{
    json_t *facts = json_array();
    add_fact(facts, "file", str_of(name ? name : ""));
    open_plain(view,
        &(struct plain){"Take back what was loaded of this file", "Ask", "withdraw", "needed", "reason", "rows", rows},
        json_pack("[{s:s}]", "run", run), json_pack("[o]", json_sprintf("sluice withdraw %s", run)), facts);
}

void dialog_acknowledge(struct view *view, const char *key, json_int_t number, const char *name)
{
    json_t *facts = json_array();
    bool cause = strcmp(key, "cause") == 0;
    add_fact(facts, key, str_of(name ? name : ""));
    open_plain(view,
        &(struct plain){
            "Tell others that somebody looks after it", "Acknowledge", "acknowledge", "optional", "note", NULL, 0},
        json_pack("[{s:I}]", key, number),
        json_pack("[o]",
            json_sprintf(cause ? "sluice acknowledge --cause %lld" : "sluice acknowledge %lld", (long long)number)),
        facts);
}

/* What is to be said of it, under which parameter. */
static const struct plain paces[] = {
    {"Begin no more of its files for now", "Pause", "pause", NULL, NULL, NULL, 0},
    {"Go on with its files", "Resume", "resume", NULL, NULL, NULL, 0},
    {"So many of its files a time, at most: 5/s, 100/min, 2000/h, none", "Set", "rate", "optional", "rate", NULL, 0},
    {"End it: what is finished stays, the rest stands as before", "Cancel it", "cancel", "needed", "reason", NULL, 0},
};

void dialog_pace(struct view *view, const char *method, const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "request"));
    json_t *facts = json_array();
    struct buf words;
    buf_init(&words, MOST_LINE);
    add_text(facts, "dataset", json_object_get(request, "dataset"));
    add_text(facts, "because", json_object_get(request, "reason"));
    progress_words(&words, request);
    add_fact(facts, "done", buf_str(&words));
    buf_reset(&words);
    progress_pace(&words, request);
    add_fact(facts, "pace", buf_str(&words));
    buf_dispose(&words);
    for (size_t i = 0; i < sizeof paces / sizeof *paces; i++)
        if (strcmp(paces[i].method, method) == 0)
            open_plain(view, &paces[i], json_pack("[{s:s}]", "request", id ? id : ""),
                json_pack("[o]", json_sprintf("sluice %s %s", method, id ? id : "")), facts);
}

/* How many rows a request names; 0: it is of files. */
static json_int_t rows_of(const json_t *request)
{
    const char *scope = json_string_value(json_object_get(request, "scope"));
    const json_t *details = json_object_get(request, "details"), *detail;
    json_int_t rows = 0;
    size_t i;
    if (!scope || strcmp(scope, "rows") != 0)
        return 0;
    json_array_foreach(details, i, detail) rows += json_integer_value(json_object_get(detail, "rows"));
    return rows;
}

void dialog_decide(struct view *view, const char *method, const json_t *request)
{
    static const char *const keys[] = {"action", "dataset", "requested_by", "reason", "until"};
    static const char *const labels[] = {"action", "dataset", "asked by", "because", "until"};
    const char *id = json_string_value(json_object_get(request, "request"));
    bool approves = strcmp(method, "approve") == 0;
    json_t *facts = json_array();
    struct buf words;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        add_text(facts, labels[i], json_object_get(request, keys[i]));
    buf_init(&words, MOST_LINE);
    overrides_words(&words, json_object_get(request, "overrides"));
    add_fact(facts, "overrides", words.n ? str_trim(buf_str(&words)) : STR("none"));
    buf_dispose(&words);
    json_int_t rows = rows_of(request), files = json_integer_value(json_object_get(request, "files"));
    open_plain(view,
        &(struct plain){approves ? "Let this run" : "Refuse this request", approves ? "Approve" : "Decline", method,
            approves ? NULL : "needed", approves ? NULL : "reason", rows ? "rows" : "files", rows ? rows : files},
        json_pack("[{s:s}]", "request", id ? id : ""),
        json_pack("[o]", json_sprintf("sluice %s %s", method, id ? id : "")), facts);
}
