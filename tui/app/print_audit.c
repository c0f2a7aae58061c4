/* Who did what, and what somebody looks after, as text. */
#include "tui/app/print.h"

#include "shared/utf8.h"

#include <stdlib.h>

static void add_details(json_t *items)
{
    json_t *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        const json_t *detail = json_object_get(item, "detail");
        char *text = json_is_object(detail) ? json_dumps(detail, JSON_COMPACT) : NULL;
        if (text)
            json_object_set_new(item, "detail", json_string(text));
        free(text);
    }
}

static void print_verified(struct paper *paper, const json_t *verified)
{
    const json_t *broken = json_object_get(verified, "broken");
    if (!verified)
        return;
    buf_add_byte(&paper->out, '\n');
    if (broken) {
        paper_tone(paper, TONE_BAD);
        buf_add_cstr(&paper->out, "BROKEN: ");
        table_cell(&paper->out, CELL_TEXT, broken);
        paper_tone(paper, TONE_PLAIN);
        buf_add_cstr(&paper->out, "\nlines before it that are as written: ");
    } else
        buf_add_cstr(&paper->out, "lines, each as it was written: ");
    table_cell(&paper->out, CELL_NUMBER, json_object_get(verified, "lines"));
    buf_add_cstr(&paper->out, "\nhead ");
    table_cell(&paper->out, CELL_TEXT, json_object_get(verified, "head"));
    buf_add_byte(&paper->out, '\n');
}

void print_audit(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"LINE", "id", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"AT", "at", CELL_TIME, 11, 0, STRESS_NONE},
        {"WHO", "actor", CELL_TEXT, 6, 0, STRESS_NONE},
        {"ROLE", "role", CELL_TEXT, 0, 2, STRESS_NONE},
        {"DID", "action", CELL_TEXT, 8, 0, STRESS_NONE},
        {"TO", "subject", CELL_KEY, 12, 0, STRESS_NONE},
        {"DETAIL", "detail", CELL_TEXT, 12, 1, STRESS_NONE},
    };
    json_t *shown = json_deep_copy(result);
    add_details(json_object_get(shown, "items"));
    print_list(paper, columns, COUNT(columns), shown, "nobody has done anything yet");
    print_verified(paper, json_object_get(shown, "verified"));
    json_decref(shown);
}

void print_incidents(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"NO", "incident", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"STATE", "state", CELL_TEXT, 0, 0, STRESS_WORD},
        {"INCIDENT", "kind", CELL_TEXT, 10, 0, STRESS_NONE},
        {"SUBJECT", "subject", CELL_TEXT, 8, 0, STRESS_NONE},
        {"SINCE", "opened_at", CELL_TIME, 11, 2, STRESS_NONE},
        {"TIMES", "times", CELL_NUMBER, 0, 5, STRESS_NONE},
        {"LAST", "last_at", CELL_TIME, 11, 6, STRESS_NONE},
        {"CLOSED", "closed_at", CELL_TIME, 11, 4, STRESS_NONE},
        {"WHO HAS IT", "acknowledged_by", CELL_TEXT, 6, 0, STRESS_NONE},
        {"NOTE", "note", CELL_TEXT, 8, 3, STRESS_NONE},
        {"MESSAGE", "message", CELL_TEXT, 16, 1, STRESS_NONE},
    };
    print_list(paper, columns, COUNT(columns), result, "no incidents");
}

void print_workers(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"TARGET", "target", CELL_KEY, 6, 0, STRESS_NONE},
        {"WORKER", "worker", CELL_TEXT, 8, 0, STRESS_NONE},
        {"STATE", "state", CELL_TEXT, 0, 0, STRESS_WORD},
        {"STAGE", "stage", CELL_TEXT, 0, 3, STRESS_NONE},
        {"RUN", "run", CELL_RUN, 8, 4, STRESS_NONE},
        {"SINCE", "since", CELL_TIME, 11, 2, STRESS_NONE},
        {"LEASE UNTIL", "lease_until", CELL_TIME, 11, 1, STRESS_NONE},
        {"LAST SEEN", "seen_at", CELL_TIME, 11, 5, STRESS_NONE},
        {"ON", "subject", CELL_KEY, 12, 0, STRESS_NONE},
    };
    print_list(paper, columns, COUNT(columns), result, "no worker has held a file within the last day");
}

void print_alerts(struct paper *paper, const json_t *result)
{
    static const struct column columns[] = {
        {"TARGET", "target", CELL_KEY, 6, 0, STRESS_NONE},
        {"NO", "alert", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"STATE", "state", CELL_TEXT, 0, 0, STRESS_WORD},
        {"TOLD", "told", CELL_TEXT, 0, 0, STRESS_WORD},
        {"SEVERITY", "severity", CELL_TEXT, 0, 0, STRESS_NONE},
        {"FILES", "files", CELL_NUMBER, 0, 4, STRESS_NONE},
        {"ROWS", "rows", CELL_NUMBER, 0, 3, STRESS_NONE},
        {"SINCE", "opened_at", CELL_TIME, 11, 2, STRESS_NONE},
        {"RESOLVED", "resolved_at", CELL_TIME, 11, 5, STRESS_NONE},
        {"WHAT", "title", CELL_TEXT, 16, 1, STRESS_NONE},
    };
    static const struct column messages[] = {
        {"TARGET", "target", CELL_KEY, 6, 0, STRESS_NONE},
        {"NO", "alert", CELL_NUMBER, 0, 0, STRESS_NONE},
        {"CHANNEL", "channel", CELL_TEXT, 6, 0, STRESS_NONE},
        {"EVENT", "event", CELL_TEXT, 0, 0, STRESS_NONE},
        {"STATE", "state", CELL_TEXT, 0, 0, STRESS_WORD},
        {"TRIES", "attempts", CELL_NUMBER, 0, 2, STRESS_NONE},
        {"AGAIN", "due_at", CELL_TIME, 11, 1, STRESS_NONE},
        {"WHY", "error", CELL_TEXT, 16, 0, STRESS_NONE},
    };
    json_t *failing = json_array(), *item, *message;
    size_t i, k;
    json_array_foreach(json_object_get(result, "items"), i, item)
    {
        json_array_foreach(json_object_get(item, "messages"), k, message)
        {
            if (!json_is_string(json_object_get(message, "error")))
                continue;
            json_t *line = json_copy(message);
            json_object_set(line, "alert", json_object_get(item, "alert"));
            json_object_set(line, "target", json_object_get(item, "target"));
            json_array_append_new(failing, line);
        }
    }
    print_list(paper, columns, COUNT(columns), result, "no alerts");
    if (json_array_size(failing)) {
        buf_add_cstr(&paper->out, "\nNot sent yet, or not at all\n");
        table_print(paper, messages, COUNT(messages), failing);
    }
    json_decref(failing);
}

void print_acknowledged(struct paper *paper, const json_t *result)
{
    const json_t *item = json_array_get(json_object_get(result, "items"), 0);
    bool incident = json_object_get(item, "incident") != NULL;
    buf_add_cstr(&paper->out, incident ? "incident " : "cause ");
    table_cell(&paper->out, CELL_NUMBER, json_object_get(item, incident ? "incident" : "cause"));
    buf_add_cstr(&paper->out, " is looked after by ");
    table_cell(&paper->out, CELL_TEXT, json_object_get(item, "acknowledged_by"));
    buf_add_byte(&paper->out, '\n');
}
