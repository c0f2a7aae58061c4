#include "worker/notify/expected.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/config/due.h"

static const char overdue[] = "overdue", rows[] = "rows";

static bool expects(const struct contract *contract)
{
    return contract->expect_every_us || contract->expect_by.n || contract->expect_rows_max;
}

bool expected_list(struct journal *journal, const struct contracts *contracts, struct expected **list, size_t *count,
    struct arena *arena, struct err *err)
{
    *count = 0;
    *list = ARENA_ARRAY(arena, struct expected, contracts->count + 1);
    if (!*list)
        return ERR(err, ERR_MEMORY, "no memory for what is expected");
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract *contract = contracts->list[i];
        struct expected *one = &(*list)[*count];
        if (!expects(contract))
            continue;
        *one = (struct expected){.contract = contract, .due = INT64_MAX};
        if (!journal_delivered(journal, contract->dataset, &one->delivered, arena, err))
            return false;
        if (one->delivered.last)
            one->due = contract_due(contract, one->delivered.last, arena);
        one->off = contract->expect_rows_max && one->delivered.loaded.n &&
                   (one->delivered.rows < contract->expect_rows_min || one->delivered.rows > contract->expect_rows_max);
        ++*count;
    }
    return true;
}

/* ---- incidents ---- */

struct amiss {
    struct expected_incident *list;
    size_t count;
};

static bool add(struct amiss *amiss, const char *kind, struct str dataset, const char *message, struct err *err)
{
    if (!message)
        return ERR(err, ERR_MEMORY, "no memory for incidents");
    amiss->list[amiss->count++] = (struct expected_incident){str_of(kind), dataset, str_of(message)};
    return true;
}

static bool judge(struct amiss *amiss, const struct expected *one, int64_t now, struct arena *arena, struct err *err)
{
    const struct contract *contract = one->contract;
    char due[CLOCK_TEXT_SIZE];
    if (one->due < now &&
        !add(amiss, overdue, contract->dataset,
            arena_printf(arena, "the next file was due at %.10s %.5s UTC", clock_format(one->due, due), due + 11), err))
        return false;
    return !one->off ||
           add(amiss, rows, contract->dataset,
               arena_printf(arena, STR_FMT " has %llu rows; %llu to %llu are expected", STR_ARG(one->delivered.loaded),
                   (unsigned long long)one->delivered.rows, (unsigned long long)contract->expect_rows_min,
                   (unsigned long long)contract->expect_rows_max),
               err);
}

static bool is_same(const struct expected_incident *a, const struct expected_incident *b, bool whole)
{
    return str_eq(a->kind, b->kind) && str_eq(a->subject, b->subject) && (!whole || str_eq(a->message, b->message));
}

static bool holds(const struct expected_incident *list, size_t count, const struct expected_incident *one, bool whole)
{
    for (size_t i = 0; i < count; i++)
        if (is_same(&list[i], one, whole))
            return true;
    return false;
}

/* Only what is not so yet is written: a quiet journal stays as it is. */
static bool settle(
    struct journal *journal, const struct amiss *amiss, int64_t now, struct arena *arena, struct err *err)
{
    static const char *const kinds[] = {overdue, rows, NULL};
    struct expected_incident *open;
    size_t count;
    if (!journal_open_incidents(journal, kinds, &open, &count, arena, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!holds(amiss->list, amiss->count, &open[i], false) &&
            !journal_incident_close(journal, open[i].kind, open[i].subject, now, err))
            return false;
    for (size_t i = 0; i < amiss->count; i++) {
        const struct expected_incident *one = &amiss->list[i];
        if (!holds(open, count, one, true) &&
            !journal_incident(journal, one->kind, one->subject, one->message, now, err))
            return false;
    }
    return true;
}

static bool tell(
    struct journal *journal, const struct contracts *contracts, int64_t now, struct arena *arena, struct err *err)
{
    struct expected *list;
    size_t count;
    struct amiss amiss = {.list = ARENA_ARRAY(arena, struct expected_incident, 2 * contracts->count + 1)};
    bool ok = amiss.list || ERR(err, ERR_MEMORY, "no memory for incidents");
    for (size_t i = 0; ok && i < contracts->count; i++)
        ok = !expects(contracts->list[i]) || journal_know_dataset(journal, contracts->list[i]->dataset, now, err);
    ok = ok && expected_list(journal, contracts, &list, &count, arena, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = judge(&amiss, &list[i], now, arena, err);
    return ok && settle(journal, &amiss, now, arena, err);
}

void expected_tell(struct journal *journal, const struct contracts *contracts, int64_t now)
{
    struct err err;
    struct arena *arena = arena_new(0);
    if (!arena || !tell(journal, contracts, now, arena, &err))
        log_event(LOG_WARN, "expectations-not-looked-at", "message", arena ? err.message : "no memory", NULL);
    arena_free(arena);
}
