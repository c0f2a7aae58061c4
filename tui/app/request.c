/* Re-drives as text. */
#include "shared/utf8.h"
#include "tui/app/verb.h"
#include "tui/core/overrides.h"
#include "tui/core/table.h"
#include "tui/view/progress.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void line(struct buf *out, const char *label, enum cell_kind kind, const json_t *value)
{
    if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
        return;
    buf_printf(out, "%-14s", label);
    table_cell(out, kind, value);
    buf_add_byte(out, '\n');
}

static void words(
    struct buf *out, const char *label, void (*write)(struct buf *out, const json_t *request), const json_t *request)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    write(&text, request);
    if (text.n) {
        buf_printf(out, "%-14s", label);
        utf8_sanitise(out, buf_str(&text));
        buf_add_byte(out, '\n');
    }
    buf_dispose(&text);
}

static bool is_text(const json_t *request, const char *key, const char *text)
{
    const char *is = json_string_value(json_object_get(request, key));
    return is && text && strcmp(is, text) == 0;
}

static void print_diff(struct buf *out, const json_t *diff)
{
    struct str text = {json_string_value(diff), json_string_length(diff)};
    if (!text.n)
        return;
    buf_add_byte(out, '\n');
    while (text.n) {
        size_t n = str_find_byte(text, '\n');
        utf8_sanitise(out, (struct str){text.p, n});
        buf_add_byte(out, '\n');
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
    buf_add_byte(out, '\n');
}

void print_requests(struct paper *paper, const json_t *result)
{
    struct buf *out = &paper->out;
    static const struct column columns[] = {
        {"REQUEST", "request", CELL_RUN, 0, 0, 0},
        {"STATE", "state", CELL_TEXT, 0, 0, STRESS_WORD},
        {"DATASET", "dataset", CELL_TEXT, 10, 4, 0},
        {"FILES", "files", CELL_NUMBER, 0, 0, 0},
        {"DONE", "finished", CELL_NUMBER, 0, 0, 0},
        {"LOADED", "loaded", CELL_NUMBER, 0, 0, 0},
        {"BY", "requested_by", CELL_TEXT, 6, 3, 0},
        {"AT", "requested_at", CELL_TIME, 0, 2, 0},
        {"REASON", "reason", CELL_TEXT, 16, 1, 0},
    };
    const json_t *items = json_object_get(result, "items"), *next = json_object_get(result, "next");
    if (!json_array_size(items))
        buf_add_cstr(out, "nobody has asked for anything\n");
    else
        table_print(paper, columns, COUNT(columns), items);
    if (json_is_string(next)) {
        buf_add_cstr(out, "more: --after ");
        table_cell(out, CELL_TEXT, next);
        buf_add_byte(out, '\n');
    }
}

void print_request(struct paper *paper, const json_t *result)
{
    struct buf *out = &paper->out;
    static const struct column columns[] = {
        {"FILE", "file", CELL_KEY, 16, 0, 0},
        {"READ BY", "run", CELL_RUN, 0, 2, 0},
        {"ASKED", "asked", CELL_NUMBER, 0, 0, 0},
        {"OUTCOME", "outcome", CELL_TEXT, 0, 0, STRESS_WORD},
        {"RUN", "outcome_run", CELL_RUN, 0, 0, 0},
        {"ROWS", "rows", CELL_NUMBER, 0, 0, 0},
        {"MESSAGE", "message", CELL_TEXT, 16, 1, 0},
    };
    const json_t *request = json_array_get(json_object_get(result, "items"), 0);
    const char *state = json_string_value(json_object_get(request, "state"));
    line(out, "request", CELL_TEXT, json_object_get(request, "request"));
    line(out, "action", CELL_TEXT, json_object_get(request, "action"));
    line(out, "state", CELL_TEXT, json_object_get(request, "state"));
    line(out, "dataset", CELL_TEXT, json_object_get(request, "dataset"));
    line(out, "stands until", CELL_TEXT, json_object_get(request, "until"));
    line(out, "rejected rows", CELL_NUMBER, json_object_get(request, "rows"));
    line(out, "rules", CELL_TEXT, json_object_get(request, "rules"));
    buf_printf(out, "%-13s", "overrides");
    size_t at = out->n;
    overrides_words(out, json_object_get(request, "overrides"));
    buf_add_cstr(out, out->n == at ? " none\n" : "\n");
    line(out, "reason", CELL_TEXT, json_object_get(request, "reason"));
    print_diff(out, json_object_get(request, "diff"));
    line(out, "asked by", CELL_TEXT, json_object_get(request, "requested_by"));
    line(out, "decided by", CELL_TEXT, json_object_get(request, "decided_by"));
    line(out, "message", CELL_TEXT, json_object_get(request, "message"));
    words(out, "done", progress_words, request);
    words(out, "pace", progress_pace, request);
    if (state && strcmp(state, "requested") == 0) {
        line(out, "expires", CELL_TIME, json_object_get(request, "expires_at"));
        buf_add_cstr(out, "\nIt waits for: sluice approve ");
        table_cell(out, CELL_TEXT, json_object_get(request, "request"));
        buf_add_byte(out, '\n');
    } else if (is_text(request, "decided_by", json_string_value(json_object_get(request, "requested_by"))))
        buf_add_cstr(out, "\nThis lake is a single user's: whoever asks may approve.\n");
    if (json_array_size(json_object_get(request, "details"))) {
        buf_add_byte(out, '\n');
        table_print(paper, columns, COUNT(columns), json_object_get(request, "details"));
    }
}

void print_patch(struct paper *paper, const json_t *result)
{
    struct buf *out = &paper->out;
    if (!json_array_size(json_object_get(result, "edits"))) {
        buf_add_cstr(out, "nothing is edited\n");
        return;
    }
    line(out, "patch", CELL_TEXT, json_object_get(result, "patch"));
    line(out, "file", CELL_TEXT, json_object_get(result, "file"));
    print_diff(out, json_object_get(result, "diff"));
    buf_add_cstr(out, "It is read so by: sluice redrive ");
    table_cell(out, CELL_TEXT, json_object_get(result, "run"));
    buf_add_cstr(out, " --patch\n");
}

void print_standing(struct paper *paper, const json_t *result)
{
    struct buf *out = &paper->out;
    const json_t *items = json_object_get(result, "items"), *item;
    size_t i;
    if (!json_array_size(items))
        buf_add_cstr(out, "no override stands, or stood\n");
    json_array_foreach(items, i, item)
    {
        if (i)
            buf_add_byte(out, '\n');
        line(out, "request", CELL_TEXT, json_object_get(item, "request"));
        line(out, "dataset", CELL_TEXT, json_object_get(item, "dataset"));
        line(out, "state", CELL_TEXT, json_object_get(item, "state"));
        buf_printf(out, "%-13s", "overrides");
        overrides_words(out, json_object_get(item, "overrides"));
        buf_add_byte(out, '\n');
        line(out, "since", CELL_TEXT, json_object_get(item, "since"));
        line(out, "until", CELL_TEXT, json_object_get(item, "until"));
        line(out, "files", CELL_NUMBER, json_object_get(item, "files"));
        line(out, "reason", CELL_TEXT, json_object_get(item, "reason"));
        line(out, "asked by", CELL_TEXT, json_object_get(item, "requested_by"));
        line(out, "approved by", CELL_TEXT, json_object_get(item, "approved_by"));
        line(out, "ended by", CELL_TEXT, json_object_get(item, "ended_by"));
        line(out, "because", CELL_TEXT, json_object_get(item, "ended_why"));
    }
}

void print_done(struct paper *paper, const json_t *result)
{
    struct buf *out = &paper->out;
    const json_t *request = json_object_get(result, "request");
    if (!json_is_true(json_object_get(result, "known"))) {
        buf_add_cstr(out, "not done: it can be asked for again\n");
        return;
    }
    line(out, "done", CELL_TEXT, json_object_get(result, "action"));
    line(out, "to", CELL_TEXT, json_object_get(result, "subject"));
    if (json_is_object(request))
        line(out, "state", CELL_TEXT, json_object_get(request, "state"));
}
