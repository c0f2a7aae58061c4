#include "tui/view/acts.h"

#include "tui/core/marks.h"

#include <string.h>

static const char *id_of(const json_t *run)
{
    const char *id = json_string_value(json_object_get(run, "run_id"));
    return id ? id : "";
}

const char *acts_disabled(const json_t *run, enum request request)
{
    bool loaded = view_is(run, "outcome", "loaded"), quarantined = view_is(run, "outcome", "quarantined");
    if (!run)
        return "there is nothing under the cursor";
    switch (request) {
    case REQUEST_REDRIVE:
        return loaded || quarantined || view_is(run, "outcome", "withdrawn")
                   ? NULL
                   : "this run neither loaded nor quarantined a file";
    case REQUEST_SUGGEST:
        return quarantined || json_integer_value(json_object_get(run, "rows_rejected")) ? NULL
                                                                                        : "this run rejected nothing";
    case REQUEST_WITHDRAW:
        return loaded ? NULL : "this run has nothing loaded that could be taken back";
    case REQUEST_EDIT:
        return quarantined ? NULL : "only a file in quarantine is edited";
    case REQUEST_DISCARD:
        return quarantined ? NULL : "this run's file is not in quarantine";
    default:
        return NULL;
    }
}

void acts_open_file(struct view *view, const char *run, const char *name, bool quarantined)
{
    view_open(view, &view_original,
        json_pack("{s:s, s:s, s:b}", "run", run, "title", name ? name : "", "quarantined", quarantined));
}

bool acts_on_run(struct view *view, const json_t *run, enum request request)
{
    const char *file = json_string_value(json_object_get(run, "file"));
    struct redrive_subject subject = {.run = id_of(run)};
    json_t *runs;
    switch (request) {
    case REQUEST_REDRIVE:
        dialog_redrive(view, &subject, 1, NO_IDEA);
        return true;
    case REQUEST_WITHDRAW:
        dialog_withdraw(view, id_of(run), file, json_integer_value(json_object_get(run, "rows_out")));
        return true;
    case REQUEST_ORIGINAL:
        acts_open_file(view, id_of(run), view_base_name(file), view_is(run, "outcome", "quarantined"));
        return true;
    case REQUEST_EDIT:
        view_open(view, &view_edit, json_pack("{s:s, s:s*}", "run", id_of(run), "title", view_base_name(file)));
        return true;
    case REQUEST_DISCARD:
        runs = json_pack("[s]", id_of(run));
        dialog_discard(view, runs, file);
        json_decref(runs);
        return true;
    default:
        return false;
    }
}

json_int_t acts_open(const json_t *cause)
{
    const json_t *open = json_object_get(cause, "open");
    return json_integer_value(open ? open : json_object_get(cause, "rows"));
}

void acts_ask_ideas(struct view *view, int tag, const json_t *run, json_int_t cause)
{
    if (view_is(run, "outcome", "quarantined"))
        view_ask(view, tag, "reason", json_pack("{s:s}", "run", id_of(run)));
    else if (cause)
        view_ask(view, tag, "causes", json_pack("{s:s, s:I}", "run", id_of(run), "cause", cause));
    else
        view_ask(view, tag, "causes", json_pack("{s:s}", "run", id_of(run)));
}

/* The costliest cause that has a suggestion. */
void acts_suggest(struct view *view, const char *run, json_t *result)
{
    const json_t *items = json_object_get(result, "items"), *item;
    struct redrive_subject subject = {.run = run, .ideas = json_object_get(result, "suggestions")};
    size_t i;
    json_array_foreach(items, i, item)
    {
        subject.ideas = json_object_get(item, "suggestions");
        subject.cause = json_integer_value(json_object_get(item, "cause"));
        subject.rows = true;
        subject.count = acts_open(item);
        if (json_array_size(subject.ideas))
            break;
    }
    if (json_array_size(subject.ideas))
        dialog_redrive(view, &subject, 1, 0);
    else
        view_flash(view, ROLE_DIM, "there is no suggestion; R re-drives it as it is");
}

void acts_where_marked(struct view *view, void (*act)(struct view *view))
{
    json_t *targets = marks_targets(&view->grid);
    size_t count = json_array_size(targets);
    if (!count)
        act(view);
    view->turns = count;
    for (size_t i = count; i-- > 0;) {
        view->turn = i + 1;
        view->answering = json_string_value(json_array_get(targets, i));
        act(view);
    }
    view->answering = NULL;
    view->turns = 0;
    json_decref(targets);
}

/* Approved, and not over. */
static bool is_under_way(const json_t *item)
{
    return view_is(item, "state", "approved") || view_is(item, "state", "running");
}

bool acts_on_request(struct view *view, const json_t *item, enum request request)
{
    bool asked = view_is(item, "state", "requested"), open = is_under_way(item);
    if (!item)
        return true;
    if (request == REQUEST_APPROVE || request == REQUEST_DECLINE) {
        if (asked)
            dialog_decide(view, request == REQUEST_APPROVE ? "approve" : "decline", item);
        else
            view_flash(view, ROLE_DIM, "it is decided already");
    } else if (open && request == REQUEST_PAUSE)
        dialog_pace(view, json_is_string(json_object_get(item, "paused_by")) ? "resume" : "pause", item);
    else if ((open || asked) && request != REQUEST_PAUSE)
        dialog_pace(view, request == REQUEST_RATE ? "rate" : "cancel", item);
    else
        view_flash(view, ROLE_DIM, asked ? "nobody has approved it: nothing of it runs" : "it is over");
    return true;
}
