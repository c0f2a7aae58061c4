/* Results as text, for people. */
#include "tui/app/print.h"
#include "tui/core/overrides.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 64 * 1024 * 1024, RAW_LINES = 2, INDENT = 2 };

static const json_t *items_of(const json_t *result)
{
    return json_object_get(result, "items");
}

void print_cell(struct paper *paper, enum cell_kind kind, const json_t *object, const char *key)
{
    table_cell(&paper->out, kind, json_object_get(object, key));
}

static void print_more(struct paper *paper, const json_t *result)
{
    const json_t *next = json_object_get(result, "next");
    if (!next || json_is_null(next))
        return;
    paper_tone(paper, TONE_FAINT);
    buf_add_cstr(&paper->out, "more: --after ");
    if (json_is_integer(next))
        buf_add_i64(&paper->out, json_integer_value(next));
    else
        table_cell(&paper->out, CELL_TEXT, next);
    paper_tone(paper, TONE_PLAIN);
    buf_add_byte(&paper->out, '\n');
}

void print_list(
    struct paper *paper, const struct column *columns, size_t count, const json_t *result, const char *nothing)
{
    if (json_array_size(items_of(result)) == 0)
        buf_printf(&paper->out, "%s\n", nothing);
    else
        table_print(paper, columns, count, items_of(result));
    print_more(paper, result);
}

/* "label: value" lines. */
struct fact {
    const char *label, *key;
    enum cell_kind kind;
    bool bad;
};

static bool is_empty(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)) ||
           (json_is_array(value) && !json_array_size(value));
}

void print_label(struct paper *paper, const char *label)
{
    paper_tone(paper, TONE_FAINT);
    buf_printf(&paper->out, "%-12s", label);
    paper_tone(paper, TONE_PLAIN);
}

static void print_facts(struct paper *paper, const struct fact *facts, size_t count, const json_t *object)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, facts[i].key);
        if (is_empty(value))
            continue;
        print_label(paper, facts[i].label);
        if (facts[i].bad)
            paper_tone(paper, TONE_BAD);
        table_cell(&paper->out, facts[i].kind, value);
        if (facts[i].bad)
            paper_tone(paper, TONE_PLAIN);
        if (facts[i].kind == CELL_TIME)
            buf_add_cstr(&paper->out, " UTC");
        buf_add_byte(&paper->out, '\n');
    }
}

void print_heading(struct paper *paper, const char *title)
{
    buf_add_byte(&paper->out, '\n');
    paper_tone(paper, TONE_STRONG);
    buf_add_cstr(&paper->out, title);
    paper_tone(paper, TONE_PLAIN);
    buf_add_byte(&paper->out, '\n');
}

/* ---- runs ---- */

void print_runs(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"RUN", "run_id", CELL_RUN, 8, 0, STRESS_NONE},
        {"DATASET", "dataset", CELL_TEXT, 8, 0, STRESS_NONE},
        {"FILE", "file", CELL_KEY, 20, 0, STRESS_NONE},
        {"STARTED", "started_at", CELL_TIME, 11, 0, STRESS_NONE},
        {"TOOK", "seconds", CELL_SECONDS, 0, 4, STRESS_NONE},
        {"OUTCOME", "status", CELL_TEXT, 0, 0, STRESS_WORD},
        {"ROWS IN", "rows_in", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"ROWS OUT", "rows_out", CELL_NUMBER, 0, 3, STRESS_NONE},
        {"LOSS", "loss_pct", CELL_PERCENT, 0, 1, STRESS_NONE},
        {"ERROR", "error_code", CELL_TEXT, 8, 5, STRESS_NONE},
    };
    print_list(paper, columns, COUNT(columns), result, "no runs");
}

