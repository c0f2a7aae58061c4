/* A rehearsal as text: what would become of the file, and how that differs from the last run. */
#include "shared/utf8.h"
#include "tui/app/verb.h"
#include "tui/core/overrides.h"
#include "tui/core/table.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void line(struct buf *out, const char *label, enum cell_kind kind, const json_t *value)
{
    if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
        return;
    buf_printf(out, "%-12s", label);
    table_cell(out, kind, value);
    buf_add_byte(out, '\n');
}

static void print_outcome(struct buf *out, const json_t *result)
{
    const char *outcome = json_string_value(json_object_get(result, "outcome"));
    bool loads = outcome && strcmp(outcome, "would-load") == 0;
    bool twin = outcome && strcmp(outcome, "duplicate") == 0;
    buf_printf(out, "%-12s%s\n", "outcome",
        loads  ? "it would load"
        : twin ? "it would be set aside: the same bytes are loaded already"
               : "it would be quarantined again");
    line(out, "same as", CELL_TEXT, json_object_get(result, "duplicate_of"));
    line(out, "code", CELL_TEXT, json_object_get(result, "code"));
    line(out, "message", CELL_TEXT, json_object_get(result, "message"));
    line(out, "hint", CELL_TEXT, json_object_get(result, "hint"));
    if (json_is_true(json_object_get(result, "same_failure")))
        buf_printf(out, "%-12s%s\n", "", "This is the very failure of the last run.");
}

static void print_rows_line(struct buf *out, const json_t *result)
{
    static const struct {
        const char *key, *words;
    } parts[] = {{"rows", " rows: "}, {"would_pass", " would pass, "}, {"would_fail", " fail, "},
        {"duplicates", " repeat a key, "}, {"filtered", " are left out"}};
    if (!json_integer_value(json_object_get(result, "rows")))
        return;
    buf_printf(out, "%-12s", "rows");
    for (size_t i = 0; i < COUNT(parts); i++) {
        table_cell(out, CELL_NUMBER, json_object_get(result, parts[i].key));
        buf_add_cstr(out, parts[i].words);
    }
    buf_add_byte(out, '\n');
}

void print_rehearsal(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"STAGE", "stage", CELL_TEXT, 0, 3, STRESS_NONE},
        {"CODE", "code", CELL_TEXT, 0, 0, STRESS_NONE},
        {"COLUMN", "column", CELL_TEXT, 10, 0, STRESS_NONE},
        {"RULE", "rule", CELL_TEXT, 8, 2, STRESS_NONE},
        {"SHAPE", "shape", CELL_TEXT, 6, 4, STRESS_NONE},
        {"BEFORE", "before", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"AFTER", "after", CELL_NUMBER, 0, 0, STRESS_BAD_COUNT},
        {"FIRST ROW", "first_row", CELL_NUMBER, 0, 5, STRESS_NONE},
        {"SAMPLES", "samples", CELL_LIST, 8, 1, STRESS_NONE},
    };
    struct buf *out = &paper->out;
    const json_t *before = json_object_get(result, "before"), *causes = json_object_get(result, "causes");
    line(out, "file", CELL_TEXT, json_object_get(result, "file"));
    line(out, "dataset", CELL_TEXT, json_object_get(result, "dataset"));
    line(out, "rules", CELL_TEXT, json_object_get(result, "rules"));
    buf_printf(out, "%-11s", "overrides");
    size_t at = out->n;
    overrides_words(out, json_object_get(result, "overrides"));
    buf_add_cstr(out, out->n == at ? " none\n" : "\n");
    print_outcome(out, result);
    print_rows_line(out, result);
    line(out, "then", CELL_TEXT, json_object_get(before, "outcome"));
    line(out, "", CELL_TEXT, json_object_get(before, "message"));
    line(out, "ruleset", CELL_TEXT, json_object_get(result, "ruleset"));
    line(out, "took", CELL_SECONDS, json_object_get(result, "seconds"));
    if (json_array_size(causes)) {
        buf_add_cstr(out, "\ncauses, in that run and in this rehearsal\n");
        table_print(paper, columns, COUNT(columns), causes);
    }
    const json_t *notes = json_object_get(result, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        line(out, i ? "" : "notes", CELL_TEXT, json_array_get(notes, i));
    buf_add_cstr(out, "\nNothing was written.\n");
}
