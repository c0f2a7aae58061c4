#include "worker/value/scan.h"
#include "worker/value/zone.h"

/* RFC 8536. Version 2 files repeat everything in 64 bits behind a first block in 32 bits, which is skipped. */
enum { HEADER = 44, LOCAL_TYPE = 6, LARGEST_OFFSET = 26 * 3600, MAX_COUNT = 100000 };

struct counts {
    uint32_t utc_marks, standard_marks, leaps, times, types, chars;
};

static uint32_t read_u32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t read_i64(const char *p)
{
    return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

static bool read_counts(struct str s, struct counts *c)
{
    if (s.n < HEADER || memcmp(s.p, "TZif", 4) != 0)
        return false;
    *c = (struct counts){read_u32(s.p + 20), read_u32(s.p + 24), read_u32(s.p + 28), read_u32(s.p + 32),
        read_u32(s.p + 36), read_u32(s.p + 40)};
    return c->utc_marks <= MAX_COUNT && c->standard_marks <= MAX_COUNT && c->leaps <= MAX_COUNT &&
           c->times <= MAX_COUNT && c->types <= MAX_COUNT && c->chars <= MAX_COUNT;
}

/* Bytes behind the header; time_size is 4 or 8. */
static size_t data_size(const struct counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + c->types * (size_t)LOCAL_TYPE + c->chars + c->leaps * (time_size + 4) +
           c->standard_marks + c->utc_marks;
}

static bool add_times(
    const char *data, const struct counts *c, struct timezone_rules *rules, struct arena *arena, struct err *err)
{
    const char *indices = data + c->times * sizeof(int64_t), *types = indices + c->times;
    for (uint32_t i = 0; i < c->types; i++) {
        int32_t offset = (int32_t)read_u32(types + i * (size_t)LOCAL_TYPE);
        if (offset < -LARGEST_OFFSET || offset > LARGEST_OFFSET)
            return ERR(err, ERR_CONFIG, "not a usable time zone file: an offset of %d seconds", offset);
    }
    rules->first_offset = (int32_t)read_u32(types) * 1000000ll;
    for (uint32_t i = 0; i < c->times; i++) {
        unsigned type = (unsigned char)indices[i];
        int64_t at = read_i64(data + i * sizeof(int64_t));
        if (type >= c->types || (i && at <= read_i64(data + (i - 1) * sizeof(int64_t))))
            return ERR(err, ERR_CONFIG, "not a usable time zone file: transition %u is damaged", i);
        if (at < INT64_MIN / 1000000 / 4 || at > INT64_MAX / 1000000 / 4)
            continue; /* the big bang of some old files */
        if (!zone_add(rules, at * 1000000, (int32_t)read_u32(types + type * (size_t)LOCAL_TYPE) * 1000000ll, arena))
            return ERR(err, ERR_MEMORY, "no memory for a time zone");
    }
    return true;
}

bool zone_read_tzif(
    struct str s, struct timezone_rules *rules, struct str *footer, struct arena *arena, struct err *err)
{
    struct counts c;
    rules->repeat_from = INT64_MAX;
    if (!read_counts(s, &c) || s.p[4] < '2' || s.n - HEADER < data_size(&c, sizeof(int32_t)))
        return ERR(err, ERR_CONFIG, "not a time zone file of version 2 or later");
    s = scan_skip(s, HEADER + data_size(&c, sizeof(int32_t)));
    if (!read_counts(s, &c) || s.n - HEADER < data_size(&c, sizeof(int64_t)) || !c.types)
        return ERR(err, ERR_CONFIG, "not a usable time zone file: cut short");
    if (c.leaps)
        return ERR(err, ERR_CONFIG, "a time zone that counts leap seconds cannot be used");
    if (!add_times(s.p + HEADER, &c, rules, arena, err))
        return false;
    s = scan_skip(s, HEADER + data_size(&c, sizeof(int64_t)));
    bool framed = s.n > 1 && s.p[0] == '\n' && s.p[s.n - 1] == '\n';
    *footer = framed ? (struct str){s.p + 1, s.n - 2} : (struct str){0};
    return true;
}
