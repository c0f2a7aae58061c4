#include "worker/run/worker.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/log.h"
#include "worker/journal/pace.h"
#include "worker/journal/seal.h"
#include "worker/run/file_run.h"
#include "worker/run/publish.h"
#include "worker/run/warehouse.h"

#include <time.h>

/* ---- what a predecessor left ---- */

static bool roll_forward(
    struct worker *worker, const struct claim *claim, enum run_state state, struct arena *arena, struct err *err)
{
    struct manifest manifest;
    log_event(LOG_INFO, "rolling-forward", "run", claim->run_id, "state", run_state_name(state), NULL);
    return manifest_read(worker->storage, claim->run_id, &manifest, arena, err) &&
           publish_run(worker, claim, &manifest, state, arena, err);
}

static bool roll_back(
    struct worker *worker, const struct claim *claim, enum run_state state, struct arena *arena, struct err *err)
{
    bool exhausted;
    struct err why;
    log_event(LOG_INFO, "rolling-back", "run", claim->run_id, "state", run_state_name(state), NULL);
    err_set(&why, ERR_INTERRUPTED, JOURNAL_DIED, __FILE__, __LINE__, "the worker ended before the file was published");
    return publish_clear(worker, claim->run_id, arena, err) &&
           journal_run_failed(worker->journal, claim, &why, STR(""), clock_now(), &exhausted, err);
}

/* One run that cannot be finished must not hold up the others: it is tried again by and by, and somebody is told. */
static bool put_off(struct worker *worker, const struct claim *claim, const struct err *why, struct err *err)
{
    bool exhausted;
    worker->tally.waiting++;
    log_err(LOG_ERROR, "not-recovered", why);
    if (err_action(why) == ERR_ACTION_WAIT || why->kind == ERR_INTERRUPTED) {
        *err = *why;
        return false;
    }
    return why->kind == ERR_FENCED ||
           (journal_incident(
                worker->journal, STR("recovery"), str_of(claim->run_id), str_of(why->message), clock_now(), err) &&
               journal_run_failed(worker->journal, claim, why, STR("lake"), clock_now(), &exhausted, err));
}

/* A prepared run with a warehouse may have been committed there, which is its point of no return. */
static bool is_committed(
    struct worker *worker, const struct claim *claim, bool *committed, struct arena *arena, struct err *err)
{
    struct manifest manifest;
    return manifest_read(worker->storage, claim->run_id, &manifest, arena, err) &&
           warehouse_ask(worker, claim, &manifest, committed, err);
}

/* Nobody can say yet: it is asked again by and by. */
static bool leave(struct worker *worker, const struct claim *claim, const struct err *why, struct err *err)
{
    if (!warehouse_fault(why))
        return put_off(worker, claim, why, err);
    log_err(LOG_WARN, "waiting", why);
    worker->tally.waiting++;
    return warehouse_incident(worker, claim->file.dataset, why, err) &&
           journal_run_left(worker->journal, claim, why, clock_now(), err);
}

static bool recover_one(struct worker *worker, bool *found, struct arena *arena, struct err *err)
{
    struct claim claim;
    enum run_state state;
    struct err why;
    if (!journal_take_over(
            worker->journal, worker->owner, clock_now(), worker->options.lease_us, &claim, &state, found, arena, err))
        return false;
    if (!*found)
        return true;
    bool forward = state == RUN_PUBLISHING || state == RUN_COMMITTED;
    if (state == RUN_PREPARED && !is_committed(worker, &claim, &forward, arena, &why))
        return leave(worker, &claim, &why, err);
    if (state == RUN_PREPARED && forward) {
        state = RUN_PUBLISHING;
        if (!journal_run_state(worker->journal, &claim, RUN_PREPARED, RUN_PUBLISHING, STR(""), err))
            return false;
    }
    if (forward ? roll_forward(worker, &claim, state, arena, &why) : roll_back(worker, &claim, state, arena, &why))
        return journal_incident_close(worker->journal, STR("recovery"), str_of(claim.run_id), clock_now(), err);
    return put_off(worker, &claim, &why, err);
}

