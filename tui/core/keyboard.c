#include "tui/core/keyboard.h"

#include <string.h>

enum state {
    GROUND,
    ESCAPE,       /* Esc came, nothing since */
    CSI,          /* Esc [ came */
    SS3,          /* Esc O came */
    CONSOLE,      /* Esc [ [ came: a function key of the Linux console */
    STRING,       /* an answer of the terminal, up to BEL or Esc \ */
    STRING_END,   /* its Esc came */
    MOUSE,        /* Esc [ M came: three bytes of a mouse report */
    AFTER_ESCAPE, /* the key Esc was given; the rest of a sequence may still come */
    DROP_CSI,
    DROP_SS3,
    DROP_CONSOLE,
    PASTE,
};

static const char paste_end[] = "\033[201~";

void keyboard_init(struct keyboard *keyboard)
{
    memset(keyboard, 0, sizeof *keyboard);
    keyboard->last = keyboard->dead_until = INT64_MIN / 2;
}

static void give(struct keyboard *keyboard, uint32_t code, int64_t now, bool pasted)
{
    if (keyboard->count == KEYBOARD_QUEUE)
        return;
    size_t at = (keyboard->first + keyboard->count++) % KEYBOARD_QUEUE;
    keyboard->queue[at] = (struct key){.code = code, .dead = now < keyboard->dead_until, .pasted = pasted};
}

bool keyboard_take(struct keyboard *keyboard, struct key *key)
{
    if (!keyboard->count)
        return false;
    *key = keyboard->queue[keyboard->first];
    keyboard->first = (keyboard->first + 1) % KEYBOARD_QUEUE;
    keyboard->count--;
    return true;
}

static void give_escape(struct keyboard *keyboard, int64_t at)
{
    give(keyboard, KEY_CODE_ESCAPE, at, false);
    keyboard->dead_until = at + KEYBOARD_DEAD_US;
}

static int64_t patience(int state)
{
    return state == GROUND                     ? -1
           : state == ESCAPE                   ? KEYBOARD_ESCAPE_US
           : state == PASTE || state == STRING ? KEYBOARD_PASTE_US
                                               : KEYBOARD_DEAD_US;
}

int64_t keyboard_deadline(const struct keyboard *keyboard)
{
    /* only the key Esc is waited for; all else is judged when the next byte comes */
    return keyboard->state == ESCAPE ? keyboard->last + KEYBOARD_ESCAPE_US : -1;
}

void keyboard_tick(struct keyboard *keyboard, int64_t now)
{
    int64_t most = patience(keyboard->state);
    bool over = most >= 0 && now - keyboard->last > (keyboard->state == ESCAPE ? most - 1 : most);
    if (!over)
        return;
    if (keyboard->state == ESCAPE) {
        give_escape(keyboard, keyboard->last);
        keyboard->state = AFTER_ESCAPE;
        if (now - keyboard->last > KEYBOARD_DEAD_US)
            keyboard->state = GROUND;
        return;
    }
    keyboard->state = GROUND;
}

/* ---- sequences ---- */

static void give_sequence(struct keyboard *keyboard, char final, int64_t now)
{
    static const struct {
        char final;
        int parameter; /* of those that end in ~ */
        uint32_t code;
    } known[] = {
        {'A', 0, KEY_CODE_UP},
        {'B', 0, KEY_CODE_DOWN},
        {'C', 0, KEY_CODE_RIGHT},
        {'D', 0, KEY_CODE_LEFT},
        {'H', 0, KEY_CODE_HOME},
        {'F', 0, KEY_CODE_END},
        {'Z', 0, KEY_CODE_BACK_TAB},
        {'P', 0, KEY_CODE_F1},
        {'M', 0, KEY_CODE_ENTER},
        {'~', 1, KEY_CODE_HOME},
        {'~', 3, KEY_CODE_DELETE},
        {'~', 4, KEY_CODE_END},
        {'~', 5, KEY_CODE_PAGE_UP},
        {'~', 6, KEY_CODE_PAGE_DOWN},
        {'~', 7, KEY_CODE_HOME},
        {'~', 8, KEY_CODE_END},
        {'~', 11, KEY_CODE_F1},
    };
    int parameter = 0;
    for (size_t i = 0; i < keyboard->parameter_count && keyboard->parameters[i] != ';'; i++)
        if (keyboard->parameters[i] >= '0' && keyboard->parameters[i] <= '9' && parameter < 1000)
            parameter = parameter * 10 + (keyboard->parameters[i] - '0');
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].final == final && (final != '~' || known[i].parameter == parameter)) {
            give(keyboard, known[i].code, now, false);
            return;
        }
}

static bool is_paste(const struct keyboard *keyboard, char final)
{
    return final == '~' && keyboard->parameter_count == 3 && memcmp(keyboard->parameters, "200", 3) == 0;
}

static void begin_sequence(struct keyboard *keyboard, int state)
{
    keyboard->state = state;
    keyboard->parameter_count = 0;
}

static void feed(struct keyboard *keyboard, unsigned char byte, int64_t now);

