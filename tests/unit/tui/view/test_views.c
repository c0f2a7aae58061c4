#include "tests/unit/tui/view/host.h"
#include "tests/unit/tui/view/screens.h"

/* ---- what the agent says ---- */

static const char overview_text[] =
    "{\"as_of\":\"2026-11-21T03:12:44Z\",\"disk\":{\"free\":2147483648,\"total\":107374182400},"
    "\"news\":{\"since\":\"2026-11-20T18:02:00Z\",\"quarantined\":4,\"rejected\":610,\"incidents\":0,\"requests\":2},"
    "\"datasets\":["
    "{\"dataset\":\"hmrc\",\"waiting\":0,\"waiting_for\":null,\"processing\":0,\"succeeded\":1,\"duplicates\":0,"
    "\"quarantined\":0,\"overdue_since\":\"2026-11-21T03:00:00Z\",\"hours\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,20,40,"
    "60,80,100,120,140],"
    "\"rows_in\":406,\"rows_out\":406,\"rows_rejected\":0,\"open_rows\":0,"
    "\"last_run_at\":\"2026-11-21T02:41:35Z\"},"
    "{\"dataset\":\"shop_sales\",\"waiting\":2,\"waiting_for\":null,\"processing\":0,\"succeeded\":3,\"duplicates\":1,"
    "\"quarantined\":4,\"rows_in\":10000,\"rows_out\":9318,\"rows_rejected\":610,\"open_rows\":610,"
    "\"last_run_at\":\"2026-11-20T02:41:35Z\"},"
    "{\"dataset\":\"waits\",\"waiting\":7,\"held\":\"migration\",\"waiting_for\":\"postgres\",\"processing\":0,"
    "\"succeeded\":0,\"duplicates\":0,\"quarantined\":0,\"rows_in\":0,\"rows_out\":0,\"rows_rejected\":0,\"open_rows\":"
    "0,"
    "\"last_run_at\":null}],"
    "\"unmatched\":[\"raw/misc/\\u202enotes.txt\"],\"unmatched_count\":1,"
    "\"standing\":[{\"request\":\"R\",\"dataset\":\"hmrc\",\"until\":\"2026-11-28T00:00:00Z\"}],"
    "\"over\":[{\"kind\":\"warehouse\",\"subject\":\"waits\",\"opened_at\":\"2026-11-21T01:10:00Z\","
    "\"closed_at\":\"2026-11-21T02:12:30Z\"}],"
    "\"incidents\":[{\"kind\":\"disk-full\",\"subject\":\"lake\",\"message\":\"no space left\",\"times\":2,"
    "\"acknowledged_by\":\"bo\","
    "\"opened_at\":\"2026-11-21T01:00:00Z\"}],\"workers\":[]}";

static const char runs_text[] =
    "{\"items\":[{\"run_id\":\"01M7XZP1WK3YCA3RHQ90AGDPFK\",\"kind\":\"file\",\"dataset\":\"shop_sales\","
    "\"file\":\"raw/sales/2026-01-07.csv\",\"state\":\"archived\",\"outcome\":\"loaded\",\"attempt\":1,"
    "\"started_at\":\"2026-11-21T02:41:35Z\",\"seconds\":0.013,\"bytes\":208744,\"rows_in\":3000,\"rows_out\":2747,"
    "\"rows_rejected\":226,\"rows_filtered\":27,\"rows_open\":226,\"loss_pct\":7.53,\"error_code\":null,"
    "\"error_message\":null},"
    "{\"run_id\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"kind\":\"file\",\"dataset\":\"shop_sales\","
    "\"file\":\"raw/sales/2026-01-08.csv\",\"state\":\"archived\",\"outcome\":\"quarantined\",\"attempt\":1,"
    "\"started_at\":\"2026-11-21T02:41:35Z\",\"seconds\":200.5,\"bytes\":69554,\"rows_in\":null,\"rows_out\":null,"
    "\"rows_rejected\":0,\"loss_pct\":null,\"error_code\":\"too-many-rejects\",\"error_message\":\"too many\"}]}";

