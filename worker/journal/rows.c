/* A byte each in their block, moved by compare-and-swap; run_cause counts them. */
#include "worker/journal/rows.h"

#include "worker/journal/internal.h"
#include "worker/journal/redrive.h"
#include "worker/journal/telling.h"

#include <stdlib.h>
#include <string.h>

enum { CAUSE_AT = 16 };

static const char *const names[ROW_STATE_COUNT] = {
    "open", "requested", "recovered", "rejected-again", "discarded", "returned", "superseded"};

struct block {
    int64_t number;
    uint32_t count;
    unsigned char entries[REJECT_BLOCK_ROWS * REJECT_ENTRY_BYTES];
    unsigned char before[REJECT_BLOCK_ROWS], after[REJECT_BLOCK_ROWS];
};

const char *row_state_name(enum row_state state)
{
    return names[state < ROW_STATE_COUNT ? state : ROW_OPEN];
}

static uint64_t little_endian(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static uint64_t row_at(const struct block *block, uint32_t i)
{
    return little_endian(block->entries + (size_t)i * REJECT_ENTRY_BYTES, 8);
}

static int64_t cause_at(const struct block *block, uint32_t i)
{
    return (int64_t)little_endian(block->entries + (size_t)i * REJECT_ENTRY_BYTES + CAUSE_AT, 4);
}

static int compare_rows(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_chosen(const struct row_choice *choice, const struct block *block, uint32_t i)
{
    uint64_t row = row_at(block, i);
    if (choice->cause_id && cause_at(block, i) != choice->cause_id)
        return false;
    return !choice->row_count || bsearch(&row, choice->rows, choice->row_count, sizeof row, compare_rows);
}

static struct block *block_new(struct err *err)
{
    struct block *block = calloc(1, sizeof *block);
    if (block)
        block->number = -1;
    else
        ERR(err, ERR_MEMORY, "no memory for a block of rejected rows");
    return block;
}

/* The next block after block->number. */
static bool next_block(struct journal *journal, const char *run_id, struct block *block, bool *found, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT block, row_count, entries, row_states FROM reject_block "
        "WHERE run_id = ?1 AND block > ?2 ORDER BY block LIMIT 1",
        err);
    query_cstr(&query, run_id);
    query_int(&query, block->number);
    *found = query_step(&query) == STEP_ROW;
    if (*found) {
        block->number = sqlite3_column_int64(query.stmt, 0);
        block->count = (uint32_t)sqlite3_column_int(query.stmt, 1);
        memcpy(block->entries, sqlite3_column_blob(query.stmt, 2), (size_t)block->count * REJECT_ENTRY_BYTES);
        memcpy(block->before, sqlite3_column_blob(query.stmt, 3), block->count);
        memcpy(block->after, block->before, block->count);
    }
    return query_run(&query);
}

/* ---- counting ---- */

struct counted {
    int64_t cause_id;
    uint64_t rows[ROW_STATE_COUNT];
};

static int compare_counted(const void *a, const void *b)
{
    int64_t x = ((const struct counted *)a)->cause_id, y = ((const struct counted *)b)->cause_id;
    return x < y ? -1 : x > y;
}

static bool causes_of(struct journal *journal, const char *run_id, struct counted **causes, size_t *count,
    struct arena *arena, struct err *err)
{
    struct query query;
    size_t capacity = 0;
    bool ok = true;
    *causes = NULL;
    *count = 0;
    query_open(&query, journal, "SELECT cause_id FROM run_cause WHERE run_id = ?1 ORDER BY cause_id", err);
    query_cstr(&query, run_id);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = *causes;
        ok = arena_reserve(arena, &list, *count, &capacity, sizeof **causes);
        *causes = list;
        if (ok)
            (*causes)[(*count)++] = (struct counted){.cause_id = query_column_int(&query, 0)};
    }
    query_close(&query);
    return ok ? query.ok : ERR(err, ERR_MEMORY, "no memory for the causes of a run");
}

