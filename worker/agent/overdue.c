#include "worker/agent/overdue.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "worker/agent/contracts.h"
#include "worker/notify/expected.h"

#define SECOND INT64_C(1000000)

static void put_off(struct json *json, const struct expected *one)
{
    jsonw_key(json, "off");
    jsonw_object_begin(json);
    jsonw_put_string(json, "file", one->delivered.loaded);
    jsonw_put_uint(json, "rows", one->delivered.rows);
    jsonw_put_uint(json, "least", one->contract->expect_rows_min);
    jsonw_put_uint(json, "most", one->contract->expect_rows_max);
    jsonw_object_end(json);
}

static void put(struct json *json, const struct expected *one, int64_t now)
{
    char text[CLOCK_TEXT_SIZE];
    jsonw_key_str(json, one->contract->dataset);
    jsonw_object_begin(json);
    if (one->due < INT64_MAX) {
        jsonw_put_cstring(json, "due", clock_format(one->due, text));
        jsonw_put_bool(json, "overdue", one->due < now);
        jsonw_put_int(json, "due_in", one->due < now ? 0 : (one->due - now) / SECOND + 1);
    }
    if (one->off)
        put_off(json, one);
    jsonw_object_end(json);
}

bool overdue_datasets(struct call *call, int64_t now, struct buf *out, struct err *err)
{
    struct expected *list;
    size_t count;
    struct json json;
    if (!expected_list(call->agent->journal, agent_contracts(call->agent), &list, &count, call->arena, err))
        return false;
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    for (size_t i = 0; i < count; i++)
        put(&json, &list[i], now);
    jsonw_object_end(&json);
    return true;
}