static void print_funnel(struct paper *paper, const json_t *stages)
{
    static const struct column columns[] = {
        {"STAGE", "stage", CELL_TEXT, 0, 0, STRESS_NONE},
        {"IN", "rows_in", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"READ", "rows_expanded", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"OUT", "rows_out", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0, 0, STRESS_BAD_COUNT},
        {"DUPLICATE", "rows_duplicate", CELL_NUMBER, 0, 1, STRESS_NONE},
        {"FILTERED", "rows_filtered", CELL_NUMBER, 0, 2, STRESS_NONE},
    };
    table_print(paper, columns, COUNT(columns), stages);
}

static const struct column cause_columns[] = {
    {"CAUSE", "cause", CELL_NUMBER, 0, 0, STRESS_NONE},
    {"DATASET", "dataset", CELL_TEXT, 8, 1, STRESS_NONE},
    {"STAGE", "stage", CELL_TEXT, 0, 5, STRESS_NONE},
    {"CODE", "code", CELL_TEXT, 0, 0, STRESS_NONE},
    {"COLUMN", "column", CELL_TEXT, 10, 0, STRESS_NONE},
    {"RULE", "rule", CELL_TEXT, 8, 3, STRESS_NONE},
    {"SHAPE", "shape", CELL_TEXT, 6, 4, STRESS_NONE},
    {"FILES", "files", CELL_NUMBER, 0, 6, STRESS_NONE},
    {"ROWS", "rows", CELL_NUMBER, 0, 0, STRESS_NONE},
    {"OPEN", "open", CELL_NUMBER, 0, 0, STRESS_WAITING_COUNT},
    {"ONLY", "only", CELL_NUMBER, 0, 7, STRESS_NONE},
    {"FIRST ROW", "first_row", CELL_NUMBER, 0, 8, STRESS_NONE},
    {"SAMPLES", "samples", CELL_LIST, 8, 2, STRESS_NONE},
    {"WHO HAS IT", "acknowledged_by", CELL_TEXT, 6, 9, STRESS_NONE},
};

/* What became of the rows that were rejected: nothing where all are open still. */
static void print_dealt_with(struct paper *paper, const json_t *result)
{
    static const struct {
        const char *key, *words;
    } states[] = {{"rows_recovered", " recovered"}, {"rows_requested", " asked for"},
        {"rows_rejected_again", " rejected again"}, {"rows_discarded", " discarded"}, {"rows_returned", " sent back"},
        {"rows_open", " open"}};
    struct buf *out = &paper->out;
    const json_t *by = json_object_get(result, "reread_by");
    const char *comma = "";
    int64_t dealt_with = 0;
    for (size_t i = 0; i + 1 < COUNT(states); i++)
        dealt_with += json_integer_value(json_object_get(result, states[i].key));
    if (!dealt_with)
        return;
    print_label(paper, "rejects");
    for (size_t i = 0; i < COUNT(states); i++) {
        if (!json_integer_value(json_object_get(result, states[i].key)))
            continue;
        buf_add_cstr(out, comma);
        print_cell(paper, CELL_NUMBER, result, states[i].key);
        buf_add_cstr(out, states[i].words);
        comma = ", ";
    }
    for (size_t i = 0; i < json_array_size(by); i++) {
        buf_add_cstr(out, i ? ", " : ", read again by ");
        table_cell(out, CELL_RUN, json_array_get(by, i));
    }
    buf_add_byte(out, '\n');
}