static bool count_blocks(
    struct journal *journal, const char *run_id, struct counted *causes, size_t count, struct err *err)
{
    struct block *block = block_new(err);
    bool found = true, ok = block != NULL;
    while (ok && (ok = next_block(journal, run_id, block, &found, err)) && found)
        for (uint32_t i = 0; ok && i < block->count; i++) {
            struct counted key = {.cause_id = cause_at(block, i)};
            struct counted *cause = count ? bsearch(&key, causes, count, sizeof key, compare_counted) : NULL;
            if (cause && block->before[i] < ROW_STATE_COUNT)
                cause->rows[block->before[i]]++;
            else
                ok = ERR(err, ERR_CORRUPT, "a rejected row of run %s has cause %lld, state %d", run_id,
                    (long long)key.cause_id, block->before[i]);
        }
    free(block);
    return ok;
}

static bool write_counts(struct journal *journal, const char *run_id, const struct counted *cause, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE run_cause SET requested = ?3, recovered = ?4, rejected_again = ?5, discarded = ?6, returned = ?7, "
        "superseded = ?8 WHERE run_id = ?1 AND cause_id = ?2",
        err);
    query_cstr(&query, run_id);
    query_int(&query, cause->cause_id);
    for (int state = ROW_REQUESTED; state < ROW_STATE_COUNT; state++)
        query_count(&query, cause->rows[state]);
    return query_run(&query);
}

/* The counts of a run's causes, from its blocks. */
static bool recount(struct journal *journal, const char *run_id, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct counted *causes;
    size_t count;
    bool ok = arena || ERR(err, ERR_MEMORY, "no memory to count rejected rows");
    ok = ok && causes_of(journal, run_id, &causes, &count, arena, err) &&
         count_blocks(journal, run_id, causes, count, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = write_counts(journal, run_id, &causes[i], err);
    arena_free(arena);
    return ok;
}

/* ---- moving ---- */

static uint32_t open_in(const unsigned char *states, uint32_t count)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < count; i++)
        open += states[i] == ROW_OPEN;
    return open;
}

static bool swap(struct journal *journal, const char *run_id, const struct block *block, struct err *err)
{
    struct query query;
    int changed = 0;
    query_open(&query, journal,
        "UPDATE reject_block SET row_states = ?3, open_rows = ?5 WHERE run_id = ?1 AND block = ?2 AND row_states = ?4",
        err);
    query_cstr(&query, run_id);
    query_int(&query, block->number);
    query_blob(&query, block->after, block->count);
    query_blob(&query, block->before, block->count);
    query_int(&query, open_in(block->after, block->count));
    return query_run_changed(&query, &changed) &&
           (changed || ERR(err, ERR_EXISTS, "somebody else dealt with rows of run %s meanwhile", run_id));
}

bool rows_move(struct journal *journal, const char *run_id, const struct row_choice *choice, enum row_state from,
    enum row_state to, uint64_t *moved, struct err *err)
{
    struct block *block = block_new(err);
    bool found = true, ok = block != NULL;
    *moved = 0;
    while (ok && (ok = next_block(journal, run_id, block, &found, err)) && found) {
        uint64_t here = 0;
        for (uint32_t i = 0; i < block->count; i++)
            if (block->before[i] == from && is_chosen(choice, block, i)) {
                block->after[i] = (unsigned char)to;
                here++;
            }
        ok = !here || swap(journal, run_id, block, err);
        *moved += here;
    }
    free(block);
    return ok && (!*moved || recount(journal, run_id, err));
}

/* Rows of a run in ascending order, a block at a time. */
struct walk {
    const char *run_id;
    struct block *block;
    uint32_t at;
    bool ended;
};

static bool walk_to(struct journal *journal, struct walk *walk, uint64_t row, bool *is_there, struct err *err)
{
    for (;;) {
        while (walk->at < walk->block->count && row_at(walk->block, walk->at) < row)
            walk->at++;
        bool found = true;
        if (walk->at < walk->block->count || walk->ended)
            break;
        if (!next_block(journal, walk->run_id, walk->block, &found, err))
            return false;
        walk->at = 0;
        walk->ended = !found;
        if (!found)
            walk->block->count = 0;
    }
    *is_there = walk->at < walk->block->count && row_at(walk->block, walk->at) == row;
    return true;
}

