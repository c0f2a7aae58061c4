/* patch: edits of a quarantined file's records, shown as a difference. */
#include "shared/clock.h"
#include "shared/json.h"
#include "worker/agent/acting.h"
#include "worker/redrive/patching.h"

enum { MAX_DIFF = 8 * 1024 * 1024 };

static bool has_sensitive(const struct contract *contract)
{
    bool some = !contract;
    for (uint32_t f = 0; contract && f < contract->field_count; f++)
        some |= contract->fields[f].sensitive;
    return some;
}

/* A record with a sensitive field is not shown: only that it was changed. */
static void add_diff(struct buf *out, const struct patch_edit *edit, bool masked)
{
    buf_printf(out, "@@ row %llu, line %llu%s" STR_FMT " @@\n", (unsigned long long)edit->row,
        (unsigned long long)edit->line, edit->column.n ? ", " : "", STR_ARG(edit->column));
    if (masked) {
        buf_add_cstr(out, "-***\n+***\n");
        return;
    }
    buf_printf(out, "-" STR_FMT "\n", STR_ARG(edit->before));
    buf_printf(out, "+" STR_FMT "\n", STR_ARG(edit->after));
}

static bool write_patch(struct acting *acting, const struct patch *patch, struct buf *result, struct err *err)
{
    struct past past;
    struct json json;
    struct buf diff;
    if (!past_read(acting->journal, acting->call->run_id, &past, acting->call->arena, err))
        return false;
    bool masked = has_sensitive(contracts_find(&acting->contracts, past.file.dataset));
    buf_init(&diff, MAX_DIFF);
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "patch", patch->patch_id[0] ? patch->patch_id : NULL);
    jsonw_put_cstring(&json, "run", acting->call->run_id);
    jsonw_put_string(&json, "file", past.file.arrival_key);
    jsonw_put_cstring(&json, "hash", patch->count ? patch->hash : NULL);
    jsonw_key(&json, "edits");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < patch->count; i++) {
        const struct patch_edit *edit = &patch->edits[i];
        jsonw_object_begin(&json);
        jsonw_put_int(&json, "edit", edit->edit);
        jsonw_put_uint(&json, "row", edit->row);
        jsonw_put_uint(&json, "line_number", edit->line);
        jsonw_put_string(&json, "column", edit->column);
        jsonw_object_end(&json);
        if (patch_of_row(patch, edit->row) == edit)
            add_diff(&diff, edit, masked);
    }
    jsonw_array_end(&json);
    jsonw_put_string(&json, "diff", diff.n ? buf_str(&diff) : STR(""));
    jsonw_object_end(&json);
    buf_dispose(&diff);
    return true;
}

static bool edit(struct acting *acting, struct overrides *overrides, struct err *err)
{
    struct call *call = acting->call;
    const json_t *raw = json_object_get(call->params, "raw");
    struct patching patching = {.row = (uint64_t)call_integer(call, "row", 0, 0, INT64_MAX),
        .column = call_text(call, "column"),
        .value = call_text(call, raw ? "raw" : "value"),
        .file = {.run_id = call->run_id,
            .memory = call->agent->memory,
            .stop = call->agent->stop,
            .rules = {.storage = call->agent->storage,
                .journal = acting->journal,
                .contracts = &acting->contracts,
                .overrides = overrides}}};
    if (!patching.row)
        return ERR(err, ERR_USAGE, "which row? --row N, the first record is 1");
    if (!raw == !patching.column.n)
        return ERR(err, ERR_USAGE, "an edit is of one cell, --column and --value, or of the whole row, --raw");
    if (!raw && !json_is_string(json_object_get(call->params, "value")))
        return ERR(err, ERR_USAGE, "what is the cell to say? --value TEXT");
    return call_overrides(call, overrides, err) && call_rules(call, &patching.file.rules.rules, err) &&
           patching_edit(&patching, &acting->by, call->arena, err);
}

/* Without a row and without undo it only shows. */
bool answer_patch(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct patch patch;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    bool undo = json_is_true(json_object_get(call->params, "undo"));
    bool edits = json_object_get(call->params, "row") || json_object_get(call->params, "column") ||
                 json_object_get(call->params, "raw");
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if ((undo || edits) && !acting_may(call, "operator", code, err))
        return false;
    bool ok = acting_begin(&acting, call, err) && (!edits || edit(&acting, overrides, err)) &&
              journal_patch_read(acting.journal, call->run_id, &patch, call->arena, err);
    if (ok && undo)
        ok = journal_patch_undo(acting.journal, &patch, &acting.by, clock_now(), err) &&
             journal_patch_read(acting.journal, call->run_id, &patch, call->arena, err);
    ok = ok && write_patch(&acting, &patch, result, err);
    if (!ok)
        acting_refused(&acting, "patch", call->run_id, code, err);
    acting_end(&acting);
    return ok;
}
