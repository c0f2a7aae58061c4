#include "worker/gold/row_hash.h"

#include "worker/gold/md5.h"
#include "worker/value/value.h"

#include <stdlib.h>
#include <xxhash.h>

enum { MOST_TEXT = INT32_MAX, SECOND_US = 1000000, DAY_S = 86400, GROUP_ROWS = 1024, GROUP_BYTES = 512 * 1024 };

struct row_hash {
    const struct parquet_column *columns;
    uint32_t count;
    enum row_hash_kind kind;
    struct buf text, value; /* of the rows of a group; of one value */
    size_t ends[GROUP_ROWS];
    struct str messages[GROUP_ROWS];
    uint8_t sums[GROUP_ROWS][MD5_BYTES];
};

void row_hash_free(struct row_hash *hash)
{
    if (!hash)
        return;
    buf_dispose(&hash->text);
    buf_dispose(&hash->value);
    free(hash);
}

const char *row_hash_name(enum row_hash_kind kind)
{
    return kind == ROW_HASH_MD5 ? "md5" : "xxhash64";
}

size_t row_hash_length(enum row_hash_kind kind)
{
    return 2 * (kind == ROW_HASH_MD5 ? (size_t)MD5_BYTES : sizeof(XXH64_canonical_t));
}

struct row_hash *row_hash_new(const struct parquet_column *columns, uint32_t count, enum row_hash_kind kind)
{
    struct row_hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return NULL;
    hash->columns = columns;
    hash->count = count;
    hash->kind = kind;
    buf_init(&hash->text, MOST_TEXT);
    buf_init(&hash->value, MOST_TEXT);
    return hash;
}

static bool is_left_out(struct str name)
{
    return str_eq(name, STR("_run_id")) || str_eq(name, STR("_row_number")) || str_eq(name, STR("_source_file")) ||
           str_eq(name, STR("ingest_ts"));
}

static void put_two(struct buf *out, int value, char behind)
{
    buf_add_byte(out, (char)('0' + value / 10));
    buf_add_byte(out, (char)('0' + value % 10));
    buf_add_byte(out, behind);
}

static void put_clock(struct buf *out, int64_t micros)
{
    int second = (int)(micros / SECOND_US), fraction = (int)(micros % SECOND_US);
    put_two(out, second / 3600, ':');
    put_two(out, second / 60 % 60, ':');
    put_two(out, second % 60, '.');
    for (int place = SECOND_US / 10; place; place /= 10)
        buf_add_byte(out, (char)('0' + fraction / place % 10));
}

static void put_date(struct buf *out, int32_t days)
{
    value_print(out, TYPE(TYPE_DATE), &days);
}

static void put_timestamp(struct buf *out, int64_t micros)
{
    const int64_t day = (int64_t)DAY_S * SECOND_US;
    int64_t days = micros / day - (micros % day < 0);
    put_date(out, (int32_t)days);
    buf_add_byte(out, ' ');
    put_clock(out, micros - days * day);
}

static void put_value(struct buf *out, const struct vector *vector, uint32_t i)
{
    switch (vector->type.kind) {
    case TYPE_STRING:
        buf_add_str(out, vector->str[i]);
        break;
    case TYPE_INTEGER:
        buf_add_i64(out, vector->i64[i]);
        break;
    case TYPE_BOOLEAN:
        buf_add_cstr(out, vector->u8[i] ? "true" : "false");
        break;
    case TYPE_TIME:
        put_clock(out, vector->i64[i]);
        break;
    case TYPE_TIMESTAMP:
        put_timestamp(out, vector->i64[i]);
        break;
    default:
        value_print(out, vector->type, vector_at(vector, i));
    }
}

/* Bytes that continue none: in eight at once those whose top bits are not 10. */
static uint64_t code_points(struct str text)
{
    const uint64_t low = UINT64_C(0x0101010101010101);
    uint64_t n = text.n, word;
    size_t i = 0;
    for (; i + sizeof word <= text.n; i += sizeof word) {
        memcpy(&word, text.p + i, sizeof word);
        n -= ((word >> 7 & ~(word >> 6) & low) * low) >> 56;
    }
    for (; i < text.n; i++)
        n -= ((uint8_t)text.p[i] & 0xC0) == 0x80;
    return n;
}

static char *put_bytes(char *at, struct str bytes)
{
    memcpy(at, bytes.p, bytes.n);
    return at + bytes.n;
}

static char *put_count(char *at, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        *at++ = digits[--n];
    return at;
}

/* name ':' length ':' text ';' */
static void put_field(struct buf *out, struct str name, struct str value)
{
    enum { MOST_AROUND = 24 };
    if (!buf_reserve(out, name.n + value.n + MOST_AROUND))
        return;
    char *at = put_bytes(out->p + out->n, name);
    *at++ = ':';
    at = put_count(at, code_points(value));
    *at++ = ':';
    at = value.n ? put_bytes(at, value) : at;
    *at++ = ';';
    out->n = (size_t)(at - out->p);
}

static void put_row(struct row_hash *hash, const struct vector *const *vectors, uint32_t i)
{
    for (uint32_t c = 0; c < hash->count; c++) {
        struct str name = hash->columns[c].name;
        if (vectors[c]->state[i] != VALUE_PRESENT || is_left_out(name))
            continue;
        if (vectors[c]->type.kind == TYPE_STRING) {
            put_field(&hash->text, name, vectors[c]->str[i]);
            continue;
        }
        buf_reset(&hash->value);
        put_value(&hash->value, vectors[c], i);
        put_field(&hash->text, name, buf_str(&hash->value));
    }
}

static void put_hex(const uint8_t *sum, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t b = 0; b < length / 2; b++) {
        out[2 * b] = digits[sum[b] >> 4];
        out[2 * b + 1] = digits[sum[b] & 15];
    }
}

static void sum_group(struct row_hash *hash, uint32_t count)
{
    if (hash->kind == ROW_HASH_MD5) {
        md5_many(hash->messages, count, hash->sums);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        XXH64_canonical_t sum;
        XXH64_canonicalFromHash(&sum, XXH64(hash->messages[i].p, hash->messages[i].n, 0));
        memcpy(hash->sums[i], &sum, sizeof sum);
    }
}

/* Of the first rows as many as their text stays small. Returns how many. */
static uint32_t hash_group(struct row_hash *hash, const struct vector *const *vectors, const uint32_t *rows, uint32_t n,
    char (*out)[ROW_HASH_TEXT])
{
    uint32_t count = 0;
    buf_reset(&hash->text);
    while (count < n && count < GROUP_ROWS && hash->text.n < GROUP_BYTES) {
        put_row(hash, vectors, rows[count]);
        hash->ends[count++] = hash->text.n;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t start = i ? hash->ends[i - 1] : 0;
        hash->messages[i] = (struct str){hash->text.p ? hash->text.p + start : "", hash->ends[i] - start};
    }
    sum_group(hash, count);
    for (uint32_t i = 0; i < count; i++)
        put_hex(hash->sums[i], row_hash_length(hash->kind), out[rows[i]]);
    return count;
}

bool row_hash_of(struct row_hash *hash, const struct vector *const *vectors, const uint32_t *rows, uint32_t n,
    char (*out)[ROW_HASH_TEXT], struct err *err)
{
    for (uint32_t done = 0; done < n;)
        done += hash_group(hash, vectors, rows + done, n - done, out);
    return buf_ok(&hash->text, "the text of a row", err) && buf_ok(&hash->value, "the text of a value", err);
}
