#include "tests/unit/worker/journal/fixture.h"

static const char *state_of(struct fixture *f, int64_t id)
{
    return ask(f, arena_printf(f->arena, "SELECT state FROM file WHERE file_id = %lld", (long long)id));
}

static bool taken_away(struct fixture *f, const char *key)
{
    bool taken;
    OK(f, journal_taken_away(f->journal, str_of(key), &taken, &f->err));
    return taken;
}

static void test_register(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    bool is_new;
    int64_t none;
    int64_t first = deliver_new(f, "raw/a", "v1", 10);
    assert_int_equal(deliver(f, "raw/a", "v1", 20, &is_new), first);
    assert_false(is_new);
    assert_string_equal(ask(f, "SELECT arrived_at FROM file"), "10");
    /* replaced before it was taken: the same row, a new delivery */
    assert_int_equal(deliver(f, "raw/a", "v2", 30, &is_new), first);
    assert_true(is_new);
    assert_string_equal(ask(f, "SELECT arrived_at || version || size FROM file"), "30v2100");
    /* in work, where it came: nothing is known yet */
    assert_true(take(f, 40, &claim));
    assert_int_equal(deliver(f, "raw/a", "v3", 50, &is_new), first);
    assert_false(is_new);
    /* in work, elsewhere: another version is another delivery, the same is an old listing */
    assert_false(taken_away(f, "raw/a"));
    assert_false(taken_away(f, "raw/never"));
    move(f, &claim, "validated/a");
    assert_true(taken_away(f, "raw/a"));
    assert_int_equal(deliver(f, "raw/a", "v2", 60, &is_new), first);
    int64_t second = deliver_new(f, "raw/a", "v3", 70);
    assert_false(taken_away(f, "raw/a"));
    assert_int_not_equal(second, first);
    go_to_committed(f, &claim);
    end(f, &claim, OUTCOME_LOADED, 80);
    assert_string_equal(state_of(f, first), "SUCCEEDED");
    assert_string_equal(state_of(f, second), "PENDING");
    /* contracts come and go */
    OK(f, journal_register(f->journal, STR("raw/u"), STR(""), 1, "v", 90, &none, &is_new, &f->err));
    assert_string_equal(state_of(f, none), "UNMATCHED");
    deliver(f, "raw/u", "v", 91, &is_new);
    assert_string_equal(state_of(f, none), "PENDING");
    OK(f, journal_register(f->journal, STR("raw/u"), STR(""), 1, "v", 92, &none, &is_new, &f->err));
    assert_string_equal(state_of(f, none), "UNMATCHED");
    /* what was done and left for good lies elsewhere: the key is new, with any version */
    assert_true(take(f, 100, &claim));
    load(f, &claim, 110);
    assert_int_not_equal(deliver_new(f, "raw/a", "v3", 120), second);
}

static void test_order(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    static const struct {
        const char *key;
        int64_t arrived_at;
    } files[] = {{"raw/c", 30}, {"raw/a", 10}, {"raw/d", 10}, {"raw/b", 20}};
    static const char *const order[] = {"raw/a", "raw/d", "raw/b", "raw/c"};
    for (size_t i = 0; i < 4; i++)
        deliver_new(f, files[i].key, "v", files[i].arrived_at);
    bool found;
    OK(f, journal_claim(f->journal, OWNER, 100, LEASE, false, STR("raw/none"), &claim, &found, f->arena, &f->err));
    assert_false(found);
    for (size_t i = 0; i < 4; i++) {
        assert_true(take(f, 100, &claim));
        assert_true(str_eq(claim.file.arrival_key, str_of(order[i])));
        assert_true(str_eq(claim.file.location, claim.file.arrival_key));
        assert_int_equal(claim.fence, 1);
        assert_true(ulid_valid(str_of(claim.run_id)));
    }
    assert_false(take(f, 100, &claim));
    assert_string_equal(ask(f, "SELECT count(*) FROM run WHERE state = 'claimed'"), "4");
}

static void test_hold(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    deliver_new(f, "raw/a", "v", 1);
    OK(f, journal_hold(f->journal, STR("sales"), STR("paused"), STR("alice"), 5, 0, &f->err));
    OK(f, journal_hold(f->journal, STR("sales"), STR("postgres"), STR("w"), 5, 50, &f->err));
    assert_false(take(f, 100, &claim));
    OK(f, journal_release(f->journal, STR("sales"), STR("paused"), &f->err));
    assert_false(take(f, 49, &claim));
    assert_true(take(f, 50, &claim));
}

/* Deliveries of bytes under keys, each worked off before the next; 0: loaded, else the step whose bytes it repeats. */
static const struct {
    const char *steps; /* key, byte, key, byte … */
    bool any_key;
    int duplicate_of[4];
} cases[] = {
    {"x1x1", false, {0, 1}},
    {"x1x2x1", false, {0, 0, 0}},
    {"x1x2x1", true, {0, 0, 0}},
    {"x1x2x1x1", false, {0, 0, 0, 3}},
    {"x1x1x1", false, {0, 1, 1}},
    {"x1y1", false, {0, 0}},
    {"x1y1", true, {0, 1}},
    {"x1x2y1", true, {0, 0, 1}},
    {"x1y1x2y1", true, {0, 1, 0, 1}},
};

