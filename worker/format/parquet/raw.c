/* The values of a page, decoder by decoder, and their way through the dictionary. */
#include "worker/format/parquet/column_reader.h"
#include "worker/format/parquet/metadata.h"

enum { INT96_BYTES = 12 };

size_t raw_size(const struct parquet_leaf *leaf)
{
    switch (leaf->physical) {
    case PHYSICAL_BOOLEAN:
        return 1;
    case PHYSICAL_INT32:
    case PHYSICAL_FLOAT:
        return sizeof(int32_t);
    case PHYSICAL_INT96:
        return INT96_BYTES;
    case PHYSICAL_BYTE_ARRAY:
        return sizeof(struct str);
    case PHYSICAL_FIXED:
        return leaf->width;
    default:
        return sizeof(int64_t);
    }
}

static bool ended(const struct column_reader *column, struct err *err)
{
    return column_fault(column, column->at, "the values end before the page, or contradict themselves", err);
}

/* ---- setting up ---- */

static bool begin_ids(struct column_reader *column, struct err *err)
{
    if (column->values == column->values_end) {
        hybrid_init(&column->ids, column->values, 0, 0);
        return true; /* a page of nulls */
    }
    unsigned width = *column->values;
    if (width > 32)
        return column_fault(column, column->at, "ids of more than 32 bits", err);
    hybrid_init(&column->ids, column->values + 1, (size_t)(column->values_end - column->values - 1), width);
    return true;
}

static bool begin_rle_booleans(struct column_reader *column, struct err *err)
{
    uint32_t length;
    size_t n = (size_t)(column->values_end - column->values);
    if (n < sizeof length) {
        hybrid_init(&column->ids, column->values, 0, 1);
        return true;
    }
    memcpy(&length, column->values, sizeof length);
    if (length > n - sizeof length)
        return ended(column, err);
    hybrid_init(&column->ids, column->values + sizeof length, length, 1);
    return true;
}

/* Lengths first, the bytes behind them; DELTA_BYTE_ARRAY has the lengths of prefixes before both. */
static bool begin_delta_strings(struct column_reader *column, bool has_prefixes, struct err *err)
{
    const uint8_t *at = column->values;
    if (at == column->values_end) {
        column->lengths = column->prefixes = (struct delta){0};
        return true;
    }
    if (has_prefixes) {
        if (!delta_init(&column->prefixes, at, (size_t)(column->values_end - at)) ||
            !(at = delta_end(&column->prefixes)))
            return ended(column, err);
    }
    if (!delta_init(&column->lengths, at, (size_t)(column->values_end - at)))
        return ended(column, err);
    column->values = delta_end(&column->lengths);
    buf_reset(&column->previous);
    return column->values ? true : ended(column, err);
}

static bool begin_split(struct column_reader *column, struct err *err)
{
    size_t n = (size_t)(column->values_end - column->values), size = raw_size(column->leaf);
    column->taken = 0;
    column->total = n / size;
    return n % size == 0 || ended(column, err);
}

bool raw_begin(struct column_reader *column, struct err *err)
{
    int32_t physical = column->leaf->physical;
    bool is_bytes = physical == PHYSICAL_BYTE_ARRAY, is_int = physical == PHYSICAL_INT32 || physical == PHYSICAL_INT64;
    column->taken = 0;
    switch (column->encoding) {
    case ENCODING_PLAIN:
        return true;
    case ENCODING_PLAIN_DICTIONARY:
    case ENCODING_RLE_DICTIONARY:
        return begin_ids(column, err);
    case ENCODING_RLE:
        if (physical == PHYSICAL_BOOLEAN)
            return begin_rle_booleans(column, err);
        break;
    case ENCODING_DELTA_BINARY_PACKED:
        if (is_int && column->values == column->values_end) {
            column->lengths = (struct delta){0};
            return true;
        }
        if (is_int)
            return delta_init(&column->lengths, column->values, (size_t)(column->values_end - column->values)) ||
                   ended(column, err);
        break;
    case ENCODING_DELTA_LENGTH_BYTE_ARRAY:
        if (is_bytes)
            return begin_delta_strings(column, false, err);
        break;
    case ENCODING_DELTA_BYTE_ARRAY:
        if (is_bytes || physical == PHYSICAL_FIXED)
            return begin_delta_strings(column, true, err);
        break;
    case ENCODING_BYTE_STREAM_SPLIT:
        if (!is_bytes && physical != PHYSICAL_BOOLEAN && physical != PHYSICAL_INT96)
            return begin_split(column, err);
        break;
    default:
        break;
    }
    return column_unsupported(column, "the encoding of its values", err);
}

/* ---- taking values as they are stored ---- */

static bool take_plain_strings(struct column_reader *column, uint32_t n, struct str *out)
{
    const uint8_t *at = column->values, *end = column->values_end;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t length;
        if ((size_t)(end - at) < sizeof length)
            return false;
        memcpy(&length, at, sizeof length);
        at += sizeof length;
        if (length > (size_t)(end - at))
            return false;
        out[i] = (struct str){(const char *)at, length};
        at += length;
    }
    column->values = at;
    return true;
}

static bool take_plain(struct column_reader *column, uint32_t n, void *out)
{
    size_t left = (size_t)(column->values_end - column->values), size = raw_size(column->leaf);
    if (column->leaf->physical == PHYSICAL_BYTE_ARRAY)
        return take_plain_strings(column, n, out);
    if (column->leaf->physical == PHYSICAL_BOOLEAN) {
        uint8_t *bits = out;
        if (column->taken + n > left * 8)
            return false;
        for (uint32_t i = 0; i < n; i++, column->taken++)
            bits[i] = column->values[column->taken >> 3] >> (column->taken & 7) & 1;
        return true;
    }
    if (n > left / size)
        return false;
    memcpy(out, column->values, n * size);
    column->values += n * size;
    return true;
}

