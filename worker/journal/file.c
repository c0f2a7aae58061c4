#include "worker/journal/internal.h"

#include <stdio.h>

#define NAME(id, name) [id] = STR(name),
static const struct str file_state_names[] = {FILE_STATES(NAME)};
#undef NAME

const char *file_state_name(enum file_state state)
{
    return file_state_names[state].p;
}

enum file_state file_state_of(struct str name)
{
    int state = 0;
    while (state < FILE_STATE_COUNT && !str_eq(file_state_names[state], name))
        state++;
    return (enum file_state)state;
}

void file_from_row(struct query *query, int first, struct arena *arena, struct journal_file *file)
{
    struct str version = query_column(query, first + 8);
    *file = (struct journal_file){
        .file_id = query_column_int(query, first),
        .arrival_key = query_column_copy(query, first + 1, arena),
        .location = query_column_copy(query, first + 2, arena),
        .moving_to = query_column_copy(query, first + 3, arena),
        .dataset = query_column_copy(query, first + 4, arena),
        .sha256 = query_column_copy(query, first + 5, arena),
        .size = (uint64_t)query_column_int(query, first + 6),
        .arrived_at = query_column_int(query, first + 7),
        .state = file_state_of(query_column(query, first + 9)),
        .attempts = (int)query_column_int(query, first + 10),
        .retry_at = query_column_int(query, first + 11),
        .fence = query_column_int(query, first + 12),
        .redrive_id = query_column_copy(query, first + 13, arena),
        .action = query_column_copy(query, first + 14, arena),
        .former = file_state_of(query_column(query, first + 15)),
        .rows_of = query_column_copy(query, first + 16, arena),
    };
    snprintf(file->version, sizeof file->version, "%.*s", STR_ARG(version));
}

bool journal_file_read(struct journal *journal, int64_t file_id, struct journal_file *file, bool *found,
    struct arena *arena, struct err *err)
{
    struct query query;
    query_open(&query, journal, "SELECT " FILE_COLUMNS " FROM file f WHERE f.file_id = ?", err);
    query_int(&query, file_id);
    *found = query_step(&query) == STEP_ROW;
    if (*found)
        file_from_row(&query, 0, arena, file);
    return query_run(&query);
}

/* What the journal knows of the latest delivery under a key. */
struct known {
    int64_t file_id;
    bool exists, at_key, moving, same_version;
    enum file_state state;
};

static bool look_up(
    struct journal *journal, struct str arrival_key, const char *version, struct known *known, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT file_id, state, location = arrival_key, moving_to IS NOT NULL, version = ?1 FROM file "
        "WHERE arrival_key = ?2 ORDER BY file_id DESC LIMIT 1",
        err);
    query_str(&query, str_of(version));
    query_str(&query, arrival_key);
    *known = (struct known){0};
    if (query_step(&query) == STEP_ROW)
        *known = (struct known){
            .file_id = query_column_int(&query, 0),
            .exists = true,
            .state = file_state_of(query_column(&query, 1)),
            .at_key = query_column_int(&query, 2) != 0,
            .moving = query_column_int(&query, 3) != 0,
            .same_version = query_column_int(&query, 4) != 0,
        };
    return query_run(&query);
}

static bool insert(struct journal *journal, struct str arrival_key, struct str dataset, uint64_t size,
    const char *version, int64_t now, int64_t *file_id, struct err *err)
{
    struct query query;
    bool found;
    query_open(&query, journal,
        "INSERT INTO file (arrival_key, location, dataset, size, version, arrived_at, state) "
        "VALUES (?1, ?1, ?2, ?3, ?4, ?5, iif(?2 IS NULL, 'UNMATCHED', 'PENDING')) RETURNING file_id",
        err);
    query_str(&query, arrival_key);
    query_str_or_null(&query, dataset);
    query_count(&query, size);
    query_str(&query, str_of(version));
    query_int(&query, now);
    return query_run_int(&query, file_id, &found);
}

