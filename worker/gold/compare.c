#include "worker/gold/compare.h"

#include "worker/gold/keymap.h"

struct work {
    const struct sources *schema;
    const struct source *before, *after;
    uint32_t *columns; /* the key's, row_hash */
    uint32_t column_count;
    struct keymap *table;
    struct key_batch *keys; /* of the present slice */
    struct part part;
    struct comparison *comparison;
};

static int128 hash_bits(const struct vector *vector, uint32_t i)
{
    uint128 bits = 0;
    for (size_t b = 0; vector->state[i] == VALUE_PRESENT && b < vector->str[i].n; b++) {
        unsigned digit = (unsigned char)vector->str[i].p[b];
        bits = bits << 4 | ((digit + (digit >> 6) * 9) & 15); /* of 0-9 and a-f, without a branch */
    }
    return (int128)bits;
}

static bool next_slice(struct work *w, struct scan *scan, bool *ok, struct err *err)
{
    *ok = scan_next(scan, err) && key_batch_fill(w->keys, scan->vectors, w->column_count - 1, scan->n, err);
    return *ok && scan->n;
}

/* False: the part is too large. */
static bool remember(struct work *w, const struct scan *scan, uint32_t i)
{
    bool is_new;
    struct str key = key_batch_key(w->keys, w->table, i);
    uint64_t hash = w->keys->hashes[i];
    if (!part_has(w->part, hash))
        return true;
    struct key_entry *entry = keymap_add(w->table, key, hash, &is_new);
    if (!entry)
        return false;
    entry->order = hash_bits(scan->vectors[w->column_count - 1], i);
    entry->row_number++;
    return true;
}

static void judge(struct work *w, struct comparison *found, const struct scan *scan, uint32_t i)
{
    struct str key = key_batch_key(w->keys, w->table, i);
    uint64_t hash = w->keys->hashes[i];
    if (!part_has(w->part, hash))
        return;
    struct key_entry *entry = keymap_find(w->table, key, hash);
    if (!entry || !entry->row_number) {
        found->fresh++;
        return;
    }
    entry->row_number--;
    if (entry->order == hash_bits(scan->vectors[w->column_count - 1], i))
        found->unchanged++;
    else
        found->changed++;
}

static bool read_before(struct work *w, bool *fits, struct err *err)
{
    struct scan scan;
    bool ok = scan_open(&scan, w->schema, w->before, w->columns, w->column_count, err);
    *fits = true;
    while (ok && *fits && next_slice(w, &scan, &ok, err))
        for (uint32_t i = 0; i < scan.n && *fits; i++)
            *fits = remember(w, &scan, i);
    scan_close(&scan);
    return ok;
}

static bool read_after(struct work *w, struct comparison *found, struct err *err)
{
    struct scan scan;
    bool ok = scan_open(&scan, w->schema, w->after, w->columns, w->column_count, err);
    while (ok && next_slice(w, &scan, &ok, err))
        for (uint32_t i = 0; i < scan.n; i++)
            judge(w, found, &scan, i);
    scan_close(&scan);
    return ok;
}

static bool compare_part(struct work *w, struct parts *parts, struct err *err)
{
    bool fits;
    keymap_reset(w->table);
    if (!read_before(w, &fits, err))
        return false;
    if (!fits)
        return parts_split(parts, w->part, err);
    if (!read_after(w, w->comparison, err))
        return false;
    for (size_t i = 0; i < keymap_count(w->table); i++)
        w->comparison->vanished += (uint64_t)keymap_at(w->table, i)->row_number;
    return true;
}

bool compare_gold(const struct sources *schema, const struct source *before, const struct source *after,
    const uint32_t *key, uint32_t key_count, uint32_t row_hash, size_t memory, struct comparison *comparison,
    struct err *err)
{
    *comparison = (struct comparison){0};
    for (uint32_t i = 0; i < key_count; i++)
        if (before->columns[key[i]] == UINT32_MAX)
            return true;
    if (before->columns[row_hash] == UINT32_MAX)
        return true;
    struct arena *arena = arena_new(0);
    struct work w = {.schema = schema, .before = before, .after = after, .comparison = comparison};
    struct parts parts;
    w.columns = arena ? ARENA_ARRAY(arena, uint32_t, key_count + 2) : NULL;
    w.table = keymap_new(memory);
    w.keys = arena ? ARENA_NEW(arena, struct key_batch) : NULL;
    if (w.keys)
        key_batch_init(w.keys);
    bool ok =
        (w.columns && w.table && w.keys) || ERR(err, ERR_MEMORY, "no memory to compare gold with the gold before");
    if (ok) {
        /* Without a key a row is its own. */
        for (uint32_t i = 0; i < key_count; i++)
            w.columns[w.column_count++] = key[i];
        if (!key_count)
            w.columns[w.column_count++] = row_hash;
        w.columns[w.column_count++] = row_hash;
        ok = parts_begin(&parts, arena, err);
    }
    while (ok && parts_pop(&parts, &w.part))
        ok = compare_part(&w, &parts, err);
    comparison->made = ok;
    keymap_free(w.table);
    if (w.keys)
        key_batch_dispose(w.keys);
    arena_free(arena);
    return ok;
}
