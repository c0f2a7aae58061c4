/*
 * scan FILE WIDTH: GB/s of the structural scan alone and of reader_next() over the file, the best of five.
 * gcc -O2 -I. -D_GNU_SOURCE tests/bench/scan.c build/release/libworker.a build/release/libshared.a -lz -lzstd -lcrypto
 *     -lutf8proc -o /tmp/scan
 */
#include "worker/format/csv/scan.h"
#include "tests/unit/worker/format/csv/dump.h"

#include "shared/fs.h"

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double scan_all(const struct buf *input, size_t *entries)
{
    struct dialect dialect = dump_dialect();
    struct grammar grammar;
    struct scanner scanner;
    struct err err = {0};
    grammar_init(&grammar, &dialect);
    DUMP_REQUIRE(scanner_init(&scanner, &grammar, &err));
    double start = now();
    *entries = 0;
    /* Windows begin at records, as in the reader. */
    for (size_t at = 0; at < input->n;) {
        size_t n = input->n - at < SCAN_WINDOW ? input->n - at : SCAN_WINDOW;
        scanner.scan(&scanner.marks, input->p + at, n, &scanner.index);
        size_t count = scanner.index.count;
        while (count && input->p[at + scanner.index.ends[count - 1]] != '\n')
            count--;
        *entries += count;
        at += count ? scanner.index.ends[count - 1] + 1 : n;
    }
    double took = now() - start;
    scanner_dispose(&scanner);
    return took;
}

static double read_all(const struct buf *input, uint32_t width, uint64_t *rows)
{
    struct dialect dialect = dump_dialect();
    struct reader_options options = {.dialect = &dialect, .width = width};
    struct segment whole = {.length = UINT64_MAX, .first_row = 1, .first_line = 1};
    struct err err = {0};
    double start = now();
    struct stream *stream = stream_memory(buf_str(input), &err);
    struct reader *reader = reader_open(stream, &whole, 1, &options, &err);
    struct batch *batch = batch_new(0);
    enum reader_result result;
    *rows = 0;
    while ((result = reader_next(reader, batch, &err)) == READER_BATCH)
        *rows += batch->n;
    DUMP_REQUIRE(result == READER_END);
    batch_free(batch);
    reader_close(reader);
    stream_close(stream);
    return now() - start;
}

int main(int argc, char **argv)
{
    struct buf input;
    struct err err = {0};
    double scan = 1e9, read = 1e9;
    size_t entries = 0;
    uint64_t rows = 0;
    if (argc != 3) {
        fputs("usage: scan FILE WIDTH\n", stderr);
        return 2;
    }
    buf_init(&input, (size_t)1 << 32);
    if (!fs_read(argv[1], &input, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 4;
    }
    buf_reserve(&input, 64);
    for (int i = 0; i < 5; i++) {
        double took = scan_all(&input, &entries);
        scan = took < scan ? took : scan;
        took = read_all(&input, (uint32_t)strtoul(argv[2], NULL, 10), &rows);
        read = took < read ? took : read;
    }
    printf("scan %.2f GB/s (%zu ends), reader %.2f GB/s (%llu records)\n", (double)input.n / scan / 1e9, entries,
        (double)input.n / read / 1e9, (unsigned long long)rows);
    buf_dispose(&input);
    return 0;
}
