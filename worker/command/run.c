/* sluiced run: works off what lies in the landing zone, then ends. sluiced watch: goes on until it is told to stop. */
#include "worker/watch/watch.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/command/local.h"
#include "worker/command/make_worker.h"
#include "worker/gold/warehouse.h"
#include "worker/notify/expected.h"
#include "worker/run/heap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t reload_wanted;

static void on_reload(int signal_number)
{
    (void)signal_number;
    reload_wanted = 1;
}

/* A person comes from another folder. */
static const char *whole_name(struct workplace *place)
{
    bool is_folder = place->storage->driver->features & STORAGE_FILES;
    char *path = is_folder ? realpath(place->storage->root.p, NULL) : NULL;
    const char *name = path ? arena_cstr(place->arena, path) : NULL;
    free(path);
    return name ? name : place->storage->url.p;
}

static struct notify *make_notify(struct workplace *place, bool at_once, bool *ok, struct err *err)
{
    const struct notify_options options = {.alerts = &place->settings.alerts,
        .secrets = place->settings.secrets,
        .environment = place->settings.environment,
        .lake = whole_name(place),
        .at_once = at_once};
    bool wanted;
    struct notify *notify = notify_new(&options, &wanted, err);
    *ok = notify || !wanted;
    return notify;
}

/* What cannot be sent now stays in the outbox. */
static void tell(struct workplace *place, struct worker *worker)
{
    struct err err;
    bool ok;
    int64_t next;
    struct notify *notify = make_notify(place, true, &ok, &err);
    expected_tell(worker->journal, worker->contracts, clock_now());
    notify_collect(notify, worker->journal, worker->contracts);
    if (!ok || !notify_deliver(notify, worker->journal, &next, &err))
        log_err(LOG_WARN, "alerts-not-sent", &err);
    notify_free(notify);
}

static struct metrics *make_metrics(struct workplace *place, bool *ok, struct err *err)
{
    const struct metrics_options options = {.emf = place->settings.metrics != 0,
        .file = place->settings.metrics_file,
        .environment = place->settings.environment,
        .owner = buf_str(&place->owner)};
    bool wanted;
    struct metrics *metrics = metrics_new(&options, &wanted);
    *ok = metrics || !wanted || ERR(err, ERR_MEMORY, "no memory for metrics");
    return metrics;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void summary(const struct tally *tally)
{
    uint64_t again = tally->failed + tally->waiting; /* files, and gold */
    fprintf(stderr, "%llu file%s: %llu loaded, %llu quarantined, %llu duplicate; %llu row%s written, %llu rejected\n",
        (unsigned long long)tally->files, plural(tally->files), (unsigned long long)tally->loaded,
        (unsigned long long)tally->quarantined, (unsigned long long)tally->duplicates, (unsigned long long)tally->rows,
        plural(tally->rows), (unsigned long long)tally->rejected);
    if (tally->unmatched)
        fprintf(stderr, "left where they are, as no contract takes them: %llu file%s\n",
            (unsigned long long)tally->unmatched, plural(tally->unmatched));
    if (tally->withdrawn)
        fprintf(stderr, "taken back: %llu file%s\n", (unsigned long long)tally->withdrawn, plural(tally->withdrawn));
    if (tally->kept)
        fprintf(stderr, "left as they were, as nothing better came of them: %llu file%s\n",
            (unsigned long long)tally->kept, plural(tally->kept));
    if (tally->gold_rows)
        fprintf(stderr, "gold in the warehouse: %llu row%s\n", (unsigned long long)tally->gold_rows,
            plural(tally->gold_rows));
    if (again)
        fprintf(stderr, "to be tried again: %llu file%s\n", (unsigned long long)again, plural(again));
}

static int outcome(const struct tally *tally, int fail_on)
{
    if (tally->failed || tally->waiting)
        return 3;
    if (fail_on == FAIL_ON_REJECT && (tally->rejected || tally->quarantined))
        return 1;
    return fail_on != FAIL_ON_NEVER && tally->quarantined ? 1 : 0;
}

struct run_options {
    bool progress, profile;
};

static const struct option_row run_rows[] = {
    {.name = "progress",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct run_options, progress),
        .flag_only = true,
        .help = "a line a file on stderr, also where it is no terminal"},
    {.name = "profile",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct run_options, profile),
        .flag_only = true,
        .help = "the CPU seconds and bytes of each part of the work, on stderr"},
};

