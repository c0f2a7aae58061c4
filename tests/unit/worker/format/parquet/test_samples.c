/*
 * Writes Parquet files of every type, codec and shape, each with what it must hold as JSON beside it. With
 * $SLUICE_SAMPLES_DIR they are kept there for the readers of tests/integration/test_parquet.py; without, they are
 * checked by our own reader and removed.
 */
#include "shared/fs.h"
#include "shared/json.h"
#include "worker/format/parquet/parquet_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { BATCH = 3000, COLUMNS = 18, TEXT = 400 };

enum pattern { FEW, UNIQUE, GROWING, RUNS, EXTREME, ALL_NULL };

struct sample {
    const char *name;
    enum pattern pattern;
    enum parquet_codec codec;
    uint32_t rows;
    size_t row_group_bytes, page_bytes;
};

static const struct sample samples[] = {
    {"empty", FEW, PARQUET_ZSTD, 0, 0, 0},
    {"one-row", FEW, PARQUET_ZSTD, 1, 0, 0},
    {"few-zstd", FEW, PARQUET_ZSTD, 10000, 0, 0},
    {"few-snappy", FEW, PARQUET_SNAPPY, 10000, 0, 0},
    {"few-gzip", FEW, PARQUET_GZIP, 10000, 0, 0},
    {"few-plain", FEW, PARQUET_UNCOMPRESSED, 10000, 0, 0},
    {"unique-zstd", UNIQUE, PARQUET_ZSTD, 10000, 0, 0},
    {"unique-snappy", UNIQUE, PARQUET_SNAPPY, 10000, 0, 0},
    {"unique-gzip", UNIQUE, PARQUET_GZIP, 10000, 0, 0},
    {"unique-plain", UNIQUE, PARQUET_UNCOMPRESSED, 10000, 0, 0},
    {"runs", RUNS, PARQUET_ZSTD, 20001, 0, 0},
    {"many-pages", FEW, PARQUET_ZSTD, 20000, 0, 4096},
    {"many-groups", FEW, PARQUET_SNAPPY, 20000, 30000, 4096},
    {"growing", GROWING, PARQUET_ZSTD, 30000, 0, 16384},
    {"growing-groups", GROWING, PARQUET_UNCOMPRESSED, 30000, 400000, 8192},
    {"unique-groups", UNIQUE, PARQUET_ZSTD, 20000, 500000, 65536},
    {"extreme", EXTREME, PARQUET_ZSTD, 1000, 0, 0},
    {"extreme-groups", EXTREME, PARQUET_UNCOMPRESSED, 5000, 1, 4096},
    {"all-null", ALL_NULL, PARQUET_ZSTD, 5000, 0, 4096},
};

static const struct type kinds[] = {{.kind = TYPE_STRING}, {.kind = TYPE_INTEGER}, {TYPE_DECIMAL, 18, 2},
    {TYPE_DECIMAL, 38, 9}, {.kind = TYPE_DOUBLE}, {.kind = TYPE_BOOLEAN}, {.kind = TYPE_DATE}, {.kind = TYPE_TIME},
    {.kind = TYPE_TIMESTAMP}};
static const char *const kind_names[] = {
    "string", "integer", "decimal", "double", "boolean", "date", "time", "timestamp"};
static const char *const codec_names[] = {"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"};

