/* What R, s, D, W, a and e do where the cursor stands, and when they are dead. */
#include "tests/unit/tui/view/host.h"
#include "tui/core/marks.h"
#include "tui/view/dialog.h"

#include <string.h>

static const char causes_text[] =
    "{\"items\":[{\"cause\":9,\"code\":\"missing-label\",\"kind\":\"system\",\"files\":40,\"open_files\":40,"
    "\"last_run\":\"01FILE\",\"suggestions\":[{\"overrides\":{\"dialect.delimiter\":\";\"},\"why\":\"w\"}]},"
    "{\"cause\":2,\"code\":\"type-error\",\"kind\":\"data_quality\",\"files\":1,\"rows\":39812,\"open\":39790,"
    "\"last_run\":\"01ROWS\",\"suggestions\":[]},"
    "{\"cause\":3,\"code\":\"type-error\",\"kind\":\"data_quality\",\"files\":2,\"rows\":10,\"open\":10,"
    "\"last_run\":\"01MORE\",\"suggestions\":[]},"
    "{\"cause\":4,\"code\":\"required\",\"kind\":\"data_quality\",\"files\":1,\"rows\":5,\"open\":0,"
    "\"last_run\":\"01DONE\",\"suggestions\":[]}]}";

static const char page_text[] =
    "{\"header\":[\"id\"],\"total\":3,\"at\":0,\"items\":["
    "{\"row_number\":7,\"cause\":2,\"state\":\"open\",\"cells\":[\"a\"],\"errors\":[]},"
    "{\"row_number\":8,\"cause\":2,\"state\":\"recovered\",\"cells\":[\"b\"],\"errors\":[]},"
    "{\"row_number\":1010,\"cause\":3,\"state\":\"open\",\"cells\":[\"c\"],\"errors\":[]}]}";

static const char loaded_text[] =
    "{\"run_id\":\"01ROWS\",\"outcome\":\"loaded\",\"file\":\"raw/a.csv\",\"rows_out\":2747,\"rows_rejected\":12,"
    "\"causes\":[{\"cause\":2,\"rows\":12,\"open\":11,\"code\":\"type-error\",\"stage\":\"convert\"}],"
    "\"stages\":[{\"stage\":\"convert\",\"rows_in\":100,\"rows_rejected\":12}]}";

static void press(struct host *host, enum request request)
{
    host->flash[0] = host->method[0] = '\0';
    host->opened = NULL;
    const char *why = host->view->type->disabled ? host->view->type->disabled(host->view, request) : NULL;
    if (why)
        snprintf(host->flash, sizeof host->flash, "%s", why);
    else
        host->view->type->request(host->view, request);
}

/* The calls that the dialog which was opened would make. */
static void check_calls(struct host *host, const char *method, const char *expected)
{
    assert_ptr_equal(host->opened, &view_dialog);
    assert_string_equal(json_string_value(json_object_get(host->opened_arguments, "method")), method);
    char *text = json_dumps(json_object_get(host->opened_arguments, "calls"), JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
}

static json_int_t count_of(const struct host *host)
{
    return json_integer_value(json_object_get(host->opened_arguments, "count"));
}

static void a_cause_is_acted_on_where_it_is_listed(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_rejects, json_object());
    host_tell(&host, 0, causes_text);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"cause\":9}]");
    assert_int_equal(count_of(&host), 40);
    press(&host, REQUEST_SUGGEST);
    assert_int_equal(json_integer_value(json_object_get(host.opened_arguments, "suggestion")), 0);
    press(&host, REQUEST_ACKNOWLEDGE);
    check_calls(&host, "acknowledge", "[{\"cause\":9}]");
    press(&host, REQUEST_DISCARD);
    assert_string_equal(host.method, "runs");
    host_tell(&host, 1,
        "{\"items\":[{\"run_id\":\"01A\",\"file_state\":\"QUARANTINED\"},{\"run_id\":\"01B\",\"file_state\":null},"
        "{\"run_id\":\"01C\",\"file_state\":\"QUARANTINED\"}]}");
    check_calls(&host, "discard", "[{\"run\":\"01A\"},{\"run\":\"01C\"}]");
    assert_int_equal(count_of(&host), 2);
    host_end(&host);
}

static void causes_of_rows_mean_their_open_rows(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_rejects, json_object());
    host_tell(&host, 0, causes_text);
    press(&host, REQUEST_TAB);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"cause\":2}]");
    assert_int_equal(count_of(&host), 39790);
    press(&host, REQUEST_DISCARD);
    check_calls(&host, "discard", "[{\"run\":\"01ROWS\",\"cause\":2}]");
    press(&host, REQUEST_SUGGEST);
    assert_non_null(strstr(host.flash, "no suggestion for this cause"));
    press(&host, REQUEST_MARK_SAME);
    assert_string_equal(host.flash, "2 causes marked: 39,800 open rows");
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"cause\":2},{\"cause\":3}]");
    press(&host, REQUEST_UNMARK_ALL);
    press(&host, REQUEST_LAST);
    press(&host, REQUEST_REDRIVE);
    assert_string_equal(host.flash, "nothing of this cause is open any more");
    host_end(&host);
}

