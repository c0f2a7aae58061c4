/* Intake: open what was claimed, hash it, recognise a delivery that was here before. */
#include "shared/clock.h"
#include "worker/run/file_run.h"

#include <sys/stat.h>

/* A lake that is well, and a file that cannot be opened: then it is the file's own fault, and others can go on. */
static void blame_file(struct worker *worker, struct err *err)
{
    struct err lake;
    if (err_action(err) != ERR_ACTION_WAIT || !worker->storage->driver->probe(worker->storage, &lake))
        return;
    err->kind = ERR_IO;
    err_hint(err, "Give the worker's account leave to read and to move it: it is tried again.");
}

/* Where a move is a copy and a removal, a crash may have come between: the source is removed now. Unless it is another
 * delivery by now. */
static bool finish_move(struct file_run *run, struct err *err)
{
    struct storage *storage = run->worker->storage;
    const struct journal_file *file = &run->claim.file;
    bool already;
    return (storage->driver->features & STORAGE_RENAME) ||
           storage->driver->move(storage, file->location, file->moving_to, NULL, &already, err) ||
           err->kind == ERR_EXISTS;
}

/* Opens the file where it lies; *there false: somebody removed it. */
static bool reach(struct file_run *run, bool *there, struct err *err)
{
    struct worker *worker = run->worker;
    struct storage *storage = worker->storage;
    struct journal_file *file = &run->claim.file;
    if (file->moving_to.n) {
        bool exists;
        if (!storage->driver->stat(storage, file->moving_to, &exists, &run->object, run->arena, err))
            return false;
        if (exists && !finish_move(run, err))
            return false;
        struct str at = exists ? file->moving_to : file->location;
        if (!journal_file_moved(worker->journal, &run->claim, at, err))
            return false;
        file->location = at;
        file->moving_to = STR("");
    }
    if (!storage->driver->stat(storage, file->location, there, &run->object, run->arena, err))
        return false;
    if (!*there || storage_open_early(storage, file->location, &run->fd, &run->arrival, err))
        return true;
    *there = err->kind != ERR_NOT_FOUND; /* else gone between the two looks */
    if (*there)
        blame_file(worker, err);
    return !*there;
}

static struct str duplicate_key(struct file_run *run)
{
    char at[CLOCK_TEXT_SIZE];
    struct str name = storage_base_name(run->claim.file.arrival_key);
    return str_of(arena_printf(run->arena, "archive/duplicates/" STR_FMT "_%s_%s", STR_ARG(name),
        clock_format_compact(clock_now(), at), run->claim.run_id));
}

bool file_run_hashed(struct file_run *run, const char *sha256, uint64_t size, int64_t *duplicate_of, struct err *err)
{
    if (size != run->object.size)
        return ERR(err, ERR_CHANGED, STR_FMT " has another size than it had", STR_ARG(run->claim.file.arrival_key));
    if (run->claim.file.redrive_id.n && !str_eq(run->claim.file.sha256, str_of(sha256))) {
        ERR_REJECT(err, "redrive-void", "the file's bytes have changed since its re-drive was approved");
        return err_hint(err, "Find out who wrote to the lake.");
    }
    *duplicate_of = 0;
    if (run->claim.file.former == FILE_SUCCEEDED) /* the others are its duplicates */
        return true;
    if (!journal_file_hashed(
            run->worker->journal, &run->claim, sha256, size, !run->contract->duplicates_load, duplicate_of, err))
        return false;
    run->claim.file.sha256 = arena_str(run->arena, str_of(sha256));
    return run->claim.file.sha256.p || ERR(err, ERR_MEMORY, "no memory for a hash");
}

/* A file that can't be a duplicate, as none has its size, is hashed while its rows are worked on; but the bytes of a
 * re-drive are what was approved. */
static bool hash_later(struct file_run *run, bool *later, struct err *err)
{
    *later = false;
    return run->claim.file.redrive_id.n || file_run_threads(run) < 2 ||
           journal_file_alone(run->worker->journal, &run->claim, run->object.size, later, err);
}

enum step_result stage_intake(struct file_run *run, struct err *err)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    int64_t duplicate_of = 0;
    bool there, later;
    if (!reach(run, &there, err))
        return STEP_FAILED;
    if (!there && file_run_was_loaded(run)) {
        ERR_REJECT(
            err, "original-missing", "its original no longer lies at " STR_FMT, STR_ARG(run->claim.file.location));
        return STEP_FAILED;
    }
    if (!there) {
        run->manifest.outcome = OUTCOME_VANISHED;
        run->manifest.error_message = STR("it was removed before it was read");
        return STEP_FINISHED;
    }
    size = run->object.size;
    run->claim.file.size = size;
    run->manifest.counts[STAGE_INTAKE].bytes_in = run->manifest.counts[STAGE_INTAKE].bytes_out = size;
    if (!hash_later(run, &later, err))
        return STEP_FAILED;
    if (later)
        return STEP_NEXT;
    int64_t since = profile_now(run->worker->profile);
    bool hashed = file_run_arrived(run, err) && sha256_fd(run->fd, run->claim.file.location.p, sha256, &size, err);
    profile_add(run->worker->profile, PROFILE_HASH, since);
    profile_bytes(run->worker->profile, PROFILE_HASH, size);
    if (!hashed || !file_run_unchanged(run, err) || !file_run_hashed(run, sha256, size, &duplicate_of, err))
        return STEP_FAILED;
    if (!duplicate_of)
        return STEP_NEXT;
    run->manifest.outcome = OUTCOME_DUPLICATE;
    run->manifest.archive_to = duplicate_key(run);
    run->manifest.error_message = str_of(arena_printf(run->arena, "same bytes as file %lld", (long long)duplicate_of));
    return STEP_FINISHED;
}
