/*
 * libFuzzer: a file's bytes into the footer reader and the check of pages. Input without the frame of a Parquet file
 * gets one, so that mutation reaches the thrift structure.
 *   clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_footer.c
 */
#include "worker/format/parquet/parquet.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool put(int fd, const void *p, size_t n)
{
    return write(fd, p, n) == (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct parquet_footer footer;
    struct parquet_check check;
    struct arena *arena = arena_new(64 << 20);
    int fd = memfd_create("footer", MFD_CLOEXEC);
    uint32_t length = (uint32_t)size;
    bool framed = size >= 12 && memcmp(data, "PAR1", 4) == 0;
    if (!arena || fd < 0)
        abort();
    if (framed ? !put(fd, data, size)
               : !put(fd, "PAR1", 4) || !put(fd, data, size) || !put(fd, &length, sizeof length) || !put(fd, "PAR1", 4))
        abort();
    if (parquet_read_footer(fd, "input", &footer, arena, &err)) {
        size_t sum = 0;
        for (uint32_t i = 0; i < footer.column_count; i++)
            for (size_t b = 0; b < footer.columns[i].name.n; b++)
                sum += (uint8_t)footer.columns[i].name.p[b];
        for (size_t i = 0; i < footer.metadata_count; i++)
            sum += footer.metadata_keys[i].n + footer.metadata_values[i].n;
        if (sum == SIZE_MAX)
            abort();
    }
    if (parquet_check_pages(fd, "input", &check, &err) && check.rows > (uint64_t)INT64_MAX)
        abort();
    close(fd);
    arena_free(arena);
    return 0;
}
