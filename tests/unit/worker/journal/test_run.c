#include "tests/unit/worker/journal/fixture.h"

static void start(struct fixture *f, struct claim *claim)
{
    deliver_new(f, "raw/x", "v", 1);
    assert_true(take(f, 2, claim));
}

static void test_way(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    start(f, &claim);
    char hash[SHA256_TEXT_SIZE] = "";
    memset(hash, 'a', 64);
    for (int i = 0; i < 2; i++)
        OK(f, journal_run_ruleset(f->journal, &claim, str_of(hash), STR("sales"), STR("dataset: sales"), &f->err));
    OK(f, journal_heartbeat(f->journal, &claim, 50, LEASE, &f->err));
    assert_string_equal(ask(f, "SELECT lease_until || ' ' || ruleset_hash IS NOT NULL FROM run"), "1");
    OK(f, journal_run_state(f->journal, &claim, RUN_CLAIMED, RUN_VALIDATED, STR("{\"delimiter\":\";\"}"), &f->err));
    OK(f, journal_run_state(f->journal, &claim, RUN_VALIDATED, RUN_PREPARED, STR(".sluice/m.json"), &f->err));
    assert_string_equal(ask(f, "SELECT dialect || manifest_key FROM run"), "{\"delimiter\":\";\"}.sluice/m.json");
    go(f, &claim, RUN_PREPARED, RUN_PUBLISHING);
    go(f, &claim, RUN_PUBLISHING, RUN_COMMITTED);
    end(f, &claim, OUTCOME_LOADED, 99);
    assert_string_equal(ask(f, "SELECT state || outcome || duration FROM run_view"), "archivedloaded97");
    assert_string_equal(ask(f, "SELECT dialect || manifest_key FROM run"), "{\"delimiter\":\";\"}.sluice/m.json");
    FAILS(f, ERR_FENCED, journal_heartbeat(f->journal, &claim, 100, LEASE, &f->err));
}

