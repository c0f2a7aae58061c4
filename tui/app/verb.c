#include "tui/app/verb.h"

#include "shared/clock.h"
#include "shared/ulid.h"
#include "shared/until.h"

#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
    {"overview", "overview", false, 0, "", "datasets, what waits, what is open, incidents", "sluice overview",
        print_overview},
    {"runs", "runs", false, TAKES_DATASET | TAKES_PAGE, "", "runs, newest first",
        "sluice runs --dataset sales --limit 20", print_runs},
    {"show", "run", true, 0, "RUN", "one run: funnel, outputs, causes", "sluice show 7BBXP", print_run},
    {"rejects", "rejects", false, TAKES_DATASET | TAKES_PAGE, "", "runs that rejected a file or rows",
        "sluice rejects --dataset sales", print_rejects},
    {"causes", "causes", false, TAKES_DATASET, "[RUN]", "why files and rows were rejected, costliest first",
        "sluice causes 7BBXP", print_causes},
    {"rows", "rows", true, TAKES_CAUSE | TAKES_STAGE | TAKES_PAGE, "RUN", "rejected rows with their errors",
        "sluice rows 7BBXP --cause 3 --limit 10", print_rows},
    {"reason", "reason", true, 0, "RUN", "why a whole file was rejected: its reason.json", "sluice reason 7BBXP --json",
        print_reason},
    {"stages", "stages", true, 0, "RUN", "the balance sheet of a run", "sluice stages 7BBXP", print_stages},
    {"rehearse", "rehearse", true, TAKES_OVERRIDES | TAKES_PATCH | TAKES_CAUSE | TAKES_ROWS, "RUN",
        "what its file or rows would do; nothing is written", "sluice rehearse 7BBXP --set dialect.delimiter=';'",
        print_rehearsal},
    {"redrive", "redrive", false,
        ACTS | TAKES_OVERRIDES | TAKES_REASON | TAKES_ASK | TAKES_CAUSE | TAKES_UNTIL | TAKES_APPLY | TAKES_PATCH |
            TAKES_ROWS | TAKES_RATE,
        "[RUN]", "reads a file, rows of it, or a cause's, again",
        "sluice redrive --cause 3 --map 'Price EUR=unit_price' --reason 'new till software'", print_request},
    {"reprocess", "reprocess", false,
        ACTS | TAKES_DATASET | TAKES_OVERRIDES | TAKES_REASON | TAKES_ASK | TAKES_SINCE | TAKES_RATE, "",
        "reads a dataset's loaded files by other rules",
        "sluice reprocess --dataset sales --since 7d --reason 'the tax was wrong'", print_request},
    {"withdraw", "withdraw", true, ACTS | TAKES_REASON | TAKES_ASK, "RUN", "takes back what was loaded of its file",
        "sluice withdraw 7BBXP --reason 'the wrong month'", print_request},
    {"requests", "requests", false, TAKES_DATASET | TAKES_PAGE, "", "re-drives asked for, newest first",
        "sluice requests --limit 10", print_requests},
    {"request", "requests", true, 0, "REQUEST", "one request: how far it is, what became of its files",
        "sluice request 7BBXP", print_request},
    {"pause", "pause", true, ACTS, "REQUEST", "begins no more of its files for now", "sluice pause 7BBXP",
        print_request},
    {"resume", "resume", true, ACTS, "REQUEST", "goes on with its files", "sluice resume 7BBXP", print_request},
    {"rate", "rate", true, ACTS | TAKES_RATE, "REQUEST", "so many of its files a time, at most",
        "sluice rate 7BBXP --rate 100/min", print_request},
    {"cancel", "cancel", true, ACTS | TAKES_REASON, "REQUEST", "ends it; what is finished stays as it is",
        "sluice cancel 7BBXP --reason 'the warehouse is busy'", print_request},
    {"approve", "approve", true, ACTS, "REQUEST", "lets a re-drive that was asked for run", "sluice approve 7BBXP",
        print_request},
    {"decline", "decline", true, ACTS | TAKES_REASON, "REQUEST", "refuses a re-drive that was asked for",
        "sluice decline 7BBXP --reason 'the producer sends it again'", print_request},
    {"discard", "discard", true, ACTS | TAKES_REASON | TAKES_CAUSE | TAKES_ROW, "RUN",
        "closes a quarantined file, or rows, for good", "sluice discard 7BBXP --reason 'sent by mistake'", print_run},
    {"outcome", "outcome", true, 0, "CLIENT", "what became of a call whose answer was lost",
        "sluice outcome 01ARZ3NDEKTSV4RRFFQ69G5FAV", print_done},
    {"override", "override", true, ACTS | TAKES_OVERRIDES | TAKES_REASON | TAKES_ASK | TAKES_UNTIL, "DATASET",
        "reads files still to come otherwise, until a time",
        "sluice override sales --set dialect.delimiter=';' --until 09:00 --reason 'new till software'", print_request},
    {"overrides", "overrides", false, TAKES_DATASET, "", "standing overrides, those in force first",
        "sluice overrides --dataset sales", print_standing},
    {"patch", "patch", true, ACTS | TAKES_OVERRIDES | TAKES_EDIT, "RUN",
        "edits a row of a quarantined file, over its bytes",
        "sluice patch 7BBXP --row 17 --column unit_price --value 12.50", print_patch},
    {"contract", "contract", true, ACTS | TAKES_OVERRIDES | TAKES_REASON | TAKES_ASK, "DATASET",
        "changes its contract for good, once approved",
        "sluice contract sales --map 'Price EUR=unit_price' --reason 'new till software'", print_request},
    {"revoke", "revoke", true, ACTS | TAKES_REASON, "REQUEST", "ends a standing override before its time",
        "sluice revoke 7BBXP --reason 'the producer went back'", print_request},
    {"incidents", "incidents", false, TAKES_PAGE, "", "what went wrong, the open ones first",
        "sluice incidents --limit 10", print_incidents},
    {"alerts", "alerts", false, TAKES_PAGE | ONE_LIST, "", "who was told of what, and what could not be sent",
        "sluice alerts --limit 10", print_alerts},
    {"workers", "workers", false, ONE_LIST, "", "who works on what, and whose lease is over", "sluice workers",
        print_workers},
    {"acknowledge", "acknowledge", false, ACTS | TAKES_CAUSE | TAKES_NOTE, "[INCIDENT]",
        "tells others that somebody looks after it", "sluice acknowledge 3 --note 'asked the producer'",
        print_acknowledged},
    {"export", "export", true, TAKES_CAUSE | TAKES_OUTPUT | TAKES_REASON, "RUN",
        "rejected rows and the reasons, to send back", "sluice export 7BBXP --cause 3 -o to-producer", print_pack},
    {"trace", "trace", true, TAKES_KEY, "DATASET KEY", "one primary key from delivery to gold",
        "sluice trace sales 10000017", print_trace},
    {"balance", "balance", true, TAKES_PARTITION, "DATASET", "that every row delivered is somewhere, once",
        "sluice balance sales --partition date=2026-11-21", print_balance},
    {"audit", "audit", false, TAKES_PAGE, "[SUBJECT]", "who did what, newest first; is any line amiss?",
        "sluice audit 7BBXP --limit 20", print_audit},
};

