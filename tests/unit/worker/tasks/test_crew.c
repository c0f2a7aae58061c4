#include "worker/tasks/crew.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NEVER = -1, MOST_SLOTS = 16, MOST_ITEMS = 2000 };

static const unsigned sizes[] = {1, 2, 5};

static struct crew *crew_of(unsigned threads)
{
    struct err err;
    struct crew *crew = crew_new(threads, &err);
    assert_non_null(crew);
    assert_int_equal(crew_threads(crew), threads);
    return crew;
}

/* ---- crew_each ---- */

struct sums {
    uint32_t results[MOST_ITEMS];
    int64_t fails_from; /* this task and all behind it */
};

static bool square(void *context, uint32_t i, struct err *err)
{
    struct sums *sums = context;
    if (sums->fails_from >= 0 && i >= sums->fails_from)
        return ERR(err, ERR_IO, "task %u", i);
    sums->results[i] += i * i;
    return true;
}

static void each_task_runs_once(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct crew *crew = crew_of(sizes[s]);
        struct sums *sums = calloc(1, sizeof *sums);
        struct err err;
        sums->fails_from = NEVER;
        for (int round = 1; round <= 3; round++)
            assert_true(crew_each(crew, MOST_ITEMS, square, sums, &err));
        for (uint32_t i = 0; i < MOST_ITEMS; i++)
            assert_int_equal(sums->results[i], 3 * i * i);
        free(sums);
        crew_free(crew);
    }
}

static void each_reports_the_first_failure(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct crew *crew = crew_of(sizes[s]);
        struct sums *sums = calloc(1, sizeof *sums);
        struct err err;
        sums->fails_from = 700;
        assert_false(crew_each(crew, MOST_ITEMS, square, sums, &err));
        assert_int_equal(err.kind, ERR_IO);
        assert_string_equal(err.message, "task 700");
        for (uint32_t i = 0; i < 700; i++)
            assert_int_equal(sums->results[i], i * i);
        sums->fails_from = NEVER;
        assert_true(crew_each(crew, 1, square, sums, &err));
        assert_true(crew_each(crew, 0, square, sums, &err));
        free(sums);
        crew_free(crew);
    }
}

static void each_needs_no_crew(void **state)
{
    (void)state;
    struct sums *sums = calloc(1, sizeof *sums);
    struct err err;
    sums->fails_from = NEVER;
    assert_true(crew_each(NULL, 10, square, sums, &err));
    assert_int_equal(sums->results[9], 81);
    crew_free(NULL);
    free(sums);
}

/* ---- crew_line ---- */

struct item {
    uint64_t number, squared;
};

struct flow {
    struct crew *crew;
    struct item items[MOST_SLOTS]; /* guarded by the line alone: a sanitizer sees what is not */
    uint64_t produced, committed, count;
    int64_t produce_fails, work_fails, commit_fails; /* at this item */
    bool shares;                                     /* commits use crew_each() */
    struct sums sums;
    pthread_t owner;
};

static enum line_result produce(void *context, unsigned slot, struct err *err)
{
    struct flow *flow = context;
    if (flow->produced == flow->count)
        return LINE_END;
    if ((int64_t)flow->produced == flow->produce_fails) {
        ERR(err, ERR_IO, "produce %lu", (unsigned long)flow->produced);
        return LINE_FAILED;
    }
    flow->items[slot] = (struct item){.number = flow->produced++};
    return LINE_ITEM;
}

static bool work(void *context, unsigned slot, struct err *err)
{
    struct flow *flow = context;
    struct item *item = &flow->items[slot];
    /* Late items overtake early ones. */
    for (uint64_t i = item->number % 7; i < 6; i++)
        sched_yield();
    if ((int64_t)item->number == flow->work_fails)
        return ERR(err, ERR_IO, "work %lu", (unsigned long)item->number);
    item->squared = item->number * item->number;
    return true;
}

static bool commit(void *context, unsigned slot, struct err *err)
{
    struct flow *flow = context;
    struct item *item = &flow->items[slot];
    assert_true(pthread_equal(flow->owner, pthread_self()));
    assert_int_equal(item->number, flow->committed);
    assert_int_equal(item->squared, item->number * item->number);
    if ((int64_t)item->number == flow->commit_fails)
        return ERR(err, ERR_IO, "commit %lu", (unsigned long)item->number);
    flow->committed++;
    return !flow->shares || crew_each(flow->crew, 20, square, &flow->sums, err);
}

static const struct {
    uint64_t count;
    int64_t produce_fails, work_fails, commit_fails;
    bool shares;
    const char *message; /* NULL: none fails */
    uint64_t committed;
} cases[] = {
    {0, NEVER, NEVER, NEVER, false, NULL, 0},
    {1, NEVER, NEVER, NEVER, false, NULL, 1},
    {600, NEVER, NEVER, NEVER, false, NULL, 600},
    {300, NEVER, NEVER, NEVER, true, NULL, 300},
    {600, 0, NEVER, NEVER, false, "produce 0", 0},
    {600, 500, NEVER, NEVER, false, "produce 500", 500},
    {600, NEVER, 500, NEVER, false, "work 500", 500},
    {600, NEVER, NEVER, 500, true, "commit 500", 500},
    /* the order of the items decides, not who is faster */
    {600, 501, 500, NEVER, false, "work 500", 500},
    {600, 502, 501, 500, false, "commit 500", 500},
    {600, 500, 501, 502, false, "produce 500", 500},
    {3, 2, 1, NEVER, false, "work 1", 1},
};

