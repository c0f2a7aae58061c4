/* A rehearsal as JSON. */
#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/redrive/rehearse.h"

enum { MAX_REPORT = 16 * 1024 * 1024, MAX_WORDS = 64 * 1024 };

/* Messages quote what stands in files: they leave here as plain text. */
static void put_plain(struct json *json, const char *key, const char *text)
{
    struct buf plain;
    buf_init(&plain, MAX_WORDS);
    utf8_sanitise(&plain, str_of(text));
    jsonw_put_string(json, key, buf_str(&plain));
    buf_dispose(&plain);
}

static void write_before(const struct past *past, struct json *json)
{
    jsonw_key(json, "before");
    jsonw_object_begin(json);
    jsonw_put_string(json, "outcome", past->outcome);
    jsonw_put_string(json, "code", past->error_code);
    jsonw_put_string(json, "message", past->error_message);
    jsonw_put_string(json, "ruleset", past->ruleset_hash);
    jsonw_put_uint(json, "rows", past->rows_in);
    jsonw_put_uint(json, "passed", past->rows_out);
    jsonw_put_uint(json, "failed", past->rows_rejected);
    jsonw_put_uint(json, "duplicates", past->rows_duplicate);
    jsonw_put_uint(json, "filtered", past->rows_filtered);
    jsonw_object_end(json);
}

static void write_cause(const struct rehearsed_cause *cause, struct json *json)
{
    jsonw_object_begin(json);
    jsonw_put_string(json, "stage", cause->stage);
    jsonw_put_string(json, "code", cause->code);
    jsonw_put_string(json, "column", cause->column);
    jsonw_put_string(json, "rule", cause->rule);
    jsonw_put_string(json, "shape", cause->shape);
    jsonw_put_bool(json, "whole_file", cause->whole_file);
    jsonw_put_uint(json, "before", cause->before);
    jsonw_put_uint(json, "after", cause->after);
    jsonw_put_uint(json, "only", cause->only);
    jsonw_put_uint(json, "first_row", cause->first_row);
    jsonw_put_strings(json, "samples", cause->samples, cause->sample_count);
    jsonw_object_end(json);
}

static void write_outcome(const struct rehearsal *rehearsal, struct json *json)
{
    const struct err *why = &rehearsal->why;
    bool loads = rehearsal->would_load, twin = loads && rehearsal->twin.n;
    jsonw_put_cstring(json, "outcome", twin ? "duplicate" : loads ? "would-load" : "would-quarantine");
    jsonw_put_string(json, "stage", rehearsal->stage);
    if (!loads) {
        jsonw_put_cstring(json, "code", why->code ? why->code : err_kind_name(why->kind));
        put_plain(json, "message", why->message);
        put_plain(json, "hint", why->hint);
    }
    if (twin)
        jsonw_put_string(json, "duplicate_of", rehearsal->twin);
    jsonw_put_bool(json, "same_failure", rehearsal->same_failure);
    jsonw_put_uint(json, "rows", rehearsal->rows);
    jsonw_put_uint(json, "would_pass", rehearsal->would_pass);
    jsonw_put_uint(json, "would_fail", rehearsal->would_fail);
    jsonw_put_uint(json, "duplicates", rehearsal->duplicates);
    jsonw_put_uint(json, "filtered", rehearsal->filtered);
}

static void write_body(const struct rehearsal *rehearsal, struct json *json)
{
    const struct journal_file *file = &rehearsal->past.file;
    jsonw_put_cstring(json, "run_id", rehearsal->past.run_id);
    jsonw_put_string(json, "file", file->arrival_key);
    jsonw_put_string(json, "sha256", file->sha256);
    jsonw_put_uint(json, "bytes", file->size);
    jsonw_put_string(json, "dataset", file->dataset);
    jsonw_put_cstring(json, "scope", rehearsal->of_rows ? "rows" : "file");
    jsonw_put_cstring(json, "rules", rehearsal->rules == RULES_SAME ? "same" : "current");
    jsonw_key(json, "overrides");
    jsonw_raw(json, rehearsal->overrides);
    jsonw_put_cstring(json, "base_ruleset", rehearsal->base_hash);
    jsonw_put_cstring(json, "ruleset", rehearsal->ruleset_hash);
    jsonw_put_cstring(json, "patch", rehearsal->patch.count ? rehearsal->patch.hash : NULL);
    write_outcome(rehearsal, json);
    write_before(&rehearsal->past, json);
    jsonw_key(json, "causes");
    jsonw_array_begin(json);
    for (size_t i = 0; i < rehearsal->cause_count; i++)
        write_cause(&rehearsal->causes[i], json);
    jsonw_array_end(json);
    jsonw_put_strings(json, "notes", rehearsal->notes, rehearsal->note_count);
}

bool rehearsal_hash(const struct rehearsal *rehearsal, char out[SHA256_TEXT_SIZE], struct err *err)
{
    struct buf body;
    struct json json;
    buf_init(&body, MAX_REPORT);
    jsonw_init(&json, &body);
    jsonw_object_begin(&json);
    write_body(rehearsal, &json);
    bool ok = buf_ok(&body, "a rehearsal", err);
    if (ok)
        sha256_of(buf_str(&body), out);
    buf_dispose(&body);
    return ok;
}

bool rehearsal_write(const struct rehearsal *rehearsal, struct buf *out, struct err *err)
{
    struct buf body;
    struct json json;
    char hash[SHA256_TEXT_SIZE];
    buf_init(&body, MAX_REPORT);
    jsonw_init(&json, &body);
    jsonw_object_begin(&json);
    write_body(rehearsal, &json);
    sha256_of(buf_str(&body), hash);
    jsonw_put_cstring(&json, "hash", hash);
    jsonw_key(&json, "seconds");
    jsonw_double(&json, (double)(rehearsal->took_us / 1000) / 1000.0);
    jsonw_object_end(&json);
    bool ok = buf_ok(&body, "a rehearsal", err);
    if (ok)
        buf_add_str(out, buf_str(&body));
    buf_dispose(&body);
    return ok;
}
