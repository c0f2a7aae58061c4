/* sluiced journal backup FILE: the journal as it is now, while others work with it. sluiced journal rebuild: one that
 * is gone, made anew from the lake. */
#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "worker/agent/identity.h"
#include "worker/command/workplace.h"
#include "worker/journal/replica.h"
#include "worker/journal/seal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct own {
    const char *from;
};

static const struct option_row own_rows[] = {
    {.name = "from",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct own, from),
        .flag_only = true,
        .value = "JOURNAL",
        .help = "rebuild: of several that the lake holds pieces of, this one; else the last"},
};

static int backup(struct workplace *place, const char *file, struct err *err)
{
    if (!place->journal) {
        ERR(err, ERR_NOT_FOUND, "the lake %s has no journal", place->settings.lake);
        err_hint(err, "--lake DIR names another lake; 'sluiced run' makes its journal.");
        return complain(err);
    }
    if (!journal_backup(place->journal, file, err))
        return complain(err);
    printf("%s is the journal as it was now\n", file);
    return 0;
}

/* ---- rebuild ---- */

static void tell(void *context, const char *problem)
{
    (void)context;
    fprintf(stderr, "%s\n", problem);
}

static bool nothing_there(const char *path, struct err *err)
{
    bool exists;
    if (!fs_exists(path, &exists, err))
        return false;
    if (!exists)
        return true;
    ERR(err, ERR_EXISTS, "there is a journal: %s", path);
    return err_hint(err, "Move it away, with its -wal and -shm, when no worker runs; then rebuild.");
}

static bool say_so(
    struct workplace *place, struct journal *journal, const struct rebuild_report *report, struct err *err)
{
    struct identity who;
    struct buf detail;
    struct json json;
    int64_t audit_id;
    if (!identity_find(NULL, NULL, place->storage->owned.p, &who, place->arena, err))
        return false;
    buf_init(&detail, 1024);
    jsonw_init(&json, &detail);
    jsonw_object_begin(&json);
    jsonw_put_uint(&json, "pieces", report->pieces);
    jsonw_put_uint(&json, "problems", report->problems);
    jsonw_object_end(&json);
    struct audit_entry entry = {.at = clock_now(),
        .actor = who.name,
        .role = who.role,
        .action = STR("journal-rebuilt"),
        .subject = str_of(report->journal_id),
        .detail = buf_str(&detail)};
    bool ok = journal_audit(journal, &entry, &audit_id, err);
    buf_dispose(&detail);
    return ok;
}

/* Nobody sees it before it is whole. */
static bool make(
    struct workplace *place, const char *path, struct str from, struct rebuild_report *report, struct err *err)
{
    const char *fresh = arena_printf(place->arena, "%s.rebuilding", path);
    if (!fresh)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    (void)unlink(fresh); /* of one that was killed */
    struct journal *journal = journal_open(fresh, false, err);
    bool ok = journal && journal_rebuild(journal, place->storage, from, tell, NULL, report, err);
    ok = ok && say_so(place, journal, report, err);
    if (ok)
        journal_seal_quietly(journal, place->storage);
    journal_close(journal);
    ok = ok && (rename(fresh, path) == 0 || ERR_ERRNO(err, "cannot name the journal %s", path));
    if (!ok)
        (void)unlink(fresh);
    return ok;
}

static int rebuild(struct workplace *place, struct str from, struct err *err)
{
    struct rebuild_report report;
    const char *path;
    if (!place->storage->driver->probe(place->storage, err) || !(path = workplace_journal(place, err)) ||
        !fs_make_parent(path, err) || !nothing_there(path, err) || !make(place, path, from, &report, err))
        return complain(err);
    printf("%s: %llu rows from %llu pieces of journal %s; %llu lines of the audit, %s\n", path,
        (unsigned long long)report.rows, (unsigned long long)report.pieces, report.journal_id,
        (unsigned long long)report.lines,
        report.problems ? "but not whole, as told above" : "each follows from the one before");
    printf("'sluiced fsck' holds it against what lies in the lake\n");
    return report.problems ? 1 : 0;
}

static int leave(struct workplace *place, struct err *err)
{
    bool was;
    const char *path = workplace_journal(place, err);
    if (!path || !replica_leave(path, &was, err))
        return complain(err);
    printf("%s is %s\n", path, was ? "a journal of its own now" : "in no fleet");
    return 0;
}

/* They open no journal: the one there may be what is broken, or its fleet may be. */
static bool is_without(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "rebuild") == 0 || strcmp(argv[i], "leave") == 0)
            return true;
    return false;
}

static int run(int argc, char **argv)
{
    struct own own = {0};
    struct option_set extra = OPTION_SET(own_rows, &own);
    struct workplace place;
    struct err err;
    int code;
    unsigned needs = is_without(argc, argv) ? NEED_LAKE : NEED_LAKE | NEED_JOURNAL_READ;
    if (!workplace_open(&place, argc, argv, &command_journal, &extra, 2, needs, &code))
        return code;
    const struct option_list *rest = &place.rest;
    if (rest->count == 2 && strcmp(rest->items[0], "backup") == 0)
        code = backup(&place, rest->items[1], &err);
    else if (rest->count == 1 && strcmp(rest->items[0], "rebuild") == 0)
        code = rebuild(&place, str_of(own.from ? own.from : ""), &err);
    else if (rest->count == 1 && strcmp(rest->items[0], "leave") == 0)
        code = leave(&place, &err);
    else {
        ERR(&err, ERR_USAGE, "what is to be done with the journal?");
        err_hint(&err, "sluiced journal backup FILE, sluiced journal rebuild, or sluiced journal leave");
        code = complain(&err);
    }
    workplace_close(&place);
    return code;
}

const struct command command_journal = {
    .name = "journal",
    .arguments = "backup FILE | rebuild | leave",
    .summary = "copies the journal while others work with it; makes a lost one anew from the lake; leaves its fleet",
    .run = run,
};