bool worker_recover(struct worker *worker, struct err *err)
{
    bool found = true, ok = true;
    while (ok && found) {
        struct arena *arena = arena_new(0);
        ok = arena ? recover_one(worker, &found, arena, err) : ERR(err, ERR_MEMORY, "no memory to recover");
        arena_free(arena);
    }
    return ok && journal_redrive_expire(worker->journal, clock_now(), err) && publish_sweep(worker, err);
}

/* ---- what lies in the landing zone ---- */

struct listing {
    struct worker *worker;
    worker_ready *ready;
    void *context;
    struct err *err;
    bool failed;
    bool ends_groups; /* its groups are its own, not its caller's */
    bool grouped;     /* a group of the journal's is open */
    unsigned count;   /* of objects in it */
};

enum { GROUP = 500 };

/* Not all in one: while a group is open nobody else writes, and a listing may take long. */
static bool group(struct listing *listing)
{
    struct journal *journal = listing->worker->journal;
    if (listing->grouped && ++listing->count < GROUP)
        return true;
    listing->failed = listing->grouped && !journal_commit(journal, listing->err);
    listing->count = 0;
    listing->grouped = !listing->failed && journal_begin(journal, listing->err);
    listing->failed = !listing->grouped;
    return listing->grouped;
}

/* A listing may be older than the group it is written in: what it has may have been loaded and archived since. */
static bool still_lies(struct listing *listing, struct str key, bool *lies)
{
    struct storage *storage = listing->worker->storage;
    struct storage_object object;
    bool taken = false;
    *lies = true;
    if (!journal_taken_away(listing->worker->journal, key, &taken, listing->err))
        return false;
    if (!taken)
        return true;
    struct arena *arena = arena_new(0);
    bool ok = (arena || ERR(listing->err, ERR_MEMORY, "no memory to look at a file")) &&
              storage->driver->stat(storage, key, lies, &object, arena, listing->err);
    arena_free(arena);
    return ok;
}

static bool register_one(void *context, const struct storage_object *object)
{
    struct listing *listing = context;
    struct worker *worker = listing->worker;
    struct err unsafe;
    if (!storage_key_ok(object->key, &unsafe)) {
        log_err(LOG_WARN, "unsafe-name", &unsafe);
        return true;
    }
    if (listing->ready && !listing->ready(listing->context, object))
        return true;
    if (listing->ends_groups && !group(listing))
        return false;
    const struct contract *contract = contracts_match(worker->contracts, object->key);
    int64_t file_id;
    bool is_new, lies;
    if (!still_lies(listing, object->key, &lies)) {
        listing->failed = true;
        return false;
    }
    if (!lies)
        return true;
    if (!journal_register(worker->journal, object->key, contract ? contract->dataset : STR(""), object->size,
            object->version, clock_now(), &file_id, &is_new, listing->err)) {
        listing->failed = true;
        return false;
    }
    worker->tally.unmatched += !contract;
    return true;
}

/* The part of a glob before its first wildcard, up to its last '/': where the files it takes can lie. */
static struct str fixed_prefix(struct str match)
{
    size_t n = 0;
    for (size_t i = 0; i < match.n && match.p[i] != '*' && match.p[i] != '?'; i++)
        if (match.p[i] == '/')
            n = i + 1;
    return (struct str){match.p, n};
}

bool worker_landing_zones(const struct worker *worker, bool (*each)(void *context, struct str prefix), void *context)
{
    bool ok = each(context, STR("raw/"));
    for (size_t i = 0; ok && i < worker->contracts->count; i++) {
        struct str prefix = fixed_prefix(worker->contracts->list[i]->match);
        bool seen = str_starts(prefix, STR("raw/"));
        for (size_t j = 0; j < i && !seen; j++)
            seen = str_starts(prefix, fixed_prefix(worker->contracts->list[j]->match));
        ok = seen || each(context, prefix);
    }
    return ok;
}

static bool register_zone(void *context, struct str prefix)
{
    struct listing *listing = context;
    struct storage *storage = listing->worker->storage;
    return storage->driver->list(storage, prefix, register_one, listing, listing->err) && !listing->failed;
}

