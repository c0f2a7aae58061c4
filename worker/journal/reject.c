#include "worker/journal/internal.h"

#include <stdlib.h>

static void bind_cause(struct query *query, const struct cause_key *key)
{
    query_str(query, key->dataset);
    query_cstr(query, stage_name(key->stage));
    query_str(query, key->code == CODE_NONE ? key->system_code : str_of(row_code_name(key->code)));
    query_str(query, key->column);
    query_str(query, key->rule);
    query_str(query, key->shape);
    query_int(query, key->code == CODE_NONE);
}

bool journal_cause(struct journal *journal, const struct cause_key *key, int64_t *cause_id, struct err *err)
{
    struct query query;
    bool found = false;
    if (key->code == CODE_NONE && !key->system_code.n)
        return ERR(err, ERR_BUG, "a cause without a code");
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "SELECT cause_id FROM cause WHERE dataset = ? AND stage = ? AND code = ? AND column_name = ? AND rule_id = ? "
        "AND shape = ? AND whole_file = ?",
        err);
    bind_cause(&query, key);
    bool ok = query_run_int(&query, cause_id, &found);
    if (ok && !found) {
        query_open(&query, journal,
            "INSERT INTO cause (dataset, stage, code, column_name, rule_id, shape, whole_file) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING cause_id",
            err);
        bind_cause(&query, key);
        ok = query_run_int(&query, cause_id, &found);
    }
    return unit_end(journal, ok, err);
}

bool journal_run_cause(struct journal *journal, const char *run_id, const struct cause_count *count, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO run_cause (run_id, cause_id, rows, only_rows, first_row, samples) VALUES (?, ?, ?, ?, ?, ?) ON "
        "CONFLICT (run_id, cause_id) DO UPDATE SET "
        "rows = excluded.rows, only_rows = excluded.only_rows, first_row = excluded.first_row, "
        "samples = excluded.samples",
        err);
    query_cstr(&query, run_id);
    query_int(&query, count->cause_id);
    query_count(&query, count->rows);
    query_count(&query, count->only_rows);
    query_count(&query, count->first_row);
    query_str(&query, count->samples.n ? count->samples : STR("[]"));
    return unit_end(journal, query_run(&query), err);
}

static uint64_t read_u64(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static bool check_block(const unsigned char *entries, uint32_t count, struct err *err)
{
    if (!count || count > REJECT_BLOCK_ROWS)
        return ERR(err, ERR_BUG, "a reject block of %u rows", count);
    for (uint32_t i = 1; i < count; i++) {
        const unsigned char *at = entries + (size_t)i * REJECT_ENTRY_BYTES;
        if (read_u64(at) <= read_u64(at - REJECT_ENTRY_BYTES))
            return ERR(err, ERR_BUG, "a reject block that is not in row order at entry %u", i);
    }
    return true;
}

bool journal_reject_block(
    struct journal *journal, const char *run_id, uint32_t block, const void *entries, uint32_t count, struct err *err)
{
    struct query query;
    if (!check_block(entries, count, err) || !unit_begin(journal, err))
        return false;
    /* Written again by a repeat of the same transaction only: rows that somebody dealt with stay as they are. */
    query_open(&query, journal,
        "INSERT INTO reject_block (run_id, block, row_count, first_row, last_row, open_rows, entries, row_states) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?3, ?6, zeroblob(?3)) ON CONFLICT (run_id, block) DO UPDATE SET "
        "row_count = excluded.row_count, first_row = excluded.first_row, last_row = excluded.last_row, "
        "open_rows = excluded.open_rows, entries = excluded.entries, row_states = excluded.row_states "
        "WHERE open_rows = row_count",
        err);
    query_cstr(&query, run_id);
    query_int(&query, block);
    query_int(&query, count);
    query_count(&query, read_u64(entries));
    query_count(&query, read_u64((const unsigned char *)entries + (size_t)(count - 1) * REJECT_ENTRY_BYTES));
    query_blob(&query, entries, (size_t)count * REJECT_ENTRY_BYTES);
    return unit_end(journal, query_run(&query), err);
}
