#include "worker/format/parquet/column.h"

#include "worker/format/parquet/codec.h"
#include "worker/format/parquet/encode.h"
#include "worker/format/parquet/plain.h"

#include <stdlib.h>

enum {
    FIRST_CHECK = COLUMN_SLICE, /* values by which a column without repeats is known … */
    JUDGED = 4 * COLUMN_SLICE,  /* … and by which one whose repeats spare nothing is */
    LEAST_DICTIONARY = 64 * 1024,
    MOST_DICTIONARY = 1024 * 1024,
};

/* Each open row group repeats its dictionaries: small row groups get small ones. */
static size_t dictionary_limit(const struct parquet_options *options)
{
    size_t limit = options->row_group_bytes / 16;
    return limit < LEAST_DICTIONARY ? LEAST_DICTIONARY : limit > MOST_DICTIONARY ? MOST_DICTIONARY : limit;
}

void column_init(struct column *column, const struct parquet_column *spec, const struct parquet_options *options)
{
    *column = (struct column){.spec = *spec, .options = options};
    dictionary_init(&column->dictionary, dictionary_limit(options));
    buf_init(&column->numbers, UINT32_MAX);
    buf_init(&column->values, INT32_MAX);
    buf_init(&column->levels, INT32_MAX);
    column_reset(column);
}

static void free_pages(struct column *column)
{
    while (column->pages) {
        struct stored_page *next = column->pages->next;
        free(column->pages);
        column->pages = next;
    }
    free(column->dictionary_page);
    column->dictionary_page = NULL;
    column->last = &column->pages;
    column->stored = column->uncompressed = 0;
}

static void release_dictionary(struct column *column)
{
    dictionary_release(&column->dictionary);
    buf_dispose(&column->numbers);
}

void column_dispose(struct column *column)
{
    column_release(column);
    free_pages(column);
}

static void reset_page(struct column *column)
{
    buf_reset(&column->values);
    buf_reset(&column->levels);
    column->page_rows = column->page_nulls = 0;
}

void column_reset(struct column *column)
{
    reset_page(column);
    free_pages(column);
    statistics_reset(&column->statistics);
    column->present = 0;
    column->dictionary_pages = column->delta_pages = column->plain_pages = 0;
    column->next_check = FIRST_CHECK;
    /* A boolean is a bit as it is. */
    buf_reset(&column->numbers);
    column->use_dictionary = column->spec.type.kind != TYPE_BOOLEAN && !column->dictionary_failed;
    if (column->use_dictionary)
        dictionary_reset(&column->dictionary);
    else
        release_dictionary(column);
}

void column_release(struct column *column)
{
    release_dictionary(column);
    buf_dispose(&column->values);
    buf_dispose(&column->levels);
}

static uint32_t page_present(const struct column *column)
{
    return column->page_rows - column->page_nulls;
}

static unsigned id_width(const struct column *column)
{
    return encode_bit_width(column->dictionary.count ? column->dictionary.count - 1 : 0);
}

static size_t ids_size(const struct column *column)
{
    return (size_t)page_present(column) * id_width(column) / 8;
}

size_t column_encoded(const struct column *column)
{
    size_t filling = column->use_dictionary ? ids_size(column) : column->values.n;
    return column->stored + column->dictionary.values.n + filling;
}

size_t column_memory(const struct column *column)
{
    return dictionary_memory(&column->dictionary) + column->numbers.capacity + column->values.capacity +
           column->levels.capacity + column->stored;
}

static void put_levels(const struct column *column, struct buf *body)
{
    size_t length_at = body->n;
    uint32_t length = 0;
    buf_add(body, &length, sizeof length);
    if (column->page_nulls)
        encode_hybrid_bits(body, (const uint8_t *)column->levels.p, column->page_rows);
    else
        encode_run(body, column->page_rows, 1, 1);
    if (body->failed)
        return;
    length = (uint32_t)(body->n - length_at - sizeof length);
    memcpy(body->p + length_at, &length, sizeof length);
}

static void put_ids(const struct column *column, struct buf *body)
{
    unsigned width = id_width(column);
    buf_add_byte(body, (char)width);
    encode_hybrid(body, (const uint32_t *)(void *)column->values.p, page_present(column), width);
}

static bool is_int64(struct type type)
{
    return type_size(type) == sizeof(int64_t) && type.kind != TYPE_DOUBLE;
}

/* Less than 7/8 of PLAIN, or not at all: what the codec makes of either would be much the same. */
static bool put_deltas(struct column *column, struct buf *body)
{
    size_t before = body->n;
    if (column->delta_failed || !is_int64(column->spec.type))
        return false;
    encode_delta(body, (const int64_t *)(void *)column->values.p, page_present(column));
    if (body->n - before < column->values.n - column->values.n / 8)
        return true;
    body->n = before;
    column->delta_failed = page_present(column) >= COLUMN_SLICE;
    return false;
}

