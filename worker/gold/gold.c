#include "worker/gold/gold.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/gold/compaction.h"
#include "worker/gold/export.h"
#include "worker/gold/warehouse.h"
#include "worker/run/heap.h"
#include "worker/tasks/crew.h"

#include <sqlite3.h>
#include <stdatomic.h>

static bool has_value(struct str partition, struct str value)
{
    while (partition.n) {
        size_t end = str_find_byte(partition, '/'), name = str_find_byte((struct str){partition.p, end}, '=');
        if (name < end && str_eq((struct str){partition.p + name + 1, end - name - 1}, value))
            return true;
        size_t next = end < partition.n ? end + 1 : end;
        partition = (struct str){partition.p + next, partition.n - next};
    }
    return false;
}

static bool is_wanted(const struct gold_options *options, struct str partition)
{
    return (!options->partition.n || str_eq(options->partition, partition)) &&
           (!options->date.n || has_value(partition, options->date));
}

static void count(struct gold_tally *tally, const struct compaction *c, enum compaction_result result)
{
    tally->compacted += result == COMPACTED;
    tally->unchanged += result == COMPACTION_UNCHANGED;
    tally->busy += result == COMPACTION_BUSY;
    tally->failed += result == COMPACTION_FAILED;
    if (result != COMPACTED)
        return;
    tally->rows_in += c->count.rows_in;
    tally->rows_out += c->count.rows_out;
    tally->duplicates += c->count.rows_duplicate;
    tally->deleted += c->count.rows_filtered;
    tally->superseded += c->count.rows_merged;
}

static void add(struct gold_tally *sum, const struct gold_tally *part)
{
    sum->compacted += part->compacted;
    sum->unchanged += part->unchanged;
    sum->busy += part->busy;
    sum->failed += part->failed;
    sum->rows_in += part->rows_in;
    sum->rows_out += part->rows_out;
    sum->duplicates += part->duplicates;
    sum->deleted += part->deleted;
    sum->superseded += part->superseded;
}

/* An incident a partition whose gold, or a dataset whose export, could not be made; it closes by itself. */
static bool keep_incident(struct worker *worker, const struct contract *contract, struct str partition,
    const struct err *fault, struct arena *arena, struct err *err)
{
    struct str subject =
        str_of(arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(contract->dataset), STR_ARG(partition)));
    if (!subject.p)
        return ERR(err, ERR_MEMORY, "no memory for an incident");
    if (fault)
        return journal_incident(worker->journal, STR("gold"), subject, str_of(fault->message), clock_now(), err);
    return journal_incident_close(worker->journal, STR("gold"), subject, clock_now(), err);
}

/* What would fail for all that is still to do too. */
static bool is_for_all(const struct err *fault)
{
    return fault->kind == ERR_INTERRUPTED || fault->kind == ERR_UNAVAILABLE;
}

static bool export_one(struct worker *worker, const struct contract *contract, struct gold_tally *tally,
    struct err *first, struct arena *arena, struct err *err)
{
    struct gold_export done;
    struct err fault;
    bool elsewhere;
    if (!contract->warehouse.export_key.n)
        return true;
    if (!warehouse_exports(worker, contract, &elsewhere, arena, err))
        return false;
    if (elsewhere)
        return true;
    bool made = gold_export(worker, contract, &done, &fault);
    if (!made) {
        err_context(&fault, "export of " STR_FMT, STR_ARG(contract->dataset));
        log_err(LOG_ERROR, "export-failed", &fault);
        tally->failed++;
        *first = first->kind == ERR_NONE ? fault : *first;
    }
    tally->exports += made && done.made;
    tally->exported_rows += made ? done.rows : 0;
    if (!keep_incident(worker, contract, STR("export"), made ? NULL : &fault, arena, err))
        return false;
    if (made || !is_for_all(&fault))
        return true;
    *err = fault;
    return false;
}

static bool compact_one(struct worker *worker, const struct contract *contract, const struct gold_options *options,
    struct str partition, struct gold_tally *tally, struct err *first, struct err *err)
{
    struct err fault;
    struct arena *arena = arena_new(0);
    if (!arena)
        return ERR(err, ERR_MEMORY, "no memory to compact a partition");
    struct compaction c = {
        .worker = worker, .contract = contract, .options = options, .partition = partition, .arena = arena};
    enum compaction_result result = compaction_run(&c, &fault);
    bool failed = result == COMPACTION_FAILED, ok = true;
    count(tally, &c, result);
    if (failed) {
        err_context(&fault, "gold " STR_FMT " " STR_FMT, STR_ARG(contract->dataset), STR_ARG(partition));
        log_err(LOG_ERROR, "gold-failed", &fault);
        if (first->kind == ERR_NONE)
            *first = fault;
    }
    if (!options->explain && (failed || result == COMPACTED))
        ok = keep_incident(worker, contract, partition, failed ? &fault : NULL, arena, err);
    if (ok && failed && is_for_all(&fault)) {
        *err = fault;
        ok = false;
    }
    arena_free(arena);
    return ok;
}

