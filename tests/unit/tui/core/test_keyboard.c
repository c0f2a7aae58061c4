#include "tui/core/keyboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000, MOST_KEYS = 64 };

struct typed {
    struct keyboard keyboard;
    int64_t now;
    struct key keys[MOST_KEYS];
    size_t count;
};

static void begin(struct typed *typed)
{
    memset(typed, 0, sizeof *typed);
    keyboard_init(&typed->keyboard);
    typed->now = 1000000;
}

static void collect(struct typed *typed)
{
    while (typed->count < MOST_KEYS && keyboard_take(&typed->keyboard, &typed->keys[typed->count]))
        typed->count++;
}

static void type(struct typed *typed, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keyboard_feed(&typed->keyboard, (unsigned char)bytes[i], typed->now);
    collect(typed);
}

/* Time passes as the loop would have it: it wakes at the deadline. */
static void pause(struct typed *typed, int64_t milliseconds)
{
    int64_t until = typed->now + milliseconds * MS, deadline = keyboard_deadline(&typed->keyboard);
    if (deadline >= 0 && deadline <= until)
        keyboard_tick(&typed->keyboard, deadline);
    collect(typed);
    typed->now = until;
}

static const struct {
    const char *bytes;
    uint32_t code; /* 0: nothing */
} sequences[] = {
    {"\033[A", KEY_CODE_UP},
    {"\033[B", KEY_CODE_DOWN},
    {"\033[C", KEY_CODE_RIGHT},
    {"\033[D", KEY_CODE_LEFT},
    {"\033OA", KEY_CODE_UP},
    {"\033OD", KEY_CODE_LEFT},
    {"\033OP", KEY_CODE_F1},
    {"\033[1;5A", KEY_CODE_UP},
    {"\033[H", KEY_CODE_HOME},
    {"\033[F", KEY_CODE_END},
    {"\033[1~", KEY_CODE_HOME},
    {"\033[4~", KEY_CODE_END},
    {"\033[5~", KEY_CODE_PAGE_UP},
    {"\033[6~", KEY_CODE_PAGE_DOWN},
    {"\033[3~", KEY_CODE_DELETE},
    {"\033[Z", KEY_CODE_BACK_TAB},
    {"\033[11~", KEY_CODE_F1},
    {"\033[[A", KEY_CODE_F1},
    {"\033[24~", 0},
    {"\033[I", 0},
    {"\033[?1;2c", 0},
    {"\033[MRAD", 0},
    {"\033]11;rgb:AAAA/DDDD/RRRR\a", 0},
    {"\033[200~ARDW\r\033[201~", 0},
};

static void knows_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        struct typed typed;
        begin(&typed);
        type(&typed, sequences[i].bytes, strlen(sequences[i].bytes));
        pause(&typed, 50);
        assert_int_equal(typed.count, sequences[i].code ? 1 : 0);
        if (sequences[i].code)
            assert_int_equal(typed.keys[0].code, sequences[i].code);
        /* and the next key is itself */
        pause(&typed, 1000);
        typed.count = 0;
        type(&typed, "j", 1);
        assert_int_equal(typed.count, 1);
        assert_int_equal(typed.keys[0].code, 'j');
        assert_false(typed.keys[0].dead);
    }
}

/* No letter of a split sequence may arrive as one that acts. */
static void check_harmless(const struct typed *typed)
{
    for (size_t i = 0; i < typed->count; i++) {
        uint32_t code = typed->keys[i].code;
        assert_true(code == KEY_CODE_ESCAPE || code >= KEY_CODE_UP);
    }
}

static void split_sequences_act_on_nothing(void **state)
{
    (void)state;
    static const int gaps[] = {30, 60, 100, 200, 300, 400};
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        const char *bytes = sequences[i].bytes;
        size_t n = strlen(bytes);
        if (bytes[1] == ']')
            continue; /* an answer to a question that is never asked; a split one is judged by its own test */
        for (size_t at = 1; at < n; at++)
            for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
                struct typed typed;
                begin(&typed);
                type(&typed, bytes, at);
                pause(&typed, gaps[g]);
                type(&typed, bytes + at, n - at);
                pause(&typed, 100);
                check_harmless(&typed);
            }
    }
}

