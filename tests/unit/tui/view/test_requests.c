/* Requests, one request, and the audit, drawn from canned answers. */
#include "tests/unit/tui/view/host.h"

#define REQUEST_ID "01M7XZP1WK3YCA3RHQ90AGDPFK"

static const char requests_text[] =
    "{\"items\":[{\"request\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"dataset\":\"shop_sales\",\"state\":\"done\","
    "\"action\":\"redrive\",\"reason\":\"sent anew\",\"requested_by\":\"bo\",\"requested_at\":\"2026-11-21T02:00:00Z\","
    "\"decided_by\":\"alice\",\"files\":1,\"loaded\":1,\"details\":[{\"file\":\"raw/sales/b.csv\",\"run\":\"R\","
    "\"outcome\":\"loaded\",\"outcome_run\":\"S\",\"rows\":39812}]},"
    "{\"request\":\"" REQUEST_ID "\",\"dataset\":\"shop_sales\",\"state\":\"requested\",\"action\":\"redrive\","
    "\"rules\":\"current\",\"overrides\":{\"map\":{\"Price EUR\":\"unit_price\"}},\"reason\":\"new "
    "till\\u202esoftware\","
    "\"requested_by\":\"alice\",\"requested_at\":\"2026-11-21T03:10:00Z\",\"decided_by\":null,\"files\":2,\"loaded\":0,"
    "\"would_pass\":12400,\"would_fail\":7,\"duplicates\":0,"
    "\"message\":null,\"details\":[{\"rehearsal\":\"5f0a\",\"file\":\"raw/sales/"
    "2026-01-08.csv\",\"run\":\"R1\",\"outcome\":null},"
    "{\"file\":\"raw/sales/2026-01-09.csv\",\"run\":\"R2\",\"outcome\":null,\"message\":\"changed\"}]}]}";

static const char bulk_text[] =
    "{\"items\":[{\"request\":\"" REQUEST_ID "\",\"dataset\":\"sales\",\"state\":\"running\",\"action\":\"redrive\","
    "\"rules\":\"current\",\"overrides\":{},\"reason\":\"new till\",\"requested_by\":\"alice\","
    "\"requested_at\":\"2026-11-21T03:10:00Z\",\"decided_by\":\"bo\",\"decided_at\":\"2026-11-21T03:12:00Z\","
    "\"files\":40,\"loaded\":11,\"finished\":12,\"rate\":\"100/min\",\"paused_by\":\"b\\u001bo\","
    "\"paused_at\":\"2026-11-21T03:14:00Z\",\"progress\":{\"rows\":12048,\"of_rows\":40000,\"under_way\":1,"
    "\"seconds\":7.5,\"files_per_s\":1.6,\"rows_per_s\":1606.4,\"eta_s\":null},"
    "\"details\":[{\"file\":\"raw/sales/a.csv\",\"run\":\"R\",\"outcome\":\"loaded\",\"rows\":1004}]}]}";

static const char audit_text[] =
    "{\"items\":[{\"at\":\"2026-11-21T03:10:00Z\",\"actor\":\"alice\",\"role\":\"operator\","
    "\"action\":\"redrive-requested\",\"subject\":\"" REQUEST_ID
    "\",\"from\":\"192.0.2.1\",\"detail\":{\"reason\":\"new till\",\"files\":[{},{}],"
    "\"overrides\":{\"map\":{\"Price EUR\":\"unit_price\"},\"set\":{}},\"note\":null}},"
    "{\"at\":\"2026-11-21T03:09:00Z\",\"actor\":\"bo\",\"role\":\"operator\",\"action\":\"file-discarded\","
    "\"subject\":\"01M7XZP1X12D4KHP736YHEE5GQ\",\"from\":\"\",\"detail\":{}},"
    "{\"at\":\"2026-11-20T03:09:00Z\",\"actor\":\"eve\",\"role\":\"viewer\",\"action\":\"refused\","
    "\"subject\":\"approve\",\"from\":\"\",\"detail\":{}}],\"verified\":{\"lines\":1203,\"broken\":null}}";

/* clang-format off */
#define REQUESTS \
    " REQUEST   STATE      ACTION   DATASET     FILES  LOADED  BY      AT\n" \
    " 6YHEE5GQ  done       redrive  shop_sales      1       1  bo      02:00:00\n" \
    " 90AGDPFK  requested  redrive  shop_sales      2       0  alice   03:10:00\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This request ────────────────────────────────────────────────────────────────\n" \
    " because  new till<U+202E>software\n" \
    " waits                       2026-01-08.csv\n" \
    " waits                       2026-01-09.csv\n"
#define REQUEST \
    " what        redrive  requested  shop_sales  current\n" \
    " read with   {\"map\":{\"Price EUR\":\"unit_price\"}}\n" \
    " because     new till<U+202E>software\n" \
    " rehearsed   12,400 rows would pass, 7 still fail, 0 are there already\n" \
    " bound to    5f0a\n" \
    " asked by    alice, 03:10:00\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    " OUTCOME     ROWS  FILE            MESSAGE\n" \
    " waits             2026-01-08.csv\n" \
    " waits             2026-01-09.csv  changed\n"
#define BULK_LIST \
    " REQUEST   STATE       ACTION   DATASET   FILES  LOADED  BY      AT\n" \
    " 90AGDPFK  paused 30%  redrive  sales        40      11  alice   03:10:00\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This request ────────────────────────────────────────────────────────────────\n" \
    " because  new till\n" \
    " decided by  bo\n" \
    "    ▋         12 of 40 files, 1.6 files/s, 12,048 of 40,000 rows, 1,606 rows/s\n" \
    " at most 100/min; paused by b^[o, 03:14:00\n" \
    " loaded       1,004 rows     a.csv\n"
