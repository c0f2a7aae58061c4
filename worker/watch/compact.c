#include "worker/watch/compact.h"

#include "shared/log.h"
#include "worker/gold/gold.h"
#include "worker/gold/warehouse.h"

#include <stdio.h>

void compact_begin(struct compact_schedule *schedule, int64_t now)
{
    schedule->next = schedule->every_us ? now : 0;
}

/* What came and what went both change gold. */
static uint64_t changes(const struct worker *worker)
{
    return worker->tally.loaded + worker->tally.withdrawn;
}

/* As the agent does, that carries out what was approved. */
static bool loaded_elsewhere(const struct compact_schedule *schedule, const struct worker *worker)
{
    struct err err; /* whatever is wrong with the journal shows elsewhere */
    char last[ULID_SIZE];
    return journal_gold_latest(worker->journal, last, &err) && strcmp(last, schedule->seen) != 0;
}

bool compact_due(struct compact_schedule *schedule, const struct worker *worker, int64_t now)
{
    uint64_t fresh = changes(worker) - schedule->compacted;
    if (!schedule->every_us)
        return false;
    if (!schedule->next && (fresh || loaded_elsewhere(schedule, worker)))
        schedule->next = now + schedule->every_us;
    return (schedule->next && now >= schedule->next) || (schedule->after && fresh >= schedule->after);
}

static void tell(const struct gold_tally *tally)
{
    char compacted[32], rows[32];
    if (!tally->compacted && !tally->failed)
        return;
    snprintf(compacted, sizeof compacted, "%llu", (unsigned long long)tally->compacted);
    snprintf(rows, sizeof rows, "%llu", (unsigned long long)tally->rows_out);
    log_event(LOG_INFO, "gold-compacted", "partitions", compacted, "rows", rows, NULL);
}

bool compact_all(struct compact_schedule *schedule, struct worker *worker, struct err *err)
{
    static const struct gold_options options = {.partition = {"", 0}, .date = {"", 0}};
    struct gold_tally tally = {0};
    struct err first = {0}; /* told as an incident, and in the log */
    char last[ULID_SIZE];
    if (!journal_gold_latest(worker->journal, last, err))
        return false;
    for (size_t i = 0; i < worker->contracts->count; i++)
        if (worker->contracts->list[i]->gold_mode != GOLD_NONE &&
            !gold_dataset(worker, worker->contracts->list[i], &options, &tally, &first, err))
            return false;
    if (!warehouse_gold_all(worker, err))
        return false;
    tell(&tally);
    schedule->next = 0;
    schedule->compacted = changes(worker);
    memcpy(schedule->seen, last, sizeof last);
    return true;
}
