/* Intake: open what was claimed, hash it, recognise a delivery that was here before. */
#include "shared/clock.h"
#include "worker/run/file_run.h"

#include <sys/stat.h>

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
        struct str at = exists ? file->moving_to : file->location;
        if (!journal_file_moved(worker->journal, &run->claim, at, err))
            return false;
        file->location = at;
        file->moving_to = STR("");
    }
    if (!storage->driver->stat(storage, file->location, there, &run->object, run->arena, err))
        return false;
    if (!*there || storage->driver->open_fd(storage, file->location, &run->fd, err))
        return true;
    *there = false; /* gone between the two looks */
    return err->kind == ERR_NOT_FOUND;
}

static struct str duplicate_key(struct file_run *run)
{
    char at[CLOCK_TEXT_SIZE];
    struct str name = storage_base_name(run->claim.file.arrival_key);
    return str_of(arena_printf(run->arena, "archive/duplicates/" STR_FMT "_%s_%s", STR_ARG(name),
        clock_format_compact(clock_now(), at), run->claim.run_id));
}

enum step_result stage_intake(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    int64_t duplicate_of = 0;
    bool there;
    if (!reach(run, &there, err))
        return STEP_FAILED;
    if (!there) {
        run->manifest.outcome = OUTCOME_VANISHED;
        run->manifest.error_message = STR("it was removed before it was read");
        return STEP_FINISHED;
    }
    if (!sha256_fd(run->fd, run->claim.file.location.p, sha256, &size, err) || !file_run_unchanged(run, err))
        return STEP_FAILED;
    run->claim.file.sha256 = arena_str(run->arena, str_of(sha256));
    run->claim.file.size = size;
    if (!journal_file_hashed(
            worker->journal, &run->claim, sha256, size, !run->contract->duplicates_load, &duplicate_of, err))
        return STEP_FAILED;
    run->manifest.counts[STAGE_INTAKE].bytes_in = run->manifest.counts[STAGE_INTAKE].bytes_out = size;
    if (!duplicate_of)
        return STEP_NEXT;
    run->manifest.outcome = OUTCOME_DUPLICATE;
    run->manifest.archive_to = duplicate_key(run);
    run->manifest.error_message = str_of(arena_printf(run->arena, "same bytes as file %lld", (long long)duplicate_of));
    return STEP_FINISHED;
}
