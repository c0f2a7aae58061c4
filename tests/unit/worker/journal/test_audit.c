#include "tests/unit/worker/journal/fixture.h"

static bool append(struct journal *journal, const char *subject, struct err *err)
{
    int64_t id;
    struct audit_entry entry = {.at = 7,
        .actor = STR("alice"),
        .role = STR("operator"),
        .action = STR("redrive.request"),
        .subject = str_of(subject),
        .detail = STR("{\"a\":\n 1}")};
    return journal_audit(journal, &entry, &id, err);
}

/* The hash was computed with Python's hashlib over 64 zeros and the line. */
static void test_line(void **state)
{
    struct fixture *f = *state;
    OK(f, append(f->journal, "run 1", &f->err));
    assert_string_equal(ask(f, "SELECT line FROM audit"),
        "{\"id\":1,\"at\":7,\"actor\":\"alice\",\"role\":\"operator\",\"action\":\"redrive.request\",\"subject\":"
        "\"run 1\",\"detail\":{\"a\":  1}}");
    assert_string_equal(
        ask(f, "SELECT hash FROM audit"), "44e64c1dd54c3f097fb6c7d45fff5ac2d35ddf1c201569538c8825a711b4ad6a");
    assert_string_equal(ask(f, "SELECT at || actor || action || subject FROM audit"), "7aliceredrive.requestrun 1");
    struct audit_entry bad = {.detail = STR("{not json")};
    int64_t id;
    FAILS(f, ERR_BUG, journal_audit(f->journal, &bad, &id, &f->err));
}

static void test_only_appended(void **state)
{
    struct fixture *f = *state;
    static const char *const attacks[] = {
        "UPDATE audit SET line = '{}' WHERE audit_id = 1",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE audit_id = 3",
        "REPLACE INTO audit (audit_id, line, prev_hash, hash) SELECT audit_id, '{}', prev_hash, hash FROM audit "
        "WHERE audit_id = 2",
        "INSERT INTO audit (audit_id, line, prev_hash, hash) SELECT 5, line, prev_hash, hash FROM audit "
        "WHERE audit_id = 3",
        "INSERT INTO audit (line, prev_hash, hash) SELECT line, prev_hash, hash FROM audit WHERE audit_id = 3",
    };
    for (int i = 0; i < 3; i++)
        OK(f, append(f->journal, "x", &f->err));
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        assert_int_equal(
            sqlite3_exec(journal_handle(f->journal), attacks[i], NULL, NULL, NULL), SQLITE_CONSTRAINT_TRIGGER);
    assert_string_equal(ask(f, "SELECT count(*) FROM audit"), "3");
}

/* By somebody who may write the file and drops the triggers first. */
static void test_verify(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *attack, *fault;
    } attacks[] = {
        {"UPDATE audit SET line = replace(line, 'alice', 'mallo') WHERE audit_id = 2",
            "line 2 is not what was written"},
        {"UPDATE audit SET actor = 'bob' WHERE audit_id = 2", "line 2 is not what was written"},
        {"DELETE FROM audit WHERE audit_id = 2", "line 2 is missing"},
        {"UPDATE audit SET line = '{}' WHERE audit_id = 2", "line 2 says it is another"},
        {"UPDATE audit SET prev_hash = hash WHERE audit_id = 3", "line 3 does not follow"},
        {"UPDATE audit SET line = (SELECT line FROM audit WHERE audit_id = 1) WHERE audit_id = 3", "line 3 says"},
    };
    uint64_t lines;
    char head[SHA256_TEXT_SIZE];
    OK(f, journal_audit_verify(f->journal, &lines, head, &f->err));
    assert_int_equal(lines, 0);
    for (int i = 0; i < 3; i++)
        OK(f, append(f->journal, "x", &f->err));
    OK(f, journal_audit_verify(f->journal, &lines, head, &f->err));
    assert_int_equal(lines, 3);
    assert_string_equal(head, ask(f, "SELECT hash FROM audit WHERE audit_id = 3"));
    sqlite3 *db = journal_handle(f->journal);
    assert_int_equal(sqlite3_exec(db,
                         "PRAGMA ignore_check_constraints = ON; DROP TRIGGER audit_keeps; "
                         "DROP TRIGGER audit_forgets_nothing; DROP INDEX audit_by_subject",
                         NULL, NULL, NULL),
        SQLITE_OK);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        assert_int_equal(sqlite3_exec(db, "SAVEPOINT attack", NULL, NULL, NULL), SQLITE_OK);
        if (sqlite3_exec(db, attacks[i].attack, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s", sqlite3_errmsg(db));
        FAILS(f, ERR_CORRUPT, journal_audit_verify(f->journal, &lines, head, &f->err));
        if (!strstr(f->err.message, attacks[i].fault))
            fail_msg("%s: %s", attacks[i].attack, f->err.message);
        assert_int_equal(sqlite3_exec(db, "ROLLBACK TO attack; RELEASE attack", NULL, NULL, NULL), SQLITE_OK);
    }
    OK(f, journal_audit_verify(f->journal, &lines, head, &f->err));
}

enum { WRITERS = 4, EACH = 200 };

static int write_alone(const char *path)
{
    struct err err;
    struct journal *journal = journal_open(path, false, &err);
    bool ok =
        journal && sqlite3_exec(journal_handle(journal), "PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK;
    for (int i = 0; ok && i < EACH; i++)
        ok = append(journal, "x", &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.message);
    journal_close(journal);
    return ok ? 0 : 1;
}

static void test_writers_at_once(void **state)
{
    struct fixture *f = *state;
    journal_close(f->journal);
    f->journal = NULL;
    pid_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        if ((writers[i] = fork()) == 0)
            _exit(write_alone(f->path));
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
        assert_int_equal(status, 0);
    }
    uint64_t lines;
    char head[SHA256_TEXT_SIZE];
    f->journal = journal_open(f->path, false, &f->err);
    OK(f, journal_audit_verify(f->journal, &lines, head, &f->err));
    assert_int_equal(lines, WRITERS * EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_line),
        TEST(test_only_appended),
        TEST(test_verify),
        TEST(test_writers_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
