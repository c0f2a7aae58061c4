/* What must hold of every file, whatever is in it. */
#include "shared/hash.h"
#include "worker/format/parquet/parquet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 20000, COLUMNS = 3 };

static const struct parquet_column columns[COLUMNS] = {
    {{"id", 2}, {.kind = TYPE_STRING}, false},
    {{"amount", 6}, {TYPE_DECIMAL, 18, 2}, true},
    {{"day", 3}, {.kind = TYPE_DATE}, false},
};

struct data {
    struct arena *arena;
    struct vector vectors[COLUMNS];
    const struct vector *pointers[COLUMNS];
};

static int set_up(void **state)
{
    struct arena *arena = arena_new(0);
    struct data *data = ARENA_NEW(arena, struct data);
    data->arena = arena;
    for (uint32_t c = 0; c < COLUMNS; c++) {
        assert_true(vector_init(&data->vectors[c], columns[c].type, ROWS, arena));
        data->pointers[c] = &data->vectors[c];
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        char *text = arena_printf(arena, "TX%08u", i * 7919u);
        data->vectors[0].str[i] = str_of(text);
        data->vectors[1].i64[i] = (int64_t)(i * 2654435761u % 1000) - 500;
        data->vectors[1].state[i] = i % 13 == 0 ? VALUE_NULL : VALUE_PRESENT;
        data->vectors[2].i32[i] = (int32_t)(i / 700);
    }
    *state = data;
    return 0;
}

static int tear_down(void **state)
{
    struct data *data = *state;
    arena_free(data->arena);
    return 0;
}

static int new_file(void)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct parquet_writer *open_writer(int fd, const struct parquet_options *options)
{
    struct err err;
    struct parquet_writer *writer = parquet_writer_open(fd, "test.parquet", columns, COLUMNS, options, &err);
    if (!writer)
        fail_msg("%s", err.message);
    return writer;
}

static void append(struct parquet_writer *writer, const struct data *data, const uint32_t *rows, uint32_t n)
{
    struct err err;
    if (!parquet_writer_append(writer, data->pointers, rows, n, &err))
        fail_msg("%s", err.message);
}

/* All rows, step by step; the file's hash. */
static void write_in_steps(const struct data *data, uint32_t step, char hash[SHA256_TEXT_SIZE])
{
    struct err err;
    struct parquet_summary summary;
    struct parquet_check check;
    uint64_t size;
    int fd = new_file();
    struct parquet_options options = {.codec = PARQUET_ZSTD, .row_group_bytes = 40000, .page_bytes = 8192};
    struct parquet_writer *writer = open_writer(fd, &options);
    uint32_t *rows = ARENA_ARRAY(data->arena, uint32_t, ROWS);
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = i;
    for (uint32_t done = 0; done < ROWS; done += step)
        append(writer, data, rows + done, step < ROWS - done ? step : ROWS - done);
    assert_true(parquet_writer_close(writer, &summary, &err));
    assert_true(summary.row_groups > 2);
    if (!parquet_check_pages(fd, "test.parquet", &check, &err))
        fail_msg("%s", err.message);
    assert_int_equal(check.rows, ROWS);
    assert_true(sha256_fd(fd, "test.parquet", hash, &size, &err));
    assert_int_equal(size, summary.bytes);
    assert_string_equal(hash, summary.sha256);
    close(fd);
}

static void the_bytes_do_not_depend_on_the_steps(void **state)
{
    static const uint32_t steps[] = {ROWS, 1, 7, 1024, 1500};
    char first[SHA256_TEXT_SIZE], other[SHA256_TEXT_SIZE];
    write_in_steps(*state, ROWS, first);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        write_in_steps(*state, steps[i], other);
        assert_string_equal(first, other);
    }
}

/* Every second row, in batches; the file's hash. */
static void write_half(const struct data *data, struct parquet_shared *shared, char hash[SHA256_TEXT_SIZE])
{
    enum { BATCH = 2500 };
    struct err err;
    struct parquet_summary summary;
    uint64_t size;
    int fd = new_file();
    struct parquet_options options = {.codec = PARQUET_ZSTD, .row_group_bytes = 20000, .page_bytes = 8192};
    struct parquet_writer *writer = open_writer(fd, &options);
    uint32_t rows[BATCH], half[BATCH / 2];
    for (uint32_t from = 0; from < ROWS; from += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++) {
            rows[i] = from + i;
            half[i / 2] = from + i;
        }
        for (uint32_t c = 0; c < COLUMNS; c++) {
            assert_true(parquet_shared_look_up(shared, c, data->pointers[c], rows, BATCH, &err));
            assert_true(parquet_writer_append_column(writer, c, data->pointers[c], shared, half, BATCH / 2, &err));
        }
        assert_true(parquet_writer_end_rows(writer, BATCH / 2, &err));
    }
    assert_true(parquet_writer_close(writer, &summary, &err));
    assert_true(summary.row_groups > 1);
    assert_true(sha256_fd(fd, "test.parquet", hash, &size, &err));
    close(fd);
}

static void a_shared_look_up_gives_the_same_file(void **state)
{
    const struct data *data = *state;
    char own[SHA256_TEXT_SIZE], shared_hash[SHA256_TEXT_SIZE];
    struct parquet_shared *shared = parquet_shared_new(columns, COLUMNS);
    struct parquet_shared *dropped = parquet_shared_new(columns, COLUMNS);
    assert_non_null(shared);
    assert_non_null(dropped);
    for (uint32_t c = 0; c < COLUMNS; c++)
        parquet_shared_drop(dropped, c);
    write_half(data, dropped, own);
    parquet_shared_free(dropped);
    write_half(data, shared, shared_hash);
    assert_string_equal(own, shared_hash);
    /* 20,000 ids of 14 bytes are more than it keeps; 1,000 amounts and 29 days are not. */
    assert_true(parquet_shared_dropped(shared, 0));
    assert_false(parquet_shared_dropped(shared, 1));
    assert_false(parquet_shared_dropped(shared, 2));
    assert_true(parquet_shared_memory(shared) > 1000 * sizeof(int64_t));
    parquet_shared_drop(shared, 1);
    write_half(data, shared, shared_hash);
    assert_string_equal(own, shared_hash);
    parquet_shared_free(shared);
}

