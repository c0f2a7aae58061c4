#include "worker/redrive/request.h"

#include "shared/clock.h"
#include "worker/journal/pace.h"
#include "worker/journal/standing.h"
#include "worker/redrive/change.h"
#include "worker/redrive/withdraw.h"

#include <sqlite3.h>
#include <unistd.h>

enum { MAX_FILES = 1000 };

/* ---- which files ---- */

static bool add_run(struct redrive *redrive, const char *run_id, struct arena *arena, struct err *err)
{
    struct redrive_file file = {0};
    void *list = redrive->files;
    memcpy(file.run_id, run_id, sizeof file.run_id);
    if (!arena_reserve(arena, &list, redrive->file_count, &redrive->file_capacity, sizeof file))
        return ERR(err, ERR_MEMORY, "no memory for a request");
    redrive->files = list;
    redrive->files[redrive->file_count++] = file;
    return true;
}

static bool add_named(
    const struct redrive_request *request, struct redrive *redrive, struct arena *arena, struct err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < request->run_count; i++) {
        char run_id[ULID_SIZE] = "";
        ok = ulid_valid(request->runs[i]) ||
             ERR(err, ERR_USAGE, "runs are named by their whole ids where there are several");
        if (ok)
            memcpy(run_id, request->runs[i].p, request->runs[i].n);
        for (size_t j = 0; ok && j < redrive->file_count; j++)
            ok = strcmp(redrive->files[j].run_id, run_id) != 0 || ERR(err, ERR_USAGE, "run %s is named twice", run_id);
        ok = ok && add_run(redrive, run_id, arena, err);
    }
    return ok;
}

static sqlite3_stmt *list_runs(const struct redrive_request *request, const char *sql, struct err *err)
{
    sqlite3 *db = journal_handle(request->rules.journal);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK)
        return statement;
    ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    return NULL;
}

/* Finalizes it. */
static bool add_runs(sqlite3_stmt *statement, struct redrive *redrive, struct arena *arena, struct err *err)
{
    bool ok = true;
    int step = SQLITE_DONE;
    while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW)
        ok = add_run(redrive, (const char *)sqlite3_column_text(statement, 0), arena, err);
    if (ok && step != SQLITE_DONE)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(sqlite3_db_handle(statement)));
    sqlite3_finalize(statement);
    return ok;
}

/* Of a file with several runs that have such rows, those of the newest: the others can be asked for after it. */
static bool add_row_cause(
    const struct redrive_request *request, struct redrive *redrive, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement = list_runs(request,
        "SELECT max(r.run_id) FROM run_cause x JOIN run r USING (run_id) JOIN file f ON f.file_id = r.file_id "
        "WHERE x.cause_id = ?1 AND x.rows > x.requested + x.recovered + x.rejected_again + x.discarded + x.returned + "
        "x.superseded AND r.outcome = 'loaded' AND r.superseded_by IS NULL AND f.state = 'SUCCEEDED' "
        "AND NOT EXISTS (SELECT 1 FROM redrive_file q JOIN redrive d USING (redrive_id) WHERE q.file_id = f.file_id "
        "AND d.state IN ('requested', 'approved', 'running')) GROUP BY f.file_id ORDER BY f.arrived_at, f.file_id "
        "LIMIT ?2",
        err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, request->cause_id);
    sqlite3_bind_int(statement, 2, MAX_FILES);
    bool ok = add_runs(statement, redrive, arena, err);
    if (ok && !redrive->file_count) {
        ok = ERR(err, ERR_NOT_FOUND, "cause %lld has no open row in a loaded file that nobody has asked for",
            (long long)request->cause_id);
        err_hint(err, "'sluice causes' lists them with what is open.");
    }
    return ok;
}

static bool is_of_rows(const struct redrive_request *request, bool *of_rows, struct err *err)
{
    sqlite3_stmt *statement = list_runs(request, "SELECT whole_file FROM cause WHERE cause_id = ?1", err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, request->cause_id);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    *of_rows = found && !sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return found || ERR(err, ERR_NOT_FOUND, "there is no cause %lld", (long long)request->cause_id);
}