bool worker_register(struct worker *worker, worker_ready *ready, void *context, struct err *err)
{
    struct listing listing = {.worker = worker, .ready = ready, .context = context, .err = err, .ends_groups = true};
    worker->tally.unmatched = 0;
    if (worker_landing_zones(worker, register_zone, &listing) && fault_pass("registered", NULL, err))
        return !listing.grouped || journal_commit(worker->journal, err);
    if (listing.grouped)
        journal_rollback(worker->journal);
    return false;
}

bool worker_register_key(struct worker *worker, struct str key, struct err *err)
{
    struct listing listing = {.worker = worker, .err = err};
    struct storage *storage = worker->storage;
    struct arena *arena = arena_new(0);
    struct storage_object object;
    bool exists = false, own = !journal_grouped(worker->journal);
    bool ok = (arena || ERR(err, ERR_MEMORY, "no memory to look at a file")) &&
              storage->driver->stat(storage, key, &exists, &object, arena, err);
    if (ok && exists)
        ok = (!own || journal_begin(worker->journal, err)) && register_one(&listing, &object) &&
             (!own || journal_commit(worker->journal, err));
    if (!ok && own)
        journal_rollback(worker->journal);
    arena_free(arena);
    return ok && fault_pass("registered", NULL, err);
}

/* ---- work ---- */

enum work_result worker_next(struct worker *worker, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct claim claim;
    bool found = false;
    if (!arena) {
        ERR(err, ERR_MEMORY, "no memory for a claim");
        return WORK_FAILED;
    }
    bool ok = journal_claim(worker->journal, worker->owner, clock_now(), worker->options.lease_us,
        worker->options.ignore_backoff, worker->options.only, &claim, &found, arena, err);
    if (ok && found)
        ok = fault_pass("claimed", NULL, err) && file_run(worker, &claim, err);
    arena_free(arena);
    return !ok ? WORK_FAILED : found ? WORK_DONE : WORK_NOTHING;
}

/* For the next file of a request that has a rate. A signal ends the nap, and it never lasts long. */
static bool keep_pace(struct worker *worker, bool *waited, struct err *err)
{
    enum { NAP_US = 500000 };
    int64_t now = clock_now(), at = 0;
    *waited = false;
    if (!worker->options.keeps_pace || worker->options.only.n)
        return true;
    if (!journal_pace_next(worker->journal, now, &at, err))
        return false;
    if (!at)
        return true;
    int64_t us = at - now < NAP_US ? at - now : NAP_US;
    const struct timespec nap = {.tv_nsec = us * 1000};
    nanosleep(&nap, NULL);
    *waited = true;
    return true;
}

/* A lake that lost its journal lacks what happened since, so this is short; yet small files share a piece. */
static void seal(struct worker *worker, bool at_once)
{
    enum { SEAL_US = 1000000 };
    int64_t now = clock_monotonic();
    if (!at_once && now - worker->sealed_at < SEAL_US)
        return;
    worker->sealed_at = now;
    journal_seal_quietly(worker->journal, worker->storage);
}

bool worker_work(struct worker *worker, struct err *err)
{
    uint64_t files, bytes;
    bool waited;
    if (!journal_waiting(worker->journal, &files, &bytes, err))
        return false;
    progress_total(worker->progress, files, bytes);
    while (!worker->options.max_files || worker->tally.files < worker->options.max_files) {
        if (worker->stop && *worker->stop)
            return ERR(err, ERR_INTERRUPTED, "asked to stop");
        switch (worker_next(worker, err)) {
        case WORK_DONE:
            seal(worker, false);
            break;
        case WORK_NOTHING:
            seal(worker, true);
            if (!keep_pace(worker, &waited, err))
                return false;
            if (!waited)
                return true;
            break;
        case WORK_FAILED:
            return false;
        }
    }
    return true;
}

bool worker_run(struct worker *worker, struct err *err)
{
    worker->tally = (struct tally){0};
    return worker->storage->driver->probe(worker->storage, err) && worker_recover(worker, err) &&
           worker_register(worker, NULL, NULL, err) && worker_work(worker, err);
}
