/*
 * Bytes of a terminal as keys. A slow link splits escape sequences: an Esc that nothing follows at once is the key Esc,
 * and the rest of the sequence, should it still come, is dropped, and acting keys are dead for a while. Pastes arrive
 * between brackets; what is pasted outside a text field is thrown away. Time is the caller's, in microseconds.
 */
#ifndef TUI_CORE_KEYBOARD_H
#define TUI_CORE_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEYBOARD_ESCAPE_US = 25000,  /* an Esc alone for so long is the key */
    KEYBOARD_DEAD_US = 500000,   /* between bytes of a split sequence, and behind the last */
    KEYBOARD_PASTE_US = 3000000, /* a paste whose end does not come is over */
    KEYBOARD_QUEUE = 64,
};

/* A key is a code point, a control code (^D is 4), or one of these. */
enum key_code {
    KEY_CODE_ENTER = '\r',
    KEY_CODE_TAB = '\t',
    KEY_CODE_ESCAPE = 27,
    KEY_CODE_UP = 0x110000,
    KEY_CODE_DOWN,
    KEY_CODE_LEFT,
    KEY_CODE_RIGHT,
    KEY_CODE_HOME,
    KEY_CODE_END,
    KEY_CODE_PAGE_UP,
    KEY_CODE_PAGE_DOWN,
    KEY_CODE_DELETE,
    KEY_CODE_BACKSPACE,
    KEY_CODE_BACK_TAB,
    KEY_CODE_F1,
};

struct key {
    uint32_t code;
    bool dead;   /* it may be a piece of a sequence: no acting key */
    bool pasted; /* text from a paste */
};

struct keyboard {
    int state;
    int64_t last, dead_until; /* when the last byte came */
    char parameters[16];
    size_t parameter_count;
    int swallow; /* bytes of a mouse report still to come */
    uint32_t code_point;
    int continuation;
    size_t end_matched; /* bytes of a paste's end seen */
    bool text_field;    /* a text field is open: pastes are wanted */
    struct key queue[KEYBOARD_QUEUE];
    size_t first, count;
};

void keyboard_init(struct keyboard *keyboard);
void keyboard_feed(struct keyboard *keyboard, unsigned char byte, int64_t now);
/* What only time decides. */
void keyboard_tick(struct keyboard *keyboard, int64_t now);
/* When keyboard_tick() is wanted; -1: never. */
int64_t keyboard_deadline(const struct keyboard *keyboard);
bool keyboard_take(struct keyboard *keyboard, struct key *key);

#endif
