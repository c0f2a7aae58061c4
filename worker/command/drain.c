/* sluiced drain: the workers of a lake finish what they have and take nothing more, before one of them is replaced. */
#include "shared/clock.h"
#include "worker/command/hold.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRAIN STR("drain")

struct own {
    int64_t timeout, lasts;
    bool resume;
};

static const struct option_row own_rows[] = {
    {.name = "timeout",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct own, timeout),
        .fallback = "10m",
        .lowest = 0,
        .highest = INT64_C(86400000000) * 7,
        .value = "TIME",
        .help = "waits so long for what is under way; 0: only asks"},
    {.name = "for",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct own, lasts),
        .fallback = "0",
        .lowest = 0,
        .highest = INT64_C(86400000000) * 7,
        .value = "TIME",
        .help = "ends by itself after so long; 0: with --resume only"},
    {.name = "resume",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct own, resume),
        .flag_only = true,
        .help = "the workers take work again"},
};

struct under_way {
    int64_t runs, orphans; /* orphans: their worker is gone, and the next one recovers them */
    char first[256];       /* the oldest of them */
};

static bool look(struct workplace *place, struct under_way *found, struct err *err)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE lease_until > ?1), count(*) FILTER (WHERE lease_until <= ?1), "
        "(SELECT r.kind || ' ' || coalesce(f.arrival_key, r.dataset || ' ' || r.partition) FROM run r LEFT JOIN file f "
        "USING (file_id) WHERE r.lease_until > ?1 ORDER BY r.started_at LIMIT 1) FROM run WHERE lease_until IS NOT "
        "NULL";
    sqlite3 *db = journal_handle(place->journal);
    sqlite3_stmt *statement;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_bind_int64(statement, 1, clock_now()) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
    if (ok) {
        const unsigned char *first = sqlite3_column_text(statement, 2);
        found->runs = sqlite3_column_int64(statement, 0);
        found->orphans = sqlite3_column_int64(statement, 1);
        snprintf(found->first, sizeof found->first, "%s", first ? (const char *)first : "");
    } else
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return ok;
}

/* A line when it changes; in one place on a terminal. */
static void show(const struct under_way *found, struct under_way *shown)
{
    bool terminal = isatty(STDERR_FILENO);
    if (found->runs == shown->runs && strcmp(found->first, shown->first) == 0)
        return;
    *shown = *found;
    fprintf(stderr, "%s%lld under way%s%s%s", terminal ? "\r\x1b[K" : "", (long long)found->runs,
        found->runs ? ", the longest: " : "", found->first, terminal && found->runs ? "" : "\n");
}

static bool wait_until_idle(struct workplace *place, int64_t timeout, struct under_way *found, struct err *err)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    struct under_way shown = {.runs = -1};
    int64_t end = clock_monotonic() + timeout;
    while (look(place, found, err)) {
        show(found, &shown);
        if (!found->runs)
            return true;
        if (clock_monotonic() < end) {
            nanosleep(&pause, NULL);
            continue;
        }
        ERR(err, ERR_UNAVAILABLE, "%lld runs are still under way; nothing more is begun", (long long)found->runs);
        return err_hint(err, "Wait again with 'sluiced drain', or take it back with 'sluiced drain --resume'.");
    }
    return false;
}

static int drain(struct workplace *place, const struct own *own, struct err *err)
{
    struct under_way found = {0};
    struct hold_change change = {.dataset = STR(HOLD_ALL), .reason = DRAIN, .action = "drain-begun", .holds = true};
    change.until = own->lasts ? clock_now() + own->lasts : 0;
    if (!hold_change(place, &change, err))
        return complain(err);
    if (own->timeout && !wait_until_idle(place, own->timeout, &found, err))
        return complain(err);
    if (found.orphans)
        printf("%lld runs lost their worker: the next one to start recovers them\n", (long long)found.orphans);
    puts(own->timeout ? "drained: nothing is under way; 'sluiced drain --resume' ends it"
                      : "nothing more is begun; 'sluiced drain' waits, 'sluiced drain --resume' ends it");
    return 0;
}

static int resume(struct workplace *place, struct err *err)
{
    struct hold_change change = {.dataset = STR(HOLD_ALL), .reason = DRAIN, .action = "drain-ended"};
    if (!hold_change(place, &change, err))
        return complain(err);
    puts("the workers take work again");
    return 0;
}

static int run(int argc, char **argv)
{
    struct own own = {0};
    struct option_set extra = OPTION_SET(own_rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_drain, &extra, 0, NEED_LAKE | NEED_JOURNAL, &code))
        return code;
    code = own.resume ? resume(&place, &err) : drain(&place, &own, &err);
    workplace_close(&place);
    return code;
}

const struct command command_drain = {
    .name = "drain",
    .arguments = "",
    .summary = "the workers finish what they have and take nothing more, until --resume",
    .run = run,
};