static const char run_text[] =
    "{\"run_id\":\"01M7XZP1WK3YCA3RHQ90AGDPFK\",\"dataset\":\"shop_sales\",\"file\":\"raw/sales/2026-01-07.csv\","
    "\"state\":\"archived\",\"outcome\":\"loaded\",\"started_at\":\"2026-11-21T02:41:35Z\",\"seconds\":0.013,"
    "\"bytes\":208744,\"dialect\":{\"encoding\":\"utf-8\",\"delimiter\":\"\\t\",\"quoteChar\":\"\\\"\",\"header\":true}"
    ","
    "\"rows_rejected\":226,\"stages\":["
    "{\"stage\":\"intake\",\"rows_in\":0,\"rows_expanded\":0},{\"stage\":\"validate\",\"rows_in\":0},"
    "{\"stage\":\"parse\",\"rows_in\":0,\"rows_expanded\":3000,\"rows_out\":2958,\"rows_rejected\":42,"
    "\"rows_duplicate\":0,\"rows_filtered\":0},"
    "{\"stage\":\"rules\",\"rows_in\":2958,\"rows_expanded\":0,\"rows_out\":2747,\"rows_rejected\":155,"
    "\"rows_duplicate\":29,\"rows_filtered\":27},"
    "{\"stage\":\"write\",\"rows_in\":2747,\"rows_expanded\":0,\"rows_out\":2747,\"rows_rejected\":0,"
    "\"rows_duplicate\":0,\"rows_filtered\":0}],"
    "\"outputs\":[{\"key\":\"processed/shop_sales/date=2026-01-07/X-0.parquet\",\"kind\":\"processed\",\"rows\":2747,"
    "\"bytes\":34926}],"
    "\"causes\":[{\"cause\":4,\"stage\":\"parse\",\"code\":\"extra-cell\",\"column\":\"\",\"rule\":\"\",\"rows\":42,"
    "\"only\":42,\"first_row\":188,\"samples\":[\"surplus\"]},"
    "{\"cause\":8,\"stage\":\"rules\",\"code\":\"row-constraint\",\"column\":\"\",\"rule\":\"positive_quantity\","
    "\"rows\":155,\"only\":155,\"first_row\":74,\"samples\":[]},"
    "{\"cause\":6,\"stage\":\"rules\",\"code\":\"primary-key\",\"column\":\"id\",\"rule\":\"\",\"rows\":29,"
    "\"only\":29,\"first_row\":39,\"samples\":[\"TX1\",\"TX2\"]}]}";

static const char rows_text[] =
    "{\"run_id\":\"R\",\"header\":[\"id\",\"name\",\"price\"],\"total\":226,\"at\":0,\"items\":["
    "{\"row_number\":7,\"line_number\":8,\"cause\":2,\"state\":\"open\",\"cells\":[\"7\",\"a\\u0007b\",\"12,50\"],"
    "\"errors\":[{\"stage\":\"convert\",\"code\":\"type-error\",\"column\":\"price\",\"column_index\":3,"
    "\"value\":\"12,50\",\"rule_id\":null,\"message\":\"price: \\\"12,50\\\" is not a number\"}]},"
    "{\"row_number\":1010,\"line_number\":1011,\"cause\":2,\"state\":\"open\","
    "\"cells\":[\"x\",{\"base64\":\"/v9h\"},\"1\",\"more\"],"
    "\"errors\":[{\"code\":\"type-error\",\"column_index\":1,\"message\":\"id: no integer\"},"
    "{\"code\":\"extra-cell\",\"column_index\":4,\"message\":\"a cell more\"}]}]}";

static const char causes_text[] =
    "{\"items\":[{\"cause\":9,\"dataset\":\"shop_sales\",\"stage\":\"parse\",\"code\":\"too-many-rejects\","
    "\"column\":\"\",\"rule\":\"\",\"shape\":\"\",\"kind\":\"system\",\"files\":40,\"open_files\":38,\"rows\":0,"
    "\"only\":0,"
    "\"acknowledged_by\":\"bo\",\"note\":\"asked\\u202ethem\","
    "\"last_run\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"first_row\":0,\"samples\":[]},"
    "{\"cause\":2,\"dataset\":\"shop_sales\",\"stage\":\"convert\",\"code\":\"type-error\",\"column\":\"unit_price\","
    "\"rule\":\"\",\"shape\":\"a/a\",\"kind\":\"data_quality\",\"files\":1,\"rows\":39812,\"only\":39790,"
    "\"open\":22,\"requested\":3,\"recovered\":39787,\"discarded\":0,\"returned\":0,"
    "\"last_run\":\"01M7XZP1WK3YCA3RHQ90AGDPFK\",\"first_row\":7,\"samples\":[\"n/a\"]}]}";