/* ---- several partitions at a time ---- */

/* Takes one partition after another; a journal and a share of the memory of its own. */
struct hand {
    struct worker worker;
    struct journal *journal; /* NULL: the caller's */
    struct gold_tally tally;
    struct err first;
    size_t first_at; /* the partition that first is about */
};

struct hands {
    const struct contract *contract;
    const struct gold_options *options;
    struct str *partitions;
    size_t count;
    atomic_size_t next;
    atomic_bool failed;
    struct hand *list;
};

static bool hand_run(void *context, uint32_t i, struct err *err)
{
    struct hands *hands = context;
    struct hand *hand = &hands->list[i];
    for (size_t at; !atomic_load(&hands->failed) && (at = atomic_fetch_add(&hands->next, 1)) < hands->count;) {
        bool had = hand->first.kind != ERR_NONE;
        bool ok = compact_one(
            &hand->worker, hands->contract, hands->options, hands->partitions[at], &hand->tally, &hand->first, err);
        if (!had)
            hand->first_at = at;
        if (!ok) {
            atomic_store(&hands->failed, true);
            return false;
        }
    }
    return true;
}

static bool hands_open(struct hands *hands, unsigned count, const struct worker *worker, struct err *err)
{
    const char *path = sqlite3_db_filename(journal_handle(worker->journal), "main");
    for (unsigned i = 0; i < count; i++) {
        struct hand *hand = &hands->list[i];
        hand->worker = *worker;
        hand->worker.options.memory /= count;
        if (i && !(hand->worker.journal = hand->journal = journal_open(path, false, err)))
            return false;
    }
    return true;
}

/* Of several faults the one of the first partition is told. */
static void hands_close(struct hands *hands, unsigned count, struct gold_tally *tally, struct err *first)
{
    size_t least = SIZE_MAX;
    bool told = first->kind != ERR_NONE;
    for (unsigned i = 0; i < count; i++) {
        struct hand *hand = &hands->list[i];
        add(tally, &hand->tally);
        if (!told && hand->first.kind != ERR_NONE && hand->first_at < least) {
            *first = hand->first;
            least = hand->first_at;
        }
        journal_close(hand->journal);
    }
}

/* Rows that lost are told in order, by one. */
static unsigned hand_count(const struct worker *worker, const struct gold_options *options, size_t partitions)
{
    unsigned threads = worker->options.threads ? worker->options.threads : crew_processors();
    return options->explain ? 1 : threads < partitions ? threads : (unsigned)partitions;
}

static bool compact_all(struct worker *worker, struct hands *hands, struct gold_tally *tally, struct err *first,
    struct arena *arena, struct err *err)
{
    unsigned count = hand_count(worker, hands->options, hands->count);
    if (!count)
        return true;
    heap_reserve(worker->options.memory);
    hands->list = ARENA_ARRAY(arena, struct hand, count);
    if (!hands->list)
        return ERR(err, ERR_MEMORY, "no memory to compact a dataset");
    struct crew *crew = crew_new(count, err);
    bool ok = crew && hands_open(hands, count, worker, err) && crew_each(crew, count, hand_run, hands, err);
    crew_free(crew);
    hands_close(hands, count, tally, first);
    return ok;
}

static size_t keep_wanted(const struct gold_options *options, struct str *partitions, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (is_wanted(options, partitions[i]))
            partitions[kept++] = partitions[i];
    return kept;
}

bool gold_dataset(struct worker *worker, const struct contract *contract, const struct gold_options *options,
    struct gold_tally *tally, struct err *first, struct err *err)
{
    struct hands hands = {.contract = contract, .options = options};
    size_t n;
    struct arena *arena = arena_new(0);
    bool ok = arena ? journal_gold_partitions(worker->journal, contract->dataset, &hands.partitions, &n, arena, err)
                    : ERR(err, ERR_MEMORY, "no memory for the partitions of a dataset");
    if (ok) {
        hands.count = keep_wanted(options, hands.partitions, n);
        tally->partitions += hands.count;
        ok = compact_all(worker, &hands, tally, first, arena, err) &&
             (options->explain || export_one(worker, contract, tally, first, arena, err));
    }
    arena_free(arena);
    return ok;
}
