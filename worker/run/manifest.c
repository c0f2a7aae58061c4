#include "worker/run/manifest.h"

#include "shared/json.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

enum { MAX_MANIFEST = 256 * 1024 * 1024, MAX_TICKET = 1024 * 1024, VERSION = 1 };

static const char *const outcomes[] = {[OUTCOME_LOADED] = "loaded",
    [OUTCOME_QUARANTINED] = "quarantined",
    [OUTCOME_DUPLICATE] = "duplicate",
    [OUTCOME_WITHDRAWN] = "withdrawn"};

/* One list for both directions, so that what is written is what is read. */
#define COUNTS(X)    \
    X(rows_in)       \
    X(rows_expanded) \
    X(rows_out)      \
    X(rows_rejected) \
    X(rows_duplicate) X(rows_filtered) X(rows_merged) X(bytes_in) X(bytes_out) X(started_at) X(finished_at)

struct str manifest_staging_key(const char *run_id, struct arena *arena)
{
    return str_of(arena_printf(arena, ".sluice/staging/%s", run_id));
}

struct str manifest_key(const char *run_id, struct arena *arena)
{
    return str_of(arena_printf(arena, ".sluice/manifests/%s.json", run_id));
}

/* ---- sealing ---- */

/* Who wrote an output may have hashed it on the way. */
static bool hash(struct manifest_output *out, const char *path, struct err *err)
{
    if (out->output.sha256[0])
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot open %s", path);
    bool ok = sha256_fd(fd, path, out->output.sha256, &out->output.bytes, err);
    close(fd);
    return ok;
}

struct sealing {
    struct storage *storage;
    struct manifest_output *outputs;
    const char *const *paths;
    struct buf *tickets;
};

static bool seal_one(void *context, uint32_t i, struct err *err)
{
    struct sealing *sealing = context;
    struct manifest_output *out = &sealing->outputs[i];
    struct storage *storage = sealing->storage;
    return hash(out, sealing->paths[i], err) &&
           storage->driver->seal(storage, out->staged, out->output.key, &sealing->tickets[i], err) &&
           buf_ok(&sealing->tickets[i], "a ticket", err);
}

bool manifest_seal_all(struct storage *storage, struct manifest_output *outputs, const char *const *paths, size_t count,
    struct crew *crew, struct arena *arena, struct err *err)
{
    struct sealing sealing = {storage, outputs, paths, ARENA_ARRAY(arena, struct buf, count)};
    if (!sealing.tickets)
        return ERR(err, ERR_MEMORY, "no memory for %zu outputs", count);
    for (size_t i = 0; i < count; i++)
        buf_init(&sealing.tickets[i], MAX_TICKET);
    bool ok = storage_each(storage, crew, (uint32_t)count, seal_one, &sealing, err);
    for (size_t i = 0; i < count; i++) {
        outputs[i].ticket = ok ? arena_str(arena, buf_str(&sealing.tickets[i])) : STR("");
        ok = ok && (outputs[i].ticket.p || ERR(err, ERR_MEMORY, "no memory for a ticket"));
        buf_dispose(&sealing.tickets[i]);
    }
    return ok;
}

bool manifest_seal(
    struct storage *storage, struct manifest_output *out, const char *path, struct arena *arena, struct err *err)
{
    return manifest_seal_all(storage, out, &path, 1, NULL, arena, err);
}

/* ---- writing ---- */

static void write_output(struct json *json, const struct manifest_output *out)
{
    jsonw_object_begin(json);
    jsonw_put_string(json, "staged", out->staged);
    jsonw_put_string(json, "ticket", out->ticket);
    jsonw_put_string(json, "key", out->output.key);
    jsonw_put_string(json, "kind", out->output.kind);
    jsonw_put_string(json, "partition", out->output.partition);
    jsonw_put_uint(json, "rows", out->output.rows);
    jsonw_put_uint(json, "bytes", out->output.bytes);
    jsonw_put_cstring(json, "sha256", out->output.sha256);
    jsonw_put_bool(json, "replaces", out->replaces);
    jsonw_object_end(json);
}

static void write_count(struct json *json, const struct stage_count *count)
{
    jsonw_object_begin(json);
    jsonw_put_uint(json, "stage", count->stage);
#define COUNT_PUT(name) jsonw_put_int(json, #name, (int64_t)count->name);
    COUNTS(COUNT_PUT)
#undef COUNT_PUT
    jsonw_object_end(json);
}

static void write_cause(struct json *json, const struct sink_cause *cause)
{
    jsonw_object_begin(json);
    jsonw_put_uint(json, "stage", cause->stage);
    jsonw_put_uint(json, "code", cause->code);
    jsonw_put_string(json, "column", cause->column);
    jsonw_put_string(json, "rule", cause->rule);
    jsonw_put_string(json, "shape", cause->shape);
    jsonw_put_uint(json, "rows", cause->rows);
    jsonw_put_uint(json, "only_rows", cause->only_rows);
    jsonw_put_uint(json, "first_row", cause->first_row);
    jsonw_put_strings(json, "samples", cause->samples, cause->sample_count);
    jsonw_object_end(json);
}

