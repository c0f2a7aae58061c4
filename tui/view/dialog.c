#include "tui/view/dialog.h"

#include "shared/ulid.h"
#include "shared/utf8.h"
#include "tui/core/overrides.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_REASON = 1000, MOST_LINE = 64 * 1024, LABEL = 12 };
enum focus { FOCUS_CANCEL, FOCUS_REASON, FOCUS_COUNT, FOCUS_DO, FOCUSES };
enum phase { PHASE_OPEN, PHASE_ASKED, PHASE_DONE };
enum { TAG_DO, TAG_HELLO, TAG_REHEARSAL, TAG_OUTCOME };

struct dialog {
    enum focus focus;
    enum phase phase;
    json_t *hello, *rehearsal;
    struct buf reason, count; /* typed */
    struct buf refusal;       /* what the agent had against it */
    bool rehearsing;
    char client[ULID_SIZE]; /* names the call: it is done once, and can be asked after */
};

static void init(struct view *view)
{
    struct dialog *dialog = view->state;
    grid_init(&view->grid, NULL, 0, 0);
    buf_init(&dialog->reason, MOST_REASON);
    buf_init(&dialog->count, 64);
    buf_init(&dialog->refusal, MOST_LINE);
}

static void dispose(struct view *view)
{
    struct dialog *dialog = view->state;
    json_decref(dialog->hello);
    json_decref(dialog->rehearsal);
    buf_dispose(&dialog->reason);
    buf_dispose(&dialog->count);
    buf_dispose(&dialog->refusal);
}

/* What was seen is what is decided on: only what has not come is asked for again. */
static void load(struct view *view)
{
    struct dialog *dialog = view->state;
    json_t *rehearse = json_object_get(view->arguments, "rehearse");
    if (dialog->phase == PHASE_ASKED) /* the link was lost meanwhile */
        view_ask(view, TAG_OUTCOME, "outcome", json_pack("{s:s}", "client", dialog->client));
    if (dialog->phase != PHASE_OPEN)
        return;
    if (!dialog->hello)
        view_ask(view, TAG_HELLO, "hello", json_object());
    if (!rehearse || dialog->rehearsal || dialog->rehearsing)
        return;
    dialog->rehearsing = true;
    buf_reset(&dialog->refusal);
    view_ask(view, TAG_REHEARSAL, "rehearse", json_deep_copy(rehearse));
}

/* Either it stands, or it was never done; then it can be asked for again, under the same name. */
static void take_outcome(struct view *view, json_t *result)
{
    struct dialog *dialog = view->state;
    dialog->focus = FOCUS_CANCEL;
    dialog->phase = json_is_true(json_object_get(result, "known")) ? PHASE_DONE : PHASE_OPEN;
    buf_reset(&dialog->refusal);
    if (dialog->phase == PHASE_OPEN) {
        buf_add_cstr(&dialog->refusal, "the link was lost before this was done: nothing stands of it so far");
        return;
    }
    json_t *kept = json_pack("{s:[O]}", "items", json_object_get(result, "request"));
    view_keep(view, kept);
    json_decref(kept);
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct dialog *dialog = view->state;
    if (tag == TAG_HELLO) {
        json_decref(dialog->hello);
        dialog->hello = json_incref(result);
    } else if (tag == TAG_REHEARSAL) {
        json_decref(dialog->rehearsal);
        dialog->rehearsal = json_incref(result);
        dialog->rehearsing = false;
    } else if (tag == TAG_OUTCOME) {
        take_outcome(view, result);
    } else {
        view_keep(view, result);
        dialog->phase = PHASE_DONE;
        dialog->focus = FOCUS_CANCEL;
    }
}

static void refused(struct view *view, int tag, const struct err *why)
{
    struct dialog *dialog = view->state;
    buf_reset(&dialog->refusal);
    buf_printf(&dialog->refusal, "%s%s%s", why->message, why->hint[0] ? " - " : "", why->hint);
    if (tag == TAG_REHEARSAL)
        dialog->rehearsing = false;
    if (tag != TAG_DO && tag != TAG_OUTCOME)
        return;
    if (why->kind == ERR_INTERRUPTED) { /* load() asks what became of it */
        buf_add_cstr(&dialog->refusal, ": what came of it shows once it is back");
        return;
    }
    dialog->phase = PHASE_OPEN;
    dialog->focus = FOCUS_CANCEL;
}

/* ---- what must be there ---- */

