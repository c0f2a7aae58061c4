/*
 * parquet [ROWS [PARTITIONS]]: seven columns like those of a sales file into Parquet files that are thrown away; prints
 * rows and CPU seconds for each codec. Rows go round the partitions in batches, as a sink hands them over.
 */
#include "worker/format/parquet/parquet.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 30000, POOL = 120000, COLUMNS = 7, TEXT = 24 };

static const struct parquet_column columns[COLUMNS] = {
    {{"transaction_id", 14}, {.kind = TYPE_STRING}, false},
    {{"store_id", 8}, {.kind = TYPE_STRING}, true},
    {{"customer", 8}, {.kind = TYPE_INTEGER}, true},
    {{"currency", 8}, {.kind = TYPE_STRING}, false},
    {{"quantity", 8}, {.kind = TYPE_INTEGER}, false},
    {{"net", 3}, {TYPE_DECIMAL, 18, 2}, true},
    {{"ts", 2}, {.kind = TYPE_TIMESTAMP}, false},
};

struct data {
    struct arena *arena;
    struct vector vectors[COLUMNS];
    const struct vector *pointers[COLUMNS];
    char (*texts)[TEXT];
    uint64_t random;
};

static uint64_t next(struct data *data)
{
    data->random ^= data->random << 13;
    data->random ^= data->random >> 7;
    return data->random ^= data->random << 17;
}

static void set_text(struct data *data, uint32_t column, uint32_t row, const char *prefix, int digits, uint64_t value)
{
    char *text = data->texts[(size_t)row * COLUMNS + column];
    int n = snprintf(text, TEXT, "%s%0*llu", prefix, digits, (unsigned long long)value);
    data->vectors[column].str[row] = (struct str){text, (size_t)n};
}

static bool fill(struct data *data)
{
    static const char *const currencies[] = {"EUR", "USD", "GBP"};
    data->texts = arena_calloc(data->arena, (size_t)POOL * COLUMNS, TEXT);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        if (!data->texts || !vector_init(&data->vectors[c], columns[c].type, POOL, data->arena))
            return false;
        data->pointers[c] = &data->vectors[c];
    }
    for (uint32_t i = 0; i < POOL; i++) {
        set_text(data, 0, i, "TX", 12, next(data) % 1000000000000);
        set_text(data, 1, i, "S", 4, next(data) % 500);
        data->vectors[2].i64[i] = (int64_t)(next(data) % 1000000);
        data->vectors[3].str[i] = str_of(currencies[next(data) % 3]);
        data->vectors[4].i64[i] = (int64_t)(next(data) % 10 + 1);
        data->vectors[5].i64[i] = (int64_t)(next(data) % 100000);
        data->vectors[6].i64[i] = 1735689600000000 + (int64_t)(next(data) % 86400000) * 1000;
        data->vectors[2].state[i] = next(data) % 20 == 0;
    }
    return true;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool write_all(
    struct data *data, struct parquet_writer **writers, uint32_t partitions, uint32_t rows, struct err *err)
{
    uint32_t *picked = arena_calloc(data->arena, BATCH, sizeof *picked);
    size_t most = 0;
    for (uint32_t done = 0; picked && done < rows; done += BATCH) {
        size_t memory = 0;
        for (uint32_t p = 0; p < partitions; p++) {
            uint32_t n = 0;
            for (uint32_t i = p; i < BATCH; i += partitions)
                picked[n++] = done % POOL + i;
            if (!parquet_writer_append(writers[p], data->pointers, picked, n, err))
                return false;
            memory += parquet_writer_memory(writers[p]);
        }
        most = memory > most ? memory : most;
    }
    printf(" most memory %zu MB,", most >> 20);
    return true;
}

static bool run(struct data *data, enum parquet_codec codec, uint32_t partitions, uint32_t rows, struct err *err)
{
    static const char *const names[] = {"plain", "snappy", "gzip", "zstd"};
    struct parquet_writer **writers = calloc(partitions, sizeof(struct parquet_writer *));
    struct parquet_options options = {.codec = codec, .row_group_bytes = partitions > 1 ? 4 << 20 : 0};
    int fd = open("/dev/null", O_WRONLY);
    uint64_t bytes = 0;
    double start = cpu();
    printf("%-7s", names[codec]);
    bool ok = writers && fd >= 0;
    for (uint32_t p = 0; ok && p < partitions; p++)
        ok = (writers[p] = parquet_writer_open(fd, "bench", columns, COLUMNS, &options, err)) != NULL;
    ok = ok && write_all(data, writers, partitions, rows, err);
    for (uint32_t p = 0; ok && p < partitions; p++) {
        struct parquet_summary summary;
        ok = parquet_writer_close(writers[p], &summary, err);
        bytes += summary.bytes;
    }
    double took = cpu() - start;
    printf(" %.3f s CPU, %.2f M rows/s, %.1f MB\n", took, rows / took / 1e6, (double)bytes / 1e6);
    close(fd);
    free(writers);
    return ok;
}

int main(int argc, char **argv)
{
    uint32_t rows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 5000000;
    uint32_t partitions = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
    struct data data = {.arena = arena_new(0), .random = 88172645463325252u};
    struct err err = {0};
    bool ok = data.arena && partitions && fill(&data);
    const enum parquet_codec codecs[] = {PARQUET_UNCOMPRESSED, PARQUET_SNAPPY, PARQUET_ZSTD};
    for (size_t i = 0; ok && i < sizeof codecs / sizeof *codecs; i++)
        ok = run(&data, codecs[i], partitions, rows, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.message);
    arena_free(data.arena);
    return !ok;
}
