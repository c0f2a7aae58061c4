#include "worker/gold/row_hash.h"

#include "worker/value/value.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { MOST_TEXT = INT32_MAX, MD5_BYTES = 16, SECOND_US = 1000000, DAY_S = 86400 };

struct row_hash {
    const struct parquet_column *columns;
    uint32_t count;
    struct buf text, value;
    EVP_MD *md;
    EVP_MD_CTX *context;
};

void row_hash_free(struct row_hash *hash)
{
    if (!hash)
        return;
    buf_dispose(&hash->text);
    buf_dispose(&hash->value);
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->md);
    free(hash);
}

struct row_hash *row_hash_new(const struct parquet_column *columns, uint32_t count)
{
    struct row_hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return NULL;
    hash->columns = columns;
    hash->count = count;
    buf_init(&hash->text, MOST_TEXT);
    buf_init(&hash->value, MOST_TEXT);
    hash->md = EVP_MD_fetch(NULL, "MD5", NULL);
    hash->context = EVP_MD_CTX_new();
    if (hash->md && hash->context)
        return hash;
    row_hash_free(hash);
    return NULL;
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

static uint64_t code_points(struct str text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((uint8_t)text.p[i] & 0xC0) != 0x80;
    return n;
}

static void put_row(struct row_hash *hash, const struct vector *const *vectors, uint32_t i)
{
    buf_reset(&hash->text);
    for (uint32_t c = 0; c < hash->count; c++) {
        struct str name = hash->columns[c].name;
        if (vectors[c]->state[i] != VALUE_PRESENT || is_left_out(name))
            continue;
        buf_reset(&hash->value);
        put_value(&hash->value, vectors[c], i);
        struct str value = hash->value.n ? buf_str(&hash->value) : STR("");
        buf_add_str(&hash->text, name);
        buf_add_byte(&hash->text, ':');
        buf_add_u64(&hash->text, code_points(value));
        buf_add_byte(&hash->text, ':');
        buf_add_str(&hash->text, value);
        buf_add_byte(&hash->text, ';');
    }
}

bool row_hash_of(struct row_hash *hash, const struct vector *const *vectors, uint32_t i, char *out, struct err *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[MD5_BYTES];
    put_row(hash, vectors, i);
    if (!buf_ok(&hash->text, "the text of a row", err) || !buf_ok(&hash->value, "the text of a value", err))
        return false;
    if (EVP_DigestInit_ex2(hash->context, hash->md, NULL) != 1 ||
        EVP_DigestUpdate(hash->context, hash->text.p ? hash->text.p : "", hash->text.n) != 1 ||
        EVP_DigestFinal_ex(hash->context, sum, NULL) != 1)
        return ERR(err, ERR_BUG, "MD5 failed");
    for (int b = 0; b < MD5_BYTES; b++) {
        out[2 * b] = digits[sum[b] >> 4];
        out[2 * b + 1] = digits[sum[b] & 15];
    }
    return true;
}
