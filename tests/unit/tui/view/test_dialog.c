/* The dialog before anything is done: what it asks for, when it refuses to, and what a lost link leaves. */
#include "tests/unit/tui/view/host.h"
#include "tui/view/dialog.h"

#include <string.h>

enum { TAG_DO, TAG_HELLO, TAG_REHEARSAL, TAG_OUTCOME };

static const char rehearsal_text[] =
    "{\"outcome\":\"would-load\",\"rows\":39812,\"would_pass\":39790,\"would_fail\":22,\"duplicates\":0,"
    "\"filtered\":0,\"hash\":\"9f3c\",\"causes\":[{\"code\":\"missing-label\",\"column\":\"\",\"before\":1,"
    "\"after\":0,\"samples\":[]},{\"code\":\"type-error\",\"column\":\"unit_price\",\"before\":39812,"
    "\"after\":22,\"samples\":[\"n/a\",\"1,2\"]}]}";
static const char requested_text[] = "{\"items\":[{\"request\":\"01REQ\",\"state\":\"requested\",\"files\":1}]}";

static void init_nothing(struct view *view)
{
    grid_init(&view->grid, NULL, 0, 0);
}

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

static const struct view_type opener_type = {.name = "opener", .init = init_nothing, .load = init_nothing};

/* As a screen opens it for a subject, with the suggestions that its ideas text has; the dialog knows the environment.
 */
static void open_subject(struct host *host, const char *environment, struct redrive_subject subject, const char *ideas)
{
    struct host opener;
    json_t *list = ideas ? json_loads(ideas, 0, NULL) : NULL;
    char hello[128];
    host_begin(&opener, &opener_type, json_object());
    subject.ideas = list;
    dialog_redrive(opener.view, &subject, 1, ideas ? 0 : NO_IDEA);
    assert_ptr_equal(opener.opened, &view_dialog);
    host_begin(host, &view_dialog, json_incref(opener.opened_arguments));
    json_decref(list);
    host_end(&opener);
    snprintf(hello, sizeof hello, "{\"environment\":{\"name\":\"%s\"}}", environment);
    host_tell(host, TAG_HELLO, hello);
}

static const char ideas_text[] =
    "[{\"overrides\":{\"map\":{\"Price EUR\":\"unit_price\"}},\"why\":\"labels that look alike\"},"
    "{\"overrides\":{\"dialect.delimiter\":\";\"},\"why\":\"it parts more columns\"}]";

/* As s on the reason of a cause with so many files opens it; 0: of one file. */
static void open_cause(struct host *host, const char *environment, int files)
{
    open_subject(host, environment, (struct redrive_subject){.run = "01RUN", .cause = files ? 7 : 0, .count = files},
        ideas_text);
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
    host_check(&host, "  Re-drive this file\n"
                      "\n"
                      "   environment night\n"
                      "   run         01RUN\n"
                      "   overrides   --map 'Price EUR=unit_price'\n"
                      "   why         labels that look alike\n"
                      "   rules       [as they are now]  the same as then\n"
                      "   for         [these alone]  until a time   contract\n"
                      "   rehearsal   it would load, 39,812 rows: 39,790 pass, 22 fail\n"
                      "               22 type-error unit_price: n/a | 1,2\n"
                      "   bound to    9f3c\n"
                      "   the same    sluice redrive 01RUN --map 'Price EUR=unit_price' --reason ''\n"
                      "\n"
                      "   reason\n"
                      "\n"
                      "\n"
                      "\n"
                      "\n"
                      "\n"
                      "    >Cancel<      Ask     o overrides  s next suggestion\n");
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
    assert_string_equal(json_string_value(json_object_get(host.params, "reason")), "it's new");
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

/* The tag of a rehearsal in that round. */
static int rehearsal_of(int round)
{
    return TAG_REHEARSAL + 4 * round;
}

static const char *listed(const struct host *host, const char *name, size_t i)
{
    const char *text = json_string_value(json_array_get(json_object_get(host->params, name), i));
    return text ? text : "";
}

static void overrides_are_edited_in_place(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, 'o');
    type(&host, " --set dialect.delimiter=\\t --set=\"fields.a.missingValues=['x y']\"");
    host.method[0] = '\0';
    press(&host, KEY_CODE_TAB);
    assert_string_equal(host.method, "rehearse");
    assert_string_equal(listed(&host, "map", 0), "Price EUR=unit_price");
    assert_string_equal(listed(&host, "set", 0), "dialect.delimiter=\\t");
    assert_string_equal(listed(&host, "set", 1), "fields.a.missingValues=['x y']");
    /* the answer to what was asked before is of no use */
    host_tell(&host, rehearsal_of(0), rehearsal_text);
    assert_true(shows(&host, "under way"));
    host_tell(&host, rehearsal_of(1), rehearsal_text);
    assert_true(shows(&host, "it would load"));
    assert_false(shows(&host, "labels that look alike"));
    host_end(&host);
}