static const char reason_text[] =
    "{\"version\":1,\"run_id\":\"R\",\"file\":{\"key\":\"raw/x.csv\",\"size\":5},\"dataset\":\"d\",\"stage\":\"parse\","
    "\"code\":\"missing-label\",\"message\":\"the column unit_price is not there\",\"hint\":\"Map it to one that is, "
    "with --map 'Price EUR=unit_price', or ask the producer for the column that was agreed upon\","
    "\"retryable\":false,\"samples\":[],\"suggestions\":[{\"overrides\":{\"map\":\"a\"},\"why\":\"one label each\","
    "\"would_pass\":true}]}";

/* ---- the screens ---- */

static void overview(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_overview, json_object());
    assert_string_equal(host.method, "overview");
    host_tell(&host, 0, overview_text);
    host_check(&host, OVERVIEW);
    host.view->type->request(host.view, REQUEST_TAB);
    assert_ptr_equal(host.opened, &view_partitions);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "dataset")), "hmrc");
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_runs);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "dataset")), "shop_sales");
    host_end(&host);
}

static void partitions(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_partitions, json_pack("{s:s}", "dataset", "sales"));
    assert_string_equal(host.method, "balance");
    host_tell(&host, 0,
        "{\"dataset\":\"sales\",\"total\":{\"delivered\":10406,\"gold\":9800,\"pending\":6,\"gold_duplicates\":0,"
        "\"filtered\":27,\"open\":573,\"difference\":0},\"items\":[{\"partition\":\"date=2026-11-21\","
        "\"processed\":9806,\"gold\":9800,\"gold_duplicates\":0,\"deleted\":0,\"superseded\":0,\"pending\":6,"
        "\"difference\":0}]}");
    host_check(&host, PARTITIONS);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_runs);
    host_tell(&host, 0, "{\"total\":{\"delivered\":9,\"gold\":6,\"difference\":3},\"items\":[]}");
    host_check(&host, PARTITIONS_UNEVEN);
    host_end(&host);
}

static void runs(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_runs, json_pack("{s:s}", "dataset", "shop_sales"));
    assert_string_equal(json_string_value(json_object_get(host.params, "dataset")), "shop_sales");
    host_tell(&host, 0, runs_text);
    host_check(&host, RUNS);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_run);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "run")), "01M7XZP1WK3YCA3RHQ90AGDPFK");
    host_end(&host);
}

static void run(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_run, json_pack("{s:s}", "run", "GDPFK"));
    host_tell(&host, 0, run_text);
    host_check(&host, RUN);
    /* the cursor stands on the largest loss, and Enter opens exactly those rows */
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_rows);
    assert_int_equal(json_integer_value(json_object_get(host.opened_arguments, "cause")), 8);
    /* a stage opens all that it lost, a stage that lost nothing does not */
    host.view->type->request(host.view, REQUEST_UP);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_null(json_object_get(host.opened_arguments, "cause"));
    host.opened = NULL;
    host.view->type->request(host.view, REQUEST_LAST);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_null(host.opened);
    assert_string_equal(host.flash, "processed/shop_sales/date=2026-01-07/X-0.parquet");
    host_end(&host);
}

static void rows(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_rows, json_pack("{s:s, s:i}", "run", "R", "cause", 2));
    assert_string_equal(host.method, "run");
    host_tell(&host, 0, rows_text);
    host_check(&host, ROWS);
    /* what was asked for first fills a screen; the page around it follows */
    assert_string_equal(host.method, "grid");
    assert_int_equal(json_integer_value(json_object_get(host.params, "cause")), 2);
    assert_int_equal(json_integer_value(json_object_get(host.params, "limit")), 300);
    host.view->type->request(host.view, REQUEST_NEXT_FAILING);
    assert_int_equal(host.view->grid.at, 1);
    assert_int_equal(host.view->grid.column, 3);
    host.view->type->request(host.view, REQUEST_NEXT_FAILING);
    assert_int_equal(host.view->grid.column, 6);
    host.view->type->request(host.view, REQUEST_NEXT_FAILING);
    assert_string_equal(host.flash, "no failing cell further on");
    host.view->type->request(host.view, REQUEST_PREVIOUS_FAILING);
    host.view->type->request(host.view, REQUEST_RIGHT);
    host_check(&host, ROWS_BYTES);
    /* a row far away is asked for by its number */
    host.view->type->go(host.view, 40211);
    assert_int_equal(json_integer_value(json_object_get(host.params, "row")), 40211);
    host_end(&host);
}

