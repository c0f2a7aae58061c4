/* The dialog before anything is done: what it asks for, when it refuses to, and what a lost link leaves. */
#include "tests/unit/tui/view/host.h"
#include "tui/view/dialog.h"

#include <string.h>

enum { TAG_DO, TAG_HELLO, TAG_REHEARSAL, TAG_OUTCOME };

static const char rehearsal_text[] =
    "{\"outcome\":\"would-load\",\"rows\":39812,\"would_pass\":39790,\"would_fail\":22,\"duplicates\":0,"
    "\"filtered\":0,\"hash\":\"9f3c\"}";
static const char requested_text[] = "{\"items\":[{\"request\":\"01REQ\",\"state\":\"requested\",\"files\":1}]}";

static void press(struct host *host, uint32_t code)
{
    struct key key = {.code = code};
    if (!host->view->type->key(host->view, &key))
        host->view->type->request(host->view, keymap_request(&key));
}

static void type(struct host *host, const char *text)
{
    for (; *text; text++)
        press(host, (unsigned char)*text);
}

/* As s on the reason of a cause with so many files opens it; 0: of one file. */
static void open_cause(struct host *host, const char *environment, int files)
{
    struct host opener;
    json_t *overrides = json_pack("{s:{s:s}}", "map", "Price EUR", "unit_price");
    char hello[128];
    host_begin(&opener, &view_help, files ? json_pack("{s:i}", "files", files) : json_object());
    dialog_redrive(opener.view, "01RUN", files ? 7 : 0, overrides, "labels that look alike");
    assert_ptr_equal(opener.opened, &view_dialog);
    host_begin(host, &view_dialog, json_incref(opener.opened_arguments));
    json_decref(overrides);
    host_end(&opener);
    snprintf(hello, sizeof hello, "{\"environment\":{\"name\":\"%s\"}}", environment);
    host_tell(host, TAG_HELLO, hello);
}

static void open_redrive(struct host *host, const char *environment)
{
    open_cause(host, environment, 0);
}

static bool shows(struct host *host, const char *words)
{
    struct canvas canvas;
    struct err err;
    struct buf text;
    assert_true(canvas_init(&canvas, HOST_HEIGHT, HOST_WIDTH, false, &err));
    host->view->type->draw(host->view, &canvas, 0, HOST_HEIGHT);
    buf_init(&text, 65536);
    for (int y = 0; y < HOST_HEIGHT; y++) {
        canvas_row_text(&canvas, y, &text);
        buf_add_byte(&text, '\n');
    }
    bool found = strstr(text.p, words) != NULL;
    buf_dispose(&text);
    canvas_dispose(&canvas);
    return found;
}

static bool asked_redrive(const struct host *host)
{
    return strcmp(host->method, "redrive") == 0;
}

static void shows_what_would_be_done(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    assert_string_equal(host.method, "rehearse");
    assert_true(shows(&host, "under way"));
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    host_check(&host, "\n"
                      "  Re-drive this file\n"
                      "\n"
                      "   environment night\n"
                      "   run         01RUN\n"
                      "   overrides   --map 'Price EUR=unit_price'\n"
                      "   why         labels that look alike\n"
                      "   rehearsal   it would load\n"
                      "               39,812 rows: 39,790 pass, 22 fail\n"
                      "   bound to    9f3c\n"
                      "   the same    sluice redrive 01RUN --map 'Price EUR=unit_price' --reason ''\n"
                      "\n"
                      "   reason\n"
                      "\n"
                      "\n"
                      "\n"
                      "\n"
                      "\n"
                      "    >Cancel<      Ask\n");
    host_end(&host);
}

static void enter_alone_cancels(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, KEY_CODE_ENTER);
    assert_true(host.closed);
    assert_false(asked_redrive(&host));
    host_end(&host);
}