/* dropped: the Esc of this sequence was given as a key, so what follows it is none. */
static void feed_csi(struct keyboard *keyboard, unsigned char byte, int64_t now, bool dropped)
{
    if (byte == '[' && keyboard->parameter_count == 0)
        keyboard->state = dropped ? DROP_CONSOLE : CONSOLE;
    else if (byte >= 0x20 && byte < 0x40) {
        if (keyboard->parameter_count < sizeof keyboard->parameters)
            keyboard->parameters[keyboard->parameter_count++] = (char)byte;
    } else if (byte >= 0x40 && byte < 0x7F) {
        keyboard->state = GROUND;
        if (is_paste(keyboard, (char)byte)) {
            keyboard->state = PASTE;
            keyboard->end_matched = 0;
        } else if (byte == 'M' && keyboard->parameter_count == 0) {
            keyboard->state = MOUSE;
            keyboard->swallow = 3;
        } else if (!dropped)
            give_sequence(keyboard, (char)byte, now);
    } else {
        keyboard->state = GROUND;
        feed(keyboard, byte, now);
    }
}

static void feed_escape(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    if (byte == '[')
        begin_sequence(keyboard, CSI);
    else if (byte == 'O')
        begin_sequence(keyboard, SS3);
    else if (byte == ']' || byte == 'P' || byte == '_' || byte == '^')
        keyboard->state = STRING;
    else {
        give_escape(keyboard, now);
        keyboard->state = GROUND;
        feed(keyboard, byte, now);
    }
}

static void feed_after_escape(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    if (byte == '[' || byte == 'O') {
        keyboard->dead_until = now + KEYBOARD_DEAD_US;
        begin_sequence(keyboard, byte == '[' ? DROP_CSI : DROP_SS3);
        return;
    }
    keyboard->state = GROUND;
    feed(keyboard, byte, now);
}

/* ---- text ---- */

static void feed_text(struct keyboard *keyboard, unsigned char byte, int64_t now, bool pasted)
{
    if (byte >= 0x80 && byte < 0xC0 && keyboard->continuation) {
        keyboard->code_point = keyboard->code_point << 6 | (byte & 0x3Fu);
        if (--keyboard->continuation == 0)
            give(keyboard, keyboard->code_point, now, pasted);
        return;
    }
    keyboard->continuation = 0;
    if (byte >= 0xC2 && byte < 0xF5) {
        keyboard->continuation = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
        keyboard->code_point = byte & (0x3Fu >> keyboard->continuation);
    } else if (pasted ? byte >= 0x20 && byte < 0x7F : byte < 0x80)
        give(keyboard,
            byte == 0x7F || byte == 8 ? KEY_CODE_BACKSPACE
            : byte == '\n'            ? KEY_CODE_ENTER
                                      : byte,
            now, pasted);
}

static void feed_paste(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    if ((char)byte == paste_end[keyboard->end_matched]) {
        if (!paste_end[++keyboard->end_matched]) {
            keyboard->state = GROUND;
            keyboard->dead_until = now + KEYBOARD_DEAD_US;
        }
        return;
    }
    keyboard->end_matched = byte == 27 ? 1 : 0;
    if (keyboard->text_field && byte != 27)
        feed_text(keyboard, byte, now, true);
}

static void feed_ground(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    if (byte == 27)
        keyboard->state = ESCAPE;
    else
        feed_text(keyboard, byte, now, false);
}

static void feed_string(struct keyboard *keyboard, unsigned char byte)
{
    if (byte == 7 || keyboard->state == STRING_END)
        keyboard->state = GROUND;
    else if (byte == 27)
        keyboard->state = STRING_END;
}

static void feed(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    switch (keyboard->state) {
    case ESCAPE:
        feed_escape(keyboard, byte, now);
        break;
    case CSI:
        feed_csi(keyboard, byte, now, false);
        break;
    case DROP_CSI:
        keyboard->dead_until = now + KEYBOARD_DEAD_US;
        feed_csi(keyboard, byte, now, true);
        break;
    case SS3:
        keyboard->state = GROUND;
        give_sequence(keyboard, (char)byte, now);
        break;
    case CONSOLE:
        keyboard->state = GROUND;
        if (byte == 'A')
            give(keyboard, KEY_CODE_F1, now, false);
        break;
    case DROP_SS3:
    case DROP_CONSOLE:
        keyboard->dead_until = now + KEYBOARD_DEAD_US;
        keyboard->state = GROUND;
        break;
    case MOUSE:
        keyboard->dead_until = now + KEYBOARD_DEAD_US;
        keyboard->state = --keyboard->swallow ? MOUSE : GROUND;
        break;
    case STRING:
    case STRING_END:
        feed_string(keyboard, byte);
        break;
    case AFTER_ESCAPE:
        feed_after_escape(keyboard, byte, now);
        break;
    case PASTE:
        feed_paste(keyboard, byte, now);
        break;
    default:
        feed_ground(keyboard, byte, now);
    }
}

void keyboard_feed(struct keyboard *keyboard, unsigned char byte, int64_t now)
{
    keyboard_tick(keyboard, now);
    feed(keyboard, byte, now);
    keyboard->last = now;
}
