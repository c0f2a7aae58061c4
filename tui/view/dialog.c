#include "tui/view/dialog_state.h"

#include "shared/clock.h"
#include "shared/until.h"

#include <string.h>

/* A rehearsal's tag tells its round. */
enum { TAG_DO, TAG_HELLO, TAG_REHEARSAL = DIALOG_TAG_REHEARSAL, TAG_OUTCOME };

static const struct text_field {
    enum focus focus;
    size_t offset, most;
} fields[] = {
    {FOCUS_REASON, offsetof(struct dialog, reason), DIALOG_REASON},
    {FOCUS_COUNT, offsetof(struct dialog, count), 64},
    {FOCUS_OVERRIDES, offsetof(struct dialog, words), DIALOG_LINE},
    {FOCUS_UNTIL, offsetof(struct dialog, until), 64},
    {FOCUS_RATE, offsetof(struct dialog, rate), 64},
};

struct buf *dialog_text(struct dialog *dialog, enum focus focus)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].focus == focus)
            return (struct buf *)(void *)((char *)dialog + fields[i].offset);
    return NULL;
}

/* ---- the screen's life ---- */

static void init(struct view *view)
{
    struct dialog *dialog = view->state;
    grid_init(&view->grid, NULL, 0, 0);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        buf_init(dialog_text(dialog, fields[i].focus), fields[i].most);
    buf_init(&dialog->refusal, DIALOG_LINE);
    json_t *idea = json_object_get(view->arguments, "suggestion");
    if (json_is_integer(idea))
        dialog_take_idea(view, (size_t)json_integer_value(idea) + 1);
}

static void dispose(struct view *view)
{
    struct dialog *dialog = view->state;
    json_decref(dialog->hello);
    json_decref(dialog->overrides);
    json_decref(dialog->rehearsal);
    json_decref(dialog->call);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        buf_dispose(dialog_text(dialog, fields[i].focus));
    buf_dispose(&dialog->refusal);
}

/* What was seen is what is decided on: only what has not come is asked for again. */
static void load(struct view *view)
{
    struct dialog *dialog = view->state;
    if (dialog->phase == PHASE_ASKED) /* the link was lost meanwhile */
        view_ask(view, TAG_OUTCOME, "outcome", json_pack("{s:s}", "client", dialog->client));
    if (dialog->phase != PHASE_OPEN)
        return;
    if (!dialog->hello)
        view_ask(view, TAG_HELLO, "hello", json_object());
    if (dialog->rehearsed == dialog_rehearsals(view) || dialog->rehearsing)
        return;
    buf_reset(&dialog->refusal);
    dialog_ask_rehearsal(view);
}

/* ---- doing it ---- */

static void ask_call(struct view *view)
{
    struct dialog *dialog = view->state;
    buf_reset(&dialog->refusal);
    dialog->phase = PHASE_ASKED;
    view_ask(view, TAG_DO, view_argument(view, "method"), json_deep_copy(dialog->call));
}

static bool put_reach(const struct dialog *dialog, json_t *params)
{
    char at[CLOCK_TEXT_SIZE];
    int64_t until;
    struct err err;
    if (dialog->reach == REACH_CONTRACT)
        json_object_set_new(params, "apply_to", json_string("contract"));
    if (dialog->reach != REACH_UNTIL)
        return true;
    if (!until_read(buf_str(&dialog->until), clock_now(), &until, &err))
        return false;
    json_object_set_new(params, "apply_to", json_string("until"));
    json_object_set_new(params, "until", json_string(clock_format(until, at)));
    return true;
}

/* The next call, under a name of its own. */
static void make_call(struct view *view)
{
    struct dialog *dialog = view->state;
    const char *as = view_argument(view, "reason_as");
    json_t *params = json_deep_copy(json_array_get(json_object_get(view->arguments, "calls"), dialog->done));
    struct str reason = str_trim(buf_str(&dialog->reason));
    dialog_put_rules(view, params);
    (void)put_reach(dialog, params); /* that it can be read was seen before */
    struct str rate = str_trim(buf_str(&dialog->rate));
    if (rate.n)
        json_object_set_new(params, "rate", json_stringn(rate.p, rate.n));
    if (as && reason.n)
        json_object_set_new(params, as, json_stringn(reason.p, reason.n));
    ulid_new(dialog->client);
    json_object_set_new(params, "client", json_string(dialog->client));
    json_decref(dialog->call);
    dialog->call = params;
}

static void take_done(struct view *view, json_t *result)
{
    struct dialog *dialog = view->state;
    view_keep(view, result);
    json_decref(dialog->call);
    dialog->call = NULL;
    if (++dialog->done < json_array_size(json_object_get(view->arguments, "calls"))) {
        make_call(view);
        ask_call(view);
        return;
    }
    dialog->phase = PHASE_DONE;
    dialog->focus = FOCUS_CANCEL;
}

/* Either it stands, or it was never done; then it can be asked for again, under the same name. */
static void take_outcome(struct view *view, json_t *result)
{
    struct dialog *dialog = view->state;
    buf_reset(&dialog->refusal);
    if (json_is_true(json_object_get(result, "known"))) {
        json_t *kept = json_pack("{s:[O]}", "items", json_object_get(result, "request"));
        take_done(view, kept);
        json_decref(kept);
        return;
    }
    dialog->phase = PHASE_OPEN;
    dialog->focus = FOCUS_CANCEL;
    buf_add_cstr(&dialog->refusal, "the link was lost before this was done: nothing stands of it so far");
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct dialog *dialog = view->state;
    switch (tag % DIALOG_TAGS) {
    case TAG_HELLO:
        json_incref(result);
        json_decref(dialog->hello);
        dialog->hello = result;
        break;
    case TAG_REHEARSAL:
        dialog_take_rehearsal(view, (unsigned)tag / DIALOG_TAGS, result);
        break;
    case TAG_OUTCOME:
        take_outcome(view, result);
        break;
    default:
        take_done(view, result);
    }
}

