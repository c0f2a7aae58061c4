#include "worker/format/parquet/dictionary.h"

#include <stdlib.h>

/* Most keys are short: a call would cost more than the hash. */
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FIRST_SLOT_BITS = 6,
    /* Probes after which a key is treated as not fitting: chosen collisions then cost a bounded time a value. */
    MAX_PROBES = 512,
};

void dictionary_init(struct dictionary *dictionary, size_t max_bytes)
{
    *dictionary = (struct dictionary){.max_bytes = max_bytes};
    buf_init(&dictionary->values, UINT32_MAX);
    buf_init(&dictionary->offsets, UINT32_MAX);
    buf_init(&dictionary->keys, UINT32_MAX);
}

void dictionary_release(struct dictionary *dictionary)
{
    free(dictionary->slots);
    dictionary->slots = NULL;
    dictionary->slot_bits = 0;
    dictionary->count = 0;
    buf_dispose(&dictionary->values);
    buf_dispose(&dictionary->offsets);
    buf_dispose(&dictionary->keys);
}

void dictionary_dispose(struct dictionary *dictionary)
{
    dictionary_release(dictionary);
}

void dictionary_reset(struct dictionary *dictionary)
{
    if (dictionary->slots)
        memset(dictionary->slots, 0, sizeof *dictionary->slots << dictionary->slot_bits);
    dictionary->count = 0;
    buf_reset(&dictionary->values);
    buf_reset(&dictionary->offsets);
    buf_reset(&dictionary->keys);
}

size_t dictionary_memory(const struct dictionary *dictionary)
{
    return (dictionary->slots ? sizeof *dictionary->slots << dictionary->slot_bits : 0) + dictionary->values.capacity +
           dictionary->offsets.capacity + dictionary->keys.capacity;
}

struct str dictionary_str(const struct dictionary *dictionary, uint32_t id)
{
    const char *at = dictionary->values.p + ((const uint32_t *)(void *)dictionary->offsets.p)[id];
    uint32_t n;
    memcpy(&n, at, sizeof n);
    return (struct str){at + sizeof n, n};
}

static inline uint32_t hash_u64(uint64_t key)
{
    key *= 0x9E3779B97F4A7C15u;
    key ^= key >> 32;
    return (uint32_t)((key * 0xD6E8FEB86659FD93u) >> 32);
}

static inline uint32_t hash_fixed(uint128 key, size_t size)
{
    uint64_t low = (uint64_t)key;
    return hash_u64(size <= sizeof low ? low : low ^ (uint64_t)hash_u64((uint64_t)(key >> 64)) << 17);
}

/* With a constant size the compiler leaves one load of that width. */
static inline uint128 load_fixed(const void *values, size_t size, size_t i)
{
    if (size == sizeof(uint32_t))
        return ((const uint32_t *)values)[i];
    if (size == sizeof(uint64_t))
        return ((const uint64_t *)values)[i];
    return ((const uint128 *)values)[i];
}

