#include "worker/format/parquet/statistics.h"

#include "shared/utf8.h"

#include <math.h>

void statistics_reset(struct statistics *statistics)
{
    statistics->nulls = 0;
    statistics->any = false;
}

/* The first 8 bytes as a number that compares as the bytes do. */
static uint64_t prefix_key(struct str value)
{
    uint64_t key = 0;
    memcpy(&key, value.p, value.n < sizeof key ? value.n : sizeof key);
    return __builtin_bswap64(key);
}

static void bound_set(struct statistics_bound *bound, uint64_t key, struct str value)
{
    bound->key = key;
    bound->n = (uint8_t)(value.n < STATISTICS_BYTES ? value.n : STATISTICS_BYTES);
    bound->exact = value.n <= STATISTICS_BYTES;
    memcpy(bound->p, value.p, bound->n);
}

/*
 * Only the first 64 bytes of each value are looked at: the least of the beginnings is the beginning of the least. A
 * minimum is exact once some value is just that beginning, a maximum only while no value goes on behind it.
 */
static int bound_compare(const struct statistics_bound *bound, struct str value)
{
    struct str head = {value.p, value.n < STATISTICS_BYTES ? value.n : STATISTICS_BYTES};
    return str_cmp(head, (struct str){bound->p, bound->n});
}

void statistics_add_str(struct statistics *statistics, struct str value)
{
    uint64_t key = value.n ? prefix_key(value) : 0;
    struct statistics_bound *min = &statistics->str.min, *max = &statistics->str.max;
    if (!statistics->any) {
        bound_set(min, key, value);
        bound_set(max, key, value);
        statistics->any = true;
        return;
    }
    if (key <= min->key) {
        int order = bound_compare(min, value);
        if (order < 0)
            bound_set(min, key, value);
        else if (order == 0)
            min->exact |= value.n <= STATISTICS_BYTES;
    }
    if (key >= max->key) {
        int order = bound_compare(max, value);
        if (order > 0)
            bound_set(max, key, value);
        else if (order == 0)
            max->exact &= value.n <= STATISTICS_BYTES;
    }
}