static void a_file_needs_columns(void **state)
{
    (void)state;
    struct err err;
    struct parquet_options options = {.codec = PARQUET_ZSTD};
    assert_null(parquet_writer_open(-1, "test.parquet", columns, 0, &options, &err));
    assert_int_equal(err.kind, ERR_BUG);
    parquet_writer_abort(NULL);
}

static void a_missing_value_is_a_bug(void **state)
{
    struct data *data = *state;
    static const struct {
        uint32_t column;
        enum value_state state;
    } cases[] = {{0, VALUE_NULL}, {0, VALUE_FAILED}, {1, VALUE_FAILED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        int fd = new_file();
        struct parquet_options options = {.codec = PARQUET_ZSTD};
        struct parquet_writer *writer = open_writer(fd, &options);
        uint8_t *cell = &data->vectors[cases[i].column].state[17], before = *cell;
        *cell = cases[i].state;
        assert_false(parquet_writer_append(writer, data->pointers, NULL, 100, &err));
        *cell = before;
        assert_int_equal(err.kind, ERR_BUG);
        assert_non_null(strstr(err.message, "row 17 of column"));
        parquet_writer_abort(writer);
        close(fd);
    }
}

static void a_full_disk_is_waited_for(void **state)
{
    struct data *data = *state;
    struct err err;
    struct parquet_options options = {.codec = PARQUET_ZSTD};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd = new_file();
    assert_null(parquet_writer_open(full, "test.parquet", columns, COLUMNS, &options, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    struct parquet_writer *writer = open_writer(fd, &options);
    append(writer, data, NULL, 100);
    assert_true(dup3(full, fd, O_CLOEXEC) == fd);
    struct parquet_summary summary;
    assert_false(parquet_writer_close(writer, &summary, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    close(full);
    close(fd);
}

static void flush_ends_a_row_group(void **state)
{
    struct data *data = *state;
    struct err err;
    struct parquet_summary summary;
    struct parquet_options options = {.codec = PARQUET_SNAPPY};
    int fd = new_file();
    struct parquet_writer *writer = open_writer(fd, &options);
    assert_true(parquet_writer_flush(writer, &err));
    append(writer, data, NULL, 10);
    assert_true(parquet_writer_flush(writer, &err));
    assert_true(parquet_writer_flush(writer, &err));
    append(writer, data, NULL, 5);
    assert_true(parquet_writer_close(writer, &summary, &err));
    assert_int_equal(summary.rows, 15);
    assert_int_equal(summary.row_groups, 2);
    close(fd);
}

static void memory_is_small_and_bounded(void **state)
{
    struct data *data = *state;
    struct err err;
    struct parquet_summary summary;
    struct parquet_options options = {.codec = PARQUET_ZSTD, .row_group_bytes = 256 * 1024};
    int fd = new_file();
    struct parquet_writer *writer = open_writer(fd, &options);
    append(writer, data, NULL, 1);
    assert_true(parquet_writer_memory(writer) < 16 * 1024);
    size_t first = 0;
    for (int i = 0; i < 60; i++) {
        append(writer, data, NULL, ROWS);
        if (i == 5)
            first = parquet_writer_memory(writer);
        /* Doubled buffers may hold twice what is in them; more row groups hold no more. */
        assert_true(parquet_writer_memory(writer) < 4 * options.row_group_bytes);
    }
    assert_true(parquet_writer_memory(writer) <= first + 64 * 1024);
    assert_true(parquet_writer_close(writer, &summary, &err));
    close(fd);
}

/* Any byte of a page's body that is not as it was written is found. */
static void a_flipped_bit_is_found(void **state)
{
    struct data *data = *state;
    struct err err;
    struct parquet_summary summary;
    struct parquet_check check;
    struct parquet_options options = {.codec = PARQUET_UNCOMPRESSED};
    int fd = new_file();
    struct parquet_writer *writer = open_writer(fd, &options);
    append(writer, data, NULL, 200);
    assert_true(parquet_writer_close(writer, &summary, &err));
    assert_true(parquet_check_pages(fd, "test.parquet", &check, &err));
    uint32_t length;
    assert_int_equal(pread(fd, &length, 4, (off_t)summary.bytes - 8), 4);
    uint64_t missed = 0;
    for (off_t at = 0; at < (off_t)(summary.bytes - 8 - length); at++) {
        char byte, flipped;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        flipped = byte ^ 0x10;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        if (parquet_check_pages(fd, "test.parquet", &check, &err))
            missed++;
        else
            assert_int_equal(err.kind, ERR_CORRUPT);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    /* No CRC covers a header, where the numbers of encodings could be others as well. */
    assert_true(parquet_check_pages(fd, "test.parquet", &check, &err));
    assert_true(missed <= 6 * check.pages);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_do_not_depend_on_the_steps),
        cmocka_unit_test(a_shared_look_up_gives_the_same_file),
        cmocka_unit_test(a_file_needs_columns),
        cmocka_unit_test(a_missing_value_is_a_bug),
        cmocka_unit_test(a_full_disk_is_waited_for),
        cmocka_unit_test(flush_ends_a_row_group),
        cmocka_unit_test(memory_is_small_and_bounded),
        cmocka_unit_test(a_flipped_bit_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