static const int64_t edge_integers[] = {INT64_MIN, INT64_MAX, 0, -1, 1};
static const int64_t edge_dates[] = {-719162, 2932896, 0, -1, 1, -141427};
static const int64_t edge_times[] = {0, 86399999999, 1, 43200000000};
static const int64_t edge_timestamps[] = {-62135596800000000, 253402300799999999, 0, -1, -1000001, 951782400000000};
static const int64_t edge_decimals[] = {999999999999999999, -999999999999999999, 0, -1, 100};
static const char *const edge_strings[] = {"", "ü", "日本語", "😀", "a\"b\\c\nd\te,", "\x7f", " ",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzé cut within a letter"};

static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* The number that stands for the value of a row; equal numbers are equal values. */
static uint64_t seed_of(enum pattern pattern, uint32_t row, uint32_t column)
{
    uint64_t random = mix((uint64_t)row << 8 | column);
    switch (pattern) {
    case FEW:
        return random % 23;
    case GROWING:
        return row < 8000 ? random % 5 : random;
    case RUNS:
        return row / 300;
    case EXTREME:
        return row;
    default:
        return random;
    }
}

static int128 wide_of(uint64_t seed, bool extreme)
{
    int128 limit = 1;
    for (int i = 0; i < 38; i++)
        limit *= 10;
    int128 edges[] = {limit - 1, 1 - limit, 0, -1, 1, (int128)1 << 64, -((int128)1 << 64)};
    if (extreme)
        return edges[seed % 7];
    return (int128)(((uint128)mix(seed) << 64 | mix(seed + 1)) % (uint128)limit) * (seed % 2 ? -1 : 1);
}

static double double_of(uint64_t seed, bool extreme)
{
    const double edges[] = {NAN, -0.0, 0.0, INFINITY, -INFINITY, 1.7976931348623157e308, 5e-324, 0.1};
    return extreme ? edges[seed % 8] : (double)(int64_t)seed / 1000.0;
}

static struct str string_of(uint64_t seed, bool extreme, char *text)
{
    if (extreme)
        return str_of(edge_strings[seed % 9]);
    int n = seed < 1000 ? snprintf(text, TEXT, "value %d ü", (int)seed)
                        : snprintf(text, TEXT, "%016llx", (unsigned long long)seed);
    return (struct str){text, (size_t)n};
}

static void number_of(struct type type, uint64_t seed, bool extreme, int64_t *out)
{
    const int64_t ten18 = 1000000000000000000;
    switch (type.kind) {
    case TYPE_DECIMAL:
        *out = extreme ? edge_decimals[seed % 5] : (int64_t)(seed % (2 * (uint64_t)ten18 - 1)) - (ten18 - 1);
        break;
    case TYPE_DATE:
        *out = extreme ? edge_dates[seed % 6] : (int64_t)(seed % 1000000) - 500000;
        break;
    case TYPE_TIME:
        *out = extreme ? edge_times[seed % 4] : (int64_t)(seed % 86400000000);
        break;
    case TYPE_TIMESTAMP:
        *out = extreme ? edge_timestamps[seed % 6] : (int64_t)(seed % 20000000000000000) - 10000000000000000;
        break;
    default:
        *out = extreme ? edge_integers[seed % 5] : (int64_t)seed;
    }
}

/* Into the vector, and the same into JSON. */
static void put_value(struct vector *vector, uint32_t at, uint64_t seed, bool extreme, char *text, struct json *json)
{
    struct buf number;
    int64_t n;
    buf_init(&number, 100);
    number_of(vector->type, seed, extreme, &n);
    if (vector->type.kind == TYPE_STRING) {
        vector->str[at] = string_of(seed, extreme, text);
        jsonw_string(json, vector->str[at]);
        return;
    }
    if (vector->type.kind == TYPE_BOOLEAN) {
        vector->u8[at] = seed % 2;
        jsonw_bool(json, seed % 2);
        return;
    }
    if (vector->type.kind == TYPE_DOUBLE) {
        uint64_t bits;
        vector->f64[at] = double_of(seed, extreme);
        memcpy(&bits, &vector->f64[at], sizeof bits);
        buf_printf(&number, "%016llx", (unsigned long long)bits);
    } else if (type_is_wide(vector->type)) {
        int128 v = vector->i128[at] = wide_of(seed, extreme);
        uint128 magnitude = v < 0 ? -(uint128)v : (uint128)v;
        char digits[40], *p = digits + sizeof digits;
        do
            *--p = (char)('0' + (int)(magnitude % 10));
        while (magnitude /= 10);
        if (v < 0)
            *--p = '-';
        buf_add(&number, p, (size_t)(digits + sizeof digits - p));
    } else {
        if (vector->type.kind == TYPE_DATE)
            vector->i32[at] = (int32_t)n;
        else
            vector->i64[at] = n;
        buf_add_i64(&number, n);
    }
    jsonw_string(json, buf_str(&number));
    buf_dispose(&number);
}

static void describe_columns(struct parquet_column *columns, char (*names)[32], struct json *json)
{
    jsonw_key(json, "columns");
    jsonw_array_begin(json);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        struct type type = kinds[i / 2];
        int n = snprintf(names[i], sizeof names[i], "%s%s_%s", kind_names[type.kind], type_is_wide(type) ? "38" : "",
            i % 2 ? "null" : "required");
        columns[i] = (struct parquet_column){{names[i], (size_t)n}, type, i % 2};
        jsonw_object_begin(json);
        jsonw_put_string(json, "name", columns[i].name);
        jsonw_put_cstring(json, "type", kind_names[type.kind]);
        jsonw_put_uint(json, "precision", type.precision);
        jsonw_put_uint(json, "scale", type.scale);
        jsonw_put_bool(json, "nullable", i % 2);
        jsonw_object_end(json);
    }
    jsonw_array_end(json);
}

