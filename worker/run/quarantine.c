/* A file that cannot be used: the whole of it goes to rejected/system/<run_id>/ with reason.json
 * (schema/reason.schema.json) and reason.csv. */
#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/format/csv/cell.h"
#include "worker/run/file_run.h"
#include "worker/run/publish.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_REASON = 1024 * 1024, MAX_SAMPLES = 5, HOST_SIZE = 256, REASON_VERSION = 1 };

static void write_file(const struct file_run *run, struct json *json)
{
    const struct journal_file *file = &run->claim.file;
    jsonw_key(json, "file");
    jsonw_object_begin(json);
    jsonw_put_string(json, "key", file->arrival_key);
    jsonw_put_string(json, "name", storage_base_name(file->arrival_key));
    jsonw_put_uint(json, "size", file->size);
    jsonw_put_cstring(json, "sha256", file->sha256.n ? file->sha256.p : NULL);
    jsonw_put_time(json, "arrived_at", file->arrived_at);
    jsonw_object_end(json);
}

static void write_expected(const struct file_run *run, struct json *json)
{
    jsonw_key(json, "expected");
    jsonw_array_begin(json);
    for (uint32_t i = 0; i < run->contract->field_count; i++) {
        const struct field *field = &run->contract->fields[i];
        jsonw_string(json, field->label.n ? field->label : field->name);
    }
    jsonw_array_end(json);
}

static void write_found(const struct file_run *run, struct json *json)
{
    jsonw_key(json, "found");
    if (!run->sniff.labels) {
        jsonw_null(json);
        return;
    }
    jsonw_array_begin(json);
    for (uint32_t i = 0; i < run->sniff.width; i++)
        jsonw_string(json, run->sniff.labels[i]);
    jsonw_array_end(json);
}

static void write_dialect(const struct file_run *run, struct json *json)
{
    struct buf text;
    jsonw_key(json, "dialect");
    if (!run->sniff.width) {
        jsonw_null(json);
        return;
    }
    buf_init(&text, MAX_REASON);
    file_run_dialect(run, &text);
    jsonw_raw(json, text.failed ? STR("null") : buf_str(&text));
    buf_dispose(&text);
}

/* Values of the causes that cost the most rows, where the file failed after rows were read. */
static void write_samples(const struct file_run *run, struct json *json)
{
    const struct sink_cause *cause = NULL;
    jsonw_key(json, "samples");
    jsonw_array_begin(json);
    for (int i = 0; i < MAX_SAMPLES && (cause = file_run_next_cause(run, cause)); i++) {
        jsonw_object_begin(json);
        jsonw_put_cstring(json, "code", row_code_name(cause->code));
        jsonw_put_string(json, "column", cause->column);
        jsonw_put_uint(json, "rows", cause->rows);
        jsonw_put_uint(json, "first_row", cause->first_row);
        jsonw_put_strings(json, "values", cause->samples, cause->sample_count);
        jsonw_object_end(json);
    }
    jsonw_array_end(json);
}

static void write_worker(struct json *json)
{
    char host[HOST_SIZE] = "";
    gethostname(host, sizeof host - 1);
    jsonw_key(json, "worker");
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "host", host);
    jsonw_put_cstring(json, "version", SLUICE_VERSION);
    jsonw_object_end(json);
}

/* People read it: indented. */
static bool indent(struct buf *text, struct err *err)
{
    json_t *value = json_loadb(text->p, text->n, JSON_ALLOW_NUL, NULL);
    char *pretty = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
    if (pretty) {
        buf_reset(text);
        buf_add_cstr(text, pretty);
        buf_add_byte(text, '\n');
    }
    json_decref(value);
    free(pretty);
    return pretty || ERR(err, ERR_MEMORY, "no memory for a reason");
}

static void write_json(struct file_run *run, const struct err *why, const char *code, struct buf *out)
{
    struct json json;
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    jsonw_put_uint(&json, "version", REASON_VERSION);
    jsonw_put_cstring(&json, "run_id", run->claim.run_id);
    write_file(run, &json);
    jsonw_put_string(&json, "dataset", run->contract->dataset);
    jsonw_put_cstring(&json, "stage", stage_name(run->stage));
    jsonw_put_cstring(&json, "code", code);
    jsonw_put_cstring(&json, "message", why->message);
    jsonw_put_cstring(&json, "hint", why->hint);
    jsonw_put_bool(&json, "retryable", err_action(why) == ERR_ACTION_RETRY);
    write_expected(run, &json);
    write_found(run, &json);
    write_dialect(run, &json);
    write_samples(run, &json);
    jsonw_put_int(&json, "attempts", run->claim.file.attempts + 1);
    jsonw_put_cstring(&json, "ruleset_hash", run->contract->hash);
    write_worker(&json);
    jsonw_key(&json, "suggestions");
    file_run_suggest(run, &json);
    jsonw_put_time(&json, "at", clock_now());
    jsonw_object_end(&json);
}