static bool settle_block(struct journal *journal, struct block *block, struct walk *again, bool *any, struct err *err)
{
    for (uint32_t i = 0; i < block->count; i++) {
        bool is_again;
        if (block->before[i] != ROW_REQUESTED)
            continue;
        if (!walk_to(journal, again, row_at(block, i), &is_again, err))
            return false;
        block->after[i] = is_again ? ROW_REJECTED_AGAIN : ROW_RECOVERED;
        *any = true;
    }
    return true;
}

bool journal_rows_settle(struct journal *journal, const char *run_id, const char *again_run_id, struct err *err)
{
    struct block *block = block_new(err);
    struct walk again = {.run_id = again_run_id, .block = block ? block_new(err) : NULL};
    bool found = true, any = false, ok = again.block && unit_begin(journal, err);
    if (!ok) {
        free(again.block);
        free(block);
        return false;
    }
    while (ok && (ok = next_block(journal, run_id, block, &found, err)) && found) {
        bool here = false;
        ok = settle_block(journal, block, &again, &here, err) && (!here || swap(journal, run_id, block, err));
        any |= here;
    }
    free(again.block);
    free(block);
    return unit_end(journal, ok && (!any || recount(journal, run_id, err)), err);
}

/* ---- listing ---- */

bool journal_rows(struct journal *journal, const char *run_id, const struct row_choice *choice, enum row_state state,
    size_t most, struct rejected_row **rows, size_t *count, struct arena *arena, struct err *err)
{
    struct block *block = block_new(err);
    size_t capacity = 0;
    bool found = true, ok = block != NULL;
    *rows = NULL;
    *count = 0;
    while (ok && (ok = next_block(journal, run_id, block, &found, err)) && found)
        for (uint32_t i = 0; ok && i < block->count; i++) {
            void *list = *rows;
            if (block->before[i] != state || !is_chosen(choice, block, i))
                continue;
            if (*count == most) {
                ok = ERR(err, ERR_USAGE, "more than %zu rows of run %s are asked for", most, run_id);
                err_hint(err, "Re-drive the whole file, or its causes one after another; or give --memory more.");
            }
            ok = ok && (arena_reserve(arena, &list, *count, &capacity, sizeof **rows) ||
                           ERR(err, ERR_MEMORY, "no memory for the rejected rows of a run"));
            *rows = list;
            if (ok)
                (*rows)[(*count)++] = (struct rejected_row){.row = row_at(block, i),
                    .line_offset = little_endian(block->entries + (size_t)i * REJECT_ENTRY_BYTES + 8, 8),
                    .cause_id = cause_at(block, i)};
        }
    free(block);
    return ok;
}

/* ---- closing for good ---- */

static bool tell(struct journal *journal, const char *action, const char *run_id, const struct row_choice *choice,
    uint64_t rows, struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    struct telling telling;
    telling_begin(&telling);
    jsonw_put_string(&telling.json, "reason", reason);
    jsonw_put_uint(&telling.json, "rows", rows);
    if (choice->cause_id)
        jsonw_put_uint(&telling.json, "cause", (uint64_t)choice->cause_id);
    if (choice->row_count == 1)
        jsonw_put_uint(&telling.json, "row", choice->rows[0]);
    return telling_end(&telling, journal, action, str_of(run_id), by, now, err);
}

static bool close_rows(struct journal *journal, const char *run_id, const struct row_choice *choice, enum row_state to,
    const char *action, struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    uint64_t rows = 0;
    if (!unit_begin(journal, err))
        return false;
    bool ok = rows_move(journal, run_id, choice, ROW_OPEN, to, &rows, err);
    if (ok && (!rows || (choice->row_count && rows != choice->row_count)))
        ok = ERR(err, ERR_EXISTS, "not all of these are open rejected rows of run %s", run_id);
    ok = ok && tell(journal, action, run_id, choice, rows, reason, by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_discard_rows(struct journal *journal, const char *run_id, const struct row_choice *choice,
    struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    return close_rows(journal, run_id, choice, ROW_DISCARDED, "rows-discarded", reason, by, now, err);
}

bool journal_return_rows(struct journal *journal, const char *run_id, const struct row_choice *choice,
    struct str reason, const struct decider *by, int64_t now, struct err *err)
{
    return close_rows(journal, run_id, choice, ROW_RETURNED, "rows-returned", reason, by, now, err);
}