struct batch_room {
    struct vector vectors[COLUMNS];
    const struct vector *pointers[COLUMNS];
    uint32_t rows[BATCH];
    char (*texts)[TEXT];
};

/* Among runs, nulls come late and end early: slices without any lie before and behind them in one page. */
static bool is_null(enum pattern pattern, uint32_t row, uint32_t column)
{
    bool here = pattern != RUNS || (row >= 5000 && row < 9000);
    return pattern == ALL_NULL || (here && mix((uint64_t)row * 31 + column) % 10 == 0);
}

/* Rows first to first + n; every other batch stands backwards in its vectors and is picked by rows. */
static void append_batch(struct parquet_writer *writer, const struct sample *sample, struct batch_room *room,
    uint32_t first, uint32_t n, struct json *json)
{
    struct err err;
    bool backwards = first / BATCH % 2;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = room->rows[i] = backwards ? n - 1 - i : i;
        jsonw_array_begin(json);
        for (uint32_t c = 0; c < COLUMNS; c++) {
            struct vector *vector = &room->vectors[c];
            bool null = c % 2 && is_null(sample->pattern, first + i, c);
            vector->state[at] = null ? VALUE_NULL : VALUE_PRESENT;
            if (null)
                jsonw_null(json);
            else
                put_value(vector, at, seed_of(sample->pattern, first + i, c), sample->pattern == EXTREME,
                    room->texts[at * COLUMNS + c], json);
        }
        jsonw_array_end(json);
    }
    if (!parquet_writer_append(writer, room->pointers, backwards ? room->rows : NULL, n, &err))
        fail_msg("%s", err.message);
}

static void write_values(struct parquet_writer *writer, const struct sample *sample, struct json *json)
{
    struct arena *arena = arena_new(0);
    struct batch_room *room = ARENA_NEW(arena, struct batch_room);
    room->texts = arena_calloc(arena, (size_t)BATCH * COLUMNS, TEXT);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        assert_true(vector_init(&room->vectors[c], kinds[c / 2], BATCH, arena));
        room->pointers[c] = &room->vectors[c];
    }
    jsonw_key(json, "rows");
    jsonw_array_begin(json);
    for (uint32_t first = 0; first < sample->rows; first += BATCH)
        append_batch(writer, sample, room, first, sample->rows - first < BATCH ? sample->rows - first : BATCH, json);
    jsonw_array_end(json);
    arena_free(arena);
}

/* Our own reader's view; the values are for others to judge. */
static void check_file(
    int fd, const char *path, const struct parquet_column *columns, const struct parquet_summary *summary)
{
    struct err err;
    struct parquet_footer footer;
    struct parquet_check check;
    struct arena *arena = arena_new(0);
    if (!parquet_read_footer(fd, path, &footer, arena, &err) || !parquet_check_pages(fd, path, &check, &err))
        fail_msg("%s", err.message);
    assert_int_equal(footer.rows, summary->rows);
    assert_int_equal(footer.row_groups, summary->row_groups);
    assert_int_equal(footer.metadata_count, 2);
    assert_true(str_eq(footer.metadata_keys[0], STR("sluice.run_id")));
    assert_true(str_eq(footer.metadata_values[1], STR("")));
    assert_true(str_eq(footer.created_by, STR("sluice version 0.1.0")));
    assert_int_equal(footer.column_count, COLUMNS);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_true(str_eq(footer.columns[i].name, columns[i].name));
        assert_true(type_eq(footer.columns[i].type, columns[i].type));
        assert_int_equal(footer.columns[i].nullable, columns[i].nullable);
    }
    assert_int_equal(check.rows, summary->rows);
    assert_int_equal(check.values, summary->rows * COLUMNS);
    assert_int_equal(check.bytes, summary->bytes);
    arena_free(arena);
}