static bool add_cause(
    const struct redrive_request *request, struct redrive *redrive, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement = list_runs(request,
        "SELECT r.run_id FROM run_cause x JOIN cause c USING (cause_id) JOIN run r USING (run_id) "
        "JOIN file f ON f.file_id = r.file_id AND f.job_run_id = r.run_id AND f.state = 'QUARANTINED' "
        "WHERE x.cause_id = ?1 AND c.whole_file = 1 ORDER BY f.arrived_at, f.file_id LIMIT ?2",
        err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, request->cause_id);
    sqlite3_bind_int(statement, 2, MAX_FILES);
    bool ok = add_runs(statement, redrive, arena, err);
    if (ok && !redrive->file_count) {
        ok = ERR(err, ERR_NOT_FOUND, "cause %lld keeps no file in quarantine", (long long)request->cause_id);
        err_hint(err, "'sluice causes' lists them; whole files are asked for by their system causes.");
    }
    return ok;
}

/* The rules that loaded files are to be read by; "": each by its own. */
static bool rules_to_come(
    const struct redrive_request *request, char hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err)
{
    char base[SHA256_TEXT_SIZE];
    hash[0] = '\0';
    if (request->rules.rules == RULES_SAME)
        return true;
    struct contract *contract = rules_load(&request->rules, base, arena, err);
    if (contract)
        memcpy(hash, contract->hash, SHA256_TEXT_SIZE);
    contract_free(contract);
    return contract != NULL;
}

static bool add_dataset(
    const struct redrive_request *request, struct redrive *redrive, struct arena *arena, struct err *err)
{
    char hash[SHA256_TEXT_SIZE];
    struct str dataset = request->rules.dataset;
    sqlite3_stmt *statement;
    if (!rules_to_come(request, hash, arena, err))
        return false;
    statement = list_runs(request,
        "SELECT r.run_id FROM file f JOIN run r ON r.run_id = f.job_run_id WHERE f.dataset = ?1 AND f.state = "
        "'SUCCEEDED' AND r.ruleset_hash <> ?2 AND f.arrived_at >= ?3 AND (?4 = 0 OR f.arrived_at < ?4) "
        "AND NOT EXISTS (SELECT 1 FROM redrive_file x JOIN redrive d USING (redrive_id) WHERE x.file_id = f.file_id "
        "AND d.state IN ('requested', 'approved', 'running')) ORDER BY f.arrived_at, f.file_id LIMIT ?5",
        err);
    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, dataset.p, (int)dataset.n, SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, 2, hash, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 3, request->since);
    sqlite3_bind_int64(statement, 4, request->before);
    sqlite3_bind_int(statement, 5, MAX_FILES);
    bool ok = add_runs(statement, redrive, arena, err);
    if (ok && !redrive->file_count) {
        ok = ERR(err, ERR_NOT_FOUND, "no file of " STR_FMT " was loaded by other rules then", STR_ARG(dataset));
        err_hint(
            err, "What these very rules loaded would only come out the same; what is asked for already is left out.");
    }
    return ok;
}

/* ---- asking ---- */

static bool pointless(const struct rehearsal *rehearsal, struct err *err)
{
    struct str key = rehearsal->past.file.arrival_key;
    if (rehearsal->of_rows && rehearsal->would_load)
        ERR_REJECT(
            err, "pointless", "none of the %zu rows of " STR_FMT " would pass", rehearsal->chosen.count, STR_ARG(key));
    else
        ERR_REJECT(err, "pointless", STR_FMT " would %s: %s", STR_ARG(key),
            rehearsal->same_failure ? "only fail the same way again" : "be quarantined again", rehearsal->why.message);
    return err_hint(err, "Nothing was asked for. 'sluice reason %s' may have a suggestion; 'sluice rehearse' tries it.",
        rehearsal->past.run_id);
}