#define BULK \
    " what        redrive  running  sales  current\n" \
    " because     new till\n" \
    " asked by    alice, 03:10:00\n" \
    " decided by  bo, 03:12:00\n" \
    " done        12 of 40 files, 1.6 files/s, 12,048 of 40,000 rows, 1,606 rows/s\n" \
    " pace        at most 100/min; paused by b^[o, 03:14:00\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    " OUTCOME     ROWS  FILE          MESSAGE\n" \
    " loaded     1,004  a.csv\n"
#define AUDIT \
    " 1,203 lines, each follows from the one before: the chain holds\n" \
    " AT           WHO     ROLE      WHAT               SUBJECT            FROM\n" \
    " 03:10:00     alice   operator  redrive-requested  01M7XZP1WK3YCA3R…  192.0.2.1\n" \
    " 03:09:00     bo      operator  file-discarded     01M7XZP1X12D4KHP…\n" \
    " 11-20 03:09  eve     viewer    refused            approve\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This line ───────────────────────────────────────────────────────────────────\n" \
    " because  new till\n" \
    " files 2  map Price EUR=unit_price\n"
/* clang-format on */

static void requests(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_requests, json_object());
    assert_string_equal(host.method, "requests");
    host_tell(&host, 0, requests_text);
    /* the cursor is on what waits */
    host_check(&host, REQUESTS);
    host.view->type->request(host.view, REQUEST_APPROVE);
    assert_ptr_equal(host.opened, &view_dialog);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_request);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "request")), REQUEST_ID);
    /* what is decided stays so */
    host.opened = NULL;
    host.view->type->request(host.view, REQUEST_UP);
    host.view->type->request(host.view, REQUEST_APPROVE);
    assert_null(host.opened);
    assert_string_equal(host.flash, "it is decided already");
    host_end(&host);
}

static void request(void **state)
{
    (void)state;
    struct host host;
    json_error_t fault;
    host_begin(&host, &view_request, json_pack("{s:s}", "request", REQUEST_ID));
    assert_string_equal(json_string_value(json_object_get(host.params, "request")), REQUEST_ID);
    json_t *all = json_loads(requests_text, 0, &fault);
    assert_non_null(all);
    json_t *second = json_array_get(json_object_get(all, "items"), 1);
    json_t *one = json_pack("{s:[O]}", "items", second);
    host.view->type->answer(host.view, 0, one);
    host_check(&host, REQUEST);
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_run);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "run")), "R2");
    host.view->type->request(host.view, REQUEST_DECLINE);
    assert_ptr_equal(host.opened, &view_dialog);
    json_decref(one);
    json_decref(all);
    host_end(&host);
}

/* What is under way, and what can be done with it. */
static void bulk(void **state)
{
    static const struct {
        enum request request;
        const char *method;
    } keys[] = {{REQUEST_PAUSE, "resume"}, {REQUEST_RATE, "rate"}, {REQUEST_CANCEL, "cancel"}};
    (void)state;
    for (int one = 0; one < 2; one++) {
        struct host host;
        host_begin(&host, one ? &view_request : &view_requests, json_pack("{s:s}", "request", REQUEST_ID));
        host_tell(&host, 0, bulk_text);
        host_check(&host, one ? BULK : BULK_LIST);
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            host.opened = NULL;
            host.view->type->request(host.view, keys[i].request);
            assert_ptr_equal(host.opened, &view_dialog);
            assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "method")), keys[i].method);
        }
        host.opened = NULL;
        host.view->type->request(host.view, REQUEST_APPROVE);
        assert_null(host.opened);
        assert_string_equal(host.flash, "it is decided already");
        host_end(&host);
    }
}

static void audit(void **state)
{
    (void)state;
    struct host host;
    host_begin(&host, &view_audit, json_object());
    host_tell(&host, 0, audit_text);
    host_check(&host, AUDIT);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_request);
    assert_string_equal(json_string_value(json_object_get(host.opened_arguments, "request")), REQUEST_ID);
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_ptr_equal(host.opened, &view_run);
    host.opened = NULL;
    host.view->type->request(host.view, REQUEST_DOWN);
    host.view->type->request(host.view, REQUEST_ENTER);
    assert_null(host.opened);
    assert_string_equal(host.flash, "it is about neither a run nor a request");
    host_end(&host);
}

static void a_broken_chain_is_told(void **state)
{
    (void)state;
    struct host host;
    struct canvas canvas;
    struct err err;
    struct buf text;
    host_begin(&host, &view_audit, json_object());
    host_tell(&host, 0, "{\"items\":[],\"verified\":{\"lines\":7,\"broken\":\"line 8 was changed\"}}");
    assert_true(canvas_init(&canvas, HOST_HEIGHT, HOST_WIDTH, false, &err));
    host.view->type->draw(host.view, &canvas, 0, HOST_HEIGHT);
    buf_init(&text, 4096);
    canvas_row_text(&canvas, 0, &text);
    assert_string_equal(text.p, " The chain is broken: line 8 was changed");
    buf_dispose(&text);
    canvas_dispose(&canvas);
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(request),
        cmocka_unit_test(bulk),
        cmocka_unit_test(audit),
        cmocka_unit_test(a_broken_chain_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