static void rows_are_marked_by_their_numbers(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_rows, json_pack("{s:s}", "run", "01ROWS"));
    host_tell(&host, 0, page_text);
    host_tell(&host, 2, loaded_text);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"row\":[7]}]");
    press(&host, REQUEST_MARK);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"row\":[7]}]");
    press(&host, REQUEST_UNMARK_ALL);
    press(&host, REQUEST_REDRIVE); /* the second has recovered */
    assert_string_equal(host.flash, "this row is not open any more");
    press(&host, REQUEST_UP);
    press(&host, REQUEST_MARK);
    press(&host, REQUEST_DOWN);
    press(&host, REQUEST_MARK);
    press(&host, REQUEST_DISCARD);
    check_calls(&host, "discard", "[{\"run\":\"01ROWS\",\"row\":[7,1010]}]");
    press(&host, REQUEST_UNMARK_ALL);
    press(&host, REQUEST_FIRST);
    press(&host, REQUEST_MARK_SAME);
    assert_true(strncmp(host.flash, "11 open rows of this cause marked", 33) == 0);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"cause\":2}]");
    assert_int_equal(count_of(&host), 11);
    host_end(&host);
}

/* On a loss its rows, elsewhere the file; what was loaded can be taken back. */
static void a_run_is_acted_on_by_line(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_run, json_pack("{s:s}", "run", "01ROWS"));
    host_tell(&host, 0, loaded_text);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"cause\":2}]");
    press(&host, REQUEST_SUGGEST);
    assert_string_equal(host.method, "causes");
    host_tell(&host, 1,
        "{\"items\":[{\"cause\":2,\"open\":11,\"suggestions\":[{\"overrides\":{\"fields.a.decimalChar\":\",\"},"
        "\"why\":\"w\"}]}]}");
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"cause\":2}]");
    press(&host, REQUEST_FIRST);
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\"}]");
    press(&host, REQUEST_WITHDRAW);
    check_calls(&host, "withdraw", "[{\"run\":\"01ROWS\"}]");
    assert_int_equal(count_of(&host), 2747);
    press(&host, REQUEST_EDIT);
    assert_string_equal(host.flash, "only a file in quarantine is edited");
    host_end(&host);
}

static void type(struct host *host, const char *text)
{
    for (; *text; text++) {
        struct key key = {.code = (unsigned char)*text};
        host->view->type->key(host->view, &key);
    }
}

static void a_cell_is_edited_undone_and_asked_for(void **state)
{
    (void)state;
    static const char patched[] = "{\"file\":\"raw/a.csv\",\"edits\":[{\"edit\":1}],\"diff\":\"@@ row 3, line 4, price "
                                  "@@\\n-3;abc\\n+3;2.50\\n\"}";
    struct host host;
    host_begin(&host, &view_edit, json_pack("{s:s}", "run", "01FILE"));
    host_tell(&host, 0, "{\"file\":\"raw/a.csv\",\"edits\":[],\"diff\":\"\"}");
    press(&host, REQUEST_UNDO);
    assert_string_equal(host.flash, "nothing of this file is edited");
    type(&host, "x\r\r\r");
    assert_non_null(strstr(host.flash, "which row?"));
    type(&host, "\t\t\x15"
                "3\rprice\r2.50\r");
    assert_string_equal(host.method, "patch");
    assert_int_equal(json_integer_value(json_object_get(host.params, "row")), 3);
    assert_string_equal(json_string_value(json_object_get(host.params, "column")), "price");
    assert_string_equal(json_string_value(json_object_get(host.params, "value")), "2.50");
    assert_int_equal(json_string_length(json_object_get(host.params, "client")), 26);
    host_tell(&host, 1, patched);
    host_check(&host, " raw/a.csv\n"
                      " row       3\n"
                      " column    price\n"
                      " value     2.50\n"
                      "── What is edited "
                      "──────────────────────────────────────────────────────────────\n"
                      " @@ row 3, line 4, price @@\n"
                      " -3;abc\n"
                      " +3;2.50\n");
    assert_false(host.view->type->typing(host.view));
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01FILE\",\"patch\":true}]");
    press(&host, REQUEST_UNDO);
    assert_true(json_is_true(json_object_get(host.params, "undo")));
    host_end(&host);
}