static int run(int argc, char **argv)
{
    struct run_options own = {0};
    struct option_set extra = OPTION_SET(run_rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_run, &extra, 1,
            NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS | NEED_WAREHOUSE, &code))
        return code;
    heap_bound();
    signal(SIGPIPE, SIG_IGN);
    struct worker worker = make_worker(&place);
    worker.options.max_files = place.settings.batch;
    worker.options.ignore_backoff = true;
    worker.options.keeps_pace = true;
    if (place.rest.count)
        worker.options.only = str_of(place.rest.items[0]);
    worker.progress = progress_new(own.progress);
    struct profile profile = {0};
    worker.profile = own.profile ? &profile : NULL;
    bool ok;
    struct metrics *metrics = make_metrics(&place, &ok, &err);
    ok = ok && worker_run(&worker, &err) && warehouse_gold_all(&worker, &err);
    progress_free(worker.progress);
    tell(&place, &worker);
    metrics_report(metrics, worker.journal);
    metrics_free(metrics);
    code = ok ? outcome(&worker.tally, place.settings.fail_on) : complain(&err);
    if (ok)
        summary(&worker.tally);
    profile_print(worker.profile, stderr);
    return workplace_end(&place, code);
}

const struct command command_run = {
    .name = "run",
    .arguments = "[KEY]",
    .summary = "works off what lies in the landing zone, then ends",
    .run = run,
};

/* ---- watch ---- */

struct watch_own {
    int64_t quiet, gold_every;
    uint64_t gold_after;
};

static const struct option_row watch_rows[] = {
    {.name = "quiet",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct watch_own, quiet),
        .fallback = "2s",
        .lowest = 0,
        .highest = INT64_C(86400000000),
        .value = "TIME",
        .help = "a file is complete when nobody wrote to it for so long"},
    {.name = "gold-every",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct watch_own, gold_every),
        .fallback = "15m",
        .lowest = 0,
        .highest = INT64_C(86400000000) * 366,
        .value = "TIME",
        .help = "gold is made of what changed so long after files were loaded; 0: never"},
    {.name = "gold-after",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct watch_own, gold_after),
        .fallback = "1000",
        .lowest = 0,
        .highest = INT64_MAX,
        .value = "FILES",
        .help = "or as soon as so many were; 0: however many"},
};

static bool reload(void *context, struct worker *worker, struct err *err)
{
    struct workplace *place = context;
    struct contracts fresh = {0};
    if (!workplace_reload(place, &fresh)) {
        contracts_free(&fresh);
        return ERR(
            err, ERR_CONFIG, "the contracts in %s have mistakes: the old ones stay in use", place->settings.datasets);
    }
    contracts_free(&place->contracts);
    place->contracts = fresh;
    worker->contracts = &place->contracts;
    return true;
}

static int run_watch(int argc, char **argv)
{
    struct watch_own own = {0};
    struct option_set extra = OPTION_SET(watch_rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_watch, &extra, 0,
            NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS | NEED_WAREHOUSE | NEED_PATIENCE, &code))
        return code;
    heap_bound();
    struct sigaction again = {.sa_handler = on_reload};
    sigaction(SIGHUP, &again, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct worker worker = make_worker(&place);
    struct watch_options options = {.quiet_us = own.quiet,
        .sweep_us = place.settings.every,
        .gold = {.every_us = own.gold_every, .after = own.gold_after},
        .reload = reload,
        .context = &place,
        .datasets = place.settings.datasets,
        .reload_wanted = &reload_wanted,
        .events = place.settings.events};
    struct listener *listener = NULL;
    bool ok;
    options.notify = make_notify(&place, false, &ok, &err);
    if (ok)
        options.metrics = make_metrics(&place, &ok, &err);
    ok = ok && local_listen(&place, &listener, &err) && watch(&worker, &options, &err);
    code = ok ? 0 : complain(&err);
    listener_close(listener);
    notify_free(options.notify);
    metrics_free(options.metrics);
    place.journal = worker.journal;
    workplace_close(&place);
    return code;
}

const struct command command_watch = {
    .name = "watch",
    .arguments = "",
    .summary = "takes files as they arrive, until SIGTERM; SIGHUP reads the contracts again",
    .run = run_watch,
};
