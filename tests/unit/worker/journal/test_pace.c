#include "tests/unit/worker/journal/fixture.h"

#include "worker/journal/pace.h"

static const struct decider alice = {.name = STR("alice"), .role = STR("operator"), .from = STR("")};

static void test_read(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t spacing;
    } rates[] = {{"1/s", SECOND}, {"5/s", SECOND / 5}, {"100/min", 600000}, {"100 / m", 600000}, {"3/s", 333334},
        {"2000/h", 1800000}, {"1/d", 86400 * SECOND}, {"1000000/s", 1}, {"none", 0}};
    static const char *const not [] = {
        "", "5", "/s", "0/s", "-1/s", "5/", "5/week", "1.5/s", "1000001/s", "5/s/s", "99999999999999999999/s", "NONE"};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        int64_t spacing = -1;
        OK(f, pace_read(str_of(rates[i].text), &spacing, &f->err));
        assert_int_equal(spacing, rates[i].spacing);
    }
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) {
        int64_t spacing;
        FAILS(f, ERR_USAGE, pace_read(str_of(not [i]), &spacing, &f->err));
    }
}

/* Quarantined files, asked for and approved at time 100. */
static void ask_for(struct fixture *f, struct redrive *redrive, struct redrive_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct claim claim;
        deliver_new(f, arena_printf(f->arena, "raw/%zu", i), "v", 1);
        assert_true(take(f, 2, &claim));
        (void)hash(f, &claim, (char)('a' + i), true);
        go_to_committed(f, &claim);
        end(f, &claim, OUTCOME_QUARANTINED, 3);
        files[i] = (struct redrive_file){
            .file_id = claim.file.file_id, .from_state = FILE_QUARANTINED, .arrival_key = claim.file.arrival_key};
        memcpy(files[i].run_id, claim.run_id, ULID_SIZE);
        memcpy(files[i].former_run_id, claim.run_id, ULID_SIZE);
        memset(files[i].sha256, 'a' + (int)i, 64);
        memset(files[i].ruleset_hash, 'e', 64);
        memset(files[i].rehearsal_hash, 'f', 64);
    }
    redrive->dataset = STR("sales");
    redrive->action = STR("redrive");
    redrive->overrides = STR("{}");
    redrive->reason = STR("because");
    redrive->state = STR("requested");
    redrive->files = files;
    redrive->file_count = count;
    OK(f, journal_redrive_request(f->journal, redrive, &alice, 50, &f->err));
    OK(f, journal_redrive_approve(f->journal, redrive, &alice, 100, &f->err));
}

static void finish(struct fixture *f, const struct claim *claim, int64_t now)
{
    go_to_committed(f, claim);
    end(f, claim, OUTCOME_LOADED, now);
}

static int64_t next(struct fixture *f, int64_t now)
{
    int64_t at;
    OK(f, journal_pace_next(f->journal, now, &at, &f->err));
    return at;
}

static void test_rate(void **state)
{
    struct fixture *f = *state;
    struct redrive_file files[4];
    struct redrive redrive = {.rate = STR("10/s"), .spacing = SECOND / 10};
    struct claim claim;
    ask_for(f, &redrive, files, 4);
    assert_int_equal(next(f, 200), 0); /* nothing is held back */
    assert_true(take(f, 200, &claim));
    finish(f, &claim, 300);
    assert_false(take(f, 100199, &claim));
    assert_int_equal(next(f, 100199), 100200);
    assert_true(take(f, 100200, &claim));
    /* several workers keep it together, and a file of the landing zone waits for none of it */
    assert_false(take(f, 100201, &claim));
    deliver_new(f, "raw/other", "v", 100201);
    assert_true(take(f, 100202, &claim));
    assert_string_equal(claim.file.arrival_key.p, "raw/other");
    /* a faster rate counts at once, though the next one was put off for long */
    OK(f, journal_redrive_rate(f->journal, &redrive, STR("1/d"), &alice, 100300, &f->err));
    assert_true(take(f, 200200, &claim));
    assert_int_equal(next(f, 200201), 200200 + 86400 * SECOND);
    OK(f, journal_redrive_rate(f->journal, &redrive, STR("1000/s"), &alice, 200300, &f->err));
    assert_true(take(f, 200301, &claim));
    assert_int_equal(next(f, 200302), 0); /* none is left */
}

/* A clock that was put back by an hour stops nothing for an hour. */
static void test_clock(void **state)
{
    struct fixture *f = *state;
    struct redrive_file files[2];
    struct redrive redrive = {.rate = STR("1/s"), .spacing = SECOND};
    struct claim claim;
    ask_for(f, &redrive, files, 2);
    assert_true(take(f, 3600 * SECOND, &claim));
    assert_true(take(f, 10 * SECOND, &claim));
}

static void test_paused(void **state)
{
    struct fixture *f = *state;
    struct redrive_file files[2];
    struct redrive redrive = {0};
    struct claim claim;
    ask_for(f, &redrive, files, 2);
    assert_true(take(f, 200, &claim));
    OK(f, journal_redrive_pause(f->journal, &redrive, &alice, 210, &f->err));
    FAILS(f, ERR_EXISTS, journal_redrive_pause(f->journal, &redrive, &alice, 211, &f->err));
    assert_string_equal(
        f->err.message, arena_printf(f->arena, "request %s is paused already, by alice", redrive.redrive_id));
    struct claim none;
    assert_false(take(f, 220, &none));
    assert_int_equal(next(f, 220), 0);
    finish(f, &claim, 300); /* what has begun is finished */
    OK(f, journal_redrive_resume(f->journal, &redrive, &alice, 310, &f->err));
    FAILS(f, ERR_EXISTS, journal_redrive_resume(f->journal, &redrive, &alice, 311, &f->err));
    assert_true(take(f, 320, &claim));
    finish(f, &claim, 330);
    assert_string_equal(ask(f, "SELECT state FROM redrive"), "done");
    FAILS(f, ERR_EXISTS, journal_redrive_pause(f->journal, &redrive, &alice, 340, &f->err));
    FAILS(f, ERR_EXISTS, journal_redrive_rate(f->journal, &redrive, STR("1/s"), &alice, 340, &f->err));
    assert_string_equal(ask(f, "SELECT group_concat(action) FROM (SELECT action FROM audit WHERE actor = 'alice')"),
        "redrive-requested,redrive-approved,redrive-paused,redrive-resumed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_read), TEST(test_rate), TEST(test_clock), TEST(test_paused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
