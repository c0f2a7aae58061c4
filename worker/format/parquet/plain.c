#include "worker/format/parquet/plain.h"

/* Most strings are short: two overlapping loads and stores instead of a call. */
static inline void copy_bytes(char *to, const char *from, size_t n)
{
    if (n > 32) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
    }
}

static inline char *put_str(char *at, struct str value)
{
    uint32_t n = (uint32_t)value.n;
    memcpy(at, &n, sizeof n);
    copy_bytes(at + sizeof n, value.p, value.n);
    return at + sizeof n + value.n;
}

/* Decimals of more than 18 digits are big-endian, 16 bytes. */
static inline void put_wide(void *at, int128 value)
{
    uint64_t parts[2] = {__builtin_bswap64((uint64_t)((uint128)value >> 64)), __builtin_bswap64((uint64_t)value)};
    memcpy(at, parts, sizeof parts);
}

static uint64_t plain_size(const struct vector *vector, const uint32_t *index, uint32_t n)
{
    if (vector->type.kind != TYPE_STRING)
        return n * type_size(vector->type);
    uint64_t size = n * sizeof(uint32_t);
    for (uint32_t i = 0; i < n; i++)
        size += vector->str[index[i]].n;
    return size;
}

static void put_strings(
    char *at, struct statistics *statistics, const struct str *data, const uint32_t *index, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        at = put_str(at, data[index[i]]);
        statistics_add_str(statistics, data[index[i]]);
    }
}

static void put_fixed(char *out, const struct vector *vector, const uint32_t *index, uint32_t n)
{
    switch (type_size(vector->type)) {
    case sizeof(uint8_t):
        for (uint32_t i = 0; i < n; i++)
            out[i] = (char)(vector->u8[index[i]] != 0);
        break;
    case sizeof(int32_t):
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + i * sizeof(int32_t), vector->i32 + index[i], sizeof(int32_t));
        break;
    case sizeof(int64_t):
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + i * sizeof(int64_t), vector->i64 + index[i], sizeof(int64_t));
        break;
    default:
        for (uint32_t i = 0; i < n; i++)
            put_wide(out + i * sizeof(int128), vector->i128[index[i]]);
    }
}

void plain_add(
    struct buf *out, struct statistics *statistics, const struct vector *vector, const uint32_t *index, uint32_t n)
{
    size_t size = plain_size(vector, index, n);
    if (!buf_reserve(out, size))
        return;
    char *at = out->p + out->n;
    out->n += size;
    if (vector->type.kind == TYPE_STRING) {
        put_strings(at, statistics, vector->str, index, n);
        return;
    }
    put_fixed(at, vector, index, n);
    if (!type_is_wide(vector->type)) {
        statistics_add_fixed(statistics, vector->type, at, n);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        statistics_add_fixed(statistics, vector->type, vector->i128 + index[i], 1);
}

void plain_add_dictionary(struct buf *out, const struct dictionary *dictionary, struct type type)
{
    if (!type_is_wide(type)) {
        buf_add(out, dictionary->values.p, dictionary->values.n);
        return;
    }
    if (!buf_reserve(out, dictionary->values.n))
        return;
    for (uint32_t id = 0; id < dictionary->count; id++, out->n += sizeof(int128))
        put_wide(out->p + out->n, ((const int128 *)(void *)dictionary->values.p)[id]);
}

void plain_add_ids(
    struct buf *out, const struct dictionary *dictionary, struct type type, const uint32_t *ids, size_t n)
{
    size_t size = type_size(type);
    for (size_t i = 0; i < n; i++) {
        struct str value = type.kind == TYPE_STRING ? dictionary_str(dictionary, ids[i]) : (struct str){NULL, size};
        if (!buf_reserve(out, sizeof(uint32_t) + value.n))
            return;
        char *at = out->p + out->n;
        if (type.kind == TYPE_STRING)
            out->n += (size_t)(put_str(at, value) - at);
        else if (type_is_wide(type))
            put_wide(at, ((const int128 *)(void *)dictionary->values.p)[ids[i]]);
        else
            memcpy(at, dictionary->values.p + ids[i] * size, size);
        if (type.kind != TYPE_STRING)
            out->n += size;
    }
}