const struct verb *verb_list(size_t *count)
{
    *count = sizeof verbs / sizeof *verbs;
    return verbs;
}

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* A patch that is given no edit is shown. */
bool verb_acts(const struct verb *verb, const struct verb_input *input)
{
    bool edits = input->row || input->column || input->value || input->raw || input->undo;
    return verb->takes & ACTS && (!(verb->takes & TAKES_EDIT) || edits);
}

static void put_text(json_t *params, const char *name, const char *value)
{
    if (value)
        json_object_set_new(params, name, json_string(value));
}

static void put_number(json_t *params, const char *name, uint64_t value)
{
    if (value)
        json_object_set_new(params, name, json_integer((json_int_t)value));
}

static void put_list(json_t *params, const char *name, const struct option_list *list)
{
    if (!list->count)
        return;
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, json_string(list->items[i]));
    json_object_set_new(params, name, items);
}

static bool refuse(const struct verb *verb, const char *option, struct err *err)
{
    ERR(err, ERR_USAGE, "'sluice %s' does not take %s", verb->name, option);
    return err_hint(err, "'sluice %s --help' tells what it takes.", verb->name);
}

static bool is_request(const struct verb *verb)
{
    return strcmp(verb->argument, "REQUEST") == 0;
}

static bool is_dataset(const struct verb *verb)
{
    return strncmp(verb->argument, "DATASET", strlen("DATASET")) == 0;
}

