#include "worker/sink/partition.h"

#include "worker/storage/storage.h"

#include <stdlib.h>
#include <xxhash.h>

enum { FIRST_BUCKETS = 64, MAX_KEY_BYTES = 64 * 1024, DAY = 86400 };

struct entry {
    struct str key;  /* the values' bytes */
    struct str path; /* Hive text */
};

struct partitions {
    const struct contract *contract;
    int64_t ingest_ts;
    struct arena *arena;
    struct entry *entries;
    size_t count, capacity;
    uint32_t *buckets; /* id + 1, 0 empty */
    uint32_t bucket_count;
    struct buf key, path, value;
};

struct partitions *partitions_new(const struct contract *contract, int64_t ingest_ts)
{
    struct partitions *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->contract = contract;
    p->ingest_ts = ingest_ts;
    p->arena = arena_new(0);
    p->bucket_count = FIRST_BUCKETS;
    p->buckets = calloc(p->bucket_count, sizeof *p->buckets);
    buf_init(&p->key, MAX_KEY_BYTES);
    buf_init(&p->path, MAX_KEY_BYTES);
    buf_init(&p->value, MAX_KEY_BYTES);
    if (p->arena && p->buckets)
        return p;
    partitions_free(p);
    return NULL;
}

void partitions_free(struct partitions *p)
{
    if (!p)
        return;
    arena_free(p->arena);
    free(p->buckets);
    buf_dispose(&p->key);
    buf_dispose(&p->path);
    buf_dispose(&p->value);
    free(p);
}

/* The vectors of partition columns lie behind the scope's slots (shape.h). */
static const struct vector *column(const struct partitions *p, const struct batch *batch, uint32_t i)
{
    return &batch->columns[p->contract->scope.count + i];
}

static void build_key(struct partitions *p, const struct batch *batch, uint32_t row)
{
    buf_reset(&p->key);
    for (uint32_t i = 0; i < p->contract->partition_count; i++) {
        const struct vector *v = column(p, batch, i);
        if (v->type.kind == TYPE_STRING) {
            struct str s = v->str[row];
            buf_add(&p->key, &s.n, sizeof s.n);
            buf_add_str(&p->key, s);
        } else
            buf_add(&p->key, vector_at(v, row), type_size(v->type));
    }
}

static void add_part(struct partitions *p, struct str name, struct type type, const void *value)
{
    buf_reset(&p->value);
    value_print(&p->value, type, value);
    if (p->path.n)
        buf_add_byte(&p->path, '/');
    buf_add_str(&p->path, name);
    buf_add_byte(&p->path, '=');
    storage_hive_escape(&p->path, buf_str(&p->value));
}

static void build_path(struct partitions *p, const struct batch *batch, uint32_t row)
{
    buf_reset(&p->path);
    for (uint32_t i = 0; i < p->contract->partition_count; i++) {
        const struct vector *v = column(p, batch, i);
        add_part(p, p->contract->partitions[i].name, v->type, vector_at(v, row));
    }
    if (!p->contract->partition_count) {
        int64_t seconds = p->ingest_ts / 1000000;
        int32_t day = (int32_t)(seconds / DAY - (seconds % DAY < 0));
        add_part(p, STR("date"), TYPE(TYPE_DATE), &day);
    }
}

static bool rehash(struct partitions *p)
{
    uint32_t larger = p->bucket_count * 2;
    uint32_t *buckets = calloc(larger, sizeof *buckets);
    if (!buckets)
        return false;
    for (uint32_t id = 0; id < p->count; id++) {
        uint64_t at = XXH3_64bits(p->entries[id].key.p, p->entries[id].key.n);
        while (buckets[at & (larger - 1)])
            at++;
        buckets[at & (larger - 1)] = id + 1;
    }
    free(p->buckets);
    p->buckets = buckets;
    p->bucket_count = larger;
    return true;
}

static bool add(struct partitions *p, const struct batch *batch, uint32_t row, uint32_t *id, struct err *err)
{
    if (p->count >= p->contract->max_partitions) {
        ERR_REJECT(err, "too-many-partitions", "the file's rows fall into more than %u partitions",
            p->contract->max_partitions);
        return err_hint(err, "Choose a coarser partition expression, or raise output.max_partitions in the contract.");
    }
    build_path(p, batch, row);
    void *entries = p->entries;
    bool ok = !p->path.failed && arena_reserve(p->arena, &entries, p->count, &p->capacity, sizeof *p->entries);
    p->entries = entries;
    struct entry entry = {
        ok ? arena_str(p->arena, buf_str(&p->key)) : STR(""), ok ? arena_str(p->arena, buf_str(&p->path)) : STR("")};
    if (!ok || !entry.key.p || !entry.path.p || (p->count * 2 >= p->bucket_count && !rehash(p)))
        return ERR(err, ERR_MEMORY, "no memory for %zu partitions", p->count);
    uint64_t at = XXH3_64bits(entry.key.p, entry.key.n);
    while (p->buckets[at & (p->bucket_count - 1)])
        at++;
    *id = (uint32_t)p->count;
    p->buckets[at & (p->bucket_count - 1)] = *id + 1;
    p->entries[p->count++] = entry;
    return true;
}

static bool find(struct partitions *p, const struct batch *batch, uint32_t row, uint32_t *id, struct err *err)
{
    for (uint64_t at = XXH3_64bits(p->key.p, p->key.n);; at++) {
        uint32_t slot = p->buckets[at & (p->bucket_count - 1)];
        if (!slot)
            return add(p, batch, row, id, err);
        if (str_eq(p->entries[slot - 1].key, buf_str(&p->key))) {
            *id = slot - 1;
            return true;
        }
    }
}

bool partitions_assign(
    struct partitions *p, const struct batch *batch, const uint32_t *rows, uint32_t n, uint32_t *ids, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        build_key(p, batch, rows[i]);
        if (p->key.failed)
            return ERR(err, ERR_BUG, "a partition value over %d bytes", MAX_KEY_BYTES);
        if (p->count && str_eq(p->entries[i ? ids[i - 1] : 0].key, buf_str(&p->key)))
            ids[i] = i ? ids[i - 1] : 0;
        else if (!find(p, batch, rows[i], &ids[i], err))
            return false;
    }
    return true;
}

uint32_t partitions_count(const struct partitions *p)
{
    return (uint32_t)p->count;
}

struct str partitions_path(const struct partitions *p, uint32_t id)
{
    return p->entries[id].path;
}