static bool wants_reason(const struct view *view)
{
    return json_is_true(json_object_get(view->arguments, "wants_reason"));
}

/* What it is about: the files of a cause, or the rows of the one rehearsed; NULL: not known. */
static const json_t *extent(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const json_t *files = json_object_get(view->arguments, "files");
    return files ? files : json_object_get(dialog->rehearsal, "rows");
}

/* In production it must be typed: 39,812 and 39812 both do. */
static bool wants_count(const struct view *view)
{
    const struct dialog *dialog = view->state;
    const char *name = json_string_value(json_object_get(json_object_get(dialog->hello, "environment"), "name"));
    return name && strncmp(name, "prod", 4) == 0 && extent(view);
}

static bool count_fits(const struct view *view)
{
    const struct dialog *dialog = view->state;
    json_int_t typed = 0, digits = 0;
    for (size_t i = 0; i < dialog->count.n; i++) {
        char c = dialog->count.p[i];
        if ((c < '0' || c > '9') && c != ',')
            return false;
        if (c != ',' && digits++ < 18)
            typed = typed * 10 + (c - '0');
    }
    return digits && typed == json_integer_value(extent(view));
}

static bool would_load(const struct dialog *dialog)
{
    const char *outcome = json_string_value(json_object_get(dialog->rehearsal, "outcome"));
    return outcome && strcmp(outcome, "would-load") == 0;
}

/* NULL: it may be done. */
static const char *obstacle(const struct view *view)
{
    const struct dialog *dialog = view->state;
    if (json_object_get(view->arguments, "rehearse") && !dialog->rehearsal)
        return dialog->refusal.n ? "the rehearsal was refused" : "the rehearsal is not over yet";
    if (dialog->rehearsal && !would_load(dialog))
        return "it would only fail again";
    if (wants_reason(view) && !str_trim(buf_str(&dialog->reason)).n)
        return "a reason is needed: whoever looks later will want to know";
    return wants_count(view) && !count_fits(view) ? "type how many it is about, as it stands above" : NULL;
}

/* ---- doing it ---- */

static void do_it(struct view *view)
{
    struct dialog *dialog = view->state;
    const char *why = obstacle(view);
    if (why) {
        view_flash(view, ROLE_WARN, why);
        return;
    }
    json_t *params = json_deep_copy(json_object_get(view->arguments, "params"));
    if (wants_reason(view))
        json_object_set_new(params, "reason", json_stringn(dialog->reason.p, dialog->reason.n));
    if (!dialog->client[0])
        ulid_new(dialog->client);
    json_object_set_new(params, "client", json_string(dialog->client));
    dialog->phase = PHASE_ASKED;
    buf_reset(&dialog->refusal);
    view_ask(view, TAG_DO, view_argument(view, "method"), params);
}

static bool is_there(const struct view *view, enum focus focus)
{
    const struct dialog *dialog = view->state;
    return focus == FOCUS_REASON  ? wants_reason(view)
           : focus == FOCUS_COUNT ? wants_count(view)
                                  : focus == FOCUS_CANCEL || dialog->phase == PHASE_OPEN;
}

static void move(struct view *view, int step)
{
    struct dialog *dialog = view->state;
    do
        dialog->focus = (enum focus)(((int)dialog->focus + step + FOCUSES) % FOCUSES);
    while (!is_there(view, dialog->focus));
}

/* ---- keys ---- */

static struct buf *field(struct view *view)
{
    struct dialog *dialog = view->state;
    if (dialog->phase != PHASE_OPEN)
        return NULL;
    return dialog->focus == FOCUS_REASON ? &dialog->reason : dialog->focus == FOCUS_COUNT ? &dialog->count : NULL;
}

static bool typing(struct view *view)
{
    return field(view) != NULL;
}

static void erase(struct buf *text)
{
    while (text->n && ((unsigned char)text->p[text->n - 1] & 0xC0) == 0x80)
        text->n--;
    text->n -= text->n ? 1 : 0;
    if (text->p)
        text->p[text->n] = '\0';
}

static bool edit(struct view *view, struct buf *text, const struct key *key)
{
    char bytes[4];
    if (key->code == KEY_CODE_BACKSPACE)
        erase(text);
    else if (key->code == ('U' & 0x1F))
        buf_reset(text);
    else if (key->code == KEY_CODE_ENTER)
        move(view, 1);
    else if (key->code >= 0x20 && key->code < KEY_CODE_UP) {
        if (text->n + sizeof bytes < text->max)
            buf_add(text, bytes, utf8_encode(key->code, bytes));
    } else
        return false;
    return true;
}

