/* States of single rejected rows: a byte each in their block, moved by compare-and-swap. */
#include "worker/journal/internal.h"
#include "worker/journal/redrive.h"
#include "worker/journal/telling.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_OPEN = 0, ROW_DISCARDED = 4, CAUSE_AT = 16 };

struct block {
    int64_t number;
    uint32_t count;
    unsigned char entries[REJECT_BLOCK_ROWS * REJECT_ENTRY_BYTES];
    unsigned char before[REJECT_BLOCK_ROWS], after[REJECT_BLOCK_ROWS];
};

static uint64_t little_endian(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static bool chosen(const struct row_choice *choice, const unsigned char *entry)
{
    uint64_t row = little_endian(entry, 8);
    if (choice->cause_id && little_endian(entry + CAUSE_AT, 4) != (uint64_t)choice->cause_id)
        return false;
    for (size_t i = 0; i < choice->row_count; i++)
        if (choice->rows[i] == row)
            return true;
    return !choice->row_count;
}

/* The next block after number that has open rows. */
static bool next_block(struct journal *journal, const char *run_id, struct block *block, bool *found, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT block, row_count, entries, row_states FROM reject_block "
        "WHERE run_id = ?1 AND block > ?2 AND open_rows > 0 ORDER BY block LIMIT 1",
        err);
    query_cstr(&query, run_id);
    query_int(&query, block->number);
    *found = query_step(&query) == STEP_ROW;
    if (*found) {
        block->number = sqlite3_column_int64(query.stmt, 0);
        block->count = (uint32_t)sqlite3_column_int(query.stmt, 1);
        memcpy(block->entries, sqlite3_column_blob(query.stmt, 2), (size_t)block->count * REJECT_ENTRY_BYTES);
        memcpy(block->before, sqlite3_column_blob(query.stmt, 3), block->count);
    }
    return query_run(&query);
}

static bool swap(
    struct journal *journal, const char *run_id, const struct block *block, uint32_t moved, struct err *err)
{
    struct query query;
    int changed = 0;
    query_open(&query, journal,
        "UPDATE reject_block SET row_states = ?3, open_rows = open_rows - ?5 "
        "WHERE run_id = ?1 AND block = ?2 AND row_states = ?4",
        err);
    query_cstr(&query, run_id);
    query_int(&query, block->number);
    query_blob(&query, block->after, block->count);
    query_blob(&query, block->before, block->count);
    query_int(&query, moved);
    return query_run_changed(&query, &changed) &&
           (changed || ERR(err, ERR_EXISTS, "somebody else dealt with rows of run %s meanwhile", run_id));
}

static bool discard_open(
    struct journal *journal, const char *run_id, const struct row_choice *choice, uint64_t *rows, struct err *err)
{
    struct block *block = calloc(1, sizeof *block);
    bool found = true, ok = block || ERR(err, ERR_MEMORY, "no memory for a block of rejected rows");
    if (block)
        block->number = -1;
    while (ok && (ok = next_block(journal, run_id, block, &found, err)) && found) {
        uint32_t moved = 0;
        memcpy(block->after, block->before, block->count);
        for (uint32_t i = 0; i < block->count; i++)
            if (block->before[i] == ROW_OPEN && chosen(choice, block->entries + (size_t)i * REJECT_ENTRY_BYTES)) {
                block->after[i] = ROW_DISCARDED;
                moved++;
            }
        ok = !moved || swap(journal, run_id, block, moved, err);
        *rows += moved;
    }
    free(block);
    return ok;
}

static bool tell(struct journal *journal, const char *run_id, const struct row_choice *choice, uint64_t rows,
    struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    struct telling telling;
    telling_begin(&telling);
    jsonw_put_string(&telling.json, "reason", reason);
    jsonw_put_uint(&telling.json, "rows", rows);
    if (choice->cause_id)
        jsonw_put_uint(&telling.json, "cause", (uint64_t)choice->cause_id);
    if (choice->row_count == 1)
        jsonw_put_uint(&telling.json, "row", choice->rows[0]);
    return telling_end(&telling, journal, "rows-discarded", str_of(run_id), by, now, err);
}

bool journal_discard_rows(struct journal *journal, const char *run_id, const struct row_choice *choice,
    struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    uint64_t rows = 0;
    if (!unit_begin(journal, err))
        return false;
    bool ok = discard_open(journal, run_id, choice, &rows, err);
    if (ok && (!rows || (choice->row_count && rows != choice->row_count)))
        ok = ERR(err, ERR_EXISTS, "not all of these are open rejected rows of run %s", run_id);
    ok = ok && tell(journal, run_id, choice, rows, reason, by, now, err);
    return unit_end(journal, ok, err);
}