static void write_silver(struct json *json, const struct manifest *m)
{
    jsonw_put_int(json, "stage_file", m->stage_file);
    jsonw_key(json, "silver");
    jsonw_array_begin(json);
    for (size_t i = 0; i < m->silver_count; i++) {
        jsonw_object_begin(json);
        jsonw_put_string(json, "run_id", m->silver[i].run_id);
        jsonw_put_uint(json, "rows", m->silver[i].rows);
        jsonw_put_uint(json, "recovered", m->silver[i].recovered);
        jsonw_object_end(json);
    }
    jsonw_array_end(json);
}

static void write_lists(struct json *json, const struct manifest *m)
{
    jsonw_key(json, "outputs");
    jsonw_array_begin(json);
    for (size_t i = 0; i < m->output_count; i++)
        write_output(json, &m->outputs[i]);
    jsonw_array_end(json);
    jsonw_key(json, "counts");
    jsonw_array_begin(json);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        if (m->counts[i].finished_at)
            write_count(json, &m->counts[i]);
    jsonw_array_end(json);
    jsonw_key(json, "causes");
    jsonw_array_begin(json);
    for (size_t i = 0; i < m->cause_count; i++)
        write_cause(json, &m->causes[i]);
    jsonw_array_end(json);
    jsonw_put_strings(json, "notes", m->notes, m->note_count);
    jsonw_put_strings(json, "removes", m->removes, m->remove_count);
}

bool manifest_write(struct storage *storage, const struct manifest *m, struct err *err)
{
    struct buf text, key;
    struct json json;
    buf_init(&text, MAX_MANIFEST);
    buf_init(&key, 4096);
    jsonw_init(&json, &text);
    jsonw_object_begin(&json);
    jsonw_put_uint(&json, "version", VERSION);
    jsonw_put_string(&json, "run_id", m->run_id);
    jsonw_put_string(&json, "dataset", m->dataset);
    jsonw_put_cstring(&json, "outcome", outcomes[m->outcome]);
    jsonw_put_string(&json, "error_code", m->error_code);
    jsonw_put_string(&json, "error_message", m->error_message);
    jsonw_put_string(&json, "system_cause_stage", m->system_cause_stage);
    jsonw_put_bool(&json, "warehouse", m->warehouse);
    jsonw_put_bool(&json, "takes_back", m->takes_back);
    jsonw_put_string(&json, "settles", m->settles);
    jsonw_put_string(&json, "archive_to", m->archive_to);
    jsonw_put_string(&json, "gold_inputs", m->gold_inputs);
    jsonw_put_string(&json, "blocks", m->blocks);
    jsonw_put_uint(&json, "block_rows", m->block_rows);
    if (m->stage_file)
        write_silver(&json, m);
    write_lists(&json, m);
    jsonw_object_end(&json);
    buf_printf(&key, ".sluice/manifests/" STR_FMT ".json", STR_ARG(m->run_id));
    bool ok = buf_ok(&text, "a manifest", err) && buf_ok(&key, "a key", err) &&
              storage->driver->write(storage, buf_str(&key), buf_str(&text), err);
    buf_dispose(&text);
    buf_dispose(&key);
    return ok;
}

/* ---- reading ---- */

static struct str get_str(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *value = json_object_get(object, name);
    struct str text = {json_string_value(value), json_string_length(value)};
    return text.p ? arena_str(arena, text) : STR("");
}