static bool on_key(struct view *view, const struct key *key)
{
    struct buf *text = field(view);
    if (key->code == KEY_CODE_TAB || key->code == KEY_CODE_BACK_TAB) {
        move(view, key->code == KEY_CODE_TAB ? 1 : -1);
        return true;
    }
    if (text)
        return edit(view, text, key);
    if (key->code == KEY_CODE_RIGHT || key->code == KEY_CODE_DOWN || key->code == KEY_CODE_LEFT ||
        key->code == KEY_CODE_UP) {
        move(view, key->code == KEY_CODE_RIGHT || key->code == KEY_CODE_DOWN ? 1 : -1);
        return true;
    }
    return false;
}

static bool request(struct view *view, enum request request)
{
    struct dialog *dialog = view->state;
    if (request != REQUEST_ENTER)
        return false;
    if (dialog->focus == FOCUS_DO)
        do_it(view);
    else if (dialog->phase != PHASE_ASKED)
        view->host->close(view->host->context, view);
    return true;
}

/* ---- drawing ---- */

static int draw_fact(struct canvas *canvas, int y, const char *label, unsigned style, struct str text)
{
    if (!text.n)
        return y;
    canvas_cstr(canvas, y, 3, LABEL, ROLE_DIM, label);
    canvas_text(canvas, y, 3 + LABEL, canvas->columns - LABEL - 5, style, text);
    return y + 1;
}

static int draw_facts(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *facts = json_object_get(view->arguments, "facts"), *fact;
    const struct dialog *dialog = view->state;
    const json_t *environment = json_object_get(json_object_get(dialog->hello, "environment"), "name");
    size_t i;
    y = draw_fact(canvas, y, "environment", ROLE_TITLE,
        (struct str){json_string_value(environment), json_string_length(environment)});
    json_array_foreach(facts, i, fact)
    {
        const json_t *value = json_object_get(fact, "value");
        y = draw_fact(canvas, y, json_string_value(json_object_get(fact, "label")), ROLE_TEXT,
            (struct str){json_string_value(value), json_string_length(value)});
    }
    return y;
}

static void write_counts(struct buf *out, const json_t *rehearsal)
{
    static const char *const keys[] = {"would_pass", "would_fail", "duplicates", "filtered"};
    static const char *const words[] = {"pass", "fail", "repeat a key", "are left out"};
    view_number(out, json_integer_value(json_object_get(rehearsal, "rows")));
    buf_add_cstr(out, " rows:");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_int_t n = json_integer_value(json_object_get(rehearsal, keys[i]));
        if (!n && i > 1)
            continue;
        buf_add_cstr(out, i ? ", " : " ");
        view_number(out, n);
        buf_printf(out, " %s", words[i]);
    }
}

static int draw_rehearsal(const struct view *view, struct canvas *canvas, int y)
{
    const struct dialog *dialog = view->state;
    const json_t *rehearsal = dialog->rehearsal;
    const char *message = json_string_value(json_object_get(rehearsal, "message"));
    const json_t *hash = json_object_get(rehearsal, "hash");
    struct buf text;
    if (!json_object_get(view->arguments, "rehearse"))
        return y;
    if (!rehearsal)
        return draw_fact(canvas, y, "rehearsal", ROLE_DIM, dialog->refusal.n ? STR("refused") : STR("under way"));
    buf_init(&text, MOST_LINE);
    buf_add_cstr(&text, would_load(dialog) ? "it would load" : "it would be quarantined again");
    y = draw_fact(canvas, y, "rehearsal", would_load(dialog) ? ROLE_GOOD : ROLE_BAD, buf_str(&text));
    buf_reset(&text);
    if (would_load(dialog))
        write_counts(&text, rehearsal);
    else
        buf_add_cstr(&text, message ? message : "");
    y = draw_fact(canvas, y, "", json_integer_value(json_object_get(rehearsal, "would_fail")) ? ROLE_WARN : ROLE_TEXT,
        buf_str(&text));
    buf_dispose(&text);
    return draw_fact(canvas, y, "bound to", ROLE_DIM, (struct str){json_string_value(hash), json_string_length(hash)});
}