/* From the grid with what stands there; then only the rows that were edited are asked for. */
static void a_rejected_row_is_edited_from_its_cell(void **state)
{
    (void)state;
    struct host rows, host;
    host_begin(&rows, &view_rows, json_pack("{s:s}", "run", "01ROWS"));
    host_tell(&rows, 0, page_text);
    host_tell(&rows, 2, loaded_text);
    press(&rows, REQUEST_EDIT);
    assert_ptr_equal(rows.opened, &view_edit);
    host_begin(&host, &view_edit, json_incref(rows.opened_arguments));
    host_end(&rows);
    type(&host, "bc\r");
    assert_int_equal(json_integer_value(json_object_get(host.params, "row")), 7);
    assert_string_equal(json_string_value(json_object_get(host.params, "column")), "id");
    assert_string_equal(json_string_value(json_object_get(host.params, "value")), "abc");
    host_tell(
        &host, 1, "{\"edits\":[{\"edit\":1,\"row\":7},{\"edit\":2,\"row\":9},{\"edit\":3,\"row\":7}],\"diff\":\"d\"}");
    press(&host, REQUEST_REDRIVE);
    check_calls(&host, "redrive", "[{\"run\":\"01ROWS\",\"row\":[7,9],\"patch\":true}]");
    host_end(&host);
}

static void an_incident_that_nobody_has_is_acknowledged(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_overview, json_object());
    host_tell(
        &host, 0, "{\"datasets\":[],\"incidents\":[{\"incident\":3,\"acknowledged_by\":\"bo\"},{\"incident\":5}]}");
    press(&host, REQUEST_ACKNOWLEDGE);
    check_calls(&host, "acknowledge", "[{\"incident\":5}]");
    host_tell(&host, 0, "{\"datasets\":[],\"incidents\":[{\"incident\":3,\"acknowledged_by\":\"bo\"}]}");
    press(&host, REQUEST_ACKNOWLEDGE);
    assert_string_equal(host.flash, "no incident waits for somebody");
    host_end(&host);
}

static void the_file_itself_is_shown_and_edited(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_original, json_pack("{s:s, s:b}", "run", "01FILE", "quarantined", 1));
    assert_string_equal(host.method, "original");
    host_tell(&host, 0,
        "{\"header\":[\"id\",\"price\"],\"at\":0,\"more\":true,\"items\":["
        "{\"row_number\":1,\"line_number\":3,\"cells\":[\"a\\u001bb\",\"2,50\"]},"
        "{\"row_number\":2,\"line_number\":4,\"cells\":[{\"base64\":\"/w==\"},\"***\"]}]}");
    host_check(&host, "  ROW  LINE  id          price\n"
                      "    1     3  a^[b        2,50\n"
                      "    2     4  (not text)  ***\n"
                      " \u00b7\n");
    press(&host, REQUEST_RIGHT);
    press(&host, REQUEST_EDIT);
    assert_ptr_equal(host.opened, &view_edit);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "column")), "price");
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "value")), "2,50");
    press(&host, REQUEST_DOWN);
    press(&host, REQUEST_EDIT);
    assert_non_null(strstr(host.flash, "what stands here is not shown"));
    press(&host, REQUEST_LEFT);
    press(&host, REQUEST_EDIT);
    assert_string_equal(host.flash, "this cell is no text");
    host_end(&host);
}

static void many_files_are_shown_by_the_first(void **state)
{
    (void)state;
    struct host host;
    json_t *runs = json_array();
    host_begin(&host, &view_runs, json_object());
    struct redrive_subject subject = {.run = "R", .runs = runs, .count = 45};
    for (int i = 0; i < 45; i++)
        json_array_append_new(runs, json_sprintf("R%d", i));
    dialog_redrive(host.view, &subject, 1, NO_IDEA);
    assert_int_equal(json_array_size(json_object_get(host.opened_arguments, "rehearse")), 20);
    const json_t *facts = json_object_get(host.opened_arguments, "facts");
    const json_t *last = json_array_get(facts, json_array_size(facts) - 1);
    assert_string_equal(
        json_string_value(json_object_get(last, "value")), "the first 20 of 45; asking rehearses every one");
    json_decref(runs);
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_is_acted_on_where_it_is_listed),
        cmocka_unit_test(causes_of_rows_mean_their_open_rows),
        cmocka_unit_test(rows_are_marked_by_their_numbers),
        cmocka_unit_test(a_run_is_acted_on_by_line),
        cmocka_unit_test(a_cell_is_edited_undone_and_asked_for),
        cmocka_unit_test(a_rejected_row_is_edited_from_its_cell),
        cmocka_unit_test(many_files_are_shown_by_the_first),
        cmocka_unit_test(an_incident_that_nobody_has_is_acknowledged),
        cmocka_unit_test(the_file_itself_is_shown_and_edited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
