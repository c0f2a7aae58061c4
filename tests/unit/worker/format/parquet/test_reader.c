/*
 * The reader on files that lie or are damaged. With $SLUICE_READ a file's rows are printed as JSON instead, in the
 * units vectors have: for the files of other writers in tests/integration/test_parquet_reader.py.
 */
#include "shared/json.h"
#include "worker/format/parquet/metadata.h"
#include "worker/format/parquet/page.h"
#include "worker/format/parquet/parquet_reader.h"
#include "worker/format/parquet/thrift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 3000, COLUMNS = 3, MOST_FILE = 1 << 20 };

/* ---- printing ---- */

static void print_wide(struct json *json, int128 value)
{
    char digits[48], *p = digits + sizeof digits;
    uint128 magnitude = value < 0 ? -(uint128)value : (uint128)value;
    do
        *--p = (char)('0' + (int)(magnitude % 10));
    while (magnitude /= 10);
    if (value < 0)
        *--p = '-';
    jsonw_string(json, (struct str){p, (size_t)(digits + sizeof digits - p)});
}

static void print_value(struct json *json, const struct vector *vector, uint32_t i)
{
    if (vector->state[i] == VALUE_NULL)
        jsonw_null(json);
    else if (vector->type.kind == TYPE_STRING)
        jsonw_string(json, vector->str[i]);
    else if (vector->type.kind == TYPE_DOUBLE)
        jsonw_double(json, vector->f64[i]);
    else if (vector->type.kind == TYPE_BOOLEAN)
        jsonw_bool(json, vector->u8[i]);
    else if (vector->type.kind == TYPE_DATE)
        print_wide(json, vector->i32[i]);
    else
        print_wide(json, type_is_wide(vector->type) ? vector->i128[i] : (int128)vector->i64[i]);
}

static bool print_rows(struct parquet_reader *reader, struct err *err)
{
    uint32_t n, count = parquet_reader_footer(reader)->column_count;
    uint32_t *all = calloc(count, sizeof *all);
    const struct vector **vectors = calloc(count, sizeof *vectors);
    struct buf line;
    struct json json;
    buf_init(&line, SIZE_MAX / 2);
    for (uint32_t c = 0; c < count; c++)
        all[c] = c;
    bool ok = parquet_reader_select(reader, all, count, err);
    while (ok && (ok = parquet_reader_next(reader, vectors, &n, err)) && n)
        for (uint32_t i = 0; i < n; i++) {
            buf_reset(&line);
            jsonw_init(&json, &line);
            jsonw_array_begin(&json);
            for (uint32_t c = 0; c < count; c++)
                print_value(&json, vectors[c], i);
            jsonw_array_end(&json);
            puts(line.p);
        }
    buf_dispose(&line);
    free(vectors);
    free(all);
    return ok;
}

static int print_file(const char *path)
{
    struct err err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct parquet_reader *reader = fd >= 0 ? parquet_reader_open(fd, path, &err) : NULL;
    bool ok = reader && print_rows(reader, &err);
    if (!ok)
        puts(fd >= 0 ? err.message : "cannot open");
    parquet_reader_close(reader);
    close(fd);
    return ok ? 0 : 1;
}

/* ---- damage ---- */