void print_run(struct paper *paper, const json_t *result)
{
    static const struct fact facts[] = {
        {"run", "run_id", CELL_TEXT, false},
        {"dataset", "dataset", CELL_TEXT, false},
        {"file", "file", CELL_TEXT, false},
        {"lies at", "location", CELL_TEXT, false},
        {"bytes", "bytes", CELL_BYTES, false},
        {"sha256", "sha256", CELL_TEXT, false},
        {"arrived", "arrived_at", CELL_TIME, false},
        {"started", "started_at", CELL_TIME, false},
        {"took", "seconds", CELL_SECONDS, false},
        {"state", "state", CELL_TEXT, false},
        {"outcome", "outcome", CELL_TEXT, false},
        {"removed by", "superseded_by", CELL_TEXT, false},
        {"rows of", "rows_of", CELL_TEXT, false},
        {"error", "error_code", CELL_TEXT, true},
        {"message", "error_message", CELL_TEXT, true},
    };
    static const struct column outputs[] = {
        {"OUTPUT", "key", CELL_KEY, 30, 0, STRESS_NONE},
        {"ROWS", "rows", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"BYTES", "bytes", CELL_BYTES, 0, 1, STRESS_NONE},
    };
    const json_t *causes = json_object_get(result, "causes"), *dialect = json_object_get(result, "dialect");
    print_facts(paper, facts, COUNT(facts), result);
    char *text = json_is_object(dialect) ? json_dumps(dialect, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text) {
        print_label(paper, "dialect");
        utf8_sanitise(&paper->out, str_of(text));
        buf_add_byte(&paper->out, '\n');
    }
    free(text);
    if (json_array_size(json_object_get(result, "stages"))) {
        print_heading(paper, "Funnel");
        print_funnel(paper, json_object_get(result, "stages"));
    }
    print_dealt_with(paper, result);
    if (json_array_size(causes)) {
        print_heading(paper, "Causes");
        table_print(paper, cause_columns, COUNT(cause_columns), causes);
    }
    if (json_array_size(json_object_get(result, "outputs"))) {
        print_heading(paper, "Outputs");
        table_print(paper, outputs, COUNT(outputs), json_object_get(result, "outputs"));
    }
}

/* ---- rejects ---- */

void print_rejects(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"RUN", "run_id", CELL_RUN, 8, 0, STRESS_NONE},
        {"KIND", "kind", CELL_TEXT, 0, 4, STRESS_WORD},
        {"DATASET", "dataset", CELL_TEXT, 8, 2, STRESS_NONE},
        {"FILE", "file", CELL_KEY, 20, 0, STRESS_NONE},
        {"AT", "at", CELL_TIME, 11, 3, STRESS_NONE},
        {"ROWS", "rows_rejected", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"OPEN", "rows_open", CELL_NUMBER, 0, 0, STRESS_WAITING_COUNT},
        {"CODE", "error_code", CELL_TEXT, 0, 0, STRESS_NONE},
        {"MESSAGE", "error_message", CELL_TEXT, 16, 5, STRESS_NONE},
    };
    print_list(paper, columns, COUNT(columns), result, "nothing was rejected");
}

/* With the command that tries it. */
static void print_suggestion(struct paper *paper, const json_t *suggestion, const json_t *run)
{
    print_label(paper, "suggestion");
    print_cell(paper, CELL_TEXT, suggestion, "why");
    buf_add_cstr(&paper->out, "\n            sluice rehearse ");
    table_cell(&paper->out, CELL_TEXT, run);
    overrides_words(&paper->out, json_object_get(suggestion, "overrides"));
    buf_add_byte(&paper->out, '\n');
}

void print_causes(struct paper *paper, const json_t *result)
{
    const json_t *items = json_object_get(result, "items"), *item;
    size_t i;
    print_list(paper, cause_columns, COUNT(cause_columns), result, "nothing was rejected");
    json_array_foreach(items, i, item)
    {
        const json_t *best = json_array_get(json_object_get(item, "suggestions"), 0);
        if (!best)
            continue;
        buf_add_cstr(&paper->out, "\ncause       ");
        print_cell(paper, CELL_NUMBER, item, "cause");
        buf_add_byte(&paper->out, '\n');
        print_suggestion(paper, best, json_object_get(item, "last_run"));
    }
}

/* The row as it came: on a terminal not more than a few lines of it. */
static void print_raw(struct paper *paper, const json_t *reject)
{
    const json_t *raw = json_object_get(reject, "raw");
    struct buf text;
    buf_init(&text, MAX_TEXT);
    table_cell(&text, CELL_TEXT, raw ? raw : json_object_get(reject, "raw_base64"));
    if (paper->width)
        table_cut(&text, (size_t)RAW_LINES * paper->width - INDENT, false);
    buf_add_cstr(&paper->out, raw ? "  " : "  base64: ");
    buf_add_str(&paper->out, buf_str(&text));
    buf_add_byte(&paper->out, '\n');
    buf_dispose(&text);
}