/* The same bytes by the same rules come out the same. */
static bool changes_something(const struct redrive_request *request, const struct rehearsal *rehearsal, struct err *err)
{
    const struct past *past = &rehearsal->past;
    if (rehearsal->of_rows)
        return rehearsal->would_pass + rehearsal->filtered > 0 || pointless(rehearsal, err);
    if (past->file.state != FILE_SUCCEEDED || request->patch ||
        !str_eq(past->ruleset_hash, str_of(rehearsal->ruleset_hash)))
        return true;
    ERR_REJECT(err, "pointless", STR_FMT " was loaded by these very rules: it would only come out the same",
        STR_ARG(past->file.arrival_key));
    return err_hint(
        err, "Nothing was asked for. Change the contract, or try --set with 'sluice rehearse %s'.", past->run_id);
}

static bool can_be_read_again(const struct past *past, struct err *err)
{
    switch (past->file.state) {
    case FILE_QUARANTINED:
    case FILE_SUCCEEDED:
    case FILE_WITHDRAWN:
        return true;
    default:
        return ERR(err, ERR_EXISTS, STR_FMT " is %s: it is neither loaded nor withdrawn, and not quarantined",
            STR_ARG(past->file.arrival_key), file_state_name(past->file.state));
    }
}

static bool ask_for_one(const struct redrive_request *request, struct redrive *redrive, struct redrive_file *file,
    struct arena *arena, struct err *err)
{
    struct arena *frame = arena_new(0);
    struct rehearsal *rehearsal = frame ? ARENA_NEW(frame, struct rehearsal) : NULL;
    struct rehearse_request one = {.rules = request->rules,
        .run_id = file->run_id,
        .rows = redrive->choice,
        .patch = request->patch,
        .memory = request->memory,
        .stop = request->stop};
    bool ok = (rehearsal || ERR(err, ERR_MEMORY, "no memory for a rehearsal")) && rehearse(&one, rehearsal, frame, err);
    ok = ok && can_be_read_again(&rehearsal->past, err) && (rehearsal->would_load || pointless(rehearsal, err)) &&
         changes_something(request, rehearsal, err) && rehearsal_hash(rehearsal, file->rehearsal_hash, err);
    if (ok) {
        const struct journal_file *known = &rehearsal->past.file;
        file->file_id = known->file_id;
        file->from_state = known->state;
        file->asked_rows = rehearsal->chosen.count;
        file->would_pass = rehearsal->would_pass;
        file->would_fail = rehearsal->would_fail;
        file->duplicates = rehearsal->duplicates;
        memcpy(
            file->former_run_id, redrive->of_rows ? rehearsal->past.holder : file->run_id, sizeof file->former_run_id);
        memcpy(file->ruleset_hash, rehearsal->ruleset_hash, sizeof file->ruleset_hash);
        memcpy(file->sha256, known->sha256.p, sizeof file->sha256);
        file->arrival_key = arena_str(arena, known->arrival_key);
        file->location = arena_str(arena, known->location);
        file->base_ruleset = arena_str(arena, rehearsal->past.ruleset_hash);
        if (redrive->dataset.n && !str_eq(redrive->dataset, known->dataset))
            ok = ERR(err, ERR_USAGE, "the files of one request are of one dataset");
        redrive->dataset = arena_str(arena, known->dataset);
        if (request->patch) {
            redrive->patch_id = arena_str(arena, str_of(rehearsal->patch.patch_id));
            redrive->patch_hash = arena_str(arena, str_of(rehearsal->patch.hash));
        }
        redrive->overrides = arena_str(arena, rehearsal->overrides);
        ok = ok && ((file->arrival_key.p && file->location.p && file->base_ruleset.p && redrive->dataset.p &&
                        redrive->overrides.p) ||
                       ERR(err, ERR_MEMORY, "no memory for a request"));
    }
    arena_free(frame);
    return ok;
}