/* Every pair of states: what the header's diagram allows, and nothing else. */
static void test_transitions(void **state)
{
    struct fixture *f = *state;
    static const char *const allowed[RUN_STATE_COUNT] = {
        /* from claimed … to claimed, validated, prepared, publishing, committed, archived, failed */
        "-++--++", "--+---+", "---+--+", "----+--", "-----+-", "-------", "-------"};
    size_t count = 0;
    for (size_t i = 0; i < run_transition_count; i++) {
        assert_int_equal(allowed[run_transitions[i].from][run_transitions[i].to], '+');
        assert_true(strlen(run_transitions[i].comment) > 5);
    }
    for (int from = 0; from < RUN_STATE_COUNT; from++)
        for (int to = 0; to < RUN_STATE_COUNT; to++)
            count += allowed[from][to] == '+';
    assert_int_equal(count, run_transition_count);
    struct claim claim;
    start(f, &claim);
    static const enum run_state refused[][2] = {{RUN_CLAIMED, RUN_PUBLISHING}, {RUN_CLAIMED, RUN_COMMITTED},
        {RUN_VALIDATED, RUN_PREPARED} /* it is not validated */, {RUN_CLAIMED, RUN_ARCHIVED}, {RUN_CLAIMED, RUN_FAILED},
        {RUN_CLAIMED, RUN_CLAIMED}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        FAILS(f, ERR_BUG, journal_run_state(f->journal, &claim, refused[i][0], refused[i][1], STR(""), &f->err));
    FAILS(f, ERR_BUG, journal_run_end(f->journal, &claim, OUTCOME_LOADED, STR(""), STR(""), 3, &f->err));
    FAILS(f, ERR_BUG, journal_run_end(f->journal, &claim, OUTCOME_QUARANTINED, STR(""), STR(""), 3, &f->err));
    assert_string_equal(ask(f, "SELECT state FROM run"), "claimed");
}

static void test_balance(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    start(f, &claim);
    struct stage_count parse = {.stage = STAGE_PARSE,
        .rows_in = 10,
        .rows_expanded = 2,
        .rows_out = 7,
        .rows_rejected = 2,
        .rows_duplicate = 1,
        .rows_filtered = 1,
        .rows_merged = 1,
        .started_at = 1,
        .finished_at = 2};
    struct stage_count write = {.stage = STAGE_WRITE, .rows_in = 7, .rows_out = 6, .rows_duplicate = 1};
    OK(f, journal_stage(f->journal, claim.run_id, &parse, &f->err));
    OK(f, journal_stage(f->journal, claim.run_id, &write, &f->err));
    OK(f, journal_stage(f->journal, claim.run_id, &write, &f->err));
    assert_string_equal(ask(f, "SELECT rows_in || ' ' || rows_out || ' ' || rows_rejected || ' ' || rows_duplicate "
                               "|| ' ' || rows_filtered FROM run_view"),
        "12 6 2 2 1");
    parse.rows_out = 8;
    FAILS(f, ERR_BUG, journal_stage(f->journal, claim.run_id, &parse, &f->err));
    assert_int_equal(
        sqlite3_exec(journal_handle(f->journal), "UPDATE stage_count SET rows_out = rows_out + 1", NULL, NULL, NULL),
        SQLITE_CONSTRAINT_CHECK);
    FAILS(f, ERR_BUG, journal_stage(f->journal, "01ARZ3NDEKTSV4RRFFQ69G5FAV", &write, &f->err));
}

static void test_outputs_and_rejects(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    start(f, &claim);
    struct journal_output output = {STR("processed/a.parquet"), STR("processed"), STR("date=2026-11-21"), 6, 700, ""};
    memset(output.sha256, 'b', 64);
    for (int i = 0; i < 2; i++)
        OK(f, journal_output(f->journal, claim.run_id, &output, &f->err));
    assert_string_equal(ask(f, "SELECT count(*) || max(dataset) || max(o.rows) FROM output o JOIN run_output USING "
                               "(output_id)"),
        "1sales6");
    struct cause_key key = {STR("sales"), STAGE_CONVERT, CODE_TYPE, STR(""), STR("price"), STR(""), STR("99,99")};
    int64_t cause, same, other;
    OK(f, journal_cause(f->journal, &key, &cause, &f->err));
    OK(f, journal_cause(f->journal, &key, &same, &f->err));
    assert_int_equal(cause, same);
    key.shape = STR("aa");
    OK(f, journal_cause(f->journal, &key, &other, &f->err));
    assert_int_not_equal(cause, other);
    key = (struct cause_key){.dataset = STR("sales"), .stage = STAGE_VALIDATE, .system_code = STR("missing-label")};
    OK(f, journal_cause(f->journal, &key, &other, &f->err));
    assert_string_equal(ask(f, "SELECT code FROM cause WHERE whole_file"), "missing-label");
    struct cause_count count = {cause, 3, 2, 17, STR("[\"12,50\"]")};
    OK(f, journal_run_cause(f->journal, claim.run_id, &count, &f->err));
    count.only_rows = 4;
    FAILS(f, ERR_BUG, journal_run_cause(f->journal, claim.run_id, &count, &f->err));
    unsigned char entries[3 * REJECT_ENTRY_BYTES] = {0};
    entries[0] = 17;
    entries[REJECT_ENTRY_BYTES] = 18;
    entries[2 * REJECT_ENTRY_BYTES + 1] = 1; /* 256 */
    OK(f, journal_reject_block(f->journal, claim.run_id, 0, entries, 3, &f->err));
    assert_string_equal(ask(f, "SELECT row_count || ' ' || first_row || ' ' || last_row || hex(row_states) "
                               "|| length(entries) FROM reject_block"),
        "3 17 25600000072");
    assert_string_equal(ask(f, "SELECT rows_open FROM run_view"), "3");
    FAILS(f, ERR_BUG, journal_reject_block(f->journal, claim.run_id, 1, entries, 0, &f->err));
    entries[REJECT_ENTRY_BYTES] = 17;
    FAILS(f, ERR_BUG, journal_reject_block(f->journal, claim.run_id, 1, entries, 3, &f->err));
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    struct claim claim;
    struct err why;
    bool exhausted, found;
    ERR(&why, ERR_IO, "read failed");
    deliver_new(f, "raw/x", "v", 1);
    /* a dependency's: not counted */
    int64_t now = 100;
    assert_true(take(f, now, &claim));
    OK(f, journal_run_failed(f->journal, &claim, &why, STR("postgres"), now, &exhausted, &f->err));
    assert_false(exhausted);
    assert_string_equal(ask(f, "SELECT state || waiting_for || attempts FROM file"), "PENDINGpostgres0");
    assert_false(take(f, now + 5 * SECOND - 1, &claim));
    now += 5 * SECOND;
    static const struct {
        int64_t pause;
        bool exhausted;
    } attempts[] = {{10 * SECOND, false}, {60 * SECOND, false}, {0, true}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(take(f, now, &claim));
        assert_int_equal(claim.file.attempts, i);
        OK(f, journal_run_failed(f->journal, &claim, &why, STR(""), now, &exhausted, &f->err));
        assert_int_equal(exhausted, attempts[i].exhausted);
        if (attempts[i].pause) {
            assert_false(take(f, now + attempts[i].pause - 1, &claim));
            /* without backoff: another process at once, the same one not */
            OK(f, journal_claim(f->journal, OWNER, now, LEASE, true, STR(""), &claim, &found, f->arena, &f->err));
            assert_false(found);
        }
        now += attempts[i].pause;
    }
    assert_true(take(f, now, &claim));
    assert_int_equal(claim.file.attempts, 3);
    assert_string_equal(
        ask(f, "SELECT group_concat(attempt) FROM (SELECT attempt FROM run ORDER BY run_id)"), "1,1,2,3,4");
    OK(f, journal_run_failed(f->journal, &claim, &why, STR(""), now, &exhausted, &f->err));
    OK(f, journal_claim(f->journal, STR("far:2:1"), now, LEASE, true, STR(""), &claim, &found, f->arena, &f->err));
    assert_true(found);
    /* gone before it was read */
    end(f, &claim, OUTCOME_VANISHED, now);
    assert_string_equal(ask(f, "SELECT state || version FROM file"), "DISCARDED");
    deliver_new(f, "raw/x", "v", now);
}

static void test_fence(void **state)
{
    struct fixture *f = *state;
    struct claim old, new;
    enum run_state at;
    bool found, exhausted;
    struct err why;
    int64_t dup;
    ERR(&why, ERR_IO, "x");
    start(f, &old);
    go(f, &old, RUN_CLAIMED, RUN_VALIDATED);
    OK(f, journal_file_moving(f->journal, &old, STR("validated/x"), &f->err));
    OK(f, journal_take_over(f->journal, STR("away:2:2"), LEASE, LEASE, &new, &at, &found, f->arena, &f->err));
    assert_false(found);
    OK(f, journal_take_over(f->journal, STR("away:2:2"), LEASE + 2, LEASE, &new, &at, &found, f->arena, &f->err));
    assert_true(found);
    assert_int_equal(at, RUN_VALIDATED);
    assert_string_equal(new.run_id, old.run_id);
    assert_int_equal(new.fence, 2);
    assert_true(str_eq(new.file.moving_to, STR("validated/x")) && str_eq(new.file.dataset, STR("sales")));
    FAILS(f, ERR_FENCED, journal_heartbeat(f->journal, &old, 5, LEASE, &f->err));
    FAILS(f, ERR_FENCED, journal_file_moving(f->journal, &old, STR("z"), &f->err));
    FAILS(f, ERR_FENCED, journal_file_moved(f->journal, &old, STR("z"), &f->err));
    FAILS(f, ERR_FENCED, journal_file_hashed(f->journal, &old, "z", 1, true, &dup, &f->err));
    FAILS(f, ERR_FENCED, journal_run_state(f->journal, &old, RUN_VALIDATED, RUN_PREPARED, STR("m"), &f->err));
    FAILS(f, ERR_FENCED, journal_run_ruleset(f->journal, &old, STR("z"), STR("z"), STR("z"), &f->err));
    FAILS(f, ERR_FENCED, journal_run_end(f->journal, &old, OUTCOME_VANISHED, STR(""), STR(""), 5, &f->err));
    FAILS(f, ERR_FENCED, journal_run_failed(f->journal, &old, &why, STR(""), 5, &exhausted, &f->err));
    go(f, &new, RUN_VALIDATED, RUN_PREPARED);
    go(f, &new, RUN_PREPARED, RUN_PUBLISHING);
    /* beyond the point of no return: forward only */
    OK(f, journal_run_failed(f->journal, &new, &why, STR(""), 2 * LEASE, &exhausted, &f->err));
    assert_string_equal(
        ask(f, "SELECT r.state || f.state FROM run r JOIN file f USING (file_id)"), "publishingPROCESSING");
    OK(f, journal_take_over(
              f->journal, STR("away:2:2"), 2 * LEASE + 4 * SECOND, LEASE, &old, &at, &found, f->arena, &f->err));
    assert_false(found);
    OK(f, journal_take_over(
              f->journal, STR("away:2:2"), 2 * LEASE + 5 * SECOND, LEASE, &old, &at, &found, f->arena, &f->err));
    assert_true(found && at == RUN_PUBLISHING);
    go(f, &old, RUN_PUBLISHING, RUN_COMMITTED);
    end(f, &old, OUTCOME_LOADED, 9);
}

/* Owners made by us, of a process that lives, one that died, and one whose number was given to another. */
static void test_owners(void **state)
{
    struct fixture *f = *state;
    struct buf own;
    struct claim claim;
    enum run_state at;
    bool found;
    buf_init(&own, 1024);
    OK(f, journal_owner(&own, &f->err));
    struct str host = {own.p, str_find_byte(buf_str(&own), ':')}, name = {own.p, str_find_byte(buf_str(&own), '/')};
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    const struct {
        const char *holder;
        bool dead;
    } holders[] = {
        {own.p, false},
        {arena_printf(f->arena, STR_FMT ":%d:1", STR_ARG(host), (int)gone), true},
        {arena_printf(f->arena, STR_FMT ":%d:1", STR_ARG(host), (int)getpid()), true},
        {arena_printf(f->arena, STR_FMT "/otherboot/1:1:1", STR_ARG(name)), true},
        {"elsewhere/1/1:1:1", false},
        {"nonsense", false},
    };
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++) {
        deliver_new(f, arena_printf(f->arena, "raw/%zu", i), "v", 1);
        OK(f, journal_claim(
                  f->journal, str_of(holders[i].holder), 1, LEASE, false, STR(""), &claim, &found, f->arena, &f->err));
        char *us = arena_printf(f->arena, "%s", own.p);
        OK(f, journal_take_over(f->journal, str_of(us), 2, LEASE, &claim, &at, &found, f->arena, &f->err));
        if (found != holders[i].dead)
            fail_msg("owner %s", holders[i].holder);
        if (!found)
            continue;
        struct err why;
        bool exhausted;
        ERR(&why, ERR_INTERRUPTED, "x");
        OK(f, journal_run_failed(f->journal, &claim, &why, STR(""), LEASE, &exhausted, &f->err));
    }
    buf_dispose(&own);
}

