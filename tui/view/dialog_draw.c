/* The dialog on the canvas: what it is about, what the rehearsals say, what is typed and chosen, two buttons. */
#include "tui/core/overrides.h"
#include "tui/view/dialog_state.h"

#include <string.h>

enum { LEFT = 3, MOST_CAUSES = 6 };

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static int draw_fact(struct canvas *canvas, int y, const char *label, unsigned style, struct str text)
{
    if (!text.n)
        return y;
    canvas_cstr(canvas, y, LEFT, DIALOG_LABEL, ROLE_DIM, label);
    canvas_text(canvas, y, LEFT + DIALOG_LABEL, canvas->columns - DIALOG_LABEL - LEFT - 2, style, text);
    return y + 1;
}

static int draw_facts(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *facts = json_object_get(view->arguments, "facts"), *fact;
    const struct dialog *dialog = view->state;
    size_t i;
    y = draw_fact(canvas, y, "environment", ROLE_TITLE,
        text_of(json_object_get(json_object_get(dialog->hello, "environment"), "name")));
    json_array_foreach(facts, i, fact)
    {
        const char *label = json_string_value(json_object_get(fact, "label"));
        y = draw_fact(canvas, y, label ? label : "", ROLE_TEXT, text_of(json_object_get(fact, "value")));
    }
    return y;
}

/* ---- what is typed and chosen ---- */

static int draw_field(const struct view *view, struct canvas *canvas, int y, enum focus focus, const char *label)
{
    struct dialog *dialog = view->state;
    bool here = dialog->focus == focus && dialog->phase == PHASE_OPEN;
    if (!dialog_is_there(view, focus))
        return y;
    view_field_text(canvas, y, LEFT, DIALOG_LABEL, label, buf_str(dialog_text(dialog, focus)), here);
    return y + 1;
}

/* One of several words is chosen; the cursor's line shows which keys choose. */
static int draw_choice(const struct view *view, struct canvas *canvas, int y, enum focus focus, const char *label,
    const char *const *words, size_t chosen)
{
    const struct dialog *dialog = view->state;
    bool here = dialog->focus == focus && dialog->phase == PHASE_OPEN;
    int x = LEFT + DIALOG_LABEL;
    canvas_cstr(canvas, y, LEFT, DIALOG_LABEL, here ? ROLE_ACCENT : ROLE_DIM, label);
    for (size_t i = 0; words[i]; i++) {
        unsigned style = i != chosen ? ROLE_DIM : here ? ROLE_ACCENT | MARK_REVERSE : ROLE_TEXT | MARK_BOLD;
        int used = canvas_printf(canvas, y, x, canvas->columns - x - 2, style, i == chosen ? "[%s]" : " %s ", words[i]);
        if (here && i == chosen) {
            canvas->cursor_y = y;
            canvas->cursor_x = x + 1;
        }
        x += used + 1;
    }
    if (here)
        canvas_cstr(canvas, y, x + 1, canvas->columns - x - 3, ROLE_DIM, "Left, Right choose");
    return y + 1;
}

static int draw_changes(const struct view *view, struct canvas *canvas, int y)
{
    static const char *const rules[] = {"as they are now", "the same as then", NULL};
    static const char *const reach[] = {"these alone", "until a time", "contract", NULL};
    const struct dialog *dialog = view->state;
    if (!json_is_true(json_object_get(view->arguments, "changes")))
        return y;
    bool here = dialog->focus == FOCUS_OVERRIDES && dialog->phase == PHASE_OPEN;
    if (dialog->words.n || here)
        y = draw_field(view, canvas, y, FOCUS_OVERRIDES, "overrides");
    else
        y = draw_fact(canvas, y, "overrides", ROLE_DIM, STR("none; o writes some"));
    const char *why = dialog_why(view);
    y = draw_fact(canvas, y, "why", ROLE_TEXT, str_of(why ? why : ""));
    y = draw_choice(view, canvas, y, FOCUS_RULES, "rules", rules, dialog->same_rules);
    y = draw_choice(view, canvas, y, FOCUS_REACH, "for", reach, dialog->reach);
    y = draw_field(view, canvas, y, FOCUS_UNTIL, "until");
    return draw_field(view, canvas, y, FOCUS_RATE, "rate");
}

/* ---- the rehearsal ---- */

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

static void write_cause(struct buf *out, const json_t *cause)
{
    static const char *const keys[] = {"code", "column", "rule"};
    view_number(out, json_integer_value(json_object_get(cause, "after")));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct str word = text_of(json_object_get(cause, keys[i]));
        if (word.n) {
            buf_add_byte(out, ' ');
            buf_add_str(out, word);
        }
    }
    const json_t *samples = json_object_get(cause, "samples");
    if (json_array_size(samples)) {
        buf_add_cstr(out, ": ");
        grid_value(out, CELL_LIST, samples);
    }
}