static void same_value(const struct vector *got, uint32_t at, const struct vector *want, uint32_t row)
{
    bool is_null = want->state[0] == VALUE_NULL;
    assert_int_equal(got->state[at], want->state[0]);
    if (is_null)
        return;
    if (want->type.kind == TYPE_STRING && !str_eq(got->str[at], want->str[0]))
        fail_msg("row %u: " STR_FMT " instead of " STR_FMT, row, STR_ARG(got->str[at]), STR_ARG(want->str[0]));
    if (want->type.kind != TYPE_STRING)
        assert_memory_equal(vector_at(got, at), want->data, type_size(want->type));
}

/* Every value, made anew from its seed, as our own reader gives it. */
static void check_values(int fd, const struct sample *sample)
{
    struct err err;
    struct buf unused;
    struct json json;
    char text[TEXT];
    struct vector want[COLUMNS];
    const struct vector *got[COLUMNS];
    uint32_t chosen[COLUMNS], n, row = 0;
    struct arena *arena = arena_new(0);
    buf_init(&unused, 100000);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        chosen[c] = COLUMNS - 1 - c;
        assert_true(vector_init(&want[c], kinds[chosen[c] / 2], 1, arena));
    }
    struct parquet_reader *reader = parquet_reader_open(fd, sample->name, &err);
    if (!reader || !parquet_reader_select(reader, chosen, COLUMNS, &err))
        fail_msg("%s", err.message);
    do {
        if (!parquet_reader_next(reader, got, &n, &err))
            fail_msg("%s", err.message);
        for (uint32_t i = 0; i < n; i++, row++)
            for (uint32_t c = 0; c < COLUMNS; c++) {
                uint32_t column = chosen[c];
                buf_reset(&unused);
                jsonw_init(&json, &unused);
                want[c].state[0] = column % 2 && is_null(sample->pattern, row, column) ? VALUE_NULL : VALUE_PRESENT;
                put_value(&want[c], 0, seed_of(sample->pattern, row, column), sample->pattern == EXTREME, text, &json);
                same_value(got[c], i, &want[c], row);
            }
    } while (n);
    assert_int_equal(row, sample->rows);
    parquet_reader_close(reader);
    buf_dispose(&unused);
    arena_free(arena);
}

static void write_sample(const struct sample *sample, const char *path, struct buf *text)
{
    struct err err;
    struct json json;
    struct parquet_column columns[COLUMNS];
    char names[COLUMNS][32];
    struct str keys[] = {STR("sluice.run_id"), STR("empty")}, values[] = {STR("01ARZ3NDEKTSV4RRFFQ69G5FAV ü"), STR("")};
    jsonw_init(&json, text);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "codec", codec_names[sample->codec]);
    describe_columns(columns, names, &json);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    struct parquet_options options = {.codec = sample->codec,
        .row_group_bytes = sample->row_group_bytes,
        .page_bytes = sample->page_bytes,
        .created_by = "sluice version 0.1.0",
        .metadata_keys = keys,
        .metadata_values = values,
        .metadata_count = 2};
    struct parquet_writer *writer = parquet_writer_open(fd, path, columns, COLUMNS, &options, &err);
    assert_non_null(writer);
    write_values(writer, sample, &json);
    struct parquet_summary summary;
    if (!parquet_writer_close(writer, &summary, &err))
        fail_msg("%s", err.message);
    assert_int_equal(summary.rows, sample->rows);
    check_file(fd, path, columns, &summary);
    check_values(fd, sample);
    jsonw_put_uint(&json, "row_groups", summary.row_groups);
    jsonw_put_uint(&json, "bytes", summary.bytes);
    jsonw_object_end(&json);
    close(fd);
}

static void samples_are_written(void **state)
{
    (void)state;
    char own[] = "/tmp/sluice-parquet-XXXXXX";
    const char *wanted = getenv("SLUICE_SAMPLES_DIR"), *dir = wanted ? wanted : mkdtemp(own);
    assert_non_null(dir);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct err err;
        struct buf text, path;
        buf_init(&text, SIZE_MAX / 2);
        buf_init(&path, 4096);
        buf_printf(&path, "%s/%s.parquet", dir, samples[i].name);
        write_sample(&samples[i], path.p, &text);
        if (wanted) {
            buf_add_cstr(&path, ".json");
            assert_true(fs_write_atomic(path.p, buf_str(&text), &err));
        }
        buf_dispose(&text);
        buf_dispose(&path);
    }
    struct err err;
    if (!wanted)
        assert_true(fs_remove_tree(dir, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples_are_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