static inline uint64_t load_8(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline uint32_t load_4(const char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* What stands for a string: up to 7 bytes themselves, the length above them; else a hash, marked as one. */
static const uint64_t is_hash = (uint64_t)0xFF << 56;

static inline uint64_t string_key(struct str s)
{
    uint64_t bytes = 0;
    if (s.n > 7)
        return XXH3_64bits(s.p, s.n) | is_hash;
    if (s.n >= 4)
        bytes = load_4(s.p) | (uint64_t)load_4(s.p + s.n - 4) << 8 * (s.n - 4);
    else if (s.n)
        bytes = (uint8_t)s.p[0] | (uint64_t)(uint8_t)s.p[s.n / 2] << 8 | (uint64_t)(uint8_t)s.p[s.n - 1] << 16;
    return bytes | (uint64_t)s.n << 56;
}

static inline uint64_t key_of(const struct dictionary *dictionary, uint32_t id)
{
    return ((const uint64_t *)(void *)dictionary->keys.p)[id];
}

static uint32_t hash_of(const struct dictionary *dictionary, struct type type, uint32_t id)
{
    if (type.kind == TYPE_STRING)
        return hash_u64(key_of(dictionary, id));
    return hash_fixed(load_fixed(dictionary->values.p, type_size(type), id), type_size(type));
}

/* Twice the slots, at least; every id is entered anew. */
static bool grow(struct dictionary *dictionary, struct type type)
{
    uint32_t bits = dictionary->slots ? dictionary->slot_bits + 1 : FIRST_SLOT_BITS;
    while (dictionary->count > (1u << bits) / 2)
        bits++;
    uint32_t *slots = calloc((size_t)1 << bits, sizeof *slots);
    if (!slots)
        return false;
    uint32_t mask = (uint32_t)((1u << bits) - 1);
    for (uint32_t id = 0; id < dictionary->count; id++) {
        uint32_t at = hash_of(dictionary, type, id) >> (32 - bits);
        while (slots[at])
            at = (at + 1) & mask;
        slots[at] = id + 1;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_bits = bits;
    return true;
}

/* Is there room for one more value of size bytes? */
static bool fits(const struct dictionary *dictionary, size_t size)
{
    return size <= dictionary->max_bytes && dictionary->values.n <= dictionary->max_bytes - size;
}

/* The value has been put behind the others: gives it its slot. */
static enum dictionary_result enter(struct dictionary *dictionary, struct type type, uint32_t slot)
{
    if (dictionary->values.failed || dictionary->offsets.failed || dictionary->keys.failed)
        return DICTIONARY_NO_MEMORY;
    dictionary->slots[slot] = ++dictionary->count;
    /* At most half full: new keys are what a column without repeats pays for. */
    if (dictionary->count > (1u << dictionary->slot_bits) / 2 && !grow(dictionary, type))
        return DICTIONARY_NO_MEMORY;
    return DICTIONARY_OK;
}

static inline __attribute__((always_inline)) enum dictionary_result add_fixed(struct dictionary *dictionary,
    const struct vector *vector, const uint32_t *index, uint32_t n, uint32_t *ids, uint32_t *done, size_t size)
{
    uint128 before = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint128 key = load_fixed(vector->data, size, index[i]);
        if (i && key == before) {
            ids[i] = ids[i - 1];
            continue;
        }
        before = key;
        uint32_t mask = (1u << dictionary->slot_bits) - 1, probes = 0, id;
        uint32_t slot = hash_fixed(key, size) >> (32 - dictionary->slot_bits);
        while ((id = dictionary->slots[slot]) && load_fixed(dictionary->values.p, size, id - 1) != key &&
               probes++ < MAX_PROBES)
            slot = (slot + 1) & mask;
        if (__builtin_expect(!id || probes > MAX_PROBES, 0)) {
            *done = i;
            if (id || !fits(dictionary, size))
                return DICTIONARY_FULL;
            id = dictionary->count + 1;
            buf_add(&dictionary->values, &key, size);
            enum dictionary_result result = enter(dictionary, vector->type, slot);
            if (result != DICTIONARY_OK)
                return result;
        }
        ids[i] = id - 1;
    }
    *done = n;
    return DICTIONARY_OK;
}

static void put_str(struct dictionary *dictionary, struct str value, uint64_t key)
{
    uint32_t n = (uint32_t)value.n, offset = (uint32_t)dictionary->values.n;
    buf_add(&dictionary->offsets, &offset, sizeof offset);
    buf_add(&dictionary->keys, &key, sizeof key);
    buf_add(&dictionary->values, &n, sizeof n);
    buf_add(&dictionary->values, value.p, value.n);
}

/* n > 7; two overlapping loads cover what is short. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    if (n > 16)
        return memcmp(a, b, n) == 0;
    return ((load_8(a) ^ load_8(b)) | (load_8(a + n - 8) ^ load_8(b + n - 8))) == 0;
}

static inline bool is_str(const struct dictionary *dictionary, uint32_t id, struct str text, uint64_t key)
{
    if (key_of(dictionary, id) != key)
        return false;
    if (key < is_hash)
        return true;
    struct str value = dictionary_str(dictionary, id);
    return value.n == text.n && same_bytes(value.p, text.p, text.n);
}

static enum dictionary_result add_strings(struct dictionary *dictionary, const struct vector *vector,
    const uint32_t *index, uint32_t n, uint32_t *ids, uint32_t *done)
{
    struct str before = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct str text = vector->str[index[i]];
        /* One text for all rows, as system columns have it: the same bytes, not only equal ones. */
        if (i && text.p == before.p && text.n == before.n) {
            ids[i] = ids[i - 1];
            continue;
        }
        before = text;
        uint32_t mask = (1u << dictionary->slot_bits) - 1, probes = 0, id;
        uint64_t key = string_key(text);
        uint32_t slot = hash_u64(key) >> (32 - dictionary->slot_bits);
        while ((id = dictionary->slots[slot]) && !is_str(dictionary, id - 1, text, key) && probes++ < MAX_PROBES)
            slot = (slot + 1) & mask;
        if (__builtin_expect(!id || probes > MAX_PROBES, 0)) {
            *done = i;
            if (id || !fits(dictionary, sizeof(uint32_t) + text.n))
                return DICTIONARY_FULL;
            id = dictionary->count + 1;
            put_str(dictionary, text, key);
            enum dictionary_result result = enter(dictionary, vector->type, slot);
            if (result != DICTIONARY_OK)
                return result;
        }
        ids[i] = id - 1;
    }
    *done = n;
    return DICTIONARY_OK;
}