/* What would still fail, and why: as many lines as there is room for. */
static int draw_causes(const json_t *causes, struct canvas *canvas, int y, int room)
{
    const json_t *cause;
    struct buf text;
    size_t i, left = 0;
    json_array_foreach(causes, i, cause) left += json_integer_value(json_object_get(cause, "after")) > 0;
    buf_init(&text, DIALOG_LINE);
    json_array_foreach(causes, i, cause)
    {
        if (json_integer_value(json_object_get(cause, "after")) <= 0)
            continue;
        if (room-- <= 0)
            break;
        buf_reset(&text);
        if (room == 0 && left > 1)
            buf_printf(&text, "and %zu causes more", left);
        else
            write_cause(&text, cause);
        left--;
        y = draw_fact(canvas, y, "", ROLE_WARN, buf_str(&text));
    }
    buf_dispose(&text);
    return y;
}

static void write_progress(const struct view *view, struct buf *out)
{
    const struct dialog *dialog = view->state;
    if (dialog->refusal.n)
        buf_add_cstr(out, "refused");
    else if (dialog_rehearsals(view) > 1)
        buf_printf(out, "under way, %zu of %zu are over", dialog->rehearsed, dialog_rehearsals(view));
    else
        buf_add_cstr(out, "under way");
}

static void write_verdict(const json_t *rehearsal, struct buf *out)
{
    const char *outcome = json_string_value(json_object_get(rehearsal, "outcome"));
    const char *message = json_string_value(json_object_get(rehearsal, "message"));
    if (outcome && strcmp(outcome, "would-load") == 0) {
        buf_add_cstr(out, "it would load, ");
        write_counts(out, rehearsal);
    } else if (outcome && strcmp(outcome, "duplicate") == 0)
        buf_add_cstr(out, "the same bytes are loaded already");
    else
        buf_printf(out, "it would be quarantined again: %s", message ? message : "");
}

static int draw_rehearsal(const struct view *view, struct canvas *canvas, int y, int room)
{
    const struct dialog *dialog = view->state;
    const json_t *rehearsal = dialog->rehearsal;
    struct buf text;
    if (!dialog_rehearsals(view))
        return y;
    buf_init(&text, DIALOG_LINE);
    if (dialog->rehearsed < dialog_rehearsals(view)) {
        write_progress(view, &text);
        y = draw_fact(canvas, y, "rehearsal", ROLE_DIM, buf_str(&text));
        buf_dispose(&text);
        return y;
    }
    bool loads = dialog_would_load(dialog), fails = json_integer_value(json_object_get(rehearsal, "would_fail"));
    write_verdict(rehearsal, &text);
    canvas_cstr(canvas, y, LEFT, DIALOG_LABEL, ROLE_DIM, "rehearsal");
    y += view_wrapped(canvas, y, LEFT + DIALOG_LABEL, canvas->columns - DIALOG_LABEL - LEFT - 2, loads ? 1 : 2,
        !loads  ? ROLE_BAD
        : fails ? ROLE_WARN
                : ROLE_GOOD,
        text.p);
    buf_dispose(&text);
    if (loads)
        y = draw_causes(json_object_get(rehearsal, "causes"), canvas, y, room < MOST_CAUSES ? room : MOST_CAUSES);
    return draw_fact(canvas, y, "bound to", ROLE_DIM, text_of(json_object_get(rehearsal, "hash")));
}

/* ---- the same without a screen ---- */

static void add_quoted(struct buf *out, const char *option, struct str text)
{
    buf_printf(out, " --%s '", option);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\'')
            buf_add_cstr(out, "'\\''");
        else
            buf_add_byte(out, text.p[i]);
    buf_add_byte(out, '\'');
}

static void add_options(const struct view *view, struct buf *out)
{
    const struct dialog *dialog = view->state;
    const char *as = view_argument(view, "reason_as");
    if (dialog->words.n)
        buf_printf(out, " " STR_FMT, STR_ARG(buf_str(&dialog->words)));
    if (dialog->same_rules)
        buf_add_cstr(out, " --rules same");
    if (dialog->reach == REACH_UNTIL)
        add_quoted(out, "until", buf_str(&dialog->until));
    if (dialog->reach == REACH_CONTRACT)
        buf_add_cstr(out, " --apply-to contract");
    if (str_trim(buf_str(&dialog->rate)).n)
        buf_printf(out, " --rate " STR_FMT, STR_ARG(str_trim(buf_str(&dialog->rate))));
    if (as && (dialog_wants_reason(view) || dialog->reason.n))
        add_quoted(out, as, buf_str(&dialog->reason));
}