static enum page_encoding put_values(struct column *column, struct buf *body)
{
    /* A page of nulls needs no dictionary, and its column may have none. */
    if (!page_present(column))
        return ENCODING_PLAIN;
    if (column->use_dictionary) {
        put_ids(column, body);
        return ENCODING_RLE_DICTIONARY;
    }
    if (column->spec.type.kind == TYPE_BOOLEAN)
        encode_bits(body, (const uint8_t *)column->values.p, column->values.n);
    else if (put_deltas(column, body))
        return ENCODING_DELTA_BINARY_PACKED;
    else
        buf_add(body, column->values.p, column->values.n);
    return ENCODING_PLAIN;
}

static void count_page(struct column *column, enum page_encoding encoding)
{
    if (encoding == ENCODING_RLE_DICTIONARY)
        column->dictionary_pages++;
    else if (encoding == ENCODING_DELTA_BINARY_PACKED)
        column->delta_pages++;
    else
        column->plain_pages++;
}

static void count_stored(struct column *column, const struct stored_page *page)
{
    column->stored += page->n;
    column->uncompressed += page->uncompressed;
}

static bool close_page(struct column *column, struct err *err)
{
    if (!column->page_rows)
        return true;
    struct buf *body = codec_page_buffer(err);
    if (!body)
        return false;
    if (column->spec.nullable)
        put_levels(column, body);
    enum page_encoding encoding = put_values(column, body);
    if (!buf_ok(body, "a Parquet page", err))
        return false;
    struct page page = {
        .type = PAGE_DATA,
        .encoding = encoding,
        .values = column->page_rows,
        .body = buf_str(body),
    };
    count_page(column, encoding);
    struct stored_page *stored = page_store(&page, column->options, err);
    if (!stored)
        return false;
    *column->last = stored;
    column->last = &stored->next;
    count_stored(column, stored);
    reset_page(column);
    return true;
}

/* What is in the dictionary and in no page of its own counts for the statistics. */
static void count_dictionary(struct column *column)
{
    const struct dictionary *dictionary = &column->dictionary;
    if (column->spec.type.kind != TYPE_STRING) {
        statistics_add_fixed(&column->statistics, column->spec.type, dictionary->values.p, dictionary->count);
        return;
    }
    for (uint32_t id = 0; id < dictionary->count; id++)
        statistics_add_str(&column->statistics, dictionary_str(dictionary, id));
}

/* Less than half of PLAIN, were all values equally frequent: the codec finds what repeats seldom as well, at less cost
 * than looking each value up. */
static bool dictionary_gains(const struct column *column)
{
    const struct dictionary *dictionary = &column->dictionary;
    uint64_t plain = dictionary->count ? column->present * dictionary->values.n / dictionary->count : 0;
    return 2 * (dictionary->values.n + column->present * id_width(column) / 8) < plain;
}

/* Is it worth going on? A dictionary of the first few values is nearly all there is, so at first repeats decide. */
static bool dictionary_promises(const struct column *column)
{
    return column->present < JUDGED ? (uint64_t)column->dictionary.count * 10 < column->present * 9
                                    : dictionary_gains(column);
}

/* The ids of the only page so far become PLAIN values, and the dictionary is not needed any more. */
static bool rewrite_page(struct column *column, struct err *err)
{
    struct buf *plain = codec_page_buffer(err);
    if (!plain)
        return false;
    plain_add_ids(plain, &column->dictionary, column->spec.type, (const uint32_t *)(void *)column->values.p,
        page_present(column));
    buf_reset(&column->values);
    buf_add(&column->values, plain->p, plain->n);
    if (!buf_ok(plain, "a Parquet page", err) || !buf_ok(&column->values, "a Parquet page", err))
        return false;
    count_dictionary(column);
    release_dictionary(column);
    column->dictionary_failed = true;
    return true;
}

static bool leave_dictionary(struct column *column, struct err *err)
{
    bool rewrite = !column->dictionary_pages && !dictionary_gains(column);
    bool ok = rewrite ? rewrite_page(column, err) : close_page(column, err);
    column->use_dictionary = false;
    return ok;
}

/* The rows that are not null, into index; marks the others in levels[0..n). Returns how many are present. */
static bool split_nulls(const struct column *column, const struct vector *vector, const uint32_t *rows, uint32_t n,
    uint32_t *index, uint8_t *levels, uint32_t *present, struct err *err)
{
    *present = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t state = vector->state[rows[i]];
        if (state == VALUE_FAILED || (state == VALUE_NULL && !column->spec.nullable))
            return ERR(err, ERR_BUG, "row %u of column " STR_FMT " has no value to write", rows[i],
                STR_ARG(column->spec.name));
        levels[i] = state == VALUE_PRESENT;
        index[*present] = rows[i];
        *present += levels[i];
    }
    return true;
}

