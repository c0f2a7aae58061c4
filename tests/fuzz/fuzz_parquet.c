/*
 * libFuzzer: a file's bytes into the reader of values, every column that it takes, every value touched.
 *   clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_parquet.c
 */
#include "worker/format/parquet/parquet_reader.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hostile file may state any number of rows at no cost to itself. */
enum { MOST_SLICES = 64 };

static size_t touch(const struct vector *vector, uint32_t n)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (vector->state[i] != VALUE_PRESENT)
            continue;
        if (vector->type.kind != TYPE_STRING)
            sum += *(const uint8_t *)vector_at(vector, i);
        else
            for (size_t b = 0; b < vector->str[i].n; b++)
                sum += (uint8_t)vector->str[i].p[b];
    }
    return sum;
}

static void read_column(struct parquet_reader *reader, uint32_t column)
{
    struct err err;
    const struct vector *vector;
    uint32_t n = 1;
    bool ok = parquet_reader_select(reader, &column, 1, &err);
    for (int i = 0; ok && n && i < MOST_SLICES; i++) {
        ok = parquet_reader_next(reader, &vector, &n, &err);
        if (ok && n && touch(vector, n) == SIZE_MAX)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    struct parquet_reader *reader = parquet_reader_open(fd, "input", &err);
    if (reader) {
        uint32_t count = parquet_reader_footer(reader)->column_count;
        for (uint32_t i = 0; i < count && i < 64; i++)
            read_column(reader, i);
    }
    parquet_reader_close(reader);
    close(fd);
    return 0;
}