static void run_case(size_t c, unsigned threads, unsigned slots)
{
    struct flow *flow = calloc(1, sizeof *flow);
    flow->crew = crew_of(threads);
    flow->count = cases[c].count;
    flow->produce_fails = cases[c].produce_fails;
    flow->work_fails = cases[c].work_fails;
    flow->commit_fails = cases[c].commit_fails;
    flow->shares = cases[c].shares;
    flow->sums.fails_from = NEVER;
    flow->owner = pthread_self();
    struct line line = {.slots = slots, .context = flow, .produce = produce, .work = work, .commit = commit};
    struct err err;
    unsigned slot = slots;
    bool ok = crew_line(flow->crew, &line, &slot, &err);
    assert_int_equal(ok, cases[c].message == NULL);
    assert_int_equal(flow->committed, cases[c].committed);
    if (!ok) {
        assert_string_equal(err.message, cases[c].message);
        assert_int_equal(slot, cases[c].committed % slots);
    }
    /* The crew can run another line: nothing of the last is left. */
    flow->produced = flow->committed = flow->count = 0;
    assert_true(crew_line(flow->crew, &line, &slot, &err));
    crew_free(flow->crew);
    free(flow);
}

static void items_commit_in_order(void **state)
{
    (void)state;
    static const unsigned slots[] = {1, 3, MOST_SLOTS};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t t = 0; t < sizeof sizes / sizeof *sizes; t++)
            for (size_t s = 0; s < sizeof slots / sizeof *slots; s++)
                run_case(c, sizes[t], slots[s]);
}

/* ---- rounds ---- */

enum { TASKS = 9 };

struct rounds {
    struct flow flow;
    unsigned left[MOST_SLOTS][TASKS]; /* what each task found of the round before; guarded by the line alone */
    uint64_t done;
    int64_t round_fails, task_fails; /* at this item, in its second round */
};

/* An item has item % 3 rounds; in the second one there are fewer tasks. */
static bool next_round(void *context, unsigned slot, unsigned round, uint32_t *tasks, struct err *err)
{
    struct rounds *rounds = context;
    const struct item *item = &rounds->flow.items[slot];
    assert_int_equal(item->number, rounds->done);
    assert_int_equal(item->squared, item->number * item->number);
    for (unsigned i = 0; i < TASKS; i++)
        assert_int_equal(rounds->left[slot][i], round == 0 ? 0 : round == 1 || i > 2 ? 1 : 2);
    *tasks = round == item->number % 3 ? 0 : round ? 3 : TASKS;
    if (round == 1 && (int64_t)item->number == rounds->round_fails)
        return ERR(err, ERR_IO, "round %lu", (unsigned long)item->number);
    if (!*tasks) {
        memset(rounds->left[slot], 0, sizeof rounds->left[slot]);
        rounds->done++;
    }
    return true;
}

static bool do_task(void *context, unsigned slot, uint32_t i, struct err *err)
{
    struct rounds *rounds = context;
    const struct item *item = &rounds->flow.items[slot];
    if (rounds->left[slot][i]++ == 1 && (int64_t)item->number == rounds->task_fails)
        return ERR(err, ERR_IO, "task of %lu", (unsigned long)item->number);
    return true;
}

static void run_rounds(unsigned threads, unsigned slots, int64_t commit_fails, int64_t round_fails, int64_t task_fails,
    const char *message, uint64_t done)
{
    struct rounds *rounds = calloc(1, sizeof *rounds);
    struct flow *flow = &rounds->flow;
    *flow = (struct flow){.crew = crew_of(threads), .count = 600, .owner = pthread_self()};
    flow->produce_fails = flow->work_fails = NEVER;
    flow->commit_fails = commit_fails;
    rounds->round_fails = round_fails;
    rounds->task_fails = task_fails;
    struct line line = {slots, rounds, produce, work, commit, next_round, do_task};
    struct err err;
    unsigned slot;
    assert_int_equal(crew_line(flow->crew, &line, &slot, &err), message == NULL);
    assert_int_equal(rounds->done, done);
    assert_true(flow->committed >= done && flow->committed <= done + slots);
    assert_int_equal(slot, done % slots);
    if (message)
        assert_string_equal(err.message, message);
    crew_free(flow->crew);
    free(rounds);
}

static void rounds_follow_one_another(void **state)
{
    (void)state;
    static const unsigned slots[] = {1, 3, MOST_SLOTS};
    for (size_t t = 0; t < sizeof sizes / sizeof *sizes; t++) {
        for (size_t s = 0; s < sizeof slots / sizeof *slots; s++) {
            run_rounds(sizes[t], slots[s], NEVER, NEVER, NEVER, NULL, 600);
            run_rounds(sizes[t], slots[s], 500, NEVER, NEVER, "commit 500", 500);
            run_rounds(sizes[t], slots[s], NEVER, 500, NEVER, "round 500", 500);
            run_rounds(sizes[t], slots[s], NEVER, NEVER, 500, "task of 500", 500);
            /* the order of the items decides here too */
            run_rounds(sizes[t], slots[s], 501, NEVER, 500, "task of 500", 500);
            run_rounds(sizes[t], slots[s], 499, NEVER, 500, "commit 499", 499);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_runs_once),
        cmocka_unit_test(each_reports_the_first_failure),
        cmocka_unit_test(each_needs_no_crew),
        cmocka_unit_test(items_commit_in_order),
        cmocka_unit_test(rounds_follow_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
