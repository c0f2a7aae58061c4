/* What is going on, as text. */
#include "tui/app/print.h"

static void print_unmatched(struct paper *paper, const json_t *result)
{
    const json_t *unmatched = json_object_get(result, "unmatched");
    size_t shown = json_array_size(unmatched);
    json_int_t count = json_integer_value(json_object_get(result, "unmatched_count"));
    if (!count)
        return;
    print_heading(paper, "Taken by no contract");
    for (size_t i = 0; i < shown; i++) {
        buf_add_cstr(&paper->out, "  ");
        table_cell(&paper->out, CELL_TEXT, json_array_get(unmatched, i));
        buf_add_byte(&paper->out, '\n');
    }
    if (count > (json_int_t)shown) {
        buf_add_cstr(&paper->out, "  and ");
        buf_add_i64(&paper->out, count - (json_int_t)shown);
        buf_add_cstr(&paper->out, " more\n");
    }
}

/* A lake on a disk that is nearly full. */
static void print_disk(struct paper *paper, const json_t *disk)
{
    enum { LEAST_PERCENT = 10 };
    double left = json_number_value(json_object_get(disk, "free"));
    if (!disk || left >= json_number_value(json_object_get(disk, "total")) * LEAST_PERCENT / 100)
        return;
    buf_add_cstr(&paper->out, "\nThe lake's disk is nearly full: ");
    print_cell(paper, CELL_BYTES, disk, "free");
    buf_add_cstr(&paper->out, " are free\n");
}

/* Since whoever asks looked the last time, as far as the asking tells when that was. */
static void print_news(struct paper *paper, const json_t *news)
{
    static const char *const keys[] = {"quarantined", "rejected", "incidents", "requests"};
    static const char *const words[] = {" files quarantined", " rows rejected", " incidents", " requests"};
    bool any = false;
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (!json_integer_value(json_object_get(news, keys[i])))
            continue;
        if (!any)
            print_heading(paper, "New since you last looked");
        any = true;
        buf_add_cstr(&paper->out, "  ");
        print_cell(paper, CELL_NUMBER, news, keys[i]);
        buf_printf(&paper->out, "%s\n", words[i]);
    }
}

static json_t *files_with_other_rows(const json_t *result)
{
    json_t *list = json_array(), *item;
    size_t i;
    json_array_foreach(json_object_get(result, "datasets"), i, item)
    {
        json_t *off = json_copy(json_object_get(item, "rows_off"));
        json_object_set(off, "dataset", json_object_get(item, "dataset"));
        if (json_is_object(off))
            json_array_append(list, off);
        json_decref(off);
    }
    return list;
}

static json_t *late_datasets(const json_t *result)
{
    json_t *late = json_array(), *item;
    size_t i;
    json_array_foreach(json_object_get(result, "datasets"), i, item)
    {
        if (json_is_string(json_object_get(item, "overdue_since")))
            json_array_append(late, item);
    }
    return late;
}

void print_overview(struct paper *paper, const json_t *result)
{
    static const struct column datasets[] = {
        {"DATASET", "dataset", CELL_TEXT, 10, 0, STRESS_NONE},
        {"WAITING", "waiting", CELL_NUMBER, 0, 0, STRESS_WAITING_COUNT},
        {"FOR", "waiting_for", CELL_TEXT, 6, 0, STRESS_NONE},
        {"QUARANTINED", "quarantined", CELL_NUMBER, 0, 0, STRESS_BAD_COUNT},
        {"LOADED", "succeeded", CELL_NUMBER, 0, 3, STRESS_NONE},
        {"DUPLICATE", "duplicates", CELL_NUMBER, 0, 5, STRESS_NONE},
        {"ROWS IN", "rows_in", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"ROWS OUT", "rows_out", CELL_NUMBER, 0, 4, STRESS_NONE},
        {"REJECTED", "rows_rejected", CELL_NUMBER, 0, 1, STRESS_NONE},
        {"OPEN", "open_rows", CELL_NUMBER, 0, 0, STRESS_WAITING_COUNT},
        {"LAST RUN", "last_run_at", CELL_TIME, 11, 1, STRESS_NONE},
    };
    static const struct column overdue[] = {
        {"OVERDUE", "dataset", CELL_TEXT, 10, 0, STRESS_NONE},
        {"SINCE", "overdue_since", CELL_TIME, 11, 0, STRESS_NONE},
    };
    static const struct column rows_off[] = {
        {"DATASET", "dataset", CELL_TEXT, 8, 0, STRESS_NONE},
        {"FILE", "file", CELL_KEY, 16, 0, STRESS_NONE},
        {"ROWS", "rows", CELL_NUMBER, 0, 0, STRESS_WAITING_COUNT},
        {"LEAST", "least", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"MOST", "most", CELL_NUMBER, 0, 0, STRESS_NONE},
    };
    static const struct column incidents[] = {
        {"INCIDENT", "kind", CELL_TEXT, 0, 0, STRESS_NONE},
        {"SUBJECT", "subject", CELL_TEXT, 8, 0, STRESS_NONE},
        {"SINCE", "opened_at", CELL_TIME, 11, 1, STRESS_NONE},
        {"TIMES", "times", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"MESSAGE", "message", CELL_TEXT, 20, 0, STRESS_NONE},
    };
    const json_t *open = json_object_get(result, "incidents");
    static const struct column standing[] = {
        {"OVERRIDE", "request", CELL_RUN, 8, 0, STRESS_NONE},
        {"DATASET", "dataset", CELL_TEXT, 8, 0, STRESS_NONE},
        {"UNTIL", "until", CELL_TIME, 11, 0, STRESS_NONE},
    };
    buf_add_cstr(&paper->out, "As of ");
    print_cell(paper, CELL_TIME, result, "as_of");
    buf_add_cstr(&paper->out, " UTC: files by dataset, rows of the last 24 hours\n\n");
    if (json_array_size(json_object_get(result, "datasets")))
        table_print(paper, datasets, COUNT(datasets), json_object_get(result, "datasets"));
    else
        buf_add_cstr(&paper->out, "No file has arrived yet.\n");
    json_t *late = late_datasets(result);
    if (json_array_size(late)) {
        print_heading(paper, "Files that are expected");
        table_print(paper, overdue, COUNT(overdue), late);
    }
    json_decref(late);
    json_t *off = files_with_other_rows(result);
    if (json_array_size(off)) {
        print_heading(paper, "Files with other than the expected rows");
        table_print(paper, rows_off, COUNT(rows_off), off);
    }
    json_decref(off);
    if (json_array_size(open)) {
        print_heading(paper, "Open incidents");
        table_print(paper, incidents, COUNT(incidents), open);
    }
    if (json_array_size(json_object_get(result, "standing"))) {
        print_heading(paper, "Read otherwise than by their contracts");
        table_print(paper, standing, COUNT(standing), json_object_get(result, "standing"));
    }
    print_unmatched(paper, result);
    print_disk(paper, json_object_get(result, "disk"));
    print_news(paper, json_object_get(result, "news"));
}