static void asks_with_a_reason(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, KEY_CODE_TAB);
    type(&host, " ");
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_false(asked_redrive(&host));
    assert_non_null(strstr(host.flash, "a reason is needed"));
    press(&host, KEY_CODE_BACK_TAB);
    type(&host, "it's new");
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_true(asked_redrive(&host));
    assert_string_equal(json_string_value(json_object_get(host.params, "reason")), " it's new");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(host.params, "map"), 0)), "Price EUR=unit_price");
    host_tell(&host, TAG_DO, requested_text);
    assert_true(shows(&host, "waits for somebody else: sluice approve 01REQ"));
    host_end(&host);
}

static bool asks_when_typed(int files, const char *count)
{
    struct host host;
    open_cause(&host, "prod-eu", files);
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, KEY_CODE_TAB);
    type(&host, "why not");
    press(&host, KEY_CODE_TAB);
    type(&host, count);
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    bool asked = asked_redrive(&host);
    host_end(&host);
    return asked;
}

/* The rows of one file, the files of a cause. */
static void production_wants_the_count(void **state)
{
    (void)state;
    static const struct {
        int files;
        const char *typed;
        bool done;
    } cases[] = {{0, "39812", true}, {0, "39,812", true}, {0, "", false}, {0, "39813", false}, {0, "3981", false},
        {0, "39x812", false}, {40, "40", true}, {40, "39,812", false}, {40, "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (asks_when_typed(cases[i].files, cases[i].typed) != cases[i].done)
            fail_msg("%d files, typed \"%s\"", cases[i].files, cases[i].typed);
}

static void what_fails_again_is_not_asked_for(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(
        &host, TAG_REHEARSAL, "{\"outcome\":\"would-quarantine\",\"message\":\"no column unit_price\",\"rows\":0}");
    assert_true(shows(&host, "no column unit_price"));
    press(&host, KEY_CODE_TAB);
    type(&host, "hope");
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_false(asked_redrive(&host));
    host_end(&host);
}

/* What the program says to a screen whose question was under way when the link broke. */
static void lose_link(struct host *host, int tag)
{
    struct err err;
    (void)ERR(&err, ERR_INTERRUPTED, "the link broke before the answer");
    host->view->type->refused(host->view, tag, &err);
}

static void a_lost_rehearsal_is_asked_for_again(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    lose_link(&host, TAG_REHEARSAL);
    host.method[0] = '\0';
    host.view->type->load(host.view);
    assert_string_equal(host.method, "rehearse");
    assert_true(shows(&host, "under way"));
    /* once */
    host.method[0] = '\0';
    host.view->type->load(host.view);
    assert_string_equal(host.method, "");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    host.view->type->load(host.view);
    assert_string_equal(host.method, "");
    host_end(&host);
}

static void a_lost_answer_is_asked_after(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, KEY_CODE_TAB);
    type(&host, "new till software");
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_true(shows(&host, "the agent is at it"));
    lose_link(&host, TAG_DO);
    assert_true(shows(&host, "the link broke before the answer: what came of it shows once it is back"));
    /* back again: what became of it, by the name it was asked under */
    const char *client = json_string_value(json_object_get(host.params, "client"));
    char asked[64];
    snprintf(asked, sizeof asked, "%s", client ? client : "");
    assert_int_equal(strlen(asked), 26);
    host.view->type->load(host.view);
    assert_string_equal(host.method, "outcome");
    assert_string_equal(json_string_value(json_object_get(host.params, "client")), asked);
    host_tell(&host, TAG_OUTCOME, "{\"known\":false}");
    assert_false(shows(&host, "the agent is at it"));
    assert_true(shows(&host, "nothing stands of it so far"));
    assert_true(shows(&host, ">Cancel<"));
    assert_true(shows(&host, "new till software"));
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_would_be_done),
        cmocka_unit_test(enter_alone_cancels),
        cmocka_unit_test(asks_with_a_reason),
        cmocka_unit_test(production_wants_the_count),
        cmocka_unit_test(what_fails_again_is_not_asked_for),
        cmocka_unit_test(a_lost_rehearsal_is_asked_for_again),
        cmocka_unit_test(a_lost_answer_is_asked_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