static int write_file(enum parquet_codec codec)
{
    struct err err;
    char text[ROWS][16];
    struct vector vectors[COLUMNS];
    const struct vector *pointers[COLUMNS];
    struct type types[COLUMNS] = {TYPE(TYPE_INTEGER), TYPE(TYPE_STRING), TYPE_DEC(20, 2)};
    struct parquet_column columns[COLUMNS] = {
        {STR("id"), types[0], false}, {STR("name"), types[1], true}, {STR("amount"), types[2], true}};
    struct arena *arena = arena_new(0);
    struct parquet_options options = {.codec = codec, .page_bytes = 4096, .created_by = "test"};
    int fd = memfd_create("sample", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (int c = 0; c < COLUMNS; c++) {
        assert_true(vector_init(&vectors[c], types[c], ROWS, arena));
        pointers[c] = &vectors[c];
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        vectors[0].i64[i] = i;
        int n = snprintf(text[i], sizeof text[i], "v%u", i % 700);
        vectors[1].str[i] = (struct str){text[i], (size_t)n};
        vectors[1].state[i] = i % 5 ? VALUE_PRESENT : VALUE_NULL;
        vectors[2].i128[i] = (int128)i * -1000000;
    }
    struct parquet_summary summary;
    struct parquet_writer *writer = parquet_writer_open(fd, "sample", columns, COLUMNS, &options, &err);
    assert_non_null(writer);
    assert_true(parquet_writer_append(writer, pointers, NULL, ROWS, &err));
    assert_true(parquet_writer_close(writer, &summary, &err));
    arena_free(arena);
    return fd;
}

/* Rows read before the end or a fault; 0 in err->kind: none. */
static uint32_t read_all(int fd, struct err *err)
{
    const uint32_t all[] = {0, 1, 2};
    const struct vector *vectors[COLUMNS];
    uint32_t n = 1, rows = 0;
    err_clear(err);
    struct parquet_reader *reader = parquet_reader_open(fd, "sample", err);
    bool ok = reader && parquet_reader_select(reader, all, COLUMNS, err);
    while (ok && n) {
        ok = parquet_reader_next(reader, vectors, &n, err);
        rows += ok ? n : 0;
    }
    parquet_reader_close(reader);
    return rows;
}

static void what_is_whole_is_read(void **state)
{
    (void)state;
    struct err err;
    int fd = write_file(PARQUET_ZSTD);
    assert_int_equal(read_all(fd, &err), ROWS);
    assert_int_equal(err.kind, ERR_NONE);
    close(fd);
}

/* Any byte of the pages' bodies is covered by a CRC, any other by the structure. */
static void a_flipped_byte_is_found(void **state)
{
    (void)state;
    for (enum parquet_codec codec = PARQUET_UNCOMPRESSED; codec <= PARQUET_ZSTD; codec++) {
        struct err err;
        int fd = write_file(codec), silent = 0;
        off_t size = lseek(fd, 0, SEEK_END);
        for (off_t at = 0; at < size; at += 37) {
            uint8_t byte, flipped;
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            flipped = byte ^ 0x10;
            assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
            uint32_t rows = read_all(fd, &err);
            if (err.kind == ERR_NONE) {
                assert_int_equal(rows, ROWS);
                silent++; /* statistics, names, sizes nobody needs */
            }
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
        assert_true(silent * 10 < size / 37 + 100);
        assert_int_equal(read_all(fd, &err), ROWS);
        close(fd);
    }
}

static void the_message_names_the_place(void **state)
{
    (void)state;
    struct err err;
    int fd = write_file(PARQUET_SNAPPY);
    uint8_t byte = 0x55;
    assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
    assert_int_equal(read_all(fd, &err), 0);
    assert_int_equal(err.kind, ERR_CORRUPT);
    assert_string_equal(err.message, "sample: row group 0, column id, byte 4: the CRC of a page is wrong");
    close(fd);
}

static void what_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct err err;
    char whole[MOST_FILE];
    int fd = write_file(PARQUET_ZSTD);
    ssize_t size = pread(fd, whole, sizeof whole, 0);
    for (ssize_t n = 0; n < size; n += 101) {
        int cut = memfd_create("cut", MFD_CLOEXEC);
        assert_int_equal(write(cut, whole, (size_t)n), n);
        read_all(cut, &err);
        assert_int_equal(err.kind, ERR_CORRUPT);
        close(cut);
    }
    close(fd);
}

static void a_choice_can_be_made_anew(void **state)
{
    (void)state;
    struct err err;
    int fd = write_file(PARQUET_GZIP);
    struct parquet_reader *reader = parquet_reader_open(fd, "sample", &err);
    const struct vector *vectors[COLUMNS];
    const uint32_t one[] = {2}, other[] = {1, 0}, wrong[] = {3};
    uint32_t n;
    assert_non_null(reader);
    assert_int_equal(parquet_reader_footer(reader)->rows, ROWS);
    assert_true(parquet_reader_select(reader, one, 1, &err) && parquet_reader_next(reader, vectors, &n, &err));
    assert_true(vectors[0]->i128[n - 1] == (int128)(n - 1) * -1000000);
    assert_true(parquet_reader_select(reader, other, 2, &err) && parquet_reader_next(reader, vectors, &n, &err));
    assert_int_equal(vectors[1]->i64[0], 0);
    assert_int_equal(vectors[0]->state[0], VALUE_NULL);
    assert_true(str_eq(vectors[0]->str[1], STR("v1")));
    assert_false(parquet_reader_select(reader, wrong, 1, &err));
    parquet_reader_close(reader);
    close(fd);
}

/* A file of one required INT96 column ts, made by hand as parquet.thrift describes it: no writer at hand makes one. */
static int write_int96(const void *values, uint32_t count)
{
    struct buf file;
    struct thrift_writer w;
    uint32_t size = count * 12;
    buf_init(&file, 4096);
    buf_add_cstr(&file, "PAR1");
    thrift_init(&w, &file);
    thrift_i32(&w, 1, PAGE_DATA);
    thrift_i32(&w, 2, (int32_t)size);
    thrift_i32(&w, 3, (int32_t)size);
    thrift_begin_field(&w, 5);
    thrift_i32(&w, 1, (int32_t)count);
    thrift_i32(&w, 2, ENCODING_PLAIN);
    thrift_end(&w);
    thrift_end(&w);
    buf_add(&file, values, size);
    size_t footer = file.n;
    thrift_init(&w, &file);
    thrift_i32(&w, 1, 2);
    thrift_list(&w, 2, THRIFT_STRUCT, 2);
    thrift_begin(&w);
    thrift_binary(&w, 4, STR("root"));
    thrift_i32(&w, 5, 1);
    thrift_end(&w);
    thrift_begin(&w);
    thrift_i32(&w, 1, PHYSICAL_INT96);
    thrift_i32(&w, 3, 0);
    thrift_binary(&w, 4, STR("ts"));
    thrift_end(&w);
    thrift_i64(&w, 3, count);
    thrift_list(&w, 4, THRIFT_STRUCT, 1);
    thrift_begin(&w);
    thrift_list(&w, 1, THRIFT_STRUCT, 1);
    thrift_begin(&w);
    thrift_begin_field(&w, 3);
    thrift_i32(&w, 1, PHYSICAL_INT96);
    thrift_i32(&w, 4, 0);
    thrift_i64(&w, 5, count);
    thrift_i64(&w, 7, (int64_t)footer - 4);
    thrift_i64(&w, 9, 4);
    thrift_end(&w);
    thrift_end(&w);
    thrift_i64(&w, 3, count);
    thrift_end(&w);
    thrift_end(&w);
    uint32_t length = (uint32_t)(file.n - footer);
    buf_add(&file, &length, sizeof length);
    buf_add_cstr(&file, "PAR1");
    int fd = memfd_create("int96", MFD_CLOEXEC);
    assert_int_equal(write(fd, file.p, file.n), file.n);
    buf_dispose(&file);
    return fd;
}

static bool read_int96(uint64_t nanos, uint32_t julian_day, int64_t *micros, struct err *err)
{
    char value[12];
    const uint32_t zero = 0;
    const struct vector *vector;
    uint32_t n = 0;
    memcpy(value, &nanos, 8);
    memcpy(value + 8, &julian_day, 4);
    int fd = write_int96(value, 1);
    struct parquet_reader *reader = parquet_reader_open(fd, "int96", err);
    bool ok = reader && parquet_reader_select(reader, &zero, 1, err) && parquet_reader_next(reader, &vector, &n, err);
    if (ok && n == 1)
        *micros = vector->i64[0];
    parquet_reader_close(reader);
    close(fd);
    return ok && n == 1;
}

/* Julian day 2440588 is 1970-01-01, 2451545 is 2000-01-01 (US Naval Observatory). */
static void int96_is_nanoseconds_of_a_julian_day(void **state)
{
    (void)state;
    struct err err;
    int64_t micros;
    assert_true(read_int96(0, 2440588, &micros, &err));
    assert_int_equal(micros, 0);
    assert_true(read_int96(43200000001000, 2451545, &micros, &err));
    assert_int_equal(micros, 946728000000001);
    assert_true(read_int96(86399999999000, 2440587, &micros, &err));
    assert_int_equal(micros, -1);
    assert_false(read_int96(1, 2440588, &micros, &err));
    assert_string_equal(err.code, "unsupported-parquet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_is_read),
        cmocka_unit_test(a_flipped_byte_is_found),
        cmocka_unit_test(the_message_names_the_place),
        cmocka_unit_test(what_is_cut_short_is_refused),
        cmocka_unit_test(a_choice_can_be_made_anew),
        cmocka_unit_test(int96_is_nanoseconds_of_a_julian_day),
    };
    const char *path = getenv("SLUICE_READ");
    return path ? print_file(path) : cmocka_run_group_tests(tests, NULL, NULL);
}
