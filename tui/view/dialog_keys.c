/* Keys in the dialog: text fields, choices, shortcuts where nothing is typed. */
#include "shared/utf8.h"
#include "tui/core/overrides.h"
#include "tui/view/dialog_state.h"

/* ---- keys ---- */

/* What was typed counts from when the cursor leaves it. False: it cannot be read, and the cursor stays. */
static bool leave_overrides(struct view *view)
{
    struct dialog *dialog = view->state;
    struct buf shown;
    struct err err;
    if (dialog->focus != FOCUS_OVERRIDES)
        return true;
    buf_init(&shown, DIALOG_LINE);
    dialog_words(dialog, &shown);
    bool as_it_was = !dialog->typed && str_eq(buf_str(&shown), buf_str(&dialog->words));
    buf_dispose(&shown);
    if (as_it_was)
        return true;
    json_t *typed = overrides_parse(buf_str(&dialog->words), &err);
    if (!typed) {
        view_flash(view, ROLE_WARN, err.message);
        return false;
    }
    if (!dialog->typed || !json_equal(typed, dialog->overrides)) {
        dialog_take_overrides(dialog, typed, true);
        dialog_rehearse_anew(view);
    }
    json_decref(typed);
    return true;
}

static void move(struct view *view, int step)
{
    struct dialog *dialog = view->state;
    if (dialog->phase == PHASE_ASKED || !leave_overrides(view))
        return;
    do
        dialog->focus = (enum focus)(((int)dialog->focus + step + FOCUSES) % FOCUSES);
    while (!dialog_is_there(view, dialog->focus));
}

static struct buf *field(struct view *view)
{
    struct dialog *dialog = view->state;
    return dialog->phase == PHASE_OPEN ? dialog_text(dialog, dialog->focus) : NULL;
}

bool dialog_typing(struct view *view)
{
    return field(view) != NULL;
}

static bool edit(struct view *view, struct buf *text, const struct key *key)
{
    char bytes[4];
    if (key->code == KEY_CODE_BACKSPACE)
        view_erase(text);
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

/* Of the rules and of the files it is for; false: the cursor stands on neither. */
static bool choose(struct view *view, int step)
{
    struct dialog *dialog = view->state;
    if (dialog->phase != PHASE_OPEN || (dialog->focus != FOCUS_RULES && dialog->focus != FOCUS_REACH))
        return false;
    if (dialog->focus == FOCUS_REACH)
        dialog->reach = (enum reach)(((int)dialog->reach + step + REACHES) % REACHES);
    else {
        dialog->same_rules = !dialog->same_rules;
        dialog_rehearse_anew(view);
    }
    return true;
}

static void next_idea(struct view *view)
{
    struct dialog *dialog = view->state;
    size_t count = json_array_size(json_object_get(view->arguments, "suggestions"));
    if (!count) {
        view_flash(view, ROLE_DIM, "there is no suggestion; o writes overrides of one's own");
        return;
    }
    dialog_take_idea(view, dialog->idea % count + 1);
    dialog_rehearse_anew(view);
}

/* Where nothing is being typed. */
static bool shortcut(struct view *view, const struct key *key)
{
    struct dialog *dialog = view->state;
    if (dialog->phase != PHASE_OPEN || !dialog_is_there(view, FOCUS_OVERRIDES))
        return false;
    if (key->code == 'o')
        dialog->focus = FOCUS_OVERRIDES;
    else if (key->code == 's')
        next_idea(view);
    else
        return key->code == ' ' && choose(view, 1);
    return true;
}

bool dialog_key(struct view *view, const struct key *key)
{
    struct buf *text = field(view);
    bool on = key->code == KEY_CODE_RIGHT || key->code == KEY_CODE_DOWN;
    if (key->code == KEY_CODE_TAB || key->code == KEY_CODE_BACK_TAB) {
        move(view, key->code == KEY_CODE_TAB ? 1 : -1);
        return true;
    }
    if (text)
        return edit(view, text, key);
    if ((key->code == KEY_CODE_RIGHT || key->code == KEY_CODE_LEFT) && choose(view, on ? 1 : -1))
        return true;
    if (on || key->code == KEY_CODE_LEFT || key->code == KEY_CODE_UP) {
        move(view, on ? 1 : -1);
        return true;
    }
    return shortcut(view, key);
}

bool dialog_request(struct view *view, enum request request)
{
    struct dialog *dialog = view->state;
    if (request != REQUEST_ENTER)
        return false;
    if (dialog->focus == FOCUS_DO)
        dialog_do(view);
    else if (dialog->focus != FOCUS_CANCEL)
        choose(view, 1);
    else if (dialog->phase != PHASE_ASKED)
        view->host->close(view->host->context, view);
    return true;
}