static bool allowed(const struct verb *verb, const struct verb_input *input, struct err *err)
{
    if (verb->needs_run && !input->run && is_request(verb)) {
        ERR(err, ERR_USAGE, "'sluice %s' needs a request", verb->name);
        return err_hint(err, "'sluice requests' lists them; any part of an id that names only one will do.");
    }
    if (verb->needs_run && !input->run && is_dataset(verb)) {
        ERR(err, ERR_USAGE, "'sluice %s' needs a dataset", verb->name);
        return err_hint(err, "'sluice overview' lists them.");
    }
    if (verb->needs_run && !input->run && strcmp(verb->argument, "CLIENT") == 0) {
        ERR(err, ERR_USAGE, "'sluice %s' needs the id of a call", verb->name);
        return err_hint(err, "What lost its answer has told it.");
    }
    if (verb->needs_run && !input->run) {
        ERR(err, ERR_USAGE, "'sluice %s' needs a run", verb->name);
        return err_hint(err, "'sluice runs' lists them; any part of an id that names only one will do.");
    }
    if (input->run && !verb->argument[0])
        return refuse(verb, input->run, err);
    if (input->dataset && !(verb->takes & TAKES_DATASET))
        return refuse(verb, "--dataset", err);
    if (input->cause && !(verb->takes & TAKES_CAUSE))
        return refuse(verb, "--cause", err);
    if (input->stage && !(verb->takes & TAKES_STAGE))
        return refuse(verb, "--stage", err);
    if ((input->after || input->limit) && !(verb->takes & TAKES_PAGE))
        return refuse(verb, input->after ? "--after" : "--limit", err);
    if ((input->sets.count || input->maps.count || input->rules) && !(verb->takes & TAKES_OVERRIDES))
        return refuse(verb, "--set, --map or --rules", err);
    if (input->reason && !(verb->takes & TAKES_REASON))
        return refuse(verb, "--reason", err);
    if (input->ask && !(verb->takes & TAKES_ASK))
        return refuse(verb, "--ask", err);
    if (input->until && !(verb->takes & (TAKES_UNTIL | TAKES_SINCE)))
        return refuse(verb, "--until", err);
    if (input->since && !(verb->takes & TAKES_SINCE))
        return refuse(verb, "--since", err);
    if (input->rate && !(verb->takes & TAKES_RATE))
        return refuse(verb, "--rate", err);
    if (input->output && !(verb->takes & TAKES_OUTPUT))
        return refuse(verb, "--output", err);
    if (input->partition && !(verb->takes & TAKES_PARTITION))
        return refuse(verb, "--partition", err);
    if (input->note && !(verb->takes & TAKES_NOTE))
        return refuse(verb, "--note", err);
    if (input->row && !(verb->takes & (TAKES_EDIT | TAKES_ROW | TAKES_ROWS)))
        return refuse(verb, "--row", err);
    if (input->rows && !(verb->takes & TAKES_ROWS))
        return refuse(verb, "--rows", err);
    if ((input->column || input->value || input->raw || input->undo) && !(verb->takes & TAKES_EDIT))
        return refuse(verb, "--column, --value, --raw or --undo", err);
    if (input->mark_returned && !(verb->takes & TAKES_OUTPUT))
        return refuse(verb, "--mark-returned", err);
    if (input->patch && !(verb->takes & TAKES_PATCH))
        return refuse(verb, "--patch", err);
    if (input->apply_to && !(verb->takes & TAKES_APPLY))
        return refuse(verb, "--apply-to", err);
    return true;
}