static void refused(struct view *view, int tag, const struct err *why)
{
    struct dialog *dialog = view->state;
    if (tag % DIALOG_TAGS == TAG_REHEARSAL && (unsigned)tag / DIALOG_TAGS != dialog->round)
        return;
    buf_reset(&dialog->refusal);
    if (tag == TAG_DO && dialog->done)
        buf_printf(&dialog->refusal, "%zu of %zu are done, then: ", dialog->done,
            json_array_size(json_object_get(view->arguments, "calls")));
    buf_printf(&dialog->refusal, "%s%s%s", why->message, why->hint[0] ? " - " : "", why->hint);
    if (tag % DIALOG_TAGS == TAG_REHEARSAL)
        dialog->rehearsing = false;
    if (tag != TAG_DO && tag != TAG_OUTCOME)
        return;
    if (why->kind == ERR_INTERRUPTED) { /* load() asks what became of it */
        buf_add_cstr(&dialog->refusal, ": what came of it shows once it is back");
        return;
    }
    json_decref(dialog->call); /* it was not done: what is asked for next is another call */
    dialog->call = NULL;
    dialog->phase = PHASE_OPEN;
    dialog->focus = FOCUS_CANCEL;
}

/* ---- what must be there ---- */

bool dialog_wants_reason(const struct view *view)
{
    const char *reason = view_argument(view, "reason");
    return reason && strcmp(reason, "needed") == 0;
}

const json_t *dialog_extent(const struct view *view, const char **unit)
{
    const struct dialog *dialog = view->state;
    const json_t *count = json_object_get(view->arguments, "count");
    *unit = count ? view_argument(view, "unit") : "rows";
    return count ? count : json_object_get(dialog->rehearsal, "rows");
}

/* In production it must be typed: 39,812 and 39812 both do. */
static bool wants_count(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const char *name = json_string_value(json_object_get(json_object_get(dialog->hello, "environment"), "name"));
    const char *unit;
    return name && strncmp(name, "prod", 4) == 0 && dialog_extent(view, &unit);
}

static bool count_fits(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const char *unit;
    json_int_t typed = 0, digits = 0;
    for (size_t i = 0; i < dialog->count.n; i++) {
        char c = dialog->count.p[i];
        if ((c < '0' || c > '9') && c != ',')
            return false;
        if (c != ',' && digits++ < 18)
            typed = typed * 10 + (c - '0');
    }
    return digits && typed == json_integer_value(dialog_extent(view, &unit));
}

static const char *reach_obstacle(const struct dialog *dialog)
{
    json_t *probe = json_object();
    bool readable = put_reach(dialog, probe);
    json_decref(probe);
    if (dialog->reach == REACH_THESE)
        return NULL;
    if (!dialog->words.n)
        return "there are no overrides that could stand for other files: o writes some";
    if (dialog->same_rules)
        return "what stands for other files is laid over the rules as they are now";
    return readable ? NULL : "until when? 09:00, 2h or 2026-01-31T09:00Z";
}

/* NULL: it may be done. */
static const char *obstacle(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const char *lacks = view_role_lacks(dialog->hello, "operator");
    if (lacks)
        return lacks;
    if (dialog->rehearsed < dialog_rehearsals(view))
        return dialog->refusal.n ? "the rehearsal was refused" : "the rehearsal is not over yet";
    if (dialog->rehearsal && !dialog_would_load(dialog))
        return "it would only fail again";
    if (reach_obstacle(dialog))
        return reach_obstacle(dialog);
    if (dialog_wants_reason(view) && !str_trim(buf_str(&dialog->reason)).n)
        return "a reason is needed: whoever looks later will want to know";
    return wants_count(view) && !count_fits(view) ? "type how many it is about, as it stands above" : NULL;
}

void dialog_do(struct view *view)
{
    struct dialog *dialog = view->state;
    const char *why = obstacle(view);
    if (why) {
        view_flash(view, ROLE_WARN, why);
        return;
    }
    if (!dialog->call)
        make_call(view);
    ask_call(view);
}

bool dialog_is_there(const struct view *view, enum focus focus)
{
    const struct dialog *dialog = view->state;
    bool open = dialog->phase == PHASE_OPEN, changes = json_is_true(json_object_get(view->arguments, "changes"));
    switch (focus) {
    case FOCUS_CANCEL:
        return true;
    case FOCUS_REASON:
        return view_argument(view, "reason_as");
    case FOCUS_COUNT:
        return wants_count(view);
    case FOCUS_DO:
        return open;
    case FOCUS_RATE:
        return json_is_true(json_object_get(view->arguments, "paced"));
    case FOCUS_UNTIL:
        return changes && dialog->reach == REACH_UNTIL;
    default:
        return changes;
    }
}

const struct view_type view_dialog = {
    .name = "Confirm",
    .help = "what would be done, before it is",
    .requests = REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_TAB),
    .size = sizeof(struct dialog),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .refused = refused,
    .draw = dialog_draw,
    .request = dialog_request,
    .key = dialog_key,
    .typing = dialog_typing,
};
