#include "tests/unit/worker/journal/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>

static void execute(struct fixture *f, const char *sql)
{
    if (sqlite3_exec(journal_handle(f->journal), sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(journal_handle(f->journal)));
}

static void refuse(struct fixture *f, const char *path, bool read_only, enum err_kind kind, const char *says)
{
    struct journal *journal = journal_open(path, read_only, &f->err);
    assert_null(journal);
    assert_int_equal(f->err.kind, kind);
    if (!strstr(f->err.message, says))
        fail_msg("%s", f->err.message);
}

static void test_settings(void **state)
{
    struct fixture *f = *state;
    struct str value;
    assert_string_equal(ask(f, "PRAGMA journal_mode"), "wal");
    assert_string_equal(ask(f, "PRAGMA synchronous"), "2");
    assert_string_equal(ask(f, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(f, "PRAGMA user_version"), "8");
    assert_string_equal(ask(f, "PRAGMA integrity_check"), "ok");
    OK(f, journal_meta_get(f->journal, "lake_id", &value, f->arena, &f->err));
    assert_int_equal(value.n, 0);
    OK(f, journal_meta_set(f->journal, "lake_id", STR("1"), &f->err));
    OK(f, journal_meta_set(f->journal, "lake_id", STR("2"), &f->err));
    OK(f, journal_meta_get(f->journal, "lake_id", &value, f->arena, &f->err));
    assert_true(str_eq(value, STR("2")));
}

static void test_versions(void **state)
{
    struct fixture *f = *state;
    execute(f, "PRAGMA user_version = 9");
    refuse(f, f->path, false, ERR_CONFIG, "has version 9, this program knows up to 8");
    refuse(f, f->path, true, ERR_CONFIG, "has version 9");
    execute(f, "PRAGMA user_version = 0");
    refuse(f, f->path, true, ERR_CONFIG, "waits for its worker");
    execute(f, "PRAGMA application_id = 7");
    refuse(f, f->path, false, ERR_CONFIG, "not a journal");
    char *other = arena_printf(f->arena, "%s/other", f->base);
    refuse(f, other, true, ERR_NOT_FOUND, "there is no journal");
    OK(f, fs_write_atomic(other,
              STR("this is no database, and it is longer than the header of one would be ......"
                  "..........................................................."),
              &f->err));
    refuse(f, other, false, ERR_CORRUPT, "not a database");
    assert_non_null(strstr(f->err.hint, "journal rebuild"));
    refuse(f, "/proc/journal.db", false, ERR_UNAVAILABLE, "cannot open");
}

static void test_groups(void **state)
{
    struct fixture *f = *state;
    struct stage_count wrong = {.rows_in = 1};
    OK(f, journal_begin(f->journal, &f->err));
    deliver_new(f, "raw/a", "v", 1);
    /* what fails inside takes back itself alone */
    FAILS(f, ERR_BUG, journal_stage(f->journal, "x", &wrong, &f->err));
    FAILS(f, ERR_BUG, journal_run_cause(f->journal, "x", &(struct cause_count){.cause_id = 7}, &f->err));
    struct claim claim;
    bool found;
    execute(f, "CREATE TEMP TRIGGER stop BEFORE UPDATE ON file BEGIN SELECT RAISE(ABORT, 'stop'); END");
    FAILS(f, ERR_BUG, journal_claim(f->journal, OWNER, 9, LEASE, false, STR(""), &claim, &found, f->arena, &f->err));
    execute(f, "DROP TRIGGER stop");
    assert_string_equal(ask(f, "SELECT count(*) FROM run"), "0");
    deliver_new(f, "raw/b", "v", 1);
    FAILS(f, ERR_BUG, journal_begin(f->journal, &f->err));
    OK(f, journal_commit(f->journal, &f->err));
    assert_string_equal(ask(f, "SELECT count(*) FROM file"), "2");
    OK(f, journal_begin(f->journal, &f->err));
    deliver_new(f, "raw/c", "v", 1);
    journal_rollback(f->journal);
    assert_string_equal(ask(f, "SELECT count(*) FROM file"), "2");
    FAILS(f, ERR_BUG, journal_commit(f->journal, &f->err));
}

static void test_busy(void **state)
{
    struct fixture *f = *state;
    struct journal *other = journal_open(f->path, false, &f->err);
    assert_non_null(other);
    sqlite3_busy_timeout(journal_handle(other), 20);
    OK(f, journal_begin(f->journal, &f->err));
    FAILS(f, ERR_UNAVAILABLE, journal_begin(other, &f->err));
    assert_int_equal(err_action(&f->err), ERR_ACTION_WAIT);
    OK(f, journal_commit(f->journal, &f->err));
    OK(f, journal_begin(other, &f->err));
    journal_close(other);
    deliver_new(f, "raw/a", "v", 1);
}

/* Dies before the commit, and right behind it. */
static void test_killed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *fault, *left;
    } deaths[] = {{"kill:journal-commit", "0"}, {"kill:journal-committed", "1"}};
    for (size_t i = 0; i < 2; i++) {
        journal_close(f->journal);
        pid_t child = fork();
        if (child == 0) {
            int64_t id;
            bool is_new;
            struct journal *journal = journal_open(f->path, false, &f->err);
            setenv("SLUICE_FAULT", deaths[i].fault, 1);
            bool ok = journal_register(journal, STR("raw/a"), STR("d"), 1, "v", 1, &id, &is_new, &f->err);
            _exit(ok);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        f->journal = journal_open(f->path, false, &f->err);
        assert_string_equal(ask(f, "SELECT count(*) FROM file"), deaths[i].left);
        assert_string_equal(ask(f, "PRAGMA integrity_check"), "ok");
    }
    setenv("SLUICE_FAULT", "fail:journal-commit", 1);
    int64_t id;
    bool is_new;
    FAILS(f, ERR_UNAVAILABLE, journal_register(f->journal, STR("raw/b"), STR("d"), 1, "v", 1, &id, &is_new, &f->err));
    unsetenv("SLUICE_FAULT");
    assert_string_equal(ask(f, "SELECT count(*) FROM file"), "1");
}

static void test_read_only(void **state)
{
    struct fixture *f = *state;
    deliver_new(f, "raw/a", "v", 1);
    struct journal *reader = journal_open(f->path, true, &f->err);
    assert_non_null(reader);
    int64_t id;
    bool is_new;
    FAILS(f, ERR_UNAVAILABLE, journal_register(reader, STR("raw/b"), STR("d"), 1, "v", 1, &id, &is_new, &f->err));
    journal_close(reader);
    /* a folder nobody may write, and no WAL beside the file: by somebody who is not root */
    journal_close(f->journal);
    f->journal = NULL;
    assert_int_equal(chmod(f->path, 0444) | chmod(f->base, 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(9);
        f->journal = journal_open(f->path, true, &f->err);
        if (!f->journal || strcmp(ask(f, "SELECT arrival_key FROM file"), "raw/a") != 0)
            _exit(1);
        _exit(journal_open(f->path, false, &f->err) || f->err.kind != ERR_UNAVAILABLE ? 2 : 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(f->base, 0755), 0);
    assert_int_equal(status, 0);
}

static void test_full(void **state)
{
    struct fixture *f = *state;
    if (mount("none", f->base, "tmpfs", 0, "size=512k") != 0) {
        print_message("skipped: no tmpfs can be mounted here: %s\n", strerror(errno));
        skip();
    }
    struct journal *journal = journal_open(f->path, false, &f->err);
    bool ok = journal != NULL, is_new;
    int64_t id;
    int done = 0;
    for (; ok && done < 10000; done++)
        ok = journal_register(
            journal, str_of(arena_printf(f->arena, "raw/%0200d", done)), STR("d"), 1, "v", 1, &id, &is_new, &f->err);
    struct err full = f->err;
    /* what was committed is there, and work goes on when there is room */
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(journal_handle(journal), "SELECT count(*) FROM file", -1, &stmt, NULL);
    sqlite3_step(stmt);
    int left = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    bool grown = mount("none", f->base, "tmpfs", MS_REMOUNT, "size=4m") == 0;
    bool resumed = journal_register(journal, STR("raw/more"), STR("d"), 1, "v", 1, &id, &is_new, &f->err);
    journal_close(journal);
    assert_int_equal(umount2(f->base, MNT_DETACH), 0);
    assert_false(ok);
    assert_int_equal(full.kind, ERR_UNAVAILABLE);
    assert_int_equal(left, done - 1);
    assert_true(grown && resumed);
}

static void test_backup(void **state)
{
    struct fixture *f = *state;
    char *path = arena_printf(f->arena, "%s/backup.db", f->base);
    for (int i = 0; i < 2; i++) {
        deliver_new(f, arena_printf(f->arena, "raw/%d", i), "v", 1);
        OK(f, journal_backup(f->journal, path, &f->err));
    }
    struct stat status;
    assert_int_equal(stat(arena_printf(f->arena, "%s-wal", path), &status), -1);
    journal_close(f->journal);
    f->journal = journal_open(path, false, &f->err);
    assert_string_equal(ask(f, "SELECT count(*) FROM file"), "2");
    FAILS(f, ERR_UNAVAILABLE, journal_backup(f->journal, "/nowhere/backup.db", &f->err));
}

/* Eight that find no journal and make one at once. */
static void test_created_at_once(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 8 };
    pid_t children[COUNT];
    char *path = arena_printf(f->arena, "%s/new/journal.db", f->base);
    for (int i = 0; i < COUNT; i++)
        if ((children[i] = fork()) == 0) {
            struct journal *journal = journal_open(path, false, &f->err);
            if (!journal)
                fprintf(stderr, "%s\n", f->err.message);
            journal_close(journal);
            _exit(journal ? 0 : 1);
        }
    for (int i = 0; i < COUNT; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settings),
        TEST(test_versions),
        TEST(test_groups),
        TEST(test_busy),
        TEST(test_killed),
        TEST(test_read_only),
        TEST(test_full),
        TEST(test_backup),
        TEST(test_created_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
