/* The screen of workers, drawn from a canned answer. */
#include "tests/unit/tui/view/host.h"

static const char text[] =
    "{\"items\":[{\"owner\":\"vm/3b/40:88:1\",\"worker\":\"vm:88\",\"state\":\"lease over\",\"stage\":\"claimed\","
    "\"run\":\"01M7XZP1WK3YCA3RHQ90AGDPFK\",\"subject\":\"raw/\\u202ea.csv\",\"since\":\"2026-11-21T02:00:00Z\","
    "\"seen_at\":\"2026-11-21T02:00:30Z\",\"lease_until\":\"2026-11-21T02:01:30Z\"},"
    "{\"owner\":\"vm/3b/40:99:1\",\"worker\":\"vm:99\",\"state\":\"alive\",\"stage\":\"validated\","
    "\"run\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"subject\":\"raw/b.csv\",\"since\":\"2026-11-21T02:02:00Z\","
    "\"seen_at\":\"2026-11-21T03:00:30Z\",\"lease_until\":\"2026-11-21T03:02:00Z\"},"
    "{\"owner\":\"vm/3b/40:77:1\",\"worker\":\"vm:77\",\"state\":\"idle\",\"stage\":null,\"run\":null,"
    "\"subject\":null,\"since\":null,\"seen_at\":\"2026-11-20T23:00:00Z\",\"lease_until\":null}]}";

/* clang-format off */
#define WORKERS \
    " WORKER    STATE       STAGE       SINCE     LEASE UNTIL  ON\n" \
    " vm:88     lease over  claimed     02:00:00  02:01:30     raw/<U+202E>a.csv\n" \
    " vm:99     alive       validated   02:02:00  03:02:00     raw/b.csv\n" \
    " vm:77     idle                                           last seen 11-20 23:00\n"
/* clang-format on */

static void workers(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_workers, json_object());
    assert_string_equal(host.method, "workers");
    host_tell(&host, 0, text);
    host_check(&host, WORKERS);
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_run);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "run")), "01M7XZP1X12D4KHP736YHEE5GQ");
    host.opened = NULL;
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_null(host.opened);
    host_end(&host);
}

static void none(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_workers, json_object());
    host_tell(&host, 0, "{\"items\":[]}");
    host_check(&host, " WORKER    STATE       STAGE       SINCE     LEASE UNTIL  ON\n"
                      " No worker has held a file within the last day.\n");
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(workers), cmocka_unit_test(none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
