/* The screen of alerts, drawn from a canned answer. */
#include "tests/unit/tui/view/host.h"

static const char text[] =
    "{\"items\":[{\"alert\":3,\"kind\":\"cause\",\"subject\":\"7\",\"severity\":\"warning\",\"state\":\"open\","
    "\"told\":\"retrying\",\"title\":\"sales: type-error in n\",\"sample\":\"1x\\u202e\",\"files\":3,\"rows\":1204,"
    "\"opened_at\":\"2026-11-21T02:00:00Z\",\"run\":\"01M7XZP1WK3YCA3RHQ90AGDPFK\",\"whole_file\":0,"
    "\"messages\":[{\"channel\":\"hook\",\"event\":\"opened\",\"state\":\"waiting\",\"attempts\":2,"
    "\"error\":\"it answered with status 500\",\"due_at\":\"2026-11-21T03:10:00Z\",\"sent_at\":null},"
    "{\"channel\":\"mail\",\"event\":\"opened\",\"state\":\"sent\",\"attempts\":1,\"error\":null,"
    "\"due_at\":\"2026-11-21T03:00:00Z\",\"sent_at\":\"2026-11-21T03:00:01Z\"}]},"
    "{\"alert\":2,\"kind\":\"incident\",\"subject\":\"1\",\"severity\":\"critical\",\"state\":\"resolved\","
    "\"told\":\"sent\",\"title\":\"dependency: the lake is gone\",\"sample\":\"\",\"files\":0,\"rows\":0,"
    "\"opened_at\":\"2026-11-20T02:00:00Z\",\"messages\":[]},"
    "{\"alert\":1,\"kind\":\"request\",\"subject\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"severity\":\"warning\","
    "\"state\":\"open\",\"told\":\"sent\",\"title\":\"alice asks\",\"sample\":\"\",\"files\":1,\"rows\":0,"
    "\"opened_at\":\"2026-11-21T02:00:00Z\",\"messages\":[]}]}";

/* clang-format off */
#define ALERTS \
    "  NO  STATE     TOLD      SINCE        FILES   ROWS  WHAT\n" \
    "   3  open      retrying  02:00:00         3  1,204  sales: type-error in n\n" \
    "   2  resolved  sent      11-20 02:00      0      0  dependency: the lake is g…\n" \
    "   1  open      sent      02:00:00         1      0  alice asks\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This alert ──────────────────────────────────────────────────────────────────\n" \
    " sales: type-error in n\n" \
    " for example  1x<U+202E>\n" \
    " hook        opened   waiting 03:10:00  attempt 2: it answered with status 500\n" \
    " mail        opened   sent    03:00:01\n"
/* clang-format on */

static void alerts(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_alerts, json_object());
    assert_string_equal(host.method, "alerts");
    host_tell(&host, 0, text);
    host_check(&host, ALERTS);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_rows);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "run")), "01M7XZP1WK3YCA3RHQ90AGDPFK");
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_overview);
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_request);
    host_end(&host);
}

static void none(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_alerts, json_object());
    host_tell(&host, 0, "{\"items\":[]}");
    host_check(&host, "  NO  STATE     TOLD      SINCE     FILES  ROWS  WHAT\n No alerts. The section alerts: of "
                      "the worker's sluice.yaml says who is told.\n");
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alerts), cmocka_unit_test(none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
