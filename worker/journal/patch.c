#include "worker/journal/patch.h"

#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

const struct patch_edit *patch_of_row(const struct patch *patch, uint64_t row)
{
    for (size_t i = patch->count; i > 0; i--)
        if (patch->edits[i - 1].row == row)
            return &patch->edits[i - 1];
    return NULL;
}

static bool make_hash(struct patch *patch, struct err *err)
{
    struct sha256 *sha = sha256_new();
    if (!sha)
        return ERR(err, ERR_MEMORY, "no memory for a hash");
    sha256_add(sha, patch->sha256, SHA256_TEXT_SIZE);
    for (size_t i = 0; i < patch->count; i++) {
        const struct patch_edit *edit = &patch->edits[i];
        uint64_t frame[] = {edit->offset, edit->length, edit->after.n};
        if (patch_of_row(patch, edit->row) != edit)
            continue;
        sha256_add(sha, frame, sizeof frame);
        sha256_add(sha, edit->after.p, edit->after.n);
    }
    sha256_finish(sha, patch->hash);
    return true;
}

static bool read_edits(struct journal *journal, struct patch *patch, struct arena *arena, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "SELECT edit, row_number, line_number, column_name, byte_offset, byte_length, old_bytes, new_bytes "
        "FROM patch_edit WHERE patch_id = ?1 AND undone_at IS NULL ORDER BY edit",
        err);
    query_cstr(&query, patch->patch_id);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = patch->edits;
        struct patch_edit edit = {.edit = query_column_int(&query, 0),
            .row = (uint64_t)query_column_int(&query, 1),
            .line = (uint64_t)query_column_int(&query, 2),
            .column = query_column_copy(&query, 3, arena),
            .offset = (uint64_t)query_column_int(&query, 4),
            .length = (uint64_t)query_column_int(&query, 5),
            .before = query_column_copy(&query, 6, arena),
            .after = query_column_copy(&query, 7, arena)};
        ok = edit.column.p && edit.before.p && edit.after.p &&
             arena_reserve(arena, &list, patch->count, &patch->capacity, sizeof edit);
        patch->edits = list;
        if (ok)
            patch->edits[patch->count++] = edit;
    }
    return query_run(&query) && (ok || ERR(err, ERR_MEMORY, "no memory for a patch"));
}

bool journal_patch_read(
    struct journal *journal, const char *run_id, struct patch *patch, struct arena *arena, struct err *err)
{
    struct query query;
    *patch = (struct patch){0};
    query_open(&query, journal, "SELECT patch_id, file_id, run_id, sha256 FROM patch WHERE run_id = ?1", err);
    query_cstr(&query, run_id);
    if (query_step(&query) == STEP_ROW) {
        query_column_into(&query, 0, patch->patch_id, sizeof patch->patch_id);
        patch->file_id = query_column_int(&query, 1);
        query_column_into(&query, 2, patch->run_id, sizeof patch->run_id);
        query_column_into(&query, 3, patch->sha256, sizeof patch->sha256);
    }
    return query_run(&query) && (!patch->patch_id[0] || read_edits(journal, patch, arena, err)) &&
           make_hash(patch, err);
}

/* Who changed which cell; the values are the patch's. */
static bool tell(struct journal *journal, const char *action, const struct patch *patch, const struct patch_edit *edit,
    const struct decider *by, int64_t now, struct err *err)
{
    struct telling telling;
    telling_begin(&telling);
    jsonw_put_cstring(&telling.json, "run", patch->run_id);
    jsonw_put_uint(&telling.json, "row", edit->row);
    jsonw_put_string(&telling.json, "column", edit->column);
    return telling_end(&telling, journal, action, str_of(patch->patch_id), by, now, err);
}

static bool insert_patch(
    struct journal *journal, struct patch *patch, const struct decider *by, int64_t now, struct err *err)
{
    struct query query;
    ulid_new(patch->patch_id);
    query_open(&query, journal,
        "INSERT INTO patch (patch_id, file_id, run_id, sha256, author, created_at) VALUES (?, ?, ?, ?, ?, ?)", err);
    query_cstr(&query, patch->patch_id);
    query_int(&query, patch->file_id);
    query_cstr(&query, patch->run_id);
    query_cstr(&query, patch->sha256);
    query_str(&query, by->name);
    query_int(&query, now);
    return query_run(&query);
}

static bool insert_edit(
    struct journal *journal, const struct patch *patch, const struct patch_edit *edit, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO patch_edit (patch_id, edit, row_number, line_number, column_name, byte_offset, byte_length, "
        "old_bytes, new_bytes) VALUES (?1, (SELECT coalesce(max(edit), 0) + 1 FROM patch_edit WHERE patch_id = ?1), "
        "?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        err);
    query_cstr(&query, patch->patch_id);
    query_count(&query, edit->row);
    query_count(&query, edit->line);
    query_str(&query, edit->column);
    query_count(&query, edit->offset);
    query_count(&query, edit->length);
    query_blob(&query, edit->before.p, edit->before.n);
    query_blob(&query, edit->after.p, edit->after.n);
    return query_run(&query);
}

bool journal_patch_add(struct journal *journal, struct patch *patch, const struct patch_edit *edit,
    const struct decider *by, int64_t now, struct err *err)
{
    if (!unit_begin(journal, err))
        return false;
    bool ok = (patch->patch_id[0] || insert_patch(journal, patch, by, now, err)) &&
              insert_edit(journal, patch, edit, err) && tell(journal, "patched", patch, edit, by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_patch_undo(
    struct journal *journal, const struct patch *patch, const struct decider *by, int64_t now, struct err *err)
{
    struct query query;
    int changed = 0;
    if (!patch->count)
        return ERR(err, ERR_EXISTS, "there is no edit to undo");
    const struct patch_edit *last = &patch->edits[patch->count - 1];
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE patch_edit SET undone_at = ?3 WHERE patch_id = ?1 AND edit = ?2 AND undone_at IS NULL", err);
    query_cstr(&query, patch->patch_id);
    query_int(&query, last->edit);
    query_int(&query, now);
    bool ok = query_run_changed(&query, &changed) && (changed || ERR(err, ERR_EXISTS, "it was undone already")) &&
              tell(journal, "patch-undone", patch, last, by, now, err);
    return unit_end(journal, ok, err);
}
