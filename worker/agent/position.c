#include "worker/agent/position.h"

#include <sqlite3.h>
#include <stdlib.h>

struct blocks {
    struct call *call;
    sqlite3_stmt *list, *entries; /* entries apart: reading a blob is what costs */
    const struct block_counts *counts;
};

static bool prepare(struct blocks *blocks, const char *sql, sqlite3_stmt **statement, struct err *err)
{
    sqlite3 *db = journal_handle(blocks->call->agent->journal);
    if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(*statement, 1, blocks->call->run_id, -1, SQLITE_TRANSIENT);
    return true;
}

/* ---- rows of a cause or a stage ---- */

static uint16_t count_wanted(const unsigned char *entries, int64_t count, const struct wanted *wanted)
{
    uint16_t rows = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t cause;
        memcpy(&cause, entries + i * REJECT_ENTRY_BYTES + 16, sizeof cause);
        rows = (uint16_t)(rows + wanted_has(wanted, cause));
    }
    return rows;
}

static size_t block_count(struct blocks *blocks, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    if (prepare(blocks, "SELECT count(*) FROM reject_block WHERE run_id = ?1", &statement, err) &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static bool fill_counts(
    struct blocks *blocks, const struct wanted *wanted, struct block_counts *counts, struct err *err)
{
    static const char sql[] = "SELECT row_count, entries FROM reject_block WHERE run_id = ?1 ORDER BY block";
    sqlite3_stmt *statement = NULL;
    bool ok = prepare(blocks, sql, &statement, err);
    for (size_t i = 0; ok && i < counts->count && sqlite3_step(statement) == SQLITE_ROW; i++)
        counts->rows[i] = count_wanted(sqlite3_column_blob(statement, 1), sqlite3_column_int64(statement, 0), wanted);
    sqlite3_finalize(statement);
    return ok;
}

static bool are_of(
    const struct block_counts *known, const struct blocks *blocks, const struct wanted *wanted, size_t count)
{
    return known && known->cause == wanted->cause && known->stage == wanted->stage && known->count == count &&
           strcmp(known->run_id, blocks->call->run_id) == 0;
}

/* Read once for all the pages. */
static bool count_blocks(struct blocks *blocks, const struct wanted *wanted, struct err *err)
{
    struct agent *agent = blocks->call->agent;
    struct block_counts *known = agent->counts;
    size_t count = block_count(blocks, err);
    if (!are_of(known, blocks, wanted, count)) {
        free(known);
        known = agent->counts = calloc(1, sizeof *known + count * sizeof *known->rows);
        if (!known)
            return ERR(err, ERR_MEMORY, "no memory to count rejected rows");
        known->cause = wanted->cause;
        known->stage = wanted->stage;
        known->count = count;
        if (!fill_counts(blocks, wanted, known, err))
            return false;
        memcpy(known->run_id, blocks->call->run_id, sizeof known->run_id);
    }
    blocks->counts = known;
    return true;
}

/* ---- blocks ---- */

static void pass_entry(struct position *position, const unsigned char *entry)
{
    uint64_t row;
    uint32_t cause;
    memcpy(&row, entry, sizeof row);
    memcpy(&cause, entry + 16, sizeof cause);
    if (!wanted_has(&position->wanted, cause))
        return;
    bool before = position->row >= 0 ? (int64_t)row < position->row : position->total < position->at;
    if (before) {
        position->after = (int64_t)row;
        position->found++;
    }
    position->total++;
}

/* A block that lies wholly on one side. */
static bool pass_block(struct position *position, int64_t count, int64_t first_row, int64_t last_row)
{
    bool before = position->row >= 0 ? last_row < position->row : position->total + count <= position->at;
    bool behind = position->row >= 0 ? first_row >= position->row : position->total >= position->at;
    if (!before && !behind)
        return false;
    if (before) {
        position->after = last_row;
        position->found += count;
    }
    position->total += count;
    return true;
}

static void pass_entries(struct blocks *blocks, struct position *position, int64_t block, int64_t count)
{
    sqlite3_bind_int64(blocks->entries, 2, block);
    const unsigned char *entries =
        sqlite3_step(blocks->entries) == SQLITE_ROW ? sqlite3_column_blob(blocks->entries, 0) : NULL;
    for (int64_t i = 0; entries && i < count; i++)
        pass_entry(position, entries + i * REJECT_ENTRY_BYTES);
    sqlite3_reset(blocks->entries);
}

bool position_find(struct call *call, struct position *position, struct err *err)
{
    struct blocks blocks = {.call = call};
    bool ok =
        (!position->wanted.some || count_blocks(&blocks, &position->wanted, err)) &&
        prepare(&blocks,
            "SELECT row_count, first_row, last_row, block FROM reject_block WHERE run_id = ?1 ORDER BY block",
            &blocks.list, err) &&
        prepare(&blocks, "SELECT entries FROM reject_block WHERE run_id = ?1 AND block = ?2", &blocks.entries, err);
    for (size_t i = 0; ok && sqlite3_step(blocks.list) == SQLITE_ROW; i++) {
        int64_t rows = sqlite3_column_int64(blocks.list, 0);
        int64_t counted = !blocks.counts ? rows : i < blocks.counts->count ? blocks.counts->rows[i] : 0;
        if (!pass_block(position, counted, sqlite3_column_int64(blocks.list, 1), sqlite3_column_int64(blocks.list, 2)))
            pass_entries(&blocks, position, sqlite3_column_int64(blocks.list, 3), rows);
    }
    sqlite3_finalize(blocks.list);
    sqlite3_finalize(blocks.entries);
    return ok;
}
