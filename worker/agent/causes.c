/* causes: why files and rows were rejected, with what would mend each. That of a whole file was tried when it was
 * quarantined; for rows it is tried now, on the values the cause has kept. */
#include "shared/log.h"
#include "shared/rpc.h"
#include "worker/agent/contracts.h"
#include "worker/agent/method.h"
#include "worker/shape/suggest.h"

#include "schema/agent/causes.sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CAUSES = 50, MOST_SAMPLES = 20, MAX_SUGGESTIONS = 1024 * 1024 };

static const char *text_of(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text ? text : "";
}

static bool is_about_values(const json_t *item)
{
    const char *code = text_of(item, "code");
    return strcmp(code, "type-error") == 0 || strcmp(code, "ambiguous-value") == 0;
}

static int32_t field_of(const struct contract *contract, const char *name)
{
    for (uint32_t i = 0; contract && i < contract->field_count; i++)
        if (str_eq(contract->fields[i].name, str_of(name)))
            return (int32_t)i;
    return -1;
}

static size_t samples_of(const json_t *item, struct str *values)
{
    const json_t *samples = json_object_get(item, "samples"), *sample;
    size_t i, count = 0;
    json_array_foreach(samples, i, sample)
    {
        if (json_is_string(sample) && count < MOST_SAMPLES)
            values[count++] = (struct str){json_string_value(sample), json_string_length(sample)};
    }
    return count;
}

static json_t *for_rows(struct call *call, const struct contracts *contracts, const json_t *item)
{
    const struct contract *contract = contracts_find(contracts, str_of(text_of(item, "dataset")));
    int32_t field = field_of(contract, text_of(item, "column"));
    struct str values[MOST_SAMPLES];
    size_t count = samples_of(item, values);
    struct remedies remedies = {0};
    struct buf text;
    struct json json;
    struct err err;
    if (field < 0 || !count || contract->fields[field].sensitive || !is_about_values(item))
        return json_array();
    if (!suggest_for_values(contract, (uint32_t)field, values, count, call->arena, &remedies, &err))
        log_err(LOG_WARN, "no-suggestions", &err);
    buf_init(&text, MAX_SUGGESTIONS);
    jsonw_init(&json, &text);
    remedies_write(&remedies, &json);
    json_t *list = text.failed ? NULL : json_loadb(text.p, text.n, 0, NULL);
    buf_dispose(&text);
    return list ? list : json_array();
}

/* Those of the reason.json of the last run it stopped. */
static json_t *for_file(struct call *call, const json_t *item)
{
    struct call one = {.agent = call->agent, .arena = call->arena};
    struct buf text;
    struct err err;
    int code;
    buf_init(&text, RPC_MAX_LINE);
    snprintf(one.run_id, sizeof one.run_id, "%s", text_of(item, "last_run"));
    json_t *reason = answer_reason(&one, &text, &code, &err) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    json_t *list = json_incref(json_object_get(reason, "suggestions"));
    buf_dispose(&text);
    json_decref(reason);
    return list ? list : json_array();
}

static bool add_suggestions(struct call *call, json_t *items, struct err *err)
{
    const struct contracts *contracts = json_array_size(items) ? agent_contracts(call->agent) : NULL;
    json_t *item;
    size_t i;
    bool ok = true;
    json_array_foreach(items, i, item)
    {
        bool system = strcmp(text_of(item, "kind"), "system") == 0;
        json_t *list = i >= MOST_CAUSES ? json_array()
                       : system         ? for_file(call, item)
                                        : for_rows(call, contracts, item);
        ok = ok && list && json_object_set_new(item, "suggestions", list) == 0;
    }
    return ok || ERR(err, ERR_MEMORY, "no memory for suggestions");
}

bool answer_causes(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct buf text;
    buf_init(&text, RPC_MAX_LINE);
    bool ok = method_query(causes_sql_text, call, &text, code, err);
    json_t *root = ok ? json_loadb(text.p ? text.p : "", text.n, 0, NULL) : NULL;
    char *whole = NULL;
    if (ok && root) {
        ok = add_suggestions(call, json_object_get(root, "items"), err);
        whole = ok ? json_dumps(root, JSON_COMPACT) : NULL;
        ok = ok && (whole || ERR(err, ERR_MEMORY, "no memory for an answer"));
    }
    if (ok) /* what is no UTF-8 goes out as it came: the agent mends it */
        buf_add_str(result, whole ? str_of(whole) : buf_str(&text));
    free(whole);
    json_decref(root);
    buf_dispose(&text);
    return ok;
}
