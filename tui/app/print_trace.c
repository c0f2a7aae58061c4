/* What became of one key, as text. */
#include "tui/app/print.h"

void print_trace(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"AT", "at", CELL_TIME, 11, 0, STRESS_NONE},
        {"STEP", "step", CELL_TEXT, 0, 0, STRESS_WORD},
        {"RUN", "run", CELL_RUN, 8, 0, STRESS_NONE},
        {"ROW", "row", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"STATE", "state", CELL_TEXT, 0, 2, STRESS_NONE},
        {"GOLD", "gold", CELL_TEXT, 0, 0, STRESS_NONE},
        {"TO RUN", "to_run", CELL_RUN, 8, 0, STRESS_NONE},
        {"TO ROW", "to_row", CELL_NUMBER, 0, 1, STRESS_NONE},
        {"FILE", "file", CELL_KEY, 12, 0, STRESS_NONE},
        {"REQUEST", "request", CELL_RUN, 8, 5, STRESS_NONE},
        {"BY", "by", CELL_TEXT, 6, 6, STRESS_NONE},
        {"OBJECT", "object", CELL_KEY, 12, 4, STRESS_NONE},
        {"MESSAGE", "message", CELL_TEXT, 12, 3, STRESS_NONE},
    };
    json_t *shown = json_deep_copy(result), *step;
    size_t i;
    json_array_foreach(json_object_get(shown, "steps"), i, step)
    {
        const json_t *to = json_object_get(step, "to");
        if (!to)
            continue;
        json_object_set(step, "to_run", json_object_get(to, "run"));
        json_object_set(step, "to_row", json_object_get(to, "row"));
    }
    json_object_set(shown, "items", json_object_get(shown, "steps"));
    print_list(paper, columns, COUNT(columns), shown,
        "no file that was loaded brought this key; files in quarantine are not looked into");
    json_decref(shown);
}