static uint64_t get_u64(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static void read_output(const json_t *from, struct manifest_output *to, struct arena *arena)
{
    to->staged = get_str(from, "staged", arena);
    to->ticket = get_str(from, "ticket", arena);
    to->output.key = get_str(from, "key", arena);
    to->output.kind = get_str(from, "kind", arena);
    to->output.partition = get_str(from, "partition", arena);
    to->output.rows = get_u64(from, "rows");
    to->output.bytes = get_u64(from, "bytes");
    to->replaces = json_is_true(json_object_get(from, "replaces"));
    struct str sha256 = get_str(from, "sha256", arena);
    memcpy(to->output.sha256, sha256.p, sha256.n < SHA256_TEXT_SIZE ? sha256.n : SHA256_TEXT_SIZE - 1);
}

static void read_count(const json_t *from, struct manifest *m)
{
    uint64_t stage = get_u64(from, "stage");
    if (stage >= STAGE_COUNT)
        return;
    struct stage_count *to = &m->counts[stage];
    to->stage = (enum stage)stage;
#define COUNT_GET(name) to->name = (__typeof__(to->name))get_u64(from, #name);
    COUNTS(COUNT_GET)
#undef COUNT_GET
}

static void read_cause(const json_t *from, struct sink_cause *to, struct arena *arena)
{
    const json_t *samples = json_object_get(from, "samples");
    to->stage = (enum stage)get_u64(from, "stage");
    to->code = (enum row_code)get_u64(from, "code");
    to->column = get_str(from, "column", arena);
    to->rule = get_str(from, "rule", arena);
    to->shape = get_str(from, "shape", arena);
    to->rows = get_u64(from, "rows");
    to->only_rows = get_u64(from, "only_rows");
    to->first_row = get_u64(from, "first_row");
    for (size_t i = 0; i < json_array_size(samples) && i < sizeof to->samples / sizeof *to->samples; i++) {
        const json_t *sample = json_array_get(samples, i);
        to->samples[to->sample_count++] =
            arena_str(arena, (struct str){json_string_value(sample), json_string_length(sample)});
    }
}

static struct str *read_texts(const json_t *from, size_t *count, struct arena *arena)
{
    struct str *texts = ARENA_ARRAY(arena, struct str, json_array_size(from));
    for (size_t i = 0; texts && i < json_array_size(from); i++) {
        const json_t *one = json_array_get(from, i);
        texts[i] = arena_str(arena, (struct str){json_string_value(one), json_string_length(one)});
    }
    *count = texts ? json_array_size(from) : 0;
    return texts;
}

static bool read_silver(const json_t *root, struct manifest *m, struct arena *arena)
{
    const json_t *list = json_object_get(root, "silver");
    m->stage_file = (int64_t)get_u64(root, "stage_file");
    m->silver_count = json_array_size(list);
    m->silver = ARENA_ARRAY(arena, struct silver_run, m->silver_count);
    for (size_t i = 0; m->silver && i < m->silver_count; i++) {
        const json_t *run = json_array_get(list, i);
        m->silver[i] =
            (struct silver_run){get_str(run, "run_id", arena), get_u64(run, "rows"), get_u64(run, "recovered")};
    }
    return m->silver != NULL;
}

static bool read_lists(const json_t *root, struct manifest *m, struct arena *arena)
{
    const json_t *outputs = json_object_get(root, "outputs"), *counts = json_object_get(root, "counts"),
                 *causes = json_object_get(root, "causes");
    m->output_count = json_array_size(outputs);
    m->cause_count = json_array_size(causes);
    m->outputs = ARENA_ARRAY(arena, struct manifest_output, m->output_count);
    m->causes = ARENA_ARRAY(arena, struct sink_cause, m->cause_count);
    if (!m->outputs || !m->causes)
        return false;
    for (size_t i = 0; i < m->output_count; i++)
        read_output(json_array_get(outputs, i), &m->outputs[i], arena);
    for (size_t i = 0; i < json_array_size(counts); i++)
        read_count(json_array_get(counts, i), m);
    for (size_t i = 0; i < m->cause_count; i++)
        read_cause(json_array_get(causes, i), &m->causes[i], arena);
    m->notes = read_texts(json_object_get(root, "notes"), &m->note_count, arena);
    m->removes = read_texts(json_object_get(root, "removes"), &m->remove_count, arena);
    return m->notes && m->removes;
}

static bool read_root(const json_t *root, struct manifest *m, struct arena *arena)
{
    struct str outcome = get_str(root, "outcome", arena);
    size_t found = sizeof outcomes / sizeof *outcomes;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (str_eq(outcome, str_of(outcomes[i])))
            found = i;
    if (found == sizeof outcomes / sizeof *outcomes || get_u64(root, "version") != VERSION)
        return false;
    m->outcome = (enum run_outcome)found;
    m->run_id = get_str(root, "run_id", arena);
    m->dataset = get_str(root, "dataset", arena);
    m->error_code = get_str(root, "error_code", arena);
    m->error_message = get_str(root, "error_message", arena);
    m->system_cause_stage = get_str(root, "system_cause_stage", arena);
    m->warehouse = json_is_true(json_object_get(root, "warehouse"));
    m->takes_back = json_is_true(json_object_get(root, "takes_back"));
    m->settles = get_str(root, "settles", arena);
    m->archive_to = get_str(root, "archive_to", arena);
    m->gold_inputs = get_str(root, "gold_inputs", arena);
    m->blocks = get_str(root, "blocks", arena);
    m->block_rows = get_u64(root, "block_rows");
    return read_lists(root, m, arena) && read_silver(root, m, arena) &&
           (m->archive_to.n || m->output_count || m->stage_file || m->counts[STAGE_GOLD].finished_at) &&
           (!m->gold_inputs.n || m->output_count);
}

bool manifest_read(
    struct storage *storage, const char *run_id, struct manifest *m, struct arena *arena, struct err *err)
{
    struct buf text;
    buf_init(&text, MAX_MANIFEST);
    struct str key = manifest_key(run_id, arena);
    bool ok = storage->driver->read(storage, key, &text, err);
    json_error_t fault;
    json_t *root =
        ok ? json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &fault) : NULL;
    *m = (struct manifest){0};
    if (ok && (!root || !read_root(root, m, arena)))
        ok = ERR(err, ERR_CORRUPT, "manifest " STR_FMT " cannot be understood", STR_ARG(key));
    json_decref(root);
    buf_dispose(&text);
    return ok;
}
