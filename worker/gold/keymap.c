#include "worker/gold/keymap.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_BITS = 10, MOST_PARTS = 1 << 16, MOST_BATCH = 1024 * 1024 * 1024, AHEAD = 12 };

struct keymap {
    uint64_t *slots; /* low half: index + 1, or 0; high half: the low half of the hash */
    unsigned bits;
    struct key_entry *entries;
    size_t count, capacity, budget;
    struct arena *keys;
};

static size_t used(const struct keymap *table)
{
    return (sizeof *table->slots << table->bits) + table->capacity * sizeof *table->entries + arena_used(table->keys);
}

struct keymap *keymap_new(size_t budget)
{
    struct keymap *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->budget = budget;
    table->bits = FIRST_BITS;
    table->slots = calloc((size_t)1 << FIRST_BITS, sizeof *table->slots);
    table->keys = arena_new(0);
    if (table->slots && table->keys)
        return table;
    keymap_free(table);
    return NULL;
}

void keymap_free(struct keymap *table)
{
    if (!table)
        return;
    free(table->slots);
    free(table->entries);
    arena_free(table->keys);
    free(table);
}

void keymap_reset(struct keymap *table)
{
    memset(table->slots, 0, sizeof *table->slots << table->bits);
    table->count = 0;
    arena_reset(table->keys);
}

static uint64_t key_hash(struct str key)
{
    return XXH3_64bits(key.p, key.n);
}

static bool same(const struct key_entry *entry, struct str key, uint64_t hash)
{
    return entry->hash == hash && entry->key_n == key.n && memcmp(entry->key, key.p, key.n) == 0;
}

/* The high bits: the low ones choose the part, and are the same for all keys of one. */
static size_t first_slot(const struct keymap *table, uint64_t hash)
{
    return (size_t)(hash >> (64 - table->bits));
}

struct key_entry *keymap_find(const struct keymap *table, struct str key, uint64_t hash)
{
    size_t mask = ((size_t)1 << table->bits) - 1;
    for (size_t slot = first_slot(table, hash); table->slots[slot]; slot = (slot + 1) & mask)
        if (table->slots[slot] >> 32 == (uint32_t)hash &&
            same(&table->entries[(uint32_t)table->slots[slot] - 1], key, hash))
            return &table->entries[(uint32_t)table->slots[slot] - 1];
    return NULL;
}

static void enter(struct keymap *table, uint32_t index)
{
    size_t mask = ((size_t)1 << table->bits) - 1, slot = first_slot(table, table->entries[index].hash);
    while (table->slots[slot])
        slot = (slot + 1) & mask;
    table->slots[slot] = table->entries[index].hash << 32 | (index + 1);
}