static bool take_delta(struct column_reader *column, uint32_t n, void *out)
{
    if (column->leaf->physical == PHYSICAL_INT64)
        return delta_read(&column->lengths, out, n);
    int32_t *narrow = out;
    int64_t wide[256];
    for (uint32_t done = 0; done < n;) {
        uint32_t take = n - done < 256 ? n - done : 256;
        if (!delta_read(&column->lengths, wide, take))
            return false;
        for (uint32_t i = 0; i < take; i++)
            narrow[done + i] = (int32_t)(uint32_t)(uint64_t)wide[i];
        done += take;
    }
    return true;
}

static bool take_delta_length(struct column_reader *column, uint32_t n, struct str *out)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t length;
        if (!delta_read(&column->lengths, &length, 1) || length < 0 || length > column->values_end - column->values)
            return false;
        out[i] = (struct str){(const char *)column->values, (size_t)length};
        column->values += length;
    }
    return true;
}

/* The strings are put together in texts; their places are known once it grows no more. */
static bool take_delta_strings(struct column_reader *column, uint32_t n, struct str *out)
{
    struct buf *texts = &column->texts, *previous = &column->previous;
    size_t start = 0;
    buf_reset(texts);
    for (uint32_t i = 0; i < n; i++) {
        int64_t prefix, length;
        if (!delta_read(&column->prefixes, &prefix, 1) || !delta_read(&column->lengths, &length, 1))
            return false;
        if (prefix < 0 || (uint64_t)prefix > previous->n || length < 0 || length > column->values_end - column->values)
            return false;
        previous->n = (size_t)prefix;
        buf_add(previous, column->values, (size_t)length);
        buf_add(texts, previous->p ? previous->p : "", previous->n);
        column->values += length;
        out[i].n = previous->n;
        if (previous->failed || texts->failed)
            return false;
    }
    for (uint32_t i = 0; i < n; start += out[i++].n)
        out[i].p = texts->p ? texts->p + start : "";
    return true;
}

static bool take_delta_fixed(struct column_reader *column, uint32_t n, char *out)
{
    struct str value;
    for (uint32_t i = 0; i < n; i++) {
        if (!take_delta_strings(column, 1, &value) || value.n != column->leaf->width)
            return false;
        memcpy(out + (size_t)i * value.n, value.p, value.n);
    }
    return true;
}

static bool take_split(struct column_reader *column, uint32_t n, char *out)
{
    size_t size = raw_size(column->leaf);
    if (column->taken + n > column->total)
        return false;
    for (size_t byte = 0; byte < size; byte++) {
        const uint8_t *from = column->values + byte * column->total + column->taken;
        for (uint32_t i = 0; i < n; i++)
            out[i * size + byte] = (char)from[i];
    }
    column->taken += n;
    return true;
}

static bool take_stored(struct column_reader *column, uint32_t n, void *out)
{
    switch (column->encoding) {
    case ENCODING_PLAIN:
        return take_plain(column, n, out);
    case ENCODING_RLE:
        return hybrid_read_bits(&column->ids, out, n);
    case ENCODING_DELTA_BINARY_PACKED:
        return take_delta(column, n, out);
    case ENCODING_DELTA_LENGTH_BYTE_ARRAY:
        return take_delta_length(column, n, out);
    case ENCODING_DELTA_BYTE_ARRAY:
        return column->leaf->physical == PHYSICAL_FIXED ? take_delta_fixed(column, n, out)
                                                        : take_delta_strings(column, n, out);
    default:
        return take_split(column, n, out);
    }
}

/* ---- dictionary ---- */

static bool gather(struct column_reader *column, uint32_t n, void *out, struct err *err)
{
    uint32_t ids[1024], count = column->dictionary.n;
    const struct vector *from = &column->dictionary;
    size_t size = type_size(from->type);
    for (uint32_t done = 0; done < n;) {
        uint32_t take = n - done < 1024 ? n - done : 1024, largest = 0;
        if (!hybrid_read(&column->ids, ids, take))
            return ended(column, err);
        for (uint32_t i = 0; i < take; i++)
            largest = ids[i] > largest ? ids[i] : largest;
        if (largest >= count)
            return column_fault(column, column->at, "an id beyond the dictionary", err);
        if (size == sizeof(int64_t))
            for (uint32_t i = 0; i < take; i++)
                ((int64_t *)out)[done + i] = from->i64[ids[i]];
        else if (size == sizeof(struct str))
            for (uint32_t i = 0; i < take; i++)
                ((struct str *)out)[done + i] = from->str[ids[i]];
        else
            for (uint32_t i = 0; i < take; i++)
                memcpy((char *)out + (done + i) * size, (const char *)from->data + ids[i] * size, size);
        done += take;
    }
    return true;
}

bool raw_take(struct column_reader *column, uint32_t n, void *out, struct err *err)
{
    if (!n)
        return true;
    if (column->encoding == ENCODING_RLE_DICTIONARY || column->encoding == ENCODING_PLAIN_DICTIONARY)
        return gather(column, n, out, err);
    bool is_value = raw_is_value(column->leaf, column->spec->type);
    if (!take_stored(column, n, is_value ? out : column->raw))
        return ended(column, err);
    return is_value || raw_convert(column, column->raw, n, out, err);
}
