/* What it would be read by, and what the rehearsals of that come to. */
#include "tui/core/overrides.h"
#include "tui/view/dialog_state.h"

#include <string.h>

/* ---- overrides ---- */

void dialog_words(const struct dialog *dialog, struct buf *out)
{
    struct buf words;
    buf_init(&words, DIALOG_LINE);
    overrides_words(&words, dialog->overrides);
    buf_reset(out);
    buf_add_str(out, str_trim(buf_str(&words)));
    buf_dispose(&words);
}

void dialog_take_overrides(struct dialog *dialog, json_t *overrides, bool typed)
{
    json_incref(overrides);
    json_decref(dialog->overrides);
    dialog->overrides = overrides;
    dialog->typed = typed;
}

void dialog_take_idea(struct view *view, size_t number)
{
    struct dialog *dialog = view->state;
    const json_t *idea = json_array_get(json_object_get(view->arguments, "suggestions"), number - 1);
    dialog->idea = number;
    dialog_take_overrides(dialog, json_object_get(idea, "overrides"), false);
    dialog_words(dialog, &dialog->words);
}

const char *dialog_why(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const json_t *ideas = json_object_get(view->arguments, "suggestions");
    return dialog->idea && !dialog->typed
               ? json_string_value(json_object_get(json_array_get(ideas, dialog->idea - 1), "why"))
               : NULL;
}

void dialog_put_rules(const struct view *view, json_t *params)
{
    const struct dialog *dialog = view->state;
    if (!json_is_true(json_object_get(view->arguments, "changes")))
        return;
    if (dialog->typed)
        json_object_update(params, dialog->overrides);
    else
        overrides_params(dialog->overrides, params);
    if (dialog->same_rules)
        json_object_set_new(params, "rules", json_string("same"));
}

/* ---- rehearsals ---- */

size_t dialog_rehearsals(const struct view *view)
{
    return json_array_size(json_object_get(view->arguments, "rehearse"));
}

void dialog_ask_rehearsal(struct view *view)
{
    struct dialog *dialog = view->state;
    json_t *params = json_deep_copy(json_array_get(json_object_get(view->arguments, "rehearse"), dialog->rehearsed));
    if (!params)
        return;
    dialog_put_rules(view, params);
    dialog->rehearsing = true;
    view_ask(view, DIALOG_TAG_REHEARSAL + (int)(dialog->round * DIALOG_TAGS), "rehearse", params);
}

void dialog_rehearse_anew(struct view *view)
{
    struct dialog *dialog = view->state;
    json_decref(dialog->rehearsal);
    json_decref(dialog->call);
    dialog->rehearsal = dialog->call = NULL;
    dialog->rehearsed = 0;
    dialog->round++;
    buf_reset(&dialog->refusal);
    dialog_ask_rehearsal(view);
}

bool dialog_would_load(const struct dialog *dialog)
{
    const char *outcome = json_string_value(json_object_get(dialog->rehearsal, "outcome"));
    return outcome && strcmp(outcome, "would-load") == 0;
}

static void add_rehearsal(struct dialog *dialog, json_t *result)
{
    static const char *const sums[] = {"rows", "would_pass", "would_fail", "duplicates", "filtered"};
    json_t *whole = dialog->rehearsal;
    if (!whole) {
        dialog->rehearsal = json_deep_copy(result);
        return;
    }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        json_object_set_new(whole, sums[i],
            json_integer(json_integer_value(json_object_get(whole, sums[i])) +
                         json_integer_value(json_object_get(result, sums[i]))));
    json_array_extend(json_object_get(whole, "causes"), json_object_get(result, "causes"));
    json_object_del(whole, "hash");
    if (dialog_would_load(dialog)) {
        json_object_set(whole, "outcome", json_object_get(result, "outcome"));
        json_object_set(whole, "message", json_object_get(result, "message"));
    }
}

void dialog_take_rehearsal(struct view *view, unsigned round, json_t *result)
{
    struct dialog *dialog = view->state;
    if (round != dialog->round)
        return;
    dialog->rehearsing = false;
    dialog->rehearsed++;
    add_rehearsal(dialog, result);
    dialog_ask_rehearsal(view);
}