static void overrides_that_cannot_be_read_keep_the_cursor(void **state)
{
    (void)state;
    static const char *const cases[] = {"--set", "--set a", "x=y", "--map 'a=b", "--sets a=b"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct host host;
        open_subject(&host, "night", (struct redrive_subject){.run = "01RUN"}, NULL);
        host_tell(&host, TAG_REHEARSAL, rehearsal_text);
        host.method[0] = '\0';
        press(&host, 'o');
        type(&host, cases[i]);
        press(&host, KEY_CODE_TAB);
        if (host.method[0] || !host.flash[0] || !host.view->type->typing(host.view))
            fail_msg("%s: asked %s, told %s", cases[i], host.method, host.flash);
        host_end(&host);
    }
}

static void suggestions_are_stepped_through(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    assert_string_equal(listed(&host, "map", 0), "Price EUR=unit_price");
    for (int round = 1; round <= 2; round++) {
        host_tell(&host, rehearsal_of(round - 1), rehearsal_text);
        press(&host, 's');
        assert_string_equal(host.method, "rehearse");
    }
    assert_string_equal(listed(&host, "map", 0), "Price EUR=unit_price");
    press(&host, 's');
    assert_string_equal(listed(&host, "set", 0), "dialect.delimiter=;");
    assert_true(shows(&host, "it parts more columns"));
    host_end(&host);
}

static void ask_for(struct host *host, const char *reason)
{
    while (!shows(host, ">Cancel<"))
        press(host, KEY_CODE_BACK_TAB);
    press(host, KEY_CODE_TAB);
    type(host, reason);
    press(host, KEY_CODE_TAB);
    press(host, KEY_CODE_ENTER);
}

static void it_may_stand_until_a_time_or_for_good(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    press(&host, KEY_CODE_BACK_TAB);
    press(&host, KEY_CODE_RIGHT);
    assert_true(shows(&host, "[until a time]"));
    ask_for(&host, "new till");
    assert_false(asked_redrive(&host));
    assert_non_null(strstr(host.flash, "until when?"));
    while (!shows(&host, ">Cancel<"))
        press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_BACK_TAB);
    type(&host, "2h");
    assert_true(shows(&host, "--until '2h'"));
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_true(asked_redrive(&host));
    assert_string_equal(json_string_value(json_object_get(host.params, "apply_to")), "until");
    assert_memory_equal(json_string_value(json_object_get(host.params, "until")), "2026-11-21T05:12:44", 19);
    host_end(&host);
}

static void rows_are_asked_for_by_number_and_by_cause(void **state)
{
    (void)state;
    struct host host;
    json_t *numbers = json_pack("[i, i]", 7, 1010);
    open_subject(
        &host, "night", (struct redrive_subject){.run = "01RUN", .rows = true, .row = numbers, .count = 2}, NULL);
    json_decref(numbers);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(host.params, "row"), 1)), 1010);
    assert_true(shows(&host, "sluice redrive 01RUN --row 7 --reason '' && sluice"));
    host_end(&host);
    open_subject(&host, "night",
        (struct redrive_subject){.run = "01RUN", .cause = 4, .rows = true, .everywhere = true, .count = 39812}, NULL);
    assert_string_equal(json_string_value(json_object_get(host.params, "run")), "01RUN");
    assert_int_equal(json_integer_value(json_object_get(host.params, "cause")), 4);
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    ask_for(&host, "decimal commas");
    assert_true(asked_redrive(&host));
    assert_null(json_object_get(host.params, "run"));
    assert_int_equal(json_integer_value(json_object_get(host.params, "cause")), 4);
    host_end(&host);
}