/* Until when, and what for. */
static bool may_stand(const struct redrive_request *request, struct err *err)
{
    int64_t ahead = request->apply_until - clock_now();
    if (!request->rules.overrides->count)
        return ERR(err, ERR_USAGE, "there is nothing to override: give --set or --map");
    if (request->rules.rules == RULES_SAME)
        return ERR(err, ERR_USAGE, "what stands for files to come is laid over the contract as it is, not as it was");
    if (ahead <= 0)
        return ERR(err, ERR_USAGE, "the time that the override should stand until is past");
    if (ahead > STANDING_MOST_US) {
        ERR(err, ERR_USAGE, "an override stands for 31 days at most");
        return err_hint(err, "What is to last is a change of the contract: 'sluice contract'.");
    }
    return true;
}

/* The contract, as it is, takes the overrides. */
static bool is_taken(const struct rules_request *base, struct str dataset, struct arena *arena, struct err *err)
{
    char hash[SHA256_TEXT_SIZE];
    struct rules_request request = *base;
    request.dataset = dataset;
    request.rules = RULES_CURRENT;
    struct contract *contract = rules_load(&request, hash, arena, err);
    contract_free(contract);
    return contract != NULL;
}

bool override_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err)
{
    *redrive = (struct redrive){.action = STR("override"),
        .dataset = request->rules.dataset,
        .apply_until = request->apply_until,
        .reason = request->reason,
        .state = STR("requested")};
    if (!str_trim(request->reason).n)
        return ERR(err, ERR_USAGE, "an override needs a reason");
    return may_stand(request, err) && is_taken(&request->rules, redrive->dataset, arena, err) &&
           overrides_text(request->rules.overrides, &redrive->overrides, arena, err) &&
           journal_redrive_request(request->rules.journal, redrive, by, clock_now(), err);
}

bool redrive_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err)
{
    *redrive = (struct redrive){.action = STR("redrive"),
        .apply_until = request->apply_until,
        .same_rules = request->rules.rules == RULES_SAME,
        .reason = request->reason,
        .cause_id = request->cause_id,
        .rate = request->rate,
        .state = STR("requested")};
    if (request->rate.n && !pace_read(request->rate, &redrive->spacing, err))
        return false;
    if (!str_trim(request->reason).n) {
        ERR(err, ERR_USAGE, "a re-drive needs a reason");
        return err_hint(err, "--reason 'the producer changed the delimiter': whoever looks later will want to know.");
    }
    struct row_choice of_cause = {.cause_id = request->cause_id};
    bool by_cause = !request->run_id[0] && request->cause_id;
    if (request->apply_until && !may_stand(request, err))
        return false;
    redrive->of_rows = request->rows != NULL;
    redrive->choice = request->rows;
    if (by_cause && !is_of_rows(request, &redrive->of_rows, err))
        return false;
    if (by_cause && redrive->of_rows)
        redrive->choice = &of_cause;
    bool ok = request->run_id[0]   ? add_run(redrive, request->run_id, arena, err)
              : request->run_count ? add_named(request, redrive, arena, err)
              : !by_cause          ? add_dataset(request, redrive, arena, err)
              : redrive->of_rows   ? add_row_cause(request, redrive, arena, err)
                                   : add_cause(request, redrive, arena, err);
    for (size_t i = 0; ok && i < redrive->file_count; i++)
        ok = ask_for_one(request, redrive, &redrive->files[i], arena, err);
    ok = ok && journal_redrive_request(request->rules.journal, redrive, by, clock_now(), err);
    redrive->choice = NULL;
    return ok;
}

/* ---- approving ---- */

static bool same_bytes(struct storage *storage, const struct redrive_file *file, struct err *err)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    int fd;
    if (!storage->driver->open_fd(storage, file->location, &fd, err))
        return false;
    bool ok = sha256_fd(fd, file->location.p, sha256, &size, err);
    close(fd);
    return ok && (strcmp(sha256, file->sha256) == 0 ||
                     ERR(err, ERR_CORRUPT, "the bytes of " STR_FMT " have changed", STR_ARG(file->arrival_key)));
}

