/* Results as text, for people. */
#include "tui/app/verb.h"
#include "tui/core/table.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const json_t *items_of(const json_t *result)
{
    return json_object_get(result, "items");
}

static void print_more(struct buf *out, const json_t *result)
{
    const json_t *next = json_object_get(result, "next");
    if (!next || json_is_null(next))
        return;
    buf_add_cstr(out, "more: --after ");
    if (json_is_integer(next))
        buf_add_i64(out, json_integer_value(next));
    else
        table_cell(out, CELL_TEXT, next);
    buf_add_byte(out, '\n');
}

static void print_list(
    struct buf *out, const struct column *columns, size_t count, const json_t *result, const char *nothing)
{
    if (json_array_size(items_of(result)) == 0)
        buf_printf(out, "%s\n", nothing);
    else
        table_print(out, columns, count, items_of(result));
    print_more(out, result);
}

/* "label: value" lines. */
struct fact {
    const char *label, *key;
    enum cell_kind kind;
};

static void print_facts(struct buf *out, const struct fact *facts, size_t count, const json_t *object)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, facts[i].key);
        if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
            continue;
        buf_printf(out, "%-12s", facts[i].label);
        table_cell(out, facts[i].kind, value);
        buf_add_byte(out, '\n');
    }
}

static void print_heading(struct buf *out, const char *title)
{
    buf_printf(out, "\n%s\n", title);
}

void print_overview(struct buf *out, const json_t *result)
{
    static const struct column datasets[] = {
        {"DATASET", "dataset", CELL_TEXT, 32},
        {"WAITING", "waiting", CELL_NUMBER, 0},
        {"FOR", "waiting_for", CELL_TEXT, 12},
        {"DONE", "succeeded", CELL_NUMBER, 0},
        {"DUPLICATE", "duplicates", CELL_NUMBER, 0},
        {"QUARANTINED", "quarantined", CELL_NUMBER, 0},
        {"ROWS IN 24H", "rows_in", CELL_NUMBER, 0},
        {"ROWS OUT", "rows_out", CELL_NUMBER, 0},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0},
        {"OPEN", "open_rows", CELL_NUMBER, 0},
        {"LAST RUN", "last_run_at", CELL_TIME, 0},
    };
    static const struct column incidents[] = {
        {"INCIDENT", "kind", CELL_TEXT, 20},
        {"SUBJECT", "subject", CELL_TEXT, 40},
        {"SINCE", "opened_at", CELL_TIME, 0},
        {"TIMES", "times", CELL_NUMBER, 0},
        {"MESSAGE", "message", CELL_TEXT, 80},
    };
    const json_t *unmatched = json_object_get(result, "unmatched"), *open = json_object_get(result, "incidents");
    buf_add_cstr(out, "as of ");
    table_cell(out, CELL_TIME, json_object_get(result, "as_of"));
    buf_add_cstr(out, "\n");
    if (json_array_size(json_object_get(result, "datasets")))
        table_print(out, datasets, COUNT(datasets), json_object_get(result, "datasets"));
    else
        buf_add_cstr(out, "no file has arrived yet\n");
    if (json_array_size(open)) {
        buf_add_byte(out, '\n');
        table_print(out, incidents, COUNT(incidents), open);
    }
    if (json_array_size(unmatched)) {
        buf_add_cstr(out, "\nunmatched (no contract takes them): ");
        table_cell(out, CELL_NUMBER, json_object_get(result, "unmatched_count"));
        buf_add_byte(out, '\n');
    }
    for (size_t i = 0; i < json_array_size(unmatched); i++) {
        buf_add_cstr(out, "  ");
        table_cell(out, CELL_TEXT, json_array_get(unmatched, i));
        buf_add_byte(out, '\n');
    }
}

void print_runs(struct buf *out, const json_t *result)
{
    static const struct column columns[] = {
        {"RUN", "run_id", CELL_TEXT, 0},
        {"DATASET", "dataset", CELL_TEXT, 24},
        {"FILE", "file", CELL_TEXT, 44},
        {"STARTED", "started_at", CELL_TIME, 0},
        {"TOOK", "seconds", CELL_SECONDS, 0},
        {"STATE", "state", CELL_TEXT, 0},
        {"OUTCOME", "outcome", CELL_TEXT, 0},
        {"ROWS IN", "rows_in", CELL_NUMBER, 0},
        {"ROWS OUT", "rows_out", CELL_NUMBER, 0},
        {"LOSS", "loss_pct", CELL_PERCENT, 0},
        {"ERROR", "error_code", CELL_TEXT, 24},
    };
    print_list(out, columns, COUNT(columns), result, "no runs yet");
}