static int draw_command(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *commands = json_object_get(view->arguments, "commands"), *command;
    struct buf text;
    size_t i;
    if (!json_array_size(commands))
        return y;
    buf_init(&text, DIALOG_LINE);
    json_array_foreach(commands, i, command)
    {
        buf_printf(&text, "%s%s", i ? " && " : "", json_string_value(command));
        add_options(view, &text);
    }
    canvas_cstr(canvas, y, LEFT, DIALOG_LABEL, ROLE_DIM, "the same");
    y += view_wrapped(canvas, y, LEFT + DIALOG_LABEL, canvas->columns - DIALOG_LABEL - LEFT - 2, 2, ROLE_ACCENT,
        text.p ? text.p : "");
    buf_dispose(&text);
    return y;
}

/* ---- buttons, and what became of it ---- */

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

static void write_loaded(const json_t *item, struct buf *out)
{
    view_number(out, json_integer_value(json_object_get(item, "loaded")));
    buf_add_cstr(out, " of ");
    view_number(out, json_integer_value(json_object_get(item, "files")));
    buf_add_cstr(out, " files loaded");
}

/* The request, and who has to do something now. */
static void draw_outcome(const struct view *view, struct canvas *canvas, int y)
{
    const struct dialog *dialog = view->state;
    const json_t *item = json_array_get(json_object_get(view->result, "items"), 0);
    const char *word = json_string_value(json_object_get(item, "state"));
    const char *id = json_string_value(json_object_get(item, "request"));
    struct buf text;
    buf_init(&text, DIALOG_LINE);
    buf_add_cstr(&text, word ? word : "done");
    if (dialog->done > 1)
        buf_printf(&text, ", all %zu", dialog->done);
    bool bad = word && (strcmp(word, "failed") == 0 || strcmp(word, "void") == 0);
    y = draw_fact(canvas, y, "outcome", bad ? ROLE_BAD : ROLE_GOOD, buf_str(&text));
    buf_reset(&text);
    if (word && id && strcmp(word, "requested") == 0)
        buf_printf(&text, "waits for somebody else: sluice approve %s", id);
    else if (json_object_get(item, "files") && json_object_get(item, "loaded"))
        write_loaded(item, &text);
    draw_fact(canvas, y, "", ROLE_TEXT, buf_str(&text));
    buf_dispose(&text);
}

static void draw_end(const struct view *view, struct canvas *canvas, int y)
{
    const struct dialog *dialog = view->state;
    const char *button = view_argument(view, "button");
    if (dialog->phase == PHASE_ASKED) {
        canvas_cstr(canvas, y, LEFT, 30, ROLE_DIM, "the agent is at it");
        return;
    }
    int x = draw_button(view, canvas, y, LEFT, FOCUS_CANCEL, dialog->phase == PHASE_DONE ? "Close" : "Cancel");
    if (dialog->phase != PHASE_OPEN)
        return;
    x = draw_button(view, canvas, y, x, FOCUS_DO, button ? button : "Do it");
    if (dialog_is_there(view, FOCUS_OVERRIDES))
        canvas_cstr(canvas, y, x, canvas->columns - x - 1, ROLE_DIM,
            json_array_size(json_object_get(view->arguments, "suggestions")) ? "o overrides  s next suggestion"
                                                                             : "o overrides");
}

void dialog_draw(struct view *view, struct canvas *canvas, int y, int height)
{
    enum { BELOW = 8 }; /* the binding, the command, the fields, what was refused, the buttons */
    const struct dialog *dialog = view->state;
    const char *title = view_argument(view, "title"), *as = view_argument(view, "reason_as"), *unit;
    int bottom = y + height - 1;
    canvas_cstr(canvas, y, 2, canvas->columns - 4, ROLE_TITLE | MARK_BOLD, title ? title : "");
    y = draw_facts(view, canvas, y + 2);
    y = draw_changes(view, canvas, y);
    y = draw_rehearsal(view, canvas, y, bottom - y - BELOW);
    y = draw_command(view, canvas, y);
    y += y + 5 < bottom;
    y = draw_field(view, canvas, y, FOCUS_REASON, as ? as : "");
    if (dialog_extent(view, &unit))
        y = draw_field(view, canvas, y, FOCUS_COUNT, unit);
    if (dialog->refusal.n)
        y += view_wrapped(canvas, y, LEFT, canvas->columns - 5, 2, ROLE_BAD, dialog->refusal.p);
    if (dialog->phase == PHASE_DONE)
        draw_outcome(view, canvas, y);
    draw_end(view, canvas, bottom);
}