static bool same_patch(const struct rules_request *base, const struct redrive *redrive, const struct redrive_file *file,
    struct arena *arena, struct err *err)
{
    struct patch patch;
    return journal_patch_read(base->journal, file->run_id, &patch, arena, err) &&
           (str_eq(str_of(patch.hash), redrive->patch_hash) || ERR(err, ERR_CONFIG, "its patch has changed"));
}

static bool still_holds(const struct rules_request *base, const struct redrive *redrive,
    const struct redrive_file *file, struct arena *arena, struct err *err)
{
    struct rules_request request = *base;
    char hash[SHA256_TEXT_SIZE];
    if (str_eq(redrive->action, STR("withdraw")))
        return withdraw_holds(base->journal, file, arena, err);
    request.dataset = redrive->dataset;
    request.ruleset_hash = file->base_ruleset;
    struct contract *contract = rules_load(&request, hash, arena, err);
    if (!contract)
        return false;
    bool same = strcmp(contract->hash, file->ruleset_hash) == 0;
    contract_free(contract);
    return (same || ERR(err, ERR_CONFIG, "the contract " STR_FMT " has changed", STR_ARG(redrive->dataset))) &&
           same_bytes(request.storage, file, err) &&
           (!redrive->patch_hash.n || same_patch(base, redrive, file, arena, err));
}

static bool still_stands(
    const struct rules_request *base, const struct redrive *redrive, struct arena *arena, struct err *err)
{
    if (redrive->apply_until <= clock_now())
        return ERR(err, ERR_CONFIG, "the time that it should stand until has passed");
    return is_taken(base, redrive->dataset, arena, err);
}

bool redrive_approve(struct storage *storage, struct journal *journal, const struct contracts *contracts,
    const struct redrive *redrive, const struct decider *by, struct arena *arena, struct err *err)
{
    struct overrides *overrides = ARENA_NEW(arena, struct overrides);
    struct rules_request base = {.storage = storage,
        .journal = journal,
        .contracts = contracts,
        .rules = redrive->same_rules ? RULES_SAME : RULES_CURRENT,
        .overrides = overrides};
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!str_eq(redrive->state, STR("requested")))
        return ERR(err, ERR_EXISTS, "request %s is " STR_FMT, redrive->redrive_id, STR_ARG(redrive->state));
    bool ok = overrides_read(overrides, redrive->overrides, arena, err) &&
              (!redrive->apply_until || still_stands(&base, redrive, arena, err));
    for (size_t i = 0; ok && i < redrive->file_count; i++)
        ok = still_holds(&base, redrive, &redrive->files[i], arena, err);
    if (ok &&
        (str_eq(redrive->action, STR("contract")) ? change_approve(journal, redrive, by, arena, err)
                                                  : journal_redrive_approve(journal, redrive, by, clock_now(), err)))
        return true;
    struct err why = *err, closing;
    if (err_action(&why) != ERR_ACTION_STOP || why.kind == ERR_INTERRUPTED || why.kind == ERR_EXISTS)
        return false;
    if (!journal_redrive_close(journal, redrive, "void", str_of(why.message), by, clock_now(), &closing)) {
        *err = closing;
        return false;
    }
    ERR_REJECT(err, "redrive-void", "request %s is void: %s since it was asked for", redrive->redrive_id, why.message);
    return err_hint(err, "Rehearse it again, and ask again.");
}

bool redrive_carry_out(struct worker *worker, const struct redrive *redrive, struct err *err)
{
    for (size_t i = 0; i < redrive->file_count; i++) {
        worker->options.only = redrive->files[i].arrival_key;
        if (worker_next(worker, err) == WORK_FAILED)
            return false;
    }
    return true;
}