enum dictionary_result dictionary_add(struct dictionary *dictionary, const struct vector *vector, const uint32_t *index,
    uint32_t n, uint32_t *ids, uint32_t *done)
{
    *done = 0;
    if (!dictionary->slots && !grow(dictionary, vector->type))
        return DICTIONARY_NO_MEMORY;
    if (vector->type.kind == TYPE_STRING)
        return add_strings(dictionary, vector, index, n, ids, done);
    switch (type_size(vector->type)) {
    case sizeof(uint32_t):
        return add_fixed(dictionary, vector, index, n, ids, done, sizeof(uint32_t));
    case sizeof(uint64_t):
        return add_fixed(dictionary, vector, index, n, ids, done, sizeof(uint64_t));
    default:
        return add_fixed(dictionary, vector, index, n, ids, done, sizeof(uint128));
    }
}

/* Value id of another dictionary, put behind the others. */
static enum dictionary_result take(
    struct dictionary *dictionary, const struct dictionary *from, struct type type, uint32_t id)
{
    size_t size = type_size(type);
    if (type.kind == TYPE_STRING) {
        struct str value = dictionary_str(from, id);
        if (!fits(dictionary, sizeof(uint32_t) + value.n))
            return DICTIONARY_FULL;
        put_str(dictionary, value, key_of(from, id));
    } else {
        if (!fits(dictionary, size))
            return DICTIONARY_FULL;
        buf_add(&dictionary->values, from->values.p + id * size, size);
    }
    if (dictionary->values.failed || dictionary->offsets.failed || dictionary->keys.failed)
        return DICTIONARY_NO_MEMORY;
    dictionary->count++;
    return DICTIONARY_OK;
}

/* As many numbers as the other has values; 0 for those that came since. */
static bool reach_numbers(struct buf *numbers, uint32_t count)
{
    size_t wanted = count * sizeof(uint32_t);
    if (wanted <= numbers->n)
        return true;
    if (!buf_reserve(numbers, wanted - numbers->n))
        return false;
    memset(numbers->p + numbers->n, 0, wanted - numbers->n);
    numbers->n = wanted;
    return true;
}

enum dictionary_result dictionary_take(struct dictionary *dictionary, const struct dictionary *from, struct type type,
    const uint32_t *from_ids, const uint32_t *index, uint32_t n, struct buf *numbers, uint32_t *ids)
{
    if (!reach_numbers(numbers, from->count))
        return DICTIONARY_NO_MEMORY;
    uint32_t *number = (uint32_t *)(void *)numbers->p;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = from_ids[index[i]];
        if (__builtin_expect(!number[id], 0)) {
            enum dictionary_result result = take(dictionary, from, type, id);
            if (result != DICTIONARY_OK)
                return result;
            number[id] = dictionary->count;
        }
        ids[i] = number[id] - 1;
    }
    return DICTIONARY_OK;
}