static void write_csv(const struct file_run *run, const struct err *why, const char *code, struct buf *out)
{
    struct str cells[] = {str_of(run->claim.run_id), run->claim.file.arrival_key, run->contract->dataset,
        str_of(stage_name(run->stage)), str_of(code), str_of(why->message), str_of(why->hint)};
    buf_add_cstr(out, "run_id,file,dataset,stage,code,message,hint\n");
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        if (i)
            buf_add_byte(out, ',');
        csv_cell_write(out, cells[i]);
    }
    buf_add_byte(out, '\n');
}

static bool stage_text(struct file_run *run, const char *name, const char *kind, const struct buf *text,
    struct sink_output *output, struct err *err)
{
    struct str key;
    const char *path;
    if (!buf_ok(text, name, err) || !file_run_staged(run, name, &key, &path, err) ||
        !fs_write_atomic(path, buf_str(text), err))
        return false;
    char *published = arena_printf(run->arena, "rejected/system/%s/%s", run->claim.run_id, name);
    *output = (struct sink_output){
        .staged = str_of(path), .key = str_of(published), .kind = str_of(kind), .partition = STR("")};
    return published || ERR(err, ERR_MEMORY, "no memory for a key");
}

/* What the run had built so far is of no use: the balance sheet of a quarantined file has intake and validate only. */
static bool start_again(struct file_run *run, const struct err *why, const char *code, struct err *err)
{
    struct manifest *manifest = &run->manifest;
    struct storage *storage = run->worker->storage;
    for (int s = STAGE_PARSE; s <= STAGE_WRITE; s++)
        manifest->counts[s] = (struct stage_count){0};
    manifest->causes = NULL;
    manifest->cause_count = 0;
    manifest->blocks = STR("");
    manifest->outcome = OUTCOME_QUARANTINED;
    manifest->error_code = str_of(code);
    manifest->error_message = arena_str(run->arena, str_of(why->message));
    manifest->system_cause_stage = str_of(stage_name(run->stage));
    manifest->archive_to = str_of(arena_printf(run->arena, "rejected/system/%s/data/" STR_FMT, run->claim.run_id,
        STR_ARG(storage_base_name(run->claim.file.arrival_key))));
    if (!manifest->error_message.p || !manifest->archive_to.p)
        return ERR(err, ERR_MEMORY, "no memory for a reason");
    return storage->driver->remove_tree(storage, run->staging_key, err);
}

/* Messages quote what stands in files: they leave here as plain text. */
static void clean(char *text, size_t size)
{
    struct buf plain;
    buf_init(&plain, MAX_REASON);
    utf8_sanitise(&plain, str_of(text));
    size_t n = plain.n < size ? plain.n : utf8_valid_prefix((struct str){plain.p, size - 1});
    if (n)
        memcpy(text, plain.p, n);
    text[n] = '\0';
    buf_dispose(&plain);
}

bool quarantine_prepare(struct file_run *run, const struct err *fault, struct err *err)
{
    struct err text = *fault, *why = &text;
    clean(why->message, sizeof why->message);
    clean(why->hint, sizeof why->hint);
    const char *code = why->code ? why->code : err_kind_name(why->kind);
    struct sink_output outputs[2];
    struct buf json, csv;
    buf_init(&json, MAX_REASON);
    buf_init(&csv, MAX_REASON);
    write_json(run, why, code, &json);
    write_csv(run, why, code, &csv);
    bool ok = buf_ok(&json, "a reason", err) && indent(&json, err) && start_again(run, why, code, err) &&
              stage_text(run, "reason.json", "reason", &json, &outputs[0], err) &&
              stage_text(run, "reason.csv", "reason-csv", &csv, &outputs[1], err) &&
              file_run_seal(run, outputs, 2, NULL, err);
    buf_dispose(&json);
    buf_dispose(&csv);
    return ok;
}
