/* sluiced gold: compacts what changed, or tells who lost to whom. */
#include "worker/gold/gold.h"

#include "worker/command/make_worker.h"
#include "worker/run/heap.h"

#include <signal.h>
#include <stdio.h>

struct gold_own {
    const char *dataset, *date, *partition;
    bool all, explain, allow_shrink;
};

static const struct option_row rows[] = {
    {.name = "dataset",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct gold_own, dataset),
        .flag_only = true,
        .value = "NAME",
        .help = "only this one"},
    {.name = "date",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct gold_own, date),
        .flag_only = true,
        .value = "DATE",
        .help = "only partitions of this value, changed or not"},
    {.name = "partition",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct gold_own, partition),
        .flag_only = true,
        .value = "NAME=VALUE",
        .help = "only this one, as its folder is named, changed or not"},
    {.name = "all",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct gold_own, all),
        .flag_only = true,
        .help = "also partitions that have not changed since their last compaction"},
    {.name = "explain",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct gold_own, explain),
        .flag_only = true,
        .help = "compacts nothing: a line for each row that lost, and to which"},
    {.name = "allow-shrink",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct gold_own, allow_shrink),
        .flag_only = true,
        .help = "takes a snapshot of less than half the rows of the gold before"},
};

static void print_line(void *context, struct str line)
{
    (void)context;
    printf(STR_FMT "\n", STR_ARG(line));
}

static void summary(const struct gold_tally *tally)
{
    fprintf(stderr, "%llu partitions: %llu compacted, %llu unchanged, %llu busy, %llu failed\n",
        (unsigned long long)tally->partitions, (unsigned long long)tally->compacted,
        (unsigned long long)tally->unchanged, (unsigned long long)tally->busy, (unsigned long long)tally->failed);
    if (tally->compacted)
        fprintf(stderr, "%llu rows read: %llu kept, %llu duplicate, %llu deleted, %llu superseded\n",
            (unsigned long long)tally->rows_in, (unsigned long long)tally->rows_out,
            (unsigned long long)tally->duplicates, (unsigned long long)tally->deleted,
            (unsigned long long)tally->superseded);
    if (tally->exports)
        fprintf(stderr, "exported: %llu rows\n", (unsigned long long)tally->exported_rows);
}

static bool compact(
    struct workplace *place, const struct gold_own *own, struct gold_tally *tally, struct err *first, struct err *err)
{
    struct worker worker = make_worker(place);
    struct gold_options options = {.partition = own->partition ? str_of(own->partition) : STR(""),
        .date = own->date ? str_of(own->date) : STR(""),
        .force = own->all || own->date || own->partition,
        .allow_shrink = own->allow_shrink,
        .explain = own->explain ? print_line : NULL};
    const struct contracts *contracts = &place->contracts;
    if (own->dataset && !contracts_find(contracts, str_of(own->dataset)))
        return ERR(err, ERR_USAGE, "no contract of a dataset %s in %s", own->dataset, place->settings.datasets);
    if (!own->explain && !worker_recover(&worker, err))
        return false;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract *contract = contracts->list[i];
        if (own->dataset && !str_eq(contract->dataset, str_of(own->dataset)))
            continue;
        if (contract->gold_mode == GOLD_NONE)
            fprintf(stderr, STR_FMT ": its contract has no gold section, nothing to do\n", STR_ARG(contract->dataset));
        else if (!gold_dataset(&worker, contract, &options, tally, first, err))
            return false;
    }
    return true;
}

static int run(int argc, char **argv)
{
    struct gold_own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    struct gold_tally tally = {0};
    struct err first = {0}, err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_gold, &extra, 0,
            NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS | NEED_WAREHOUSE, &code))
        return code;
    heap_bound();
    bool ok = compact(&place, &own, &tally, &first, &err);
    code = !ok ? complain(&err) : first.kind != ERR_NONE ? complain(&first) : tally.busy ? 3 : 0;
    if (ok && !own.explain)
        summary(&tally);
    return workplace_end(&place, code);
}

const struct command command_gold = {
    .name = "gold",
    .arguments = "[--dataset D] [--date D | --partition P | --all] [--explain]",
    .summary = "makes gold of the partitions that changed: one object each, the latest row of a key wins",
    .run = run,
};