static void print_error(struct paper *paper, const json_t *error)
{
    struct buf text;
    buf_init(&text, MAX_TEXT);
    table_cell(&text, CELL_TEXT, json_object_get(error, "message"));
    if (paper->width)
        table_cut(&text, (size_t)RAW_LINES * paper->width - INDENT, false);
    buf_add_cstr(&paper->out, "  ");
    paper_tone(paper, TONE_BAD);
    print_cell(paper, CELL_TEXT, error, "code");
    paper_tone(paper, TONE_PLAIN);
    buf_add_cstr(&paper->out, ": ");
    buf_add_str(&paper->out, buf_str(&text));
    buf_add_byte(&paper->out, '\n');
    buf_dispose(&text);
}

static void print_row(struct paper *paper, const json_t *item)
{
    const json_t *reject = json_object_get(item, "reject"), *errors = json_object_get(reject, "errors");
    paper_tone(paper, TONE_STRONG);
    buf_add_cstr(&paper->out, "row ");
    print_cell(paper, CELL_NUMBER, reject, "row_number");
    paper_tone(paper, TONE_PLAIN);
    buf_add_cstr(&paper->out, "  line ");
    print_cell(paper, CELL_NUMBER, reject, "line_number");
    buf_add_cstr(&paper->out, "  byte ");
    print_cell(paper, CELL_NUMBER, reject, "byte_offset");
    buf_add_cstr(&paper->out, "  ");
    print_cell(paper, CELL_TEXT, item, "state");
    buf_add_byte(&paper->out, '\n');
    print_raw(paper, reject);
    for (size_t i = 0; i < json_array_size(errors); i++)
        print_error(paper, json_array_get(errors, i));
}

void print_rows(struct paper *paper, const json_t *result)
{
    const json_t *items = items_of(result);
    if (json_array_size(items) == 0)
        buf_add_cstr(&paper->out, "no rejected rows\n");
    for (size_t i = 0; i < json_array_size(items); i++)
        print_row(paper, json_array_get(items, i));
    print_more(paper, result);
}

void print_reason(struct paper *paper, const json_t *result)
{
    static const struct fact file_facts[] = {
        {"file", "key", CELL_TEXT, false},
        {"bytes", "size", CELL_BYTES, false},
        {"arrived", "arrived_at", CELL_TIME, false},
    };
    static const struct fact facts[] = {
        {"dataset", "dataset", CELL_TEXT, false},
        {"stage", "stage", CELL_TEXT, false},
        {"code", "code", CELL_TEXT, true},
        {"message", "message", CELL_TEXT, true},
        {"hint", "hint", CELL_TEXT, false},
        {"expected", "expected", CELL_LIST, false},
        {"found", "found", CELL_LIST, false},
    };
    print_facts(paper, file_facts, COUNT(file_facts), json_object_get(result, "file"));
    print_facts(paper, facts, COUNT(facts), result);
    const json_t *suggestions = json_object_get(result, "suggestions");
    for (size_t i = 0; i < json_array_size(suggestions); i++)
        print_suggestion(paper, json_array_get(suggestions, i), json_object_get(result, "run_id"));
}

void print_stages(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"STAGE", "stage", CELL_TEXT, 0, 0, STRESS_NONE},
        {"IN", "rows_in", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"EXPANDED", "rows_expanded", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"OUT", "rows_out", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0, 0, STRESS_BAD_COUNT},
        {"DUPLICATE", "rows_duplicate", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"FILTERED", "rows_filtered", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"MERGED", "rows_merged", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"BYTES IN", "bytes_in", CELL_BYTES, 0, 3, STRESS_NONE},
        {"BYTES OUT", "bytes_out", CELL_BYTES, 0, 4, STRESS_NONE},
        {"TOOK", "seconds", CELL_SECONDS, 0, 1, STRESS_NONE},
    };
    print_list(paper, columns, COUNT(columns), result, "no stage of this run has finished");
}
