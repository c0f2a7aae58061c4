/* Whether a dataset adds up, as text. */
#include "tui/app/print.h"

static void print_total(struct paper *paper, const json_t *total)
{
    static const struct {
        const char *label, *key;
    } lines[] = {{"delivered", "delivered"}, {"= gold", "gold"}, {"+ not in gold yet", "pending"},
        {"+ duplicates in files", "duplicates"}, {"+ duplicates in gold", "gold_duplicates"},
        {"+ filtered", "filtered"}, {"+ deleted", "deleted"}, {"+ superseded", "superseded"}, {"+ open", "open"},
        {"+ requested", "requested"}, {"+ returned", "returned"}, {"+ discarded", "discarded"},
        {"+ withdrawn", "withdrawn"}};
    for (size_t i = 0; i < COUNT(lines); i++) {
        const json_t *value = json_object_get(total, lines[i].key);
        if (i > 1 && !json_integer_value(value))
            continue;
        buf_printf(&paper->out, "%-23s", lines[i].label);
        table_cell(&paper->out, CELL_NUMBER, value);
        buf_add_byte(&paper->out, '\n');
    }
    bool even = !json_integer_value(json_object_get(total, "difference"));
    if (!even)
        paper_tone(paper, TONE_BAD);
    buf_printf(&paper->out, "%-23s", "difference");
    table_cell(&paper->out, CELL_NUMBER, json_object_get(total, "difference"));
    if (!even)
        paper_tone(paper, TONE_PLAIN);
    buf_add_cstr(&paper->out, "\n\n");
}

void print_balance(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"PARTITION", "partition", CELL_TEXT, 12, 0, STRESS_NONE},
        {"PROCESSED", "processed", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"GOLD", "gold", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"DUPLICATES", "gold_duplicates", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"DELETED", "deleted", CELL_NUMBER, 0, 3, STRESS_NONE},
        {"SUPERSEDED", "superseded", CELL_NUMBER, 0, 4, STRESS_NONE},
        {"PENDING", "pending", CELL_NUMBER, 0, 1, STRESS_WAITING_COUNT},
        {"DIFFERENCE", "difference", CELL_NUMBER, 0, 0, STRESS_BAD_COUNT},
    };
    if (json_object_get(result, "total"))
        print_total(paper, json_object_get(result, "total"));
    print_list(paper, columns, COUNT(columns), result, "no partition yet");
}
