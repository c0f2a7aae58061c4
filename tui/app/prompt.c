/* The line being typed, on the row above the keys. */
#include "tui/app/state.h"

#include "shared/utf8.h"

const char *prompt_title(enum prompt_kind kind)
{
    static const char *const titles[] = {[PROMPT_NONE] = "",
        [PROMPT_SEARCH] = "/",
        [PROMPT_FILTER] = "filter: ",
        [PROMPT_COMMAND] = ":",
        [PROMPT_WRITE] = "write to file: ",
        [PROMPT_QUIT] = "Quit sluice? y or n "};
    return titles[kind];
}

void prompt_open(struct console *console, enum prompt_kind kind)
{
    console->prompt = kind;
    console->keyboard.text_field = kind != PROMPT_QUIT;
    buf_reset(&console->input);
}

static void close_prompt(struct console *console)
{
    console->prompt = PROMPT_NONE;
    console->keyboard.text_field = false;
}

static void take(struct console *console, enum prompt_kind kind)
{
    struct view *top = console_top(console);
    struct str text = buf_str(&console->input);
    if (kind == PROMPT_COMMAND && !command_run(console, text))
        console_flash(console, ROLE_WARN, "no such command; ? lists what there is");
    else if (kind == PROMPT_WRITE && text.n)
        export_write(console, console->input.p);
    else if (kind == PROMPT_FILTER && top) {
        if (!grid_filter(&top->grid, text))
            console_flash(console, ROLE_BAD, "no memory for a filter");
        else if (top->grid.total > json_array_size(top->grid.items))
            console_flash(console, ROLE_DIM, "the filter looks at the rows around the cursor only");
    } else if (kind == PROMPT_SEARCH && top && !grid_search(&top->grid, text))
        console_flash(console, ROLE_DIM,
            top->grid.total > json_array_size(top->grid.items) ? "not found in the rows around the cursor"
                                                               : "not found");
}

void prompt_key(struct console *console, const struct key *key)
{
    enum prompt_kind kind = console->prompt;
    char bytes[4];
    if (kind == PROMPT_QUIT) {
        if (key->dead)
            return;
        console->quit = key->code == 'y' || key->code == 'Y';
        close_prompt(console);
    } else if (key->code == KEY_CODE_ESCAPE)
        close_prompt(console);
    else if (key->code == KEY_CODE_ENTER) {
        close_prompt(console);
        take(console, kind);
    } else if (key->code == KEY_CODE_BACKSPACE)
        console->input.n ? view_erase(&console->input) : close_prompt(console);
    else if (key->code == ('U' & 0x1F))
        buf_reset(&console->input);
    else if (key->code == KEY_CODE_TAB && kind == PROMPT_COMMAND)
        command_complete(&console->input);
    else if (key->code >= 0x20 && key->code < KEY_CODE_UP && console->input.n + 8 < MOST_INPUT)
        buf_add(&console->input, bytes, utf8_encode(key->code, bytes));
}
