#include "tui/core/keymap.h"

#define CONTROL(letter) ((letter)&0x1F)

/* In the order of the hint line and of help. */
static const struct keymap_row rows[] = {
    {REQUEST_ENTER, "Enter", "open", "go into what the cursor is on", {KEY_CODE_ENTER}, false, NULL},
    {REQUEST_BACK, "Esc", "back", "back; first clears the filter", {KEY_CODE_ESCAPE}, false, NULL},
    {REQUEST_SUGGEST, "s", "suggestion", "rehearses what would mend it; again: the next", {'s'}, false, NULL},
    {REQUEST_REDRIVE, "R", "re-drive", "reads it once more, after a dialog", {'R'}, true, "operator"},
    {REQUEST_APPROVE, "A", "approve", "lets a request run, after a dialog", {'A'}, true, "approver"},
    {REQUEST_DECLINE, "X", "decline", "refuses a request, after a dialog", {'X'}, true, "approver"},
    {REQUEST_PAUSE, "p", "pause", "no more files of a request are begun, after a dialog; again: they are", {'p'}, true,
        "operator"},
    {REQUEST_RATE, "P", NULL, "so many files of a request a time at most, after a dialog", {'P'}, true, "operator"},
    {REQUEST_CANCEL, "C", "cancel", "ends a request; what is finished stays, after a dialog", {'C'}, true, "operator"},
    {REQUEST_DISCARD, "D", "discard", "closes a quarantined file or rejected rows for good, after a dialog", {'D'},
        true, "operator"},
    {REQUEST_WITHDRAW, "W", "withdraw", "takes back what a run has loaded, after a dialog", {'W'}, true, "operator"},
    {REQUEST_ACKNOWLEDGE, "a", "acknowledge", "tells others that one looks after it, after a dialog", {'a'}, true,
        "operator"},
    {REQUEST_EDIT, "e", "edit", "edits a cell of a rejected row or file, over its bytes", {'e'}, true, "operator"},
    {REQUEST_UNDO, "Z", NULL, "takes the last edit back", {'Z'}, true, "operator"},
    {REQUEST_ORIGINAL, "v", NULL, "the file itself, as it is read without its contract", {'v'}, false, NULL},
    {REQUEST_MARK, "Space", NULL, "marks what the cursor is on, and goes on", {' '}, false, NULL},
    {REQUEST_RANGE, "V", NULL, "begins a range; again: marks it", {'V'}, false, NULL},
    {REQUEST_MARK_SAME, "*", NULL, "marks all of the same cause", {'*'}, false, NULL},
    {REQUEST_UNMARK, "u", NULL, "takes a mark away", {'u'}, false, NULL},
    {REQUEST_UNMARK_ALL, "U", NULL, "takes all marks away", {'U'}, false, NULL},
    {REQUEST_TAB, "Tab", "switch", "the next tab of this screen", {KEY_CODE_TAB, KEY_CODE_BACK_TAB}, false, NULL},
    {REQUEST_NEXT_FAILING, "]", "next bad", "the next failing cell", {']', '>'}, false, NULL},
    {REQUEST_PREVIOUS_FAILING, "[", NULL, "the failing cell before", {'[', '<'}, false, NULL},
    {REQUEST_FREQUENCY, "f", "frequencies", "how often each value stands in this column", {'f'}, false, NULL},
    {REQUEST_SEARCH, "/", "search", "search", {'/'}, false, NULL},
    {REQUEST_FILTER, "\\", "filter", "only lines that hold a text; with ! before it, those that do not", {'\\', '&'},
        false, NULL},
    {REQUEST_NEXT_MATCH, "n", NULL, "the next match", {'n'}, false, NULL},
    {REQUEST_PREVIOUS_MATCH, "N", NULL, "the match before", {'N'}, false, NULL},
    {REQUEST_SORT, "o", "sort", "sort by the next column", {'o'}, false, NULL},
    {REQUEST_REVERSE, "O", NULL, "turn the order round", {'O'}, false, NULL},
    {REQUEST_DOWN, "j, Down", NULL, "one down", {'j', KEY_CODE_DOWN}, false, NULL},
    {REQUEST_UP, "k, Up", NULL, "one up", {'k', KEY_CODE_UP}, false, NULL},
    {REQUEST_LEFT, "h, Left", NULL, "one column to the left", {'h', KEY_CODE_LEFT}, false, NULL},
    {REQUEST_RIGHT, "l, Right", NULL, "one column to the right", {'l', KEY_CODE_RIGHT}, false, NULL},
    {REQUEST_FIRST, "g, Home", NULL, "the first line", {'g', KEY_CODE_HOME}, false, NULL},
    {REQUEST_LAST, "G, End", NULL, "the last line", {'G', KEY_CODE_END}, false, NULL},
    {REQUEST_HALF_DOWN, "Ctrl-D", NULL, "half a screen down", {CONTROL('D')}, false, NULL},
    {REQUEST_HALF_UP, "Ctrl-U", NULL, "half a screen up", {CONTROL('U')}, false, NULL},
    {REQUEST_PAGE_DOWN, "PgDn", NULL, "a screen down", {KEY_CODE_PAGE_DOWN, CONTROL('F')}, false, NULL},
    {REQUEST_PAGE_UP, "PgUp", NULL, "a screen up", {KEY_CODE_PAGE_UP, CONTROL('B')}, false, NULL},
    {REQUEST_OVERVIEW, "1", NULL, "overview", {'1'}, false, NULL},
    {REQUEST_RUNS, "2", NULL, "runs", {'2'}, false, NULL},
    {REQUEST_REJECTS, "3", NULL, "rejects", {'3'}, false, NULL},
    {REQUEST_REQUESTS, "4", NULL, "requests: what waits for approval, and what became of it", {'4'}, false, NULL},
    {REQUEST_AUDIT, "5", NULL, "audit: who did what", {'5'}, false, NULL},
    {REQUEST_HANDOVER, "Y", "hand over", "a block of text for the ticket: run, cause, sample rows, command", {'Y'},
        true, NULL},
    {REQUEST_COPY, "y", NULL, "copy to the terminal's clipboard", {'y'}, true, NULL},
    {REQUEST_WRITE, "w", NULL, "write to a file", {'w'}, true, NULL},
    {REQUEST_REFRESH, "r", NULL, "ask again", {'r'}, false, NULL},
    {REQUEST_FREEZE, "F", NULL, "leave this screen as it is; again: follow what others do", {'F'}, false, NULL},
    {REQUEST_COMMAND, ":", NULL, "command: run ID, a row number, overview, runs, rejects, requests, audit, help, q",
        {':'}, false, NULL},
    {REQUEST_CLOSE, "q", "close", "close this screen", {'q'}, false, NULL},
    {REQUEST_QUIT, "Q", NULL, "quit", {'Q'}, false, NULL},
    {REQUEST_HELP, "?, F1", "help", "this help", {'?', KEY_CODE_F1}, false, NULL},
    {REQUEST_SUSPEND, "Ctrl-Z", NULL, "suspend", {CONTROL('Z')}, false, NULL},
    {REQUEST_REPAINT, "Ctrl-L", NULL, "paint the screen anew", {CONTROL('L')}, false, NULL},
};

const struct keymap_row *keymap_rows(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

enum request keymap_find(uint32_t key)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < KEYMAP_KEYS; k++)
            if (key && rows[i].keys[k] == key)
                return rows[i].request;
    return REQUEST_NONE;
}

const struct keymap_row *keymap_row(enum request request)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].request == request)
            return &rows[i];
    return NULL;
}

enum request keymap_request(const struct key *key)
{
    enum request request = keymap_find(key->code);
    const struct keymap_row *row = keymap_row(request);
    return key->dead && row && row->acts ? REQUEST_NONE : request;
}
