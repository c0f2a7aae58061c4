/* Validate: what is this file, and does its header fit the contract? It then moves to validated/. */
#include "worker/run/ahead.h"
#include "worker/run/file_run.h"
#include "worker/run/publish.h"
#include "worker/run/standing.h"

#include "shared/fault.h"
#include "shared/json.h"

enum { MAX_DIALECT_TEXT = 64 * 1024 * 1024 };

static bool read_sample(struct file_run *run, struct err *err)
{
    struct stream *stream = file_run_stream(run, err);
    char *sample = stream ? arena_alloc(run->arena, SNIFF_SAMPLE_BYTES) : NULL;
    size_t got = 0;
    bool ok = sample != NULL;
    if (stream && !sample)
        ERR(err, ERR_MEMORY, "no memory for a sample of the file");
    ok = ok && stream_read_full(stream, sample, SNIFF_SAMPLE_BYTES, &got, err);
    run->sample = (struct str){sample, got};
    run->sample_is_whole = got < SNIFF_SAMPLE_BYTES;
    stream_close(stream);
    return ok;
}

bool reading_make(struct file_run *run, const struct contract *contract, struct reading *reading, struct err *err)
{
    struct sniff_request request = {.given = &contract->dialect, .sample = run->sample, .whole = run->sample_is_whole};
    *reading = (struct reading){.contract = contract};
    request.expected = header_labels(contract, run->arena, &request.expected_count);
    if (!request.expected)
        return ERR(err, ERR_MEMORY, "no memory for the contract's labels");
    reading->bound = sniff_csv(&request, &reading->sniff, run->arena, err) &&
                     binding_make(contract, &reading->sniff, &reading->binding, run->arena, err);
    return reading->bound;
}

/* Under the contract, or under a standing override that fits. */
static bool settle(struct file_run *run, struct err *err)
{
    struct reading reading;
    struct err refused = {0};
    bool used = false;
    if (!reading_make(run, run->contract, &reading, &refused) && err_action(&refused) != ERR_ACTION_REJECT) {
        *err = refused;
        return false;
    }
    bool ok = file_run_standing_settle(run, &reading, &used, err) && (!used || file_run_ruleset(run, err));
    run->sniff = reading.sniff;
    run->binding = reading.binding;
    if (ok && !reading.bound)
        *err = refused;
    return ok && reading.bound;
}

/* Beside the dialect: what was noticed, the columns (0-based) whose values are masked wherever they are shown, and how
 * the contract was changed for this run: by overrides, which may be those of a standing one. */
void file_run_dialect(const struct file_run *run, struct buf *out)
{
    struct json json;
    jsonw_init(&json, out);
    dialect_write(&run->sniff.dialect, &json);
    if (out->failed)
        return;
    out->n--; /* the object's end: one member more */
    buf_add_cstr(out, ",\"notes\":");
    jsonw_init(&json, out);
    jsonw_array_begin(&json);
    for (size_t i = 0; i < run->sniff.note_count; i++)
        jsonw_string(&json, run->sniff.notes[i]);
    for (size_t i = 0; i < run->binding.note_count; i++)
        jsonw_string(&json, run->binding.notes[i]);
    jsonw_array_end(&json);
    buf_add_cstr(out, ",\"sensitive\":");
    jsonw_init(&json, out);
    jsonw_array_begin(&json);
    for (uint32_t i = 0; i < run->binding.width && run->binding.field_of_column; i++)
        if (run->binding.field_of_column[i] >= 0 && run->contract->fields[run->binding.field_of_column[i]].sensitive)
            jsonw_uint(&json, i);
    jsonw_array_end(&json);
    if (run->contract->overrides.n) {
        buf_add_cstr(out, ",\"overrides\":");
        buf_add_str(out, run->contract->overrides);
    }
    if (run->standing_id)
        buf_printf(out, ",\"standing\":\"%s\"", run->standing_id);
    if (run->patch)
        buf_printf(out, ",\"patch\":\"%s\"", run->patch->patch_id);
    buf_add_byte(out, '}');
}

static bool record_dialect(struct file_run *run, struct err *err)
{
    struct buf text;
    buf_init(&text, MAX_DIALECT_TEXT);
    file_run_dialect(run, &text);
    bool ok = buf_ok(&text, "a dialect", err) &&
              journal_run_state(run->worker->journal, &run->claim, RUN_CLAIMED, RUN_VALIDATED, buf_str(&text), err);
    buf_dispose(&text);
    return ok;
}

/* A rename may show in the object's version: what counts from here on is its version at the new place. */
static bool move_to_validated(struct file_run *run, struct err *err)
{
    struct storage *storage = run->worker->storage;
    struct storage_object moved;
    bool exists;
    if (!publish_move(run->worker, &run->claim, run->validated_to, run->object.version, err) ||
        !storage->driver->stat(storage, run->claim.file.location, &exists, &moved, run->arena, err))
        return false;
    bool keeps_time = storage->driver->features & STORAGE_RENAME;
    if (!exists || moved.size != run->object.size || (keeps_time && moved.modified != run->object.modified))
        return ERR(err, ERR_CHANGED, STR_FMT " changed while it was moved", STR_ARG(run->claim.file.arrival_key));
    run->object = moved;
    return true;
}

bool file_run_moved(struct file_run *run, struct err *err)
{
    if (!run->ahead)
        return true;
    ahead_end(run->ahead);
    run->ahead = NULL;
    return move_to_validated(run, err);
}

/* The journal knows where it goes before anything of it is there. */
static bool begin_move(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    struct str name = storage_base_name(run->claim.file.arrival_key);
    run->validated_to = str_of(arena_printf(run->arena, "validated/%s/" STR_FMT, run->claim.run_id, STR_ARG(name)));
    if (!run->validated_to.p)
        return ERR(err, ERR_MEMORY, "no memory for a key");
    if (!file_run_unchanged(run, err))
        return false;
    if (!worker->storage->driver->move_ahead)
        return move_to_validated(run, err);
    if (!journal_file_moving(worker->journal, &run->claim, run->validated_to, err) ||
        !fault_pass("moving-ahead", run->validated_to.p, err))
        return false;
    run->ahead = ahead_begin(worker->storage, run->claim.file.location, run->validated_to, run->object.version);
    return run->ahead || move_to_validated(run, err);
}

enum step_result stage_validate(struct file_run *run, struct err *err)
{
    uint64_t size = run->claim.file.size;
    if (!read_sample(run, err) || !settle(run, err))
        return STEP_FAILED;
    run->validated = true;
    run->manifest.counts[STAGE_VALIDATE].bytes_in = run->manifest.counts[STAGE_VALIDATE].bytes_out = size;
    if (run->rehearsal)
        return STEP_NEXT;
    return record_dialect(run, err) && (file_run_was_loaded(run) || begin_move(run, err)) ? STEP_NEXT : STEP_FAILED;
}