static void every_byte_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        const char *bytes = sequences[i].bytes;
        if (bytes[1] == ']')
            continue;
        for (int gap = 30; gap <= 400; gap += 10) {
            struct typed typed;
            begin(&typed);
            for (size_t b = 0; bytes[b]; b++) {
                type(&typed, bytes + b, 1);
                pause(&typed, gap);
            }
            check_harmless(&typed);
        }
    }
}

static void acting_keys_are_dead_for_a_while(void **state)
{
    (void)state;
    struct typed typed;
    begin(&typed);
    type(&typed, "\033", 1);
    pause(&typed, 300);
    type(&typed, "[D", 2);
    pause(&typed, 499);
    type(&typed, "R", 1);
    assert_int_equal(typed.count, 2);
    assert_int_equal(typed.keys[0].code, KEY_CODE_ESCAPE);
    assert_int_equal(typed.keys[1].code, 'R');
    assert_true(typed.keys[1].dead);
    pause(&typed, 2);
    type(&typed, "R", 1);
    assert_int_equal(typed.count, 3);
    assert_false(typed.keys[2].dead);
}

static void escape_alone_comes_at_once(void **state)
{
    (void)state;
    struct typed typed;
    begin(&typed);
    type(&typed, "\033", 1);
    assert_int_equal(typed.count, 0);
    assert_int_equal(keyboard_deadline(&typed.keyboard), typed.now + 25 * MS);
    pause(&typed, 25);
    assert_int_equal(typed.count, 1);
    assert_int_equal(keyboard_deadline(&typed.keyboard), -1);
    /* after half a second '[' is the key again */
    pause(&typed, 501);
    type(&typed, "[", 1);
    assert_int_equal(typed.count, 2);
    assert_int_equal(typed.keys[1].code, '[');
}

static void pastes_go_to_text_fields_only(void **state)
{
    (void)state;
    struct typed typed;
    begin(&typed);
    typed.keyboard.text_field = true;
    type(&typed, "\033[200~a\xc3\xa9\033\n\x07z\033[201~", 18);
    assert_int_equal(typed.count, 3);
    assert_int_equal(typed.keys[0].code, 'a');
    assert_int_equal(typed.keys[1].code, 0xe9);
    assert_int_equal(typed.keys[2].code, 'z');
    assert_true(typed.keys[2].pasted);
}

static void a_paste_without_end_is_over(void **state)
{
    (void)state;
    struct typed typed;
    begin(&typed);
    type(&typed, "\033[200~ADR", 9);
    pause(&typed, 3100);
    type(&typed, "j", 1);
    assert_int_equal(typed.count, 1);
    assert_int_equal(typed.keys[0].code, 'j');
}

static void reads_utf8(void **state)
{
    (void)state;
    struct typed typed;
    begin(&typed);
    type(&typed, "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80\x80\xff\x7f", 12);
    assert_int_equal(typed.count, 4);
    assert_int_equal(typed.keys[0].code, 0xe9);
    assert_int_equal(typed.keys[1].code, 0x65e5);
    assert_int_equal(typed.keys[2].code, 0x1f600);
    assert_int_equal(typed.keys[3].code, KEY_CODE_BACKSPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_sequences),
        cmocka_unit_test(split_sequences_act_on_nothing),
        cmocka_unit_test(every_byte_apart),
        cmocka_unit_test(acting_keys_are_dead_for_a_while),
        cmocka_unit_test(escape_alone_comes_at_once),
        cmocka_unit_test(pastes_go_to_text_fields_only),
        cmocka_unit_test(a_paste_without_end_is_over),
        cmocka_unit_test(reads_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