static void print_funnel(struct buf *out, const json_t *stages)
{
    static const struct column columns[] = {
        {"STAGE", "stage", CELL_TEXT, 0},
        {"IN", "rows_in", CELL_NUMBER, 0},
        {"READ", "rows_expanded", CELL_NUMBER, 0},
        {"OUT", "rows_out", CELL_NUMBER, 0},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0},
        {"DUPLICATE", "rows_duplicate", CELL_NUMBER, 0},
        {"FILTERED", "rows_filtered", CELL_NUMBER, 0},
    };
    table_print(out, columns, COUNT(columns), stages);
}

static const struct column cause_columns[] = {
    {"CAUSE", "cause", CELL_NUMBER, 0},
    {"DATASET", "dataset", CELL_TEXT, 24},
    {"STAGE", "stage", CELL_TEXT, 0},
    {"CODE", "code", CELL_TEXT, 0},
    {"COLUMN", "column", CELL_TEXT, 24},
    {"RULE", "rule", CELL_TEXT, 20},
    {"SHAPE", "shape", CELL_TEXT, 20},
    {"FILES", "files", CELL_NUMBER, 0},
    {"ROWS", "rows", CELL_NUMBER, 0},
    {"ONLY", "only", CELL_NUMBER, 0},
    {"FIRST ROW", "first_row", CELL_NUMBER, 0},
    {"SAMPLES", "samples", CELL_LIST, 40},
};

void print_run(struct buf *out, const json_t *result)
{
    static const struct fact facts[] = {
        {"run", "run_id", CELL_TEXT},
        {"dataset", "dataset", CELL_TEXT},
        {"file", "file", CELL_TEXT},
        {"lies at", "location", CELL_TEXT},
        {"bytes", "bytes", CELL_BYTES},
        {"sha256", "sha256", CELL_TEXT},
        {"arrived", "arrived_at", CELL_TIME},
        {"started", "started_at", CELL_TIME},
        {"took", "seconds", CELL_SECONDS},
        {"state", "state", CELL_TEXT},
        {"outcome", "outcome", CELL_TEXT},
        {"error", "error_code", CELL_TEXT},
        {"message", "error_message", CELL_TEXT},
    };
    static const struct column outputs[] = {
        {"OUTPUT", "key", CELL_TEXT, 100},
        {"ROWS", "rows", CELL_NUMBER, 0},
        {"BYTES", "bytes", CELL_BYTES, 0},
    };
    const json_t *causes = json_object_get(result, "causes");
    print_facts(out, facts, COUNT(facts), result);
    const json_t *dialect = json_object_get(result, "dialect");
    char *text = json_is_object(dialect) ? json_dumps(dialect, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text) {
        buf_add_cstr(out, "dialect     ");
        utf8_sanitise(out, str_of(text));
        buf_add_byte(out, '\n');
    }
    free(text);
    print_heading(out, "Funnel");
    print_funnel(out, json_object_get(result, "stages"));
    if (json_array_size(causes)) {
        print_heading(out, "Causes");
        table_print(out, cause_columns, COUNT(cause_columns), causes);
    }
    print_heading(out, "Outputs");
    table_print(out, outputs, COUNT(outputs), json_object_get(result, "outputs"));
}

void print_rejects(struct buf *out, const json_t *result)
{
    static const struct column columns[] = {
        {"RUN", "run_id", CELL_TEXT, 0},
        {"KIND", "kind", CELL_TEXT, 0},
        {"DATASET", "dataset", CELL_TEXT, 24},
        {"FILE", "file", CELL_TEXT, 44},
        {"AT", "at", CELL_TIME, 0},
        {"ROWS", "rows_rejected", CELL_NUMBER, 0},
        {"OPEN", "rows_open", CELL_NUMBER, 0},
        {"CODE", "error_code", CELL_TEXT, 24},
        {"MESSAGE", "error_message", CELL_TEXT, 70},
    };
    print_list(out, columns, COUNT(columns), result, "nothing was rejected");
}