static void deliver_all(struct fixture *f, size_t c)
{
    const char *steps = cases[c].steps;
    int64_t ids[5] = {0};
    for (int i = 0; steps[2 * i]; i++) {
        struct claim claim;
        const char *key = arena_printf(f->arena, "raw/%zu%c", c, steps[2 * i]);
        ids[i + 1] = deliver_new(f, key, arena_printf(f->arena, "v%d", i), i);
        assert_true(take(f, i, &claim));
        /* another first byte a case: cases share a journal, not bytes */
        char sha256[SHA256_TEXT_SIZE] = "";
        memset(sha256, steps[2 * i + 1], 64);
        sha256[0] = (char)('a' + c);
        int64_t duplicate_of;
        OK(f, journal_file_hashed(f->journal, &claim, sha256, 7, cases[c].any_key, &duplicate_of, &f->err));
        if (duplicate_of != ids[cases[c].duplicate_of[i]])
            fail_msg("%s, step %d: duplicate of %lld", steps, i, (long long)duplicate_of);
        move(f, &claim, arena_printf(f->arena, "archive/%s", claim.run_id));
        if (!duplicate_of)
            go_to_committed(f, &claim);
        end(f, &claim, duplicate_of ? OUTCOME_DUPLICATE : OUTCOME_LOADED, i);
    }
}

static void test_duplicates(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        deliver_all(*state, i);
}

/* Two with the same bytes in work at once: one is loaded, whoever is tried again. */
static void test_duplicates_at_once(void **state)
{
    struct fixture *f = *state;
    struct claim a, b, again;
    bool exhausted;
    struct err why;
    ERR(&why, ERR_IO, "flaky");
    int64_t first = deliver_new(f, "raw/x", "v1", 1);
    assert_true(take(f, 1, &a));
    move(f, &a, "validated/x");
    int64_t second = deliver_new(f, "raw/x", "v2", 2);
    assert_false(take(f, 2, &b)); /* in order, until the first is hashed */
    assert_int_equal(hash(f, &a, '1', true), 0);
    assert_true(take(f, 2, &b));
    assert_int_equal(b.file.file_id, second);
    assert_int_equal(hash(f, &b, '1', true), first);
    OK(f, journal_run_failed(f->journal, &a, &why, STR(""), 3, &exhausted, &f->err));
    end(f, &b, OUTCOME_DUPLICATE, 4);
    assert_true(take(f, 3 + 10 * SECOND, &again));
    assert_int_equal(again.file.file_id, first);
    assert_int_equal(hash(f, &again, '1', true), 0);
    /* under other keys: the first hashed, not the first that came */
    struct claim c, d;
    int64_t third = deliver_new(f, "raw/c", "v", 10), fourth = deliver_new(f, "raw/d", "v", 11);
    assert_true(take(f, 20, &c) && take(f, 20, &d));
    assert_int_equal(c.file.file_id, third);
    assert_int_equal(hash(f, &d, '9', true), 0);
    assert_int_equal(hash(f, &c, '9', true), fourth);
}

/* What was quarantined delivered nothing: the same bytes may come again. */
static void test_redelivered_after_quarantine(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    deliver_new(f, "raw/x", "v1", 1);
    assert_true(take(f, 1, &claim));
    assert_int_equal(hash(f, &claim, '1', true), 0);
    move(f, &claim, "rejected/x");
    go(f, &claim, RUN_CLAIMED, RUN_PREPARED);
    go(f, &claim, RUN_PREPARED, RUN_PUBLISHING);
    go(f, &claim, RUN_PUBLISHING, RUN_COMMITTED);
    OK(f, journal_run_end(f->journal, &claim, OUTCOME_QUARANTINED, STR("missing-label"), STR("no id"), 2, &f->err));
    assert_string_equal(
        ask(f, "SELECT processing_status || error_message FROM file_processing_status"), "QUARANTINEDno id");
    deliver_new(f, "raw/x", "v2", 3);
    assert_true(take(f, 3, &claim));
    assert_int_equal(hash(f, &claim, '1', true), 0);
    load(f, &claim, 1792541979123456);
    assert_string_equal(ask(f, "SELECT processing_status || processed_at FROM file_processing_status"),
        "SUCCEEDED2026-10-21 00:19:39.123456");
}

enum { FILES = 60, WORKERS = 3 };

static int work_alone(const char *path, int worker)
{
    struct err err;
    struct arena *arena = arena_new(0);
    struct journal *journal = journal_open(path, false, &err);
    struct str owner = str_of(arena_printf(arena, "far:%d:1", worker));
    bool found = journal != NULL, ok = found;
    while (ok && found) {
        struct claim claim;
        ok = journal_claim(journal, owner, 100, LEASE, false, STR(""), &claim, &found, arena, &err);
    }
    journal_close(journal);
    arena_free(arena);
    return ok ? 0 : 1;
}

static void test_claims_of_many(void **state)
{
    struct fixture *f = *state;
    OK(f, journal_begin(f->journal, &f->err));
    for (int i = 0; i < FILES; i++)
        deliver_new(f, arena_printf(f->arena, "raw/%d", i), "v", i);
    OK(f, journal_commit(f->journal, &f->err));
    journal_close(f->journal); /* a connection does not survive fork() */
    f->journal = NULL;
    pid_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        if ((workers[i] = fork()) == 0)
            _exit(work_alone(f->path, i));
    for (int i = 0; i < WORKERS; i++) {
        int status;
        assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
        assert_int_equal(status, 0);
    }
    f->journal = journal_open(f->path, false, &f->err);
    assert_string_equal(ask(f, "SELECT count(*) || ' ' || count(DISTINCT file_id) FROM run"), "60 60");
    assert_string_equal(ask(f, "SELECT count(*) FROM file WHERE state = 'PROCESSING' AND fence = 1"), "60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_register),
        TEST(test_order),
        TEST(test_hold),
        TEST(test_duplicates),
        TEST(test_duplicates_at_once),
        TEST(test_redelivered_after_quarantine),
        TEST(test_claims_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