static int draw_command(const struct view *view, struct canvas *canvas, int y)
{
    const struct dialog *dialog = view->state;
    const char *command = view_argument(view, "command");
    struct buf text;
    if (!command)
        return y;
    buf_init(&text, MOST_LINE);
    buf_add_cstr(&text, command);
    if (wants_reason(view)) {
        buf_add_cstr(&text, " --reason '");
        for (size_t i = 0; i < dialog->reason.n; i++)
            if (dialog->reason.p[i] == '\'')
                buf_add_cstr(&text, "'\\''");
            else
                buf_add_byte(&text, dialog->reason.p[i]);
        buf_add_byte(&text, '\'');
    }
    canvas_cstr(canvas, y, 3, LABEL, ROLE_DIM, "the same");
    y += view_wrapped(canvas, y, 3 + LABEL, canvas->columns - LABEL - 5, 3, ROLE_ACCENT, text.p);
    buf_dispose(&text);
    return y;
}

static int draw_field(const struct view *view, struct canvas *canvas, int y, enum focus focus, const char *label)
{
    const struct dialog *dialog = view->state;
    const struct buf *text = focus == FOCUS_REASON ? &dialog->reason : &dialog->count;
    bool here = dialog->focus == focus && dialog->phase == PHASE_OPEN;
    int x = 3 + LABEL, width = canvas->columns - x - 2;
    struct str shown = buf_str(text);
    if (!is_there(view, focus))
        return y;
    canvas_cstr(canvas, y, 3, LABEL, here ? ROLE_ACCENT : ROLE_DIM, label);
    while (shown.n && canvas_measure(canvas, shown) >= width)
        shown.p++, shown.n--;
    canvas_fill(canvas, y, x, width, ROLE_TEXT | MARK_UNDERLINE);
    int used = canvas_text(canvas, y, x, width, ROLE_TEXT | MARK_UNDERLINE, shown);
    if (here) {
        canvas->cursor_y = y;
        canvas->cursor_x = x + used;
    }
    return y + 2;
}

static int draw_button(
    const struct view *view, struct canvas *canvas, int y, int x, enum focus focus, const char *label)
{
    const struct dialog *dialog = view->state;
    bool here = dialog->focus == focus;
    unsigned style = here ? ROLE_ACCENT | MARK_REVERSE | MARK_BOLD : ROLE_DIM;
    int used = canvas_printf(canvas, y, x, 30, style, here ? " >%s< " : "  %s  ", label);
    if (here) {
        canvas->cursor_y = y;
        canvas->cursor_x = x + 1;
    }
    return x + used + 3;
}

/* What became of it: the request, and who has to do something now. */
static int draw_outcome(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *item = json_array_get(json_object_get(view->result, "items"), 0);
    const json_t *state = json_object_get(item, "state"), *id = json_object_get(item, "request");
    const char *word = json_string_value(state);
    struct buf text;
    buf_init(&text, MOST_LINE);
    buf_add_cstr(&text, word ? word : "done");
    bool bad = word && (strcmp(word, "failed") == 0 || strcmp(word, "void") == 0);
    y = draw_fact(canvas, y, "outcome", bad ? ROLE_BAD : ROLE_GOOD, buf_str(&text));
    buf_reset(&text);
    if (word && strcmp(word, "requested") == 0)
        buf_printf(&text, "waits for somebody else: sluice approve %s", json_string_value(id));
    else if (json_object_get(item, "files")) {
        view_number(&text, json_integer_value(json_object_get(item, "loaded")));
        buf_add_cstr(&text, " of ");
        view_number(&text, json_integer_value(json_object_get(item, "files")));
        buf_add_cstr(&text, " files loaded");
    }
    y = draw_fact(canvas, y, "", ROLE_TEXT, buf_str(&text));
    buf_dispose(&text);
    return y;
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    const struct dialog *dialog = view->state;
    const char *title = view_argument(view, "title"), *button = view_argument(view, "button");
    int bottom = y + height - 2;
    canvas_cstr(canvas, ++y, 2, canvas->columns - 4, ROLE_TITLE | MARK_BOLD, title ? title : "");
    y = draw_facts(view, canvas, y + 2);
    y = draw_rehearsal(view, canvas, y);
    y = draw_command(view, canvas, y) + 1;
    y = draw_field(view, canvas, y, FOCUS_REASON, "reason");
    y = draw_field(view, canvas, y, FOCUS_COUNT, json_object_get(view->arguments, "files") ? "files" : "rows");
    if (dialog->refusal.n)
        y += view_wrapped(canvas, y, 3, canvas->columns - 5, 2, ROLE_BAD, dialog->refusal.p);
    if (dialog->phase == PHASE_DONE)
        draw_outcome(view, canvas, y);
    if (dialog->phase == PHASE_ASKED)
        canvas_cstr(canvas, bottom, 3, 30, ROLE_DIM, "the agent is at it");
    else {
        int x = draw_button(view, canvas, bottom, 3, FOCUS_CANCEL, dialog->phase == PHASE_DONE ? "Close" : "Cancel");
        if (dialog->phase == PHASE_OPEN)
            draw_button(view, canvas, bottom, x, FOCUS_DO, button ? button : "Do it");
    }
}