static void rejects(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_rejects, json_object());
    host_tell(&host, 0, causes_text);
    host_check(&host, REJECTS_SYSTEM);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_reason);
    host.view->type->request(host.view, REQUEST_TAB);
    host_check(&host, REJECTS_ROWS);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_rows);
    host_end(&host);
}

static void reason(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_reason, json_pack("{s:s}", "run", "R"));
    host_tell(&host, 0, reason_text);
    host_check(&host, REASON);
    host.view->type->request(host.view, REQUEST_TAB);
    assert_int_equal(grid_lines(&host.view->grid), 24);
    host.view->type->request(host.view, REQUEST_TAB);
    assert_true(grid_search(&host.view->grid, STR("raw/x.csv")));
    host.view->type->request(host.view, REQUEST_ENTER);
    host_check(&host, REASON_UNFOLDED);
    host_end(&host);
}

static void help(void **state)
{
    (void)state;
    struct host host;
    size_t count;
    host_begin(&host, &view_help, json_pack("{s:s}", "of", "Rows"));
    keymap_rows(&count);
    assert_int_equal(grid_lines(&host.view->grid), count);
    assert_true(grid_search(&host.view->grid, STR("failing cell")));
    assert_string_equal(json_string_value(json_object_get(grid_item(&host.view->grid), "key")), "]");
    assert_string_equal(json_string_value(json_object_get(grid_item(&host.view->grid), "where")), "Rows");
    assert_true(grid_search(&host.view->grid, STR("sort by")));
    assert_string_equal(json_string_value(json_object_get(grid_item(&host.view->grid), "where")), "not on this screen");
    host_end(&host);
}

static void frequency(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_frequency, json_pack("{s:s, s:i}", "run", "R", "column", 2));
    assert_int_equal(json_integer_value(json_object_get(host.params, "column")), 2);
    host_tell(&host, 0,
        "{\"counted\":100000,\"total\":226000,\"items\":[{\"value\":\"n/a\",\"rows\":75000},"
        "{\"value\":\"\",\"rows\":25000}]}");
    host_check(&host, FREQUENCY);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_string_equal(host.flash, "filter n/a");
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_string_equal(host.flash, "a filter looks for a text: there is none in this cell");
    host_end(&host);
}

/* Answers that lack what they should have, or are something else altogether. */
static void survives_odd_answers(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "[]", "{\"items\":[{}],\"total\":5}", "{\"items\":[null,7,\"x\"]}",
        "{\"datasets\":[{}],\"incidents\":[{}],\"unmatched\":[3],\"stages\":[{}],\"causes\":[{}],\"outputs\":[{}],"
        "\"header\":[1],\"items\":[{\"cells\":[1,{}],\"errors\":[{}]}],\"total\":1}"};
    static const enum request requests[] = {REQUEST_DOWN, REQUEST_LAST, REQUEST_RIGHT, REQUEST_TAB, REQUEST_ENTER,
        REQUEST_NEXT_FAILING, REQUEST_FREQUENCY, REQUEST_SORT, REQUEST_REVERSE};
    size_t count;
    const struct view_type *const *types = view_types(&count);
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; types[t]->answer && i < sizeof texts / sizeof *texts; i++) {
            struct host host;
            struct canvas canvas;
            struct err err;
            host_begin(&host, types[t], json_pack("{s:s}", "run", "R"));
            assert_true(canvas_init(&canvas, 24, 80, false, &err));
            types[t]->draw(host.view, &canvas, 2, 20);
            host_tell(&host, 0, texts[i]);
            types[t]->draw(host.view, &canvas, 2, 20);
            for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
                types[t]->request(host.view, requests[r]);
                types[t]->draw(host.view, &canvas, 2, 1);
            }
            canvas_dispose(&canvas);
            host_end(&host);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overview),
        cmocka_unit_test(partitions),
        cmocka_unit_test(runs),
        cmocka_unit_test(run),
        cmocka_unit_test(rows),
        cmocka_unit_test(rejects),
        cmocka_unit_test(reason),
        cmocka_unit_test(help),
        cmocka_unit_test(frequency),
        cmocka_unit_test(survives_odd_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
