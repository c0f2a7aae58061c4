/*
 * The reader on arbitrary bytes: what always holds (see dump.h), and all lanes and chunk sizes agree. The first four
 * bytes choose the dialect.
 */
#ifndef TESTS_FUZZ_READER_H
#define TESTS_FUZZ_READER_H

#include "tests/unit/worker/format/csv/dump.h"

enum { HEAD = 4, MAX_INPUT = 16 * 1024 };

static inline struct dialect choose_dialect(const uint8_t *head)
{
    static const char *const delimiters[] = {",", ";", "\t", "::"};
    static const char *const line_ends[] = {"\n", "\r\n", "mixed", "\r"};
    struct dialect dialect = dump_dialect();
    dialect.delimiter = str_of(delimiters[head[0] % 16 < 13 ? 0 : head[0] % 4]);
    dialect.line_end = str_of(line_ends[head[0] / 16 % 4]);
    dialect.escape = head[1] % 8 == 1 ? '\\' : head[1] % 8 == 2 ? DIALECT_NONE : '"';
    dialect.quote = head[1] % 8 == 3 ? DIALECT_NONE : '"';
    if (dialect.quote == DIALECT_NONE)
        dialect.escape = DIALECT_NONE;
    dialect.comment = head[1] % 64 == 4 ? '#' : DIALECT_NONE;
    dialect.skip_initial_space = head[1] % 64 == 5;
    dialect.skip_footer = head[2] % 8 == 1 ? 2 : 0;
    dialect.max_row_bytes = head[2] % 8 == 2 ? 1 + head[2] / 8 : 0;
    return dialect;
}

static inline int fuzz_reader(const uint8_t *data, size_t size)
{
    static const char *const lanes[] = {"careful", "scalar", "avx2", "avx512"};
    if (size < HEAD || size > MAX_INPUT)
        return 0;
    struct dialect dialect = choose_dialect(data);
    struct reader_options options = {.dialect = &dialect, .width = 1 + data[3] % 7, .blank_tail = data[3] / 7 % 8 == 1};
    options.forgiving = data[3] / 56 == 1;
    struct str input = {(const char *)data + HEAD, size - HEAD};
    struct buf first, out;
    struct err err = {0};
    buf_init(&first, 64 << 20);
    buf_init(&out, 64 << 20);
    for (size_t i = 0; i < 2 * sizeof lanes / sizeof *lanes; i++) {
        setenv("SLUICE_SCAN", lanes[i / 2], 1);
        options.chunk_bytes = i % 2 ? 1 + data[2] : 0;
        options.max_rows = i % 2 ? 1 + data[1] % 9u : 0;
        buf_reset(&out);
        DUMP_REQUIRE(dump_bytes(input, &options, i ? &out : &first, &err));
        DUMP_REQUIRE(i == 0 || str_eq(buf_str(&out), buf_str(&first)));
    }
    unsetenv("SLUICE_SCAN");
    buf_dispose(&first);
    buf_dispose(&out);
    return 0;
}

#endif