static void add_i64(struct statistics *statistics, const int64_t *values, uint32_t n)
{
    int64_t min = statistics->any ? statistics->i64.min : values[0];
    int64_t max = statistics->any ? statistics->i64.max : values[0];
    for (uint32_t i = 0; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    statistics->i64.min = min;
    statistics->i64.max = max;
    statistics->any = true;
}

static void add_i128(struct statistics *statistics, const int128 *values, uint32_t n)
{
    int128 min = statistics->any ? statistics->i128.min : values[0];
    int128 max = statistics->any ? statistics->i128.max : values[0];
    for (uint32_t i = 0; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    statistics->i128.min = min;
    statistics->i128.max = max;
    statistics->any = true;
}

static void add_f64(struct statistics *statistics, const double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        if (!statistics->any || values[i] < statistics->f64.min)
            statistics->f64.min = values[i];
        if (!statistics->any || values[i] > statistics->f64.max)
            statistics->f64.max = values[i];
        statistics->any = true;
    }
}

void statistics_add_fixed(struct statistics *statistics, struct type type, const void *values, uint32_t n)
{
    if (!n)
        return;
    if (type_is_wide(type)) {
        add_i128(statistics, values, n);
    } else if (type.kind == TYPE_DOUBLE) {
        add_f64(statistics, values, n);
    } else if (type_size(type) == sizeof(int64_t)) {
        add_i64(statistics, values, n);
    } else if (type.kind == TYPE_DATE) {
        for (uint32_t i = 0; i < n; i++)
            add_i64(statistics, &(int64_t){((const int32_t *)values)[i]}, 1);
    } else {
        for (uint32_t i = 0; i < n; i++)
            add_i64(statistics, &(int64_t){((const uint8_t *)values)[i]}, 1);
    }
}

/* Back from n to a code point's start. */
static size_t cut_at_code_point(const char *p, size_t n)
{
    while (n && ((uint8_t)p[n - 1] & 0xC0) == 0x80)
        n--;
    return n ? n - 1 : 0;
}

/* What is left of a beginning whose last code point may have been cut. 0: nothing usable. */
static size_t whole_code_points(const struct statistics_bound *bound)
{
    struct str head = {bound->p, bound->n};
    size_t valid = utf8_valid_prefix(head);
    return valid == head.n || valid + 4 > head.n ? valid : 0;
}

/* The least text above everything that begins with p[0..n): its last code point that can be raised, raised. */
static size_t raise(char *p, size_t n)
{
    while (n) {
        size_t start = cut_at_code_point(p, n);
        uint32_t code_point;
        if (!utf8_decode((struct str){p + start, n - start}, &code_point))
            return 0;
        if (code_point < 0x10FFFF)
            return start + utf8_encode(code_point == 0xD7FF ? 0xE000 : code_point + 1, p + start);
        n = start;
    }
    return 0;
}

/* What stands in a bound, if it can be stated: bytes that are not UTF-8 can't. */
static bool bound_text(const struct statistics_bound *bound, bool is_max, char out[STATISTICS_BYTES + 4], size_t *n)
{
    memcpy(out, bound->p, bound->n);
    *n = bound->n;
    if (bound->exact)
        return utf8_valid((struct str){out, *n});
    *n = whole_code_points(bound);
    if (is_max)
        *n = raise(out, *n);
    return *n > 0;
}

static void write_strings(const struct statistics *statistics, struct thrift_writer *writer)
{
    char min[STATISTICS_BYTES + 4], max[STATISTICS_BYTES + 4];
    size_t min_n, max_n;
    bool has_min = bound_text(&statistics->str.min, false, min, &min_n);
    bool has_max = bound_text(&statistics->str.max, true, max, &max_n);
    if (has_max)
        thrift_binary(writer, 5, (struct str){max, max_n});
    if (has_min)
        thrift_binary(writer, 6, (struct str){min, min_n});
    if (has_max)
        thrift_bool(writer, 7, statistics->str.max.exact);
    if (has_min)
        thrift_bool(writer, 8, statistics->str.min.exact);
}

static void write_fixed(struct thrift_writer *writer, const void *min, const void *max, size_t n)
{
    thrift_binary(writer, 5, (struct str){max, n});
    thrift_binary(writer, 6, (struct str){min, n});
    thrift_bool(writer, 7, true);
    thrift_bool(writer, 8, true);
}

static void write_wide(const struct statistics *statistics, struct thrift_writer *writer)
{
    uint64_t min[2] = {__builtin_bswap64((uint64_t)((uint128)statistics->i128.min >> 64)),
        __builtin_bswap64((uint64_t)statistics->i128.min)};
    uint64_t max[2] = {__builtin_bswap64((uint64_t)((uint128)statistics->i128.max >> 64)),
        __builtin_bswap64((uint64_t)statistics->i128.max)};
    write_fixed(writer, min, max, sizeof min);
}

static void write_bounds(const struct statistics *statistics, struct type type, struct thrift_writer *writer)
{
    if (type.kind == TYPE_STRING) {
        write_strings(statistics, writer);
    } else if (type_is_wide(type)) {
        write_wide(statistics, writer);
    } else if (type.kind == TYPE_DOUBLE) {
        double min = statistics->f64.min == 0 ? -0.0 : statistics->f64.min;
        double max = statistics->f64.max == 0 ? 0.0 : statistics->f64.max;
        write_fixed(writer, &min, &max, sizeof min);
    } else {
        /* Little-endian: a shorter number is the first bytes of the longer one. */
        write_fixed(writer, &statistics->i64.min, &statistics->i64.max, type_size(type));
    }
}

void statistics_write(const struct statistics *statistics, struct type type, struct thrift_writer *writer, int16_t id)
{
    thrift_begin_field(writer, id);
    thrift_i64(writer, 3, (int64_t)statistics->nulls);
    if (statistics->any)
        write_bounds(statistics, type, writer);
    thrift_end(writer);
}