static bool add_levels(struct column *column, const uint8_t *levels, uint32_t n, uint32_t nulls, struct err *err)
{
    if (nulls && !column->page_nulls && buf_reserve(&column->levels, column->page_rows)) {
        /* The rows before the page's first null were only counted. */
        if (column->page_rows)
            memset(column->levels.p, 1, column->page_rows);
        column->levels.n = column->page_rows;
    }
    if (nulls || column->page_nulls) {
        if (nulls) {
            buf_add(&column->levels, levels, n);
        } else if (buf_reserve(&column->levels, n)) {
            memset(column->levels.p + column->levels.n, 1, n);
            column->levels.n += n;
        }
    }
    column->page_rows += n;
    column->page_nulls += nulls;
    column->statistics.nulls += nulls;
    return buf_ok(&column->levels, "the levels of a Parquet page", err);
}

/* The ids of what was looked up for many writers, or is now. */
static enum dictionary_result look_up(struct column *column, const struct vector *vector,
    const struct shared_column *shared, const uint32_t *index, uint32_t n, uint32_t *ids)
{
    uint32_t done;
    if (!shared || shared->dropped || column->dictionary.slots)
        return dictionary_add(&column->dictionary, vector, index, n, ids, &done);
    return dictionary_take(&column->dictionary, &shared->dictionary, vector->type,
        (const uint32_t *)(void *)shared->ids.p, index, n, &column->numbers, ids);
}

/* False in *fitted: the dictionary is full, nothing was added to the page. */
static bool add_ids(struct column *column, const struct vector *vector, const struct shared_column *shared,
    const uint32_t *index, uint32_t n, bool *fitted, struct err *err)
{
    *fitted = false;
    if (!buf_reserve(&column->values, n * sizeof(uint32_t)))
        return buf_ok(&column->values, "a Parquet page", err);
    uint32_t *ids = (uint32_t *)(void *)(column->values.p + column->values.n);
    enum dictionary_result result = look_up(column, vector, shared, index, n, ids);
    if (result == DICTIONARY_NO_MEMORY)
        return ERR(err, ERR_MEMORY, "no memory for the dictionary of column " STR_FMT, STR_ARG(column->spec.name));
    *fitted = result == DICTIONARY_OK;
    if (*fitted)
        column->values.n += n * sizeof *ids;
    return true;
}

static bool add_values(struct column *column, const struct vector *vector, const struct shared_column *shared,
    const uint32_t *index, uint32_t n, struct err *err)
{
    if (column->fills_pages && !column->values.capacity)
        buf_reserve(&column->values, column->options->page_bytes - 1);
    if (column->use_dictionary && n) {
        bool fitted;
        if (!add_ids(column, vector, shared, index, n, &fitted, err))
            return false;
        if (!fitted && !leave_dictionary(column, err))
            return false;
    }
    if (!column->use_dictionary && n)
        plain_add(&column->values, &column->statistics, vector, index, n);
    column->present += n;
    return buf_ok(&column->values, "a Parquet page", err);
}

bool column_append(struct column *column, const struct vector *vector, const struct shared_column *shared,
    const uint32_t *rows, uint32_t first, uint32_t n, struct err *err)
{
    uint32_t all[COLUMN_SLICE], index[COLUMN_SLICE];
    uint8_t levels[COLUMN_SLICE], absent = 0;
    uint32_t present = n;
    for (uint32_t i = 0; !rows && i < n; i++)
        all[i] = first + i;
    rows = rows ? rows + first : all;
    for (uint32_t i = 0; i < n; i++)
        absent |= vector->state[rows[i]];
    if (absent && !split_nulls(column, vector, rows, n, index, levels, &present, err))
        return false;
    return add_values(column, vector, shared, absent ? index : rows, present, err) &&
           add_levels(column, levels, n, n - present, err);
}

bool column_checkpoint(struct column *column, struct err *err)
{
    if (column->use_dictionary && !column->dictionary_pages && column->present >= column->next_check) {
        column->next_check *= 2;
        if (!dictionary_promises(column) && !leave_dictionary(column, err))
            return false;
    }
    /* A page ends while the next slice still fits: its buffer, doubling, has come to just its size. */
    size_t full = column->options->page_bytes - column->options->page_bytes / 16;
    if (column->values.n < full && column->page_rows < column->options->page_bytes)
        return true;
    column->fills_pages |= column->values.n >= full;
    return close_page(column, err);
}

bool column_finish(struct column *column, struct err *err)
{
    if (column->use_dictionary && !column->dictionary_pages && !dictionary_gains(column) && column->present) {
        bool failed_before = column->dictionary_failed;
        if (!leave_dictionary(column, err))
            return false;
        /* So few values say little about the next row group. */
        column->dictionary_failed = failed_before || column->present >= JUDGED;
    }
    if (!close_page(column, err))
        return false;
    if (!column->dictionary_pages)
        return true;
    struct buf *body = codec_page_buffer(err);
    if (!body)
        return false;
    count_dictionary(column);
    plain_add_dictionary(body, &column->dictionary, column->spec.type);
    struct page page = {
        .type = PAGE_DICTIONARY,
        .encoding = ENCODING_PLAIN,
        .values = column->dictionary.count,
        .body = buf_str(body),
    };
    if (!buf_ok(body, "a Parquet dictionary page", err) ||
        !(column->dictionary_page = page_store(&page, column->options, err)))
        return false;
    count_stored(column, column->dictionary_page);
    return true;
}
