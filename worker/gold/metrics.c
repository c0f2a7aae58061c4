#include "worker/gold/compaction.h"

#include "shared/fs.h"
#include "shared/json.h"
#include "worker/gold/row_hash.h"

enum { MOST_METRICS = 256 * 1024 * 1024, VERSION = 1 };

static void put_files(struct json *json, const struct sources *sources)
{
    jsonw_key(json, "files");
    jsonw_array_begin(json);
    for (uint32_t i = 0; i < sources->count; i++) {
        const struct source *s = &sources->list[i];
        jsonw_object_begin(json);
        jsonw_put_string(json, "key", s->key);
        jsonw_put_uint(json, "bytes", s->bytes);
        jsonw_put_uint(json, "rows", s->rows);
        jsonw_put_uint(json, "kept", s->kept);
        jsonw_put_uint(json, "deleted", s->deleted);
        jsonw_put_uint(json, "superseded", s->is_superseded ? s->rows : 0);
        jsonw_put_uint(json, "duplicates", s->is_superseded ? 0 : s->rows - s->kept - s->deleted);
        jsonw_object_end(json);
    }
    jsonw_array_end(json);
}

static void put_before(struct json *json, const struct compaction *c)
{
    const struct comparison *found = &c->comparison;
    jsonw_key(json, "against_before");
    if (!found->made) {
        jsonw_null(json);
        return;
    }
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "sha256", c->before.sha256);
    jsonw_put_uint(json, "rows", c->before.rows);
    jsonw_put_uint(json, "new", found->fresh);
    jsonw_put_uint(json, "changed", found->changed);
    jsonw_put_uint(json, "unchanged", found->unchanged);
    jsonw_put_uint(json, "vanished", found->vanished);
    jsonw_object_end(json);
}

static void put_all(struct json *json, const struct compaction *c)
{
    static const char *const modes[] = {[GOLD_MERGE] = "merge", [GOLD_APPEND] = "append", [GOLD_SNAPSHOT] = "snapshot"};
    const struct stage_count *count = &c->count;
    jsonw_object_begin(json);
    jsonw_put_uint(json, "version", VERSION);
    jsonw_put_cstring(json, "run_id", c->claim.run_id);
    jsonw_put_string(json, "dataset", c->contract->dataset);
    jsonw_put_string(json, "partition", c->partition);
    jsonw_put_cstring(json, "mode", modes[c->contract->gold_mode]);
    jsonw_key(json, "key");
    jsonw_array_begin(json);
    for (uint32_t i = 0; i < c->key_count; i++)
        jsonw_string(json, c->sources.columns[c->key[i]].name);
    jsonw_array_end(json);
    jsonw_put_string(json, "latest", c->contract->gold_latest);
    jsonw_put_cstring(json, "row_hash", row_hash_name(c->contract->row_hash));
    jsonw_put_cstring(json, "ruleset_hash", c->contract->hash);
    jsonw_put_uint(json, "rows_read", count->rows_in);
    jsonw_put_uint(json, "rows_kept", count->rows_out);
    jsonw_put_uint(json, "rows_duplicate", count->rows_duplicate);
    jsonw_put_uint(json, "rows_deleted", count->rows_filtered);
    jsonw_put_uint(json, "rows_superseded", count->rows_merged);
    jsonw_key(json, "keys_in_other_partitions");
    if (c->across.made)
        jsonw_uint(json, c->across.keys);
    else
        jsonw_null(json);
    put_before(json, c);
    put_files(json, &c->sources);
    jsonw_put_uint(json, "bytes_in", count->bytes_in);
    jsonw_put_uint(json, "bytes_out", count->bytes_out);
    jsonw_put_time(json, "started_at", count->started_at);
    jsonw_put_time(json, "finished_at", count->finished_at);
    jsonw_key(json, "seconds");
    jsonw_double(json, (double)(count->finished_at - count->started_at) / 1e6);
    jsonw_object_end(json);
}

bool metrics_write(const struct compaction *c, struct err *err)
{
    struct buf text;
    struct json json;
    buf_init(&text, MOST_METRICS);
    jsonw_init(&json, &text);
    put_all(&json, c);
    buf_add_byte(&text, '\n');
    bool ok =
        buf_ok(&text, "the metrics of a compaction", err) && fs_write_atomic(c->metrics_path, buf_str(&text), err);
    buf_dispose(&text);
    return ok;
}