/* The producer replaced it before it was taken: another delivery, in the place of the one that nobody has read. */
static bool replace(struct journal *journal, int64_t file_id, struct str dataset, uint64_t size, const char *version,
    int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET dataset = ?2, size = ?3, version = ?4, arrived_at = ?5, "
        "state = iif(?2 IS NULL, 'UNMATCHED', 'PENDING'), sha256 = NULL, duplicate_of = NULL, waiting_for = NULL, "
        "attempts = 0, retry_at = 0, backoff_by = NULL, error_code = NULL, error_message = NULL WHERE file_id = ?1",
        err);
    query_int(&query, file_id);
    query_str_or_null(&query, dataset);
    query_count(&query, size);
    query_str(&query, str_of(version));
    query_int(&query, now);
    return query_run(&query);
}

/* Contracts come, change and go while a file waits. */
static bool match(struct journal *journal, int64_t file_id, struct str dataset, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET dataset = ?2, state = iif(?2 IS NULL, 'UNMATCHED', iif(state = 'FAILED', state, 'PENDING')) "
        "WHERE file_id = ?1 AND dataset IS NOT ?2",
        err);
    query_int(&query, file_id);
    query_str_or_null(&query, dataset);
    return query_run(&query);
}

enum decision { KEEP, MATCH, REPLACE, INSERT };

static enum decision decide(const struct known *known)
{
    if (!known->exists)
        return INSERT;
    switch (known->state) {
    case FILE_PROCESSING:
        /* One that is being read where it came may be moving right now: whether the key then holds another delivery
         * shows at the next look. */
        return known->at_key || known->same_version ? KEEP : INSERT;
    case FILE_UNMATCHED:
    case FILE_PENDING:
    case FILE_FAILED:
        if (known->same_version)
            return MATCH;
        if (!known->at_key)
            return INSERT;
        return known->moving ? KEEP : REPLACE;
    default:
        return known->at_key && known->same_version ? KEEP : INSERT;
    }
}

bool journal_taken_away(struct journal *journal, struct str arrival_key, bool *taken, struct err *err)
{
    struct query query;
    int64_t away = 0;
    bool found;
    query_open(&query, journal,
        "SELECT location <> arrival_key FROM file WHERE arrival_key = ? ORDER BY file_id DESC LIMIT 1", err);
    query_str(&query, arrival_key);
    bool ok = query_run_int(&query, &away, &found);
    *taken = found && away;
    return ok;
}

bool journal_register(struct journal *journal, struct str arrival_key, struct str dataset, uint64_t size,
    const char *version, int64_t now, int64_t *file_id, bool *is_new, struct err *err)
{
    struct known known;
    if (!unit_begin(journal, err))
        return false;
    bool ok = look_up(journal, arrival_key, version, &known, err);
    enum decision decision = decide(&known);
    *file_id = known.file_id;
    *is_new = decision == REPLACE || decision == INSERT;
    if (ok && decision == MATCH)
        ok = match(journal, known.file_id, dataset, err);
    else if (ok && decision == REPLACE)
        ok = replace(journal, known.file_id, dataset, size, version, now, err);
    else if (ok && decision == INSERT)
        ok = insert(journal, arrival_key, dataset, size, version, now, file_id, err);
    return unit_end(journal, ok, err);
}

bool journal_waiting(struct journal *journal, uint64_t *files, uint64_t *bytes, struct err *err)
{
    struct query query;
    *files = *bytes = 0;
    query_open(
        &query, journal, "SELECT count(*), coalesce(sum(size), 0) FROM file WHERE state IN ('PENDING', 'FAILED')", err);
    if (query_step(&query) == STEP_ROW) {
        *files = (uint64_t)query_column_int(&query, 0);
        *bytes = (uint64_t)query_column_int(&query, 1);
    }
    return query_run(&query);
}
