/* A journal in a temporary folder, and short ways to do with it what a worker does. */
#ifndef TESTS_UNIT_WORKER_JOURNAL_FIXTURE_H
#define TESTS_UNIT_WORKER_JOURNAL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/journal/journal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000LL
#define LEASE (60 * SECOND)
#define OWNER STR("far:1:1")

struct fixture {
    struct arena *arena;
    struct journal *journal;
    char base[40];
    char *path;
    struct err err;
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->base, sizeof f->base, "/tmp/sluice-journal-XXXXXX");
    f->arena = arena_new(0);
    if (!mkdtemp(f->base))
        return -1;
    f->path = arena_printf(f->arena, "%s/journal.db", f->base);
    f->journal = journal_open(f->path, false, &f->err);
    *state = f;
    if (!f->journal)
        print_error("%s\n", f->err.message);
    return f->journal ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    journal_close(f->journal);
    bool ok = fs_remove_tree(f->base, &f->err);
    arena_free(f->arena);
    free(f);
    return ok ? 0 : -1;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define OK(f, call)                                      \
    do                                                   \
        if (!(call))                                     \
            fail_msg("%s: %s", #call, (f)->err.message); \
    while (0)
#define FAILS(f, kind_, call)                                                              \
    do {                                                                                   \
        assert_false(call);                                                                \
        if ((f)->err.kind != (kind_))                                                      \
            fail_msg("%s: %s, %s", #call, err_kind_name((f)->err.kind), (f)->err.message); \
    } while (0)

/* The first column of the first row as text; "-" for no row or NULL. */
static inline const char *ask(struct fixture *f, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(journal_handle(f->journal), sql, -1, &stmt, NULL), SQLITE_OK);
    const char *text = sqlite3_step(stmt) == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    const char *copy = arena_cstr(f->arena, text ? text : "-");
    sqlite3_finalize(stmt);
    return copy;
}

static inline int64_t deliver(struct fixture *f, const char *key, const char *version, int64_t now, bool *is_new)
{
    int64_t id = 0;
    OK(f, journal_register(f->journal, str_of(key), STR("sales"), 100, version, now, &id, is_new, &f->err));
    return id;
}

static inline int64_t deliver_new(struct fixture *f, const char *key, const char *version, int64_t now)
{
    bool is_new;
    int64_t id = deliver(f, key, version, now, &is_new);
    assert_true(is_new);
    return id;
}

static inline bool take(struct fixture *f, int64_t now, struct claim *claim)
{
    bool found = false;
    OK(f, journal_claim(f->journal, OWNER, now, LEASE, false, STR(""), claim, &found, f->arena, &f->err));
    return found;
}

static inline void move(struct fixture *f, const struct claim *claim, const char *to)
{
    OK(f, journal_file_moving(f->journal, claim, str_of(to), &f->err));
    OK(f, journal_file_moved(f->journal, claim, str_of(to), &f->err));
}

static inline int64_t hash(struct fixture *f, const struct claim *claim, char byte, bool any_key)
{
    char sha256[SHA256_TEXT_SIZE] = "";
    int64_t duplicate_of;
    memset(sha256, byte, 64);
    OK(f, journal_file_hashed(f->journal, claim, sha256, 100, any_key, &duplicate_of, &f->err));
    return duplicate_of;
}

static inline void go(struct fixture *f, const struct claim *claim, enum run_state from, enum run_state to)
{
    OK(f, journal_run_state(f->journal, claim, from, to, STR("{}"), &f->err));
}

static inline void go_to_committed(struct fixture *f, const struct claim *claim)
{
    for (int state = RUN_CLAIMED; state < RUN_COMMITTED; state++)
        go(f, claim, (enum run_state)state, (enum run_state)(state + 1));
}

static inline void end(struct fixture *f, const struct claim *claim, enum run_outcome outcome, int64_t now)
{
    OK(f, journal_run_end(f->journal, claim, outcome, STR(""), STR(""), now, &f->err));
}

static inline void load(struct fixture *f, const struct claim *claim, int64_t now)
{
    move(f, claim, arena_printf(f->arena, "archive/%s", claim->run_id));
    go_to_committed(f, claim);
    end(f, claim, OUTCOME_LOADED, now);
}

#endif
