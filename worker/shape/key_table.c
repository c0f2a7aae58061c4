#include "worker/shape/key_table.h"

#include <stdlib.h>

enum { FIRST_SIZE = 256 };

struct key_record {
    uint64_t row;
    size_t n;
    char bytes[];
};

struct key_slot {
    uint64_t hash;
    const struct key_record *record; /* NULL: free */
};

void key_table_init(struct key_table *table, size_t budget, const char *spill_dir)
{
    *table = (struct key_table){.budget = budget, .spill_dir = spill_dir};
}

void key_table_dispose(struct key_table *table)
{
    free(table->slots);
    arena_free(table->keys);
    key_spill_close(table->spill);
    *table = (struct key_table){0};
}

/* The slot's place comes from a mix of the kept half of the hash, so that a larger table can be filled from it. */
static uint64_t place_of(uint64_t hash)
{
    return (hash ^ hash >> 29) * 0x9E3779B97F4A7C15u >> 20;
}

void key_table_prefetch(const struct key_table *table, struct key_hash hash)
{
    if (table->size)
        __builtin_prefetch(&table->slots[place_of(hash.low) & (table->size - 1)], 1);
}

bool key_table_find(struct key_table *table, struct key_hash hash, struct str key, uint64_t *row, struct err *err)
{
    *row = 0;
    if (table->spill)
        return key_spill_find(table->spill, hash, key, row, err);
    if (!table->size)
        return true;
    size_t mask = table->size - 1;
    for (size_t at = place_of(hash.low) & mask; table->slots[at].record; at = (at + 1) & mask) {
        const struct key_record *record = table->slots[at].record;
        if (table->slots[at].hash != hash.low || !str_eq((struct str){record->bytes, record->n}, key))
            continue;
        *row = record->row;
        return true;
    }
    return true;
}

static void put(struct key_slot *slots, size_t size, struct key_slot slot)
{
    size_t at = place_of(slot.hash) & (size - 1);
    while (slots[at].record)
        at = (at + 1) & (size - 1);
    slots[at] = slot;
}

static bool spill_all(struct key_table *table, struct err *err)
{
    table->spill = key_spill_open(table->spill_dir, table->budget / 2, err);
    if (!table->spill)
        return false;
    for (size_t i = 0; i < table->size; i++) {
        const struct key_record *record = table->slots[i].record;
        if (record && !key_spill_add(
                          table->spill, table->slots[i].hash, (struct str){record->bytes, record->n}, record->row, err))
            return false;
    }
    free(table->slots);
    arena_free(table->keys);
    table->slots = NULL;
    table->keys = NULL;
    table->size = table->count = 0;
    return true;
}

static bool grow(struct key_table *table)
{
    size_t size = table->size ? table->size * 2 : FIRST_SIZE;
    struct key_slot *slots = calloc(size, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].record)
            put(slots, size, table->slots[i]);
    free(table->slots);
    table->slots = slots;
    table->size = size;
    return true;
}

static bool fits(const struct key_table *table, bool growing, size_t key_bytes)
{
    size_t larger = table->size ? table->size * 2 : FIRST_SIZE;
    size_t slots = (growing ? table->size + larger : table->size) * sizeof(struct key_slot);
    size_t keys = (table->keys ? arena_used(table->keys) : 0) + sizeof(struct key_record) + key_bytes + 16;
    return slots + keys <= table->budget;
}

bool key_table_add(struct key_table *table, struct key_hash hash, struct str key, uint64_t row, struct err *err)
{
    bool growing = (table->count + 1) * 4 > table->size * 3;
    if (!table->spill && !fits(table, growing, key.n) && !spill_all(table, err))
        return false;
    if (table->spill)
        return key_spill_add(table->spill, hash.low, key, row, err);
    if (!table->keys)
        table->keys = arena_new(0);
    struct key_record *record = table->keys ? arena_alloc(table->keys, sizeof *record + key.n) : NULL;
    if (!record || (growing && !grow(table)))
        return ERR(err, ERR_MEMORY, "no memory for the keys seen so far");
    record->row = row;
    record->n = key.n;
    if (key.n)
        memcpy(record->bytes, key.p, key.n);
    put(table->slots, table->size, (struct key_slot){hash.low, record});
    table->count++;
    return true;
}