static void test_without_file(void **state)
{
    struct fixture *f = *state;
    struct claim first, second;
    bool taken;
    OK(f, journal_run_begin(
              f->journal, STR("compact"), STR("sales"), STR("date=1"), OWNER, 1, LEASE, &first, &taken, &f->err));
    assert_true(taken);
    OK(f, journal_run_begin(
              f->journal, STR("compact"), STR("sales"), STR("date=1"), OWNER, 1, LEASE, &second, &taken, &f->err));
    assert_false(taken);
    OK(f, journal_run_begin(
              f->journal, STR("compact"), STR("sales"), STR("date=2"), OWNER, 1, LEASE, &second, &taken, &f->err));
    assert_true(taken);
    go_to_committed(f, &first);
    end(f, &first, OUTCOME_LOADED, 2);
    OK(f, journal_run_begin(
              f->journal, STR("compact"), STR("sales"), STR("date=1"), OWNER, 3, LEASE, &first, &taken, &f->err));
    assert_true(taken);
}

static void test_incident(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        OK(f, journal_incident(f->journal, STR("dependency"), STR("postgres"), STR("down"), 10 + i, &f->err));
    assert_string_equal(ask(f, "SELECT count(*) || times || opened_at || last_at FROM incident"), "131012");
    OK(f, journal_incident_close(f->journal, STR("dependency"), STR("postgres"), 20, &f->err));
    OK(f, journal_incident(f->journal, STR("dependency"), STR("postgres"), STR("again"), 30, &f->err));
    assert_string_equal(ask(f, "SELECT count(*) || count(closed_at) FROM incident"), "21");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_way),
        TEST(test_transitions),
        TEST(test_balance),
        TEST(test_outputs_and_rejects),
        TEST(test_faults),
        TEST(test_fence),
        TEST(test_owners),
        TEST(test_without_file),
        TEST(test_incident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