static bool grow(struct keymap *table)
{
    size_t capacity = table->capacity ? table->capacity * 2 : (size_t)1 << (FIRST_BITS - 1);
    unsigned bits = table->capacity ? table->bits + 1 : table->bits;
    if (bits > 31)
        return false;
    struct key_entry *entries = realloc(table->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    table->entries = entries;
    uint64_t *slots = calloc((size_t)1 << bits, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->bits = bits;
    table->capacity = capacity;
    for (uint32_t i = 0; i < table->count; i++)
        enter(table, i);
    return true;
}

/* A part of a few keys is always taken: a budget cannot be smaller than one key. */
static bool has_room(const struct keymap *table, size_t more)
{
    return table->count < 16 || used(table) + more <= table->budget;
}

struct str keymap_keep(struct keymap *table, struct str bytes)
{
    if (!has_room(table, bytes.n))
        return (struct str){NULL, bytes.n};
    return arena_str(table->keys, bytes);
}

struct key_entry *keymap_add(struct keymap *table, struct str key, uint64_t hash, bool *is_new)
{
    struct key_entry *entry = keymap_find(table, key, hash);
    *is_new = !entry;
    if (entry)
        return entry;
    bool is_full = table->count == table->capacity;
    size_t growth = !is_full ? 0 : table->capacity * (sizeof *entry + 2 * sizeof *table->slots);
    struct str kept = has_room(table, growth + key.n) ? arena_str(table->keys, key) : (struct str){0};
    if (!kept.p || (is_full && !grow(table)))
        return NULL;
    entry = &table->entries[table->count];
    *entry = (struct key_entry){.hash = hash, .key = kept.p, .key_n = (uint32_t)key.n};
    enter(table, (uint32_t)table->count++);
    return entry;
}

static void fetch_slot(const struct keymap *table, uint64_t hash)
{
    __builtin_prefetch(&table->slots[first_slot(table, hash)]);
}

static void fetch_entry(const struct keymap *table, uint64_t hash)
{
    uint64_t slot = table->slots[first_slot(table, hash)];
    if (slot)
        __builtin_prefetch(&table->entries[(uint32_t)slot - 1]);
}

size_t keymap_count(const struct keymap *table)
{
    return table->count;
}

struct key_entry *keymap_at(const struct keymap *table, size_t i)
{
    return &table->entries[i];
}

static void key_bytes(struct buf *out, const struct vector *const *vectors, uint32_t count, uint32_t i)
{
    buf_reset(out);
    for (uint32_t c = 0; c < count; c++) {
        const struct vector *vector = vectors[c];
        buf_add_byte(out, (char)vector->state[i]);
        if (vector->state[i] != VALUE_PRESENT)
            continue;
        if (vector->type.kind == TYPE_STRING) {
            uint32_t n = (uint32_t)vector->str[i].n;
            buf_add(out, &n, sizeof n);
            buf_add_str(out, vector->str[i]);
        } else if (vector->type.kind == TYPE_DOUBLE) {
            /* -0 equals 0, and every NaN every other, as in PostgreSQL. */
            double value = vector->f64[i] == 0                ? 0
                           : vector->f64[i] != vector->f64[i] ? __builtin_nan("")
                                                              : vector->f64[i];
            buf_add(out, &value, sizeof value);
        } else {
            buf_add(out, vector_at(vector, i), type_size(vector->type));
        }
    }
}

void key_batch_init(struct key_batch *batch)
{
    buf_init(&batch->bytes, MOST_BATCH);
    buf_init(&batch->one, MOST_BATCH);
}

void key_batch_dispose(struct key_batch *batch)
{
    buf_dispose(&batch->bytes);
    buf_dispose(&batch->one);
}

bool key_batch_fill(
    struct key_batch *batch, const struct vector *const *vectors, uint32_t count, uint32_t n, struct err *err)
{
    buf_reset(&batch->bytes);
    for (uint32_t i = 0; i < n; i++) {
        key_bytes(&batch->one, vectors, count, i);
        batch->offsets[i] = batch->bytes.n;
        batch->hashes[i] = key_hash(buf_str(&batch->one));
        buf_add_str(&batch->bytes, buf_str(&batch->one));
    }
    batch->offsets[n] = batch->bytes.n;
    batch->n = n;
    return buf_ok(&batch->one, "a key", err) && buf_ok(&batch->bytes, "the keys of a slice", err);
}

struct str key_batch_key(const struct key_batch *batch, const struct keymap *table, uint32_t i)
{
    if (i + 2 * AHEAD < batch->n)
        fetch_slot(table, batch->hashes[i + 2 * AHEAD]);
    if (i + AHEAD < batch->n)
        fetch_entry(table, batch->hashes[i + AHEAD]);
    return (struct str){batch->bytes.p + batch->offsets[i], batch->offsets[i + 1] - batch->offsets[i]};
}

/* ---- parts ---- */

static bool push(struct parts *parts, struct part part, struct err *err)
{
    void *list = parts->list;
    if (!arena_reserve(parts->arena, &list, parts->count, &parts->capacity, sizeof part))
        return ERR(err, ERR_MEMORY, "no memory to compact in parts");
    parts->list = list;
    parts->list[parts->count++] = part;
    return true;
}

bool parts_begin(struct parts *parts, struct arena *arena, struct err *err)
{
    *parts = (struct parts){.arena = arena};
    return push(parts, (struct part){0, 1}, err);
}

bool parts_pop(struct parts *parts, struct part *part)
{
    if (!parts->count)
        return false;
    *part = parts->list[--parts->count];
    return true;
}

bool parts_split(struct parts *parts, struct part part, struct err *err)
{
    if (part.of >= MOST_PARTS) {
        ERR(err, ERR_MEMORY, "the keys of a partition do not fit in memory, even in %u parts", part.of);
        return err_hint(err, "Give it more: --memory.");
    }
    return push(parts, (struct part){part.number + part.of, part.of * 2}, err) &&
           push(parts, (struct part){part.number, part.of * 2}, err);
}