void print_causes(struct buf *out, const json_t *result)
{
    print_list(out, cause_columns, COUNT(cause_columns), result, "nothing was rejected");
}

static void print_row(struct buf *out, const json_t *item)
{
    const json_t *reject = json_object_get(item, "reject"), *raw = json_object_get(reject, "raw");
    const json_t *errors = json_object_get(reject, "errors");
    buf_add_cstr(out, "row ");
    table_cell(out, CELL_NUMBER, json_object_get(reject, "row_number"));
    buf_add_cstr(out, "  line ");
    table_cell(out, CELL_NUMBER, json_object_get(reject, "line_number"));
    buf_printf(out, "  byte ");
    table_cell(out, CELL_NUMBER, json_object_get(reject, "byte_offset"));
    buf_add_cstr(out, "  ");
    table_cell(out, CELL_TEXT, json_object_get(item, "state"));
    buf_add_cstr(out, "\n  ");
    table_cell(out, CELL_TEXT, raw ? raw : json_object_get(reject, "raw_base64"));
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i);
        buf_add_cstr(out, "  ! ");
        table_cell(out, CELL_TEXT, json_object_get(error, "code"));
        buf_add_cstr(out, ": ");
        table_cell(out, CELL_TEXT, json_object_get(error, "message"));
        buf_add_byte(out, '\n');
    }
}

void print_rows(struct buf *out, const json_t *result)
{
    const json_t *items = items_of(result);
    if (json_array_size(items) == 0)
        buf_add_cstr(out, "no rejected rows\n");
    for (size_t i = 0; i < json_array_size(items); i++)
        print_row(out, json_array_get(items, i));
    print_more(out, result);
}

void print_reason(struct buf *out, const json_t *result)
{
    static const struct fact file_facts[] = {
        {"file", "key", CELL_TEXT}, {"bytes", "size", CELL_BYTES}, {"arrived", "arrived_at", CELL_TIME}};
    static const struct fact facts[] = {
        {"dataset", "dataset", CELL_TEXT},
        {"stage", "stage", CELL_TEXT},
        {"code", "code", CELL_TEXT},
        {"message", "message", CELL_TEXT},
        {"hint", "hint", CELL_TEXT},
        {"expected", "expected", CELL_LIST},
        {"found", "found", CELL_LIST},
    };
    print_facts(out, file_facts, COUNT(file_facts), json_object_get(result, "file"));
    print_facts(out, facts, COUNT(facts), result);
    const json_t *suggestions = json_object_get(result, "suggestions");
    for (size_t i = 0; i < json_array_size(suggestions); i++) {
        const json_t *suggestion = json_array_get(suggestions, i);
        buf_add_cstr(out, "suggestion  ");
        table_cell(out, CELL_TEXT, json_object_get(suggestion, "why"));
        buf_add_cstr(out, "\n            sluice rehearse ");
        table_cell(out, CELL_TEXT, json_object_get(result, "run_id"));
        print_overrides(out, json_object_get(suggestion, "overrides"));
        buf_add_byte(out, '\n');
    }
}

void print_stages(struct buf *out, const json_t *result)
{
    static const struct column columns[] = {
        {"STAGE", "stage", CELL_TEXT, 0},
        {"IN", "rows_in", CELL_NUMBER, 0},
        {"EXPANDED", "rows_expanded", CELL_NUMBER, 0},
        {"OUT", "rows_out", CELL_NUMBER, 0},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0},
        {"DUPLICATE", "rows_duplicate", CELL_NUMBER, 0},
        {"FILTERED", "rows_filtered", CELL_NUMBER, 0},
        {"MERGED", "rows_merged", CELL_NUMBER, 0},
        {"BYTES IN", "bytes_in", CELL_BYTES, 0},
        {"BYTES OUT", "bytes_out", CELL_BYTES, 0},
        {"TOOK", "seconds", CELL_SECONDS, 0},
    };
    print_list(out, columns, COUNT(columns), result, "no stage of this run has finished");
}
