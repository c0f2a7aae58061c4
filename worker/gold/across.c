#include "worker/gold/across.h"

#include "shared/log.h"
#include "worker/gold/keymap.h"

/* Unasked, others are read if that costs little beside the compaction itself. */
enum { FREE_ROWS = 100000, FREE_FILES = 128 };

struct across_work {
    const struct sources *schema;
    const struct across_options *options;
    struct arena *arena;
    struct gold_input *files; /* of all other partitions */
    size_t count, capacity;
    struct keymap *table; /* the new gold's; row_number 1: somebody else's too */
    struct key_batch *keys;
    struct part part;
    bool is_too_much;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the keys of other partitions");
}

/* ---- what there is to read ---- */

/* Of a snapshot the newest delivery counts. */
static bool keep_files(struct across_work *w, const struct gold_input *files, size_t count)
{
    bool is_snapshot = w->options->contract->gold_mode == GOLD_SNAPSHOT;
    for (size_t i = 0; i < count; i++) {
        const struct gold_input *last = &files[count - 1];
        void *list = w->files;
        if (is_snapshot && (files[i].ingest_ts != last->ingest_ts || files[i].file_id != last->file_id))
            continue;
        if (!arena_reserve(w->arena, &list, w->count, &w->capacity, sizeof *w->files))
            return false;
        w->files = list;
        w->files[w->count++] = files[i];
    }
    return true;
}

static bool find_files(struct across_work *w, uint64_t free_rows, struct err *err)
{
    const struct across_options *options = w->options;
    struct str dataset = options->contract->dataset, *partitions;
    bool unasked = options->contract->gold_across == ACROSS_AUTO;
    uint64_t rows = 0;
    size_t n;
    if (!journal_gold_partitions(options->journal, dataset, &partitions, &n, w->arena, err))
        return false;
    w->is_too_much = unasked && n > FREE_FILES;
    for (size_t p = 0; p < n && !w->is_too_much; p++) {
        struct gold_input *files;
        size_t count;
        if (str_eq(partitions[p], options->partition))
            continue;
        if (!journal_gold_inputs(options->journal, dataset, partitions[p], &files, &count, w->arena, err))
            return false;
        if (!keep_files(w, files, count))
            return no_memory(err);
        for (size_t i = 0; i < count; i++)
            rows += files[i].rows;
        w->is_too_much = unasked && (rows > free_rows || w->count > FREE_FILES);
    }
    return true;
}

/* ---- the passes ---- */

static bool next_slice(struct across_work *w, struct scan *scan, bool *ok, struct err *err)
{
    *ok = scan_next(scan, err) && key_batch_fill(w->keys, scan->vectors, w->options->key_count, scan->n, err);
    return *ok && scan->n;
}

static bool remember(struct across_work *w, uint32_t i)
{
    bool is_new;
    struct str key = key_batch_key(w->keys, w->table, i);
    return !part_has(w->part, w->keys->hashes[i]) || keymap_add(w->table, key, w->keys->hashes[i], &is_new);
}

static void mark(struct across_work *w, uint32_t i)
{
    struct str key = key_batch_key(w->keys, w->table, i);
    struct key_entry *entry =
        part_has(w->part, w->keys->hashes[i]) ? keymap_find(w->table, key, w->keys->hashes[i]) : NULL;
    if (entry)
        entry->row_number = 1;
}

static bool read_gold(struct across_work *w, const struct source *gold, bool *fits, struct err *err)
{
    struct scan scan;
    bool ok = scan_open(&scan, w->schema, gold, w->options->key, w->options->key_count, err);
    *fits = true;
    while (ok && *fits && next_slice(w, &scan, &ok, err))
        for (uint32_t i = 0; i < scan.n && *fits; i++)
            *fits = remember(w, i);
    scan_close(&scan);
    return ok;
}

/* A file from before the key had all its columns has none of these keys. */
static bool has_key(const struct across_work *w, const struct source *source)
{
    for (uint32_t k = 0; k < w->options->key_count; k++)
        if (source->columns[w->options->key[k]] == UINT32_MAX)
            return false;
    return true;
}

static bool read_other(struct across_work *w, const struct gold_input *file, struct err *err)
{
    struct scan scan = {0};
    struct source source;
    struct arena *arena = arena_new(0);
    bool ok = arena ? sources_open_other(w->schema, file->key, &source, arena, err) : no_memory(err);
    if (ok && has_key(w, &source)) {
        ok = scan_open(&scan, w->schema, &source, w->options->key, w->options->key_count, err);
        while (ok && next_slice(w, &scan, &ok, err))
            for (uint32_t i = 0; i < scan.n; i++)
                mark(w, i);
        scan_close(&scan);
    }
    arena_free(arena);
    return ok;
}

static bool count_part(
    struct across_work *w, const struct source *gold, struct parts *parts, uint64_t *keys, struct err *err)
{
    bool fits;
    keymap_reset(w->table);
    if (!read_gold(w, gold, &fits, err))
        return false;
    if (!fits)
        return parts_split(parts, w->part, err);
    for (size_t i = 0; i < w->count; i++)
        if (!read_other(w, &w->files[i], err))
            return false;
    for (size_t i = 0; i < keymap_count(w->table); i++)
        *keys += (uint64_t)keymap_at(w->table, i)->row_number;
    return true;
}

static bool count_all(struct across_work *w, const struct source *gold, uint64_t *keys, struct err *err)
{
    struct parts parts;
    w->keys = ARENA_NEW(w->arena, struct key_batch);
    w->table = keymap_new(w->options->memory);
    bool ok = (w->keys && w->table) || no_memory(err);
    if (ok)
        key_batch_init(w->keys);
    ok = ok && parts_begin(&parts, w->arena, err);
    while (ok && parts_pop(&parts, &w->part))
        ok = count_part(w, gold, &parts, keys, err);
    keymap_free(w->table);
    if (w->keys)
        key_batch_dispose(w->keys);
    return ok;
}

/* A number for people to look at is no reason to leave a partition without its gold. */
static bool is_others_fault(const struct err *fault)
{
    return fault->kind == ERR_NOT_FOUND || fault->kind == ERR_CORRUPT || fault->kind == ERR_CONFIG ||
           fault->kind == ERR_FILE;
}

bool across_count(const struct sources *schema, const struct source *gold, const struct across_options *options,
    struct across *across, struct err *err)
{
    struct across_work w = {.schema = schema, .options = options};
    *across = (struct across){0};
    if (!options->contract->gold_key_count || options->contract->gold_across == ACROSS_NEVER)
        return true;
    /* A key that names the partition is in no other. */
    if (options->key_count < options->contract->gold_key_count) {
        across->made = true;
        return true;
    }
    w.arena = arena_new(0);
    bool ok = w.arena ? find_files(&w, gold->rows + FREE_ROWS, err) : no_memory(err);
    if (ok && !w.is_too_much) {
        across->made = count_all(&w, gold, &across->keys, err);
        ok = across->made || is_others_fault(err);
        if (ok && !across->made)
            log_err(LOG_WARN, "keys-of-other-partitions-not-counted", err);
    }
    arena_free(w.arena);
    return ok;
}