/* What the positional argument is to the method. */
static bool put_argument(json_t *params, const struct verb *verb, const char *value, struct err *err)
{
    char *end;
    if (!value || strcmp(verb->argument, "[INCIDENT]") != 0) {
        put_text(params,
            is_request(verb)                           ? "request"
            : is_dataset(verb)                         ? "dataset"
            : strcmp(verb->argument, "[SUBJECT]") == 0 ? "subject"
            : strcmp(verb->argument, "CLIENT") == 0    ? "client"
                                                       : "run",
            value);
        return true;
    }
    json_int_t incident = strtoll(value, &end, 10);
    if (*end || end == value || incident <= 0) {
        ERR(err, ERR_USAGE, "'%.80s' is not an incident's number", value);
        return err_hint(err, "'sluice incidents' lists them.");
    }
    json_object_set_new(params, "incident", json_integer(incident));
    return true;
}

/* rows go on after a row number, lists of runs after a run */
static bool put_after(json_t *params, const struct verb *verb, const char *after, struct err *err)
{
    char *end;
    if (!(verb->takes & TAKES_CAUSE) || !after) {
        put_text(params, "after", after);
        return true;
    }
    json_int_t row = strtoll(after, &end, 10);
    if (*end || end == after || row < 0)
        return ERR(err, ERR_USAGE, "--after: '%.80s' is not a row number", after);
    json_object_set_new(params, "after", json_integer(row));
    return true;
}

/* The caller's clock on the wall counts, not the agent's. */
static bool put_time(json_t *params, const char *name, const char *text, bool back, struct err *err)
{
    char at[CLOCK_TEXT_SIZE];
    int64_t time;
    if (!text)
        return true;
    if (!(back ? since_read : until_read)(str_of(text), clock_now(), &time, err))
        return false;
    put_text(params, name, clock_format(time, at));
    return true;
}

json_t *verb_params(const struct verb *verb, const struct verb_input *input, struct err *err)
{
    json_t *params = allowed(verb, input, err) ? json_object() : NULL;
    if (!params)
        return NULL;
    if (verb->takes & ACTS) {
        char client[ULID_SIZE];
        ulid_new(client);
        put_text(params, "client", client);
    }
    put_text(params, "dataset", input->dataset);
    put_text(params, "stage", input->stage);
    put_text(params, "apply_to", input->apply_to);
    put_number(params, "row", input->row);
    put_text(params, "column", input->column);
    put_text(params, "value", input->value);
    put_text(params, "raw", input->raw);
    if (input->undo)
        json_object_set_new(params, "undo", json_true());
    if (input->patch)
        json_object_set_new(params, "patch", json_true());
    if (input->rows)
        put_text(params, "scope", "rows");
    put_number(params, "cause", input->cause);
    put_number(params, "limit", input->limit);
    put_text(params, "rules", input->rules);
    put_text(params, "reason", input->reason);
    put_text(params, "rate", input->rate);
    put_text(params, "note", input->note);
    put_text(params, "key", input->key);
    put_text(params, "partition", input->partition);
    if (input->ask)
        json_object_set_new(params, "ask", json_true());
    put_list(params, "set", &input->sets);
    put_list(params, "map", &input->maps);
    bool back = verb->takes & TAKES_SINCE;
    if (put_argument(params, verb, input->run, err) && put_time(params, "since", input->since, back, err) &&
        put_time(params, "until", input->until, back, err) && put_after(params, verb, input->after, err))
        return params;
    json_decref(params);
    return NULL;
}
