#include "tui/app/verb.h"

#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
    {"overview", "overview", false, "", "datasets, what waits, what is open, incidents", print_overview},
    {"runs", "runs", false, "", "runs, newest first", print_runs},
    {"show", "run", true, "RUN", "one run: funnel, outputs, causes", print_run},
    {"rejects", "rejects", false, "", "runs that rejected a file or rows", print_rejects},
    {"causes", "causes", false, "[RUN]", "why files and rows were rejected, the costliest first", print_causes},
    {"rows", "rows", true, "RUN", "rejected rows with their errors (--cause C)", print_rows},
    {"reason", "reason", true, "RUN", "why a whole file was rejected: its reason.json", print_reason},
    {"stages", "stages", true, "RUN", "the balance sheet of a run", print_stages},
    {"rehearse", "rehearse", true, "RUN", "what its file would do now (--set, --map, --rules): nothing is written",
        print_rehearsal},
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

static void put_text(json_t *params, const char *name, const char *value)
{
    if (value)
        json_object_set_new(params, name, json_string(value));
}

static void put_number(json_t *params, const char *name, const char *value)
{
    if (value)
        json_object_set_new(params, name, json_integer(strtoll(value, NULL, 10)));
}

static void put_list(json_t *params, const char *name, const struct option_list *list)
{
    if (!list || !list->count)
        return;
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, json_string(list->items[i]));
    json_object_set_new(params, name, items);
}

json_t *verb_params(const struct verb *verb, const struct verb_input *input)
{
    json_t *params = json_object();
    put_text(params, "run", input->run);
    put_text(params, "dataset", input->dataset);
    put_number(params, "cause", input->cause);
    put_number(params, "limit", input->limit);
    put_text(params, "rules", input->rules);
    put_list(params, "set", input->sets);
    put_list(params, "map", input->maps);
    /* rows go on after a row number, lists of runs after a run */
    if (strcmp(verb->method, "rows") == 0)
        put_number(params, "after", input->after);
    else
        put_text(params, "after", input->after);
    return params;
}