/* ---- what opens it ---- */

static json_t *fact(const char *label, struct str value)
{
    return json_pack("{s:s, s:s%}", "label", label, "value", value.n ? value.p : "", value.n);
}

void dialog_redrive(struct view *view, const char *run, json_int_t cause, const json_t *overrides, const char *why)
{
    struct buf words, command;
    json_t *rehearse = json_pack("{s:s}", "run", run),
           *params = cause ? json_pack("{s:I}", "cause", cause) : json_pack("{s:s}", "run", run);
    json_t *facts = json_array();
    buf_init(&words, MOST_LINE);
    buf_init(&command, MOST_LINE);
    overrides_params(overrides, rehearse);
    overrides_params(overrides, params);
    overrides_words(&words, overrides);
    if (cause)
        buf_printf(&command, "sluice redrive --cause %lld", (long long)cause);
    else
        buf_printf(&command, "sluice redrive %s", run);
    buf_add_str(&command, buf_str(&words));
    json_array_append_new(facts, fact(cause ? "first run" : "run", str_of(run)));
    json_t *files = cause ? json_object_get(view->arguments, "files") : NULL;
    if (files)
        json_array_append_new(facts, json_pack("{s:s, s:o}", "label", "files", "value",
                                         json_sprintf("%lld", (long long)json_integer_value(files))));
    json_array_append_new(facts, fact("overrides", words.n ? str_trim(buf_str(&words)) : STR("none")));
    json_array_append_new(facts, fact("why", str_of(why ? why : "")));
    view_open(view, &view_dialog,
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:O*}", "title",
            cause ? "Re-drive all files of this cause" : "Re-drive this file", "button", "Ask", "method", "redrive",
            "wants_reason", 1, "command", command.p ? command.p : "", "params", params, "rehearse", rehearse, "facts",
            facts, "files", files));
    buf_dispose(&words);
    buf_dispose(&command);
}

void dialog_discard(struct view *view, const char *run, const char *name)
{
    json_t *command = json_sprintf("sluice discard %s", run);
    view_open(view, &view_dialog,
        json_pack("{s:s, s:s, s:s, s:b, s:o, s:{s:s}, s:[o]}", "title", "Close this file for good; its bytes stay",
            "button", "Discard", "method", "discard", "wants_reason", 1, "command", command, "params", "run", run,
            "facts", fact("file", str_of(name ? name : ""))));
}

void dialog_decide(struct view *view, const char *method, const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "request"));
    bool approves = strcmp(method, "approve") == 0;
    struct buf words;
    json_t *facts = json_array(), *command = json_sprintf("sluice %s %s", method, id ? id : "");
    static const char *const keys[] = {"dataset", "requested_by", "reason"}, *const labels[] = {
                                                                                 "dataset", "asked by", "because"};
    buf_init(&words, MOST_LINE);
    overrides_words(&words, json_object_get(request, "overrides"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(request, keys[i]);
        json_array_append_new(
            facts, fact(labels[i], (struct str){json_string_value(value), json_string_length(value)}));
    }
    json_array_append_new(facts, fact("overrides", words.n ? str_trim(buf_str(&words)) : STR("none")));
    json_t *files = json_sprintf("%lld", (long long)json_integer_value(json_object_get(request, "files")));
    json_array_append_new(facts, json_pack("{s:s, s:o}", "label", "files", "value", files));
    view_open(view, &view_dialog,
        json_pack("{s:s, s:s, s:s, s:b, s:o, s:{s:s}, s:o}", "title", approves ? "Let this run" : "Refuse this request",
            "button", approves ? "Approve" : "Decline", "method", method, "wants_reason", !approves, "command", command,
            "params", "request", id ? id : "", "facts", facts));
    buf_dispose(&words);
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
    .draw = draw,
    .request = request,
    .key = on_key,
    .typing = typing,
};