/* Several causes: one rehearsal each, then one call each. */
static void causes_are_asked_for_one_after_another(void **state)
{
    (void)state;
    struct host opener, host;
    const struct redrive_subject subjects[] = {
        {.run = "01A", .cause = 1, .rows = true, .count = 10}, {.run = "01B", .cause = 2, .rows = true, .count = 5}};
    host_begin(&opener, &opener_type, json_object());
    dialog_redrive(opener.view, subjects, 2, NO_IDEA);
    host_begin(&host, &view_dialog, json_incref(opener.opened_arguments));
    host_end(&opener);
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    assert_true(shows(&host, "under way, 1 of 2 are over"));
    assert_string_equal(json_string_value(json_object_get(host.params, "run")), "01B");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    assert_true(shows(&host, "79,624 rows: 79,580 pass, 44 fail"));
    assert_true(shows(&host, "rows        15"));
    ask_for(&host, "both");
    assert_int_equal(json_integer_value(json_object_get(host.params, "cause")), 1);
    char first[32];
    snprintf(first, sizeof first, "%s", json_string_value(json_object_get(host.params, "client")));
    host_tell(&host, TAG_DO, requested_text);
    assert_int_equal(json_integer_value(json_object_get(host.params, "cause")), 2);
    assert_string_not_equal(json_string_value(json_object_get(host.params, "client")), first);
    assert_string_equal(json_string_value(json_object_get(host.params, "reason")), "both");
    host_tell(&host, TAG_DO, requested_text);
    assert_true(shows(&host, "requested, all 2"));
    host_end(&host);
}

/* What a dialog that changes nothing else opens with, in production: the count has to be typed. */
static void other_dialogs_want_the_count_too(void **state)
{
    (void)state;
    struct host opener, host;
    host_begin(&opener, &opener_type, json_object());
    dialog_withdraw(opener.view, "01RUN", "raw/a.csv", 2747);
    host_begin(&host, &view_dialog, json_incref(opener.opened_arguments));
    host_end(&opener);
    host_tell(&host, TAG_HELLO, "{\"environment\":{\"name\":\"prod-eu\"}}");
    ask_for(&host, "the wrong month");
    press(&host, KEY_CODE_ENTER);
    assert_non_null(strstr(host.flash, "type how many it is about"));
    press(&host, KEY_CODE_BACK_TAB);
    type(&host, "2,747");
    press(&host, KEY_CODE_TAB);
    press(&host, KEY_CODE_ENTER);
    assert_string_equal(host.method, "withdraw");
    assert_string_equal(json_string_value(json_object_get(host.params, "run")), "01RUN");
    host_end(&host);
}

static void a_viewer_only_rehearses(void **state)
{
    (void)state;
    struct host host;
    open_redrive(&host, "night");
    host_tell(&host, TAG_HELLO, "{\"environment\":{\"name\":\"night\"},\"role\":\"viewer\"}");
    host_tell(&host, TAG_REHEARSAL, rehearsal_text);
    ask_for(&host, "why not");
    assert_false(asked_redrive(&host));
    assert_non_null(strstr(host.flash, "a viewer looks and rehearses"));
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
        cmocka_unit_test(overrides_are_edited_in_place),
        cmocka_unit_test(overrides_that_cannot_be_read_keep_the_cursor),
        cmocka_unit_test(suggestions_are_stepped_through),
        cmocka_unit_test(it_may_stand_until_a_time_or_for_good),
        cmocka_unit_test(rows_are_asked_for_by_number_and_by_cause),
        cmocka_unit_test(causes_are_asked_for_one_after_another),
        cmocka_unit_test(other_dialogs_want_the_count_too),
        cmocka_unit_test(a_viewer_only_rehearses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
