#include "dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const lanes[] = {"careful", "scalar", "avx2", "avx512"};
enum { LANES = sizeof lanes / sizeof *lanes };

struct reader_case {
    const char *name, *input, *expected;
    const char *line_end, *delimiter;
    int quote, escape, comment; /* 0: the usual */
    bool skip_space, forgiving, reject_blank;
    uint32_t width, blank_tail, footer, max_row;
};

static struct dialect case_dialect(const struct reader_case *c)
{
    struct dialect dialect = dump_dialect();
    if (c->quote)
        dialect.quote = dialect.escape = c->quote;
    if (c->escape)
        dialect.escape = c->escape;
    if (c->comment)
        dialect.comment = c->comment;
    if (c->delimiter)
        dialect.delimiter = str_of(c->delimiter);
    if (c->line_end)
        dialect.line_end = str_of(c->line_end);
    dialect.skip_initial_space = c->skip_space;
    dialect.skip_footer = c->footer;
    dialect.max_row_bytes = c->max_row;
    return dialect;
}

/* The expected texts follow from the rules in reader.h by hand; "python" names cells that csv.reader gave. */
static const struct reader_case cases[] = {
    {.name = "three records, the last without a line end",
        .input = "a,b,c\nd,e,f\r\ng,h,i",
        .expected = "1 L1 @0+5 g3 [a][b][c]\n2 L2 @6+5 g3 [d][e][f]\n3 L3 @13+5 g3 [g][h][i]\n"},
    {.name = "quotes: delimiter, line ends and quotes inside, python",
        .input = "\"a,1\",\"b\nc\",\"d\"\"e\"\r\n\"\",\"\"\"\",\"x\r\ny\"\nlast,,\n",
        .expected = "1 L1 @0+18 g3 'a,1''b\nc''d\"e'\n2 L3 @20+14 g3 '''\"''x\r\ny'\n3 L5 @35+6 g3 [last][][]\n"},
    {.name = "a quote inside unquoted text is text, python",
        .input = "5\",a\"b\"c,d\"\n",
        .expected = "1 L1 @0+11 g3 [5\"][a\"b\"c][d\"]\n"},
    {.name = "text behind a closing quote belongs to the cell, python",
        .input = "\"abc\"def,\"a\"\"b\"c\"d\",\"x\" \n",
        .expected = "1 L1 @0+24 g3 'abcdef''a\"bc\"d\"''x '\n"},
    {.name = "too few, too many",
        .input = "1,2\n1,2,3,4,5\n1\n",
        .expected = "1 L1 @0+3 r2 [1][2]- !missing-cell@2=\n2 L2 @4+9 r5 [1][2][3] !extra-cell@3=4\n"
                    "3 L3 @14+1 r1 [1]-- !missing-cell@1=\n"},
    {.name = "empty lines are no records, blank records are",
        .input = "\n\r\n1,2,3\n\n,,\n\"\"\n,,,,\n",
        .expected = "1 L3 @3+5 g3 [1][2][3]\n2 L5 @10+2 b3 [][][]\n3 L6 @13+2 b1 ''--\n4 L7 @16+4 b5 [][][]\n"},
    {.name = "blank records rejected",
        .input = ",,\n1,2,3\n",
        .expected = "1 L1 @0+2 r3 [][][] !blank-row@-1=\n2 L2 @3+5 g3 [1][2][3]\n",
        .reject_blank = true},
    {.name = "a stray quote at the end of the file takes its line only",
        .input = "1,2,3\n\"oops,2,3\n4,5,6\n",
        .expected = "1 L1 @0+5 g3 [1][2][3]\n2 L2 @6+9 r3 [\"oops][2][3] !unterminated-quote@0=\"oops\n"
                    "3 L3 @16+5 g3 [4][5][6]\n"},
    {.name = "a stray quote that meets an honest one",
        .input = "1,\"two,3\n4,5,6\n7,\"eight\",9\n",
        .expected = "1 L1 @0+8 r3 [1][\"two][3] !unterminated-quote@1=\"two\n2 L2 @9+5 g3 [4][5][6]\n"
                    "3 L3 @15+11 g3 [7]'eight'[9]\n"},
    {.name = "the first line of a record that fails, with a good field on it",
        .input = "\"a\",\"b,c\nd,e,f\n",
        .expected = "1 L1 @0+8 r3 'a'[\"b][c] !unterminated-quote@1=\"b\n2 L2 @9+5 g3 [d][e][f]\n"},
    {.name = "a NUL byte, python-free: named and kept",
        .input = "1,$,3\n4,5,6\n",
        .expected = "1 L1 @0+5 r3 [1][$][3] !null-byte@1=$\n2 L2 @6+5 g3 [4][5][6]\n"},
    {.name = "lone CR is content where lines end in LF, and counts as a line",
        .input = "1,a\rb,3\n4,5,6\n",
        .expected = "1 L1 @0+7 g3 [1][a\rb][3]\n2 L3 @8+5 g3 [4][5][6]\n"},
    {.name = "lone CR ends records where the dialect says so",
        .input = "1,2,3\r4,\"x\ry\",6\r\r7,8,9",
        .expected = "1 L1 @0+5 g3 [1][2][3]\n2 L2 @6+9 g3 [4]'x\ry'[6]\n3 L5 @17+5 g3 [7][8][9]\n",
        .line_end = "\r"},
    {.name = "mixed line ends",
        .input = "1,2,3\r4,5,6\r\n7,8,9\n0,0,0\r",
        .expected =
            "1 L1 @0+5 g3 [1][2][3]\n2 L2 @6+5 g3 [4][5][6]\n3 L3 @13+5 g3 [7][8][9]\n4 L4 @19+5 g3 [0][0][0]\n",
        .line_end = "mixed"},
    {.name = "a delimiter of two bytes",
        .input = "a::b:c::\"d::e\"\nf::g::h:\n",
        .expected = "1 L1 @0+14 g3 [a][b:c]'d::e'\n2 L2 @15+8 g3 [f][g][h:]\n",
        .delimiter = "::"},
    {.name = "a delimiter outside ASCII",
        .input = "a\xC2\xA6"
                 "b\xC2\xA7\xC2\xA6"
                 "c\n",
        .expected = "1 L1 @0+9 g3 [a][b\xC2\xA7][c]\n",
        .delimiter = "\xC2\xA6"},
    {.name = "another quote",
        .input = "'a,b',\"c,'d''e'\n",
        .expected = "1 L1 @0+15 g3 'a,b'[\"c]'d'e'\n",
        .quote = '\''},
    {.name = "no quote at all",
        .input = "\"a,b\",c\n",
        .expected = "1 L1 @0+7 g3 [\"a][b\"][c]\n",
        .quote = DIALECT_NONE},
    {.name = "a backslash escapes, python doublequote=False escapechar",
        .input = "\"a\\\"b\",c\\,d,\"e\\\\\"\nC:\\,x,y\\\nz,\"\\\n\",w\n",
        .expected =
            "1 L1 @0+17 g3 'a\"b'[c,d]'e\\'\n2 L2 @18+8 r2 [C:,x][y\\]- !missing-cell@2=\n3 L3 @27+8 g3 [z]'\n'[w]\n",
        .escape = '\\'},
    {.name = "spaces behind the delimiter, python skipinitialspace",
        .input = "a, b,  \"c,d\"\n1,2 , 3\n",
        .expected = "1 L1 @0+12 g3 [a][b]'c,d'\n2 L2 @13+7 g3 [1][2 ][3]\n",
        .skip_space = true},
    {.name = "comments",
        .input = "#x,\"y\n1,2,3\n# \n4,#5,6\n#end",
        .expected = "1 L2 @6+5 g3 [1][2][3]\n2 L4 @15+6 g3 [4][#5][6]\n",
        .comment = '#'},
    {.name = "a tail without labels",
        .input = "1,2\n1,2,\n1,2,3\n1\n1,2,,9\n",
        .expected = "1 L1 @0+3 g2 [1][2]-\n2 L2 @4+4 g3 [1][2][]\n3 L3 @9+5 r3 [1][2][3] !extra-cell@2=3\n"
                    "4 L4 @15+1 r1 [1]-- !missing-cell@1=\n5 L5 @17+6 r4 [1][2][] !extra-cell@3=9\n",
        .blank_tail = 1},
    {.name = "forgiving",
        .input = "1,2\n,,\n1,2,3,4\n\"x,y\nz\n",
        .expected = "1 L1 @0+3 g2 [1][2]-\n2 L2 @4+2 g3 [][][]\n3 L3 @7+7 g4 [1][2][3]\n4 L4 @15+4 g2 [\"x][y]-\n5 L5 "
                    "@20+1 g1 [z]--\n",
        .forgiving = true},
    {.name = "a footer",
        .input = "1,2,3\n4,5,6\n7,8,9\nTotal\n\n2 rows\n",
        .expected = "1 L1 @0+5 g3 [1][2][3]\n2 L2 @6+5 g3 [4][5][6]\n3 L3 @12+5 g3 [7][8][9]\n",
        .footer = 2},
    {.name = "nothing but a footer", .input = "Total\n", .expected = "", .footer = 2},
    {.name = "a record that is too long, among others",
        .input = "1,2,3\n0123456789,0123456789\r\n4,5,6\n0123456789,01234",
        .expected = "1 L1 @0+5 g3 [1][2][3]\n2 L2 @6+21 r1 [0123456789]-- !row-too-long@-1=\n3 L3 @29+5 g3 [4][5][6]\n"
                    "4 L4 @35+16 r1 [0123456789]-- !row-too-long@-1=\n",
        .max_row = 10},
    {.name = "a quoted field that passes the limit is a stray quote",
        .input = "\"a,2,3\n4,5,6\n\",8,9\n",
        .expected = "1 L1 @0+6 r3 [\"a][2][3] !unterminated-quote@0=\"a\n2 L2 @7+5 g3 [4][5][6]\n"
                    "3 L3 @13+5 r3 [\"][8][9] !unterminated-quote@0=\"\n",
        .max_row = 12},
    {.name = "nothing", .input = "", .expected = ""},
    {.name = "a delimiter is the last byte", .input = "1,2,", .expected = "1 L1 @0+4 g3 [1][2][]\n"},
    {.name = "a quoted cell is the last byte", .input = "1,2,\"3\"", .expected = "1 L1 @0+7 g3 [1][2]'3'\n"},
    {.name = "a CR is the last byte", .input = "1,2,3\r", .expected = "1 L1 @0+5 g3 [1][2][3]\n"},
    {.name = "one column",
        .input = "a\n\n\"\"\nb",
        .expected = "1 L1 @0+1 g1 [a]\n2 L3 @3+2 b1 ''\n3 L4 @6+1 g1 [b]\n",
        .width = 1},
};

/* NUL cannot stand in a C string: '$' does, in the one case that is about it. */
static void put_nul(char *p, size_t n, const struct reader_case *c)
{
    for (size_t i = 0; strstr(c->name, "NUL") && i < n; i++)
        if (p[i] == '$')
            p[i] = '\0';
}

static void run_case(const struct reader_case *c, size_t chunk)
{
    struct dialect dialect = case_dialect(c);
    struct reader_options options = {.dialect = &dialect,
        .width = c->width ? c->width : 3,
        .blank_tail = c->blank_tail,
        .reject_blank = c->reject_blank,
        .forgiving = c->forgiving,
        .chunk_bytes = chunk};
    struct buf out, input, expected;
    struct err err = {0};
    buf_init(&out, 1 << 20);
    buf_init(&input, 1 << 20);
    buf_init(&expected, 1 << 20);
    buf_add_cstr(&input, c->input);
    buf_add_cstr(&expected, c->expected);
    if (input.n)
        put_nul(input.p, input.n, c);
    if (expected.n)
        put_nul(expected.p, expected.n, c);
    assert_true(dump_bytes(buf_str(&input), &options, &out, &err));
    if (!str_eq(buf_str(&out), buf_str(&expected)))
        fail_msg("%s (chunks of %zu, %s):\n%sexpected:\n%s", c->name, chunk, getenv("SLUICE_SCAN"), out.n ? out.p : "",
            c->expected);
    buf_dispose(&out);
    buf_dispose(&input);
    buf_dispose(&expected);
}

static void test_cases(void **state)
{
    static const size_t chunks[] = {1, 7, 64, 1 << 20};
    (void)state;
    for (size_t lane = 0; lane < LANES; lane++) {
        setenv("SLUICE_SCAN", lanes[lane], 1);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (size_t chunk = 0; chunk < sizeof chunks / sizeof *chunks; chunk++)
                run_case(&cases[i], chunks[chunk]);
    }
    unsetenv("SLUICE_SCAN");
}

/* splitmix64 */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Mostly honest, now and then not: what parsers get wrong, in pieces. */
static void nasty(uint64_t *seed, struct buf *out)
{
    static const char *const honest[] = {"a", "12.50", ",", ",", ",", "\n", "\n", "\r\n", "\"x, y\"", ",\"\",",
        ",\"q\"\"q\",", ",\"two\nlines\",",
        "Gr\xC3\xB6\xC3\x9F"
        "e",
        ",", "some longer text that fills a block "};
    static const char *const odd[] = {"\"", "\"\"", "\"\"\"", "\r", "\n\n", ",\"", "\",", "\",\"", "\"\n\"",
        "x\",\"y\n", "\xFF", "\n\r", "\"x\"y", " \"", "\"\r"};
    uint64_t oddity = next_random(seed) % 40;
    size_t pieces = next_random(seed) % 400;
    for (size_t i = 0; i < pieces; i++) {
        bool is_odd = next_random(seed) % 100 < oddity;
        uint64_t pick = next_random(seed);
        if (is_odd && pick % 50 == 0)
            buf_add_byte(out, '\0');
        else
            buf_add_cstr(
                out, is_odd ? odd[pick % (sizeof odd / sizeof *odd)] : honest[pick % (sizeof honest / sizeof *honest)]);
    }
}

static void test_lanes_agree(void **state)
{
    static const char *const line_ends[] = {"\n", "\r\n", "mixed", "\r"};
    (void)state;
    for (uint64_t round = 0; round < 3000; round++) {
        uint64_t seed = round;
        struct dialect dialect = dump_dialect();
        struct reader_options options = {.dialect = &dialect};
        struct buf input, first, out;
        struct err err = {0};
        buf_init(&input, 1 << 20);
        buf_init(&first, 1 << 24);
        buf_init(&out, 1 << 24);
        nasty(&seed, &input);
        dialect.line_end = str_of(line_ends[next_random(&seed) % 4]);
        dialect.max_row_bytes = next_random(&seed) % 3 ? 0 : 1 + next_random(&seed) % 300;
        dialect.skip_footer = next_random(&seed) % 4 ? 0 : next_random(&seed) % 5;
        options.width = 1 + (uint32_t)(next_random(&seed) % 6);
        for (size_t lane = 0; lane < LANES; lane++) {
            setenv("SLUICE_SCAN", lanes[lane], 1);
            for (size_t again = 0; again < 2; again++) {
                options.chunk_bytes = again ? 1 + next_random(&seed) % 500 : 0;
                options.max_rows = again ? 1 + (uint32_t)(next_random(&seed) % 20) : 0;
                buf_reset(&out);
                assert_true(dump_bytes(buf_str(&input), &options, lane || again ? &out : &first, &err));
                if ((lane || again) && !str_eq(buf_str(&out), buf_str(&first)))
                    fail_msg("round %u, %s, chunks of %zu:\n%s\nnot\n%s\nfrom\n%s", (unsigned)round, lanes[lane],
                        options.chunk_bytes, out.p, first.p, input.p);
            }
        }
        buf_dispose(&input);
        buf_dispose(&first);
        buf_dispose(&out);
    }
    unsetenv("SLUICE_SCAN");
}

/* A writer that follows RFC 4180, and the cells it was given: the dump must show just those. */
static void test_clean_input_comes_back(void **state)
{
    static const char *const values[] = {"", "a", "x,y", "say \"hi\"", "two\nlines", "win\r\nlines", "\"", "\"\"", ",",
        "long text "
        "that passes the sixty-four bytes of a block, with a comma in it and \"quotes\" as well",
        "M\xC3\xBCller"};
    (void)state;
    uint64_t seed = 7;
    struct buf input, expected, out;
    struct err err = {0};
    buf_init(&input, 1 << 24);
    buf_init(&expected, 1 << 24);
    buf_init(&out, 1 << 24);
    uint64_t line = 1;
    for (unsigned row = 1; row <= 5000; row++) {
        const char *picked[3];
        size_t start = input.n;
        uint64_t lines = 1;
        for (int column = 0; column < 3; column++) {
            picked[column] = column ? values[next_random(&seed) % (sizeof values / sizeof *values)] : "id";
            bool quote = strpbrk(picked[column], ",\"\r\n") != NULL;
            buf_add_cstr(&input, column ? "," : "");
            buf_add_cstr(&input, quote ? "\"" : "");
            for (const char *c = picked[column]; *c; c++) {
                lines += *c == '\n';
                buf_add_cstr(&input, *c == '"' ? "\"" : "");
                buf_add_byte(&input, *c);
            }
            buf_add_cstr(&input, quote ? "\"" : "");
        }
        buf_printf(&expected, "%u L%llu @%zu+%zu g3 ", row, (unsigned long long)line, start, input.n - start);
        for (int column = 0; column < 3; column++) {
            const char *mark = strpbrk(picked[column], ",\"\r\n") ? "''" : "[]";
            buf_printf(&expected, "%c%s%c", mark[0], picked[column], mark[1]);
        }
        buf_add_byte(&expected, '\n');
        buf_add_cstr(&input, "\r\n");
        line += lines;
    }
    struct dialect dialect = dump_dialect();
    struct reader_options options = {.dialect = &dialect, .width = 3};
    for (size_t lane = 0; lane < LANES; lane++) {
        setenv("SLUICE_SCAN", lanes[lane], 1);
        buf_reset(&out);
        assert_true(dump_bytes(buf_str(&input), &options, &out, &err));
        assert_true(str_eq(buf_str(&out), buf_str(&expected)));
    }
    unsetenv("SLUICE_SCAN");
    buf_dispose(&input);
    buf_dispose(&expected);
    buf_dispose(&out);
}

static void test_segments(void **state)
{
    static const char input[] = "1,2,3\n4,5,6\n7,8,9\nx,y,z\n";
    static const char expected[] = "2 L2 @6+5 g3 [4][5][6]\n3 L3 @12+6 g3 [70][8][9]\n4 L4 @18+5 g3 [x][y][z]\n";
    const struct segment segments[] = {{6, 6, 2, 2, {0}}, {12, 6, 3, 3, STR("70,8,9\n")}, {18, UINT64_MAX, 4, 4, {0}}};
    struct dialect dialect = dump_dialect();
    struct reader_options options = {.dialect = &dialect, .width = 3};
    struct err err = {0};
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 16);
    struct stream *stream = stream_memory(str_of(input), &err);
    assert_true(dump_stream(stream, segments, 3, &options, NULL, &out, &err));
    assert_string_equal(out.p, expected);
    stream_close(stream);
    buf_dispose(&out);
}

static void test_encodings(void **state)
{
    /* Python: 'ä,😀,"x\ny"\nb,c,d'.encode(…) */
    static const char utf16[] = "\xe4\0,\0=\xd8\0\xde,\0\"\0x\0\n\0y\0\"\0\n\0b\0,\0c\0,\0d\0";
    static const char expected16[] = "1 L1 @0+20 g3 [\xC3\xA4][\xF0\x9F\x98\x80]'x\ny'\n2 L3 @22+10 g3 [b][c][d]\n";
    static const char latin[] = "\xe4,\x80,\"x\ny\"\nb,c,d";
    static const char expected_latin[] = "1 L1 @0+9 g3 [\xC3\xA4][\xE2\x82\xAC]'x\ny'\n2 L3 @10+5 g3 [b][c][d]\n";
    static const size_t chunks[] = {1, 5, 0};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct dialect dialect = dump_dialect();
        bool wide = i < 3;
        dialect.encoding = wide ? ENCODING_UTF16LE : ENCODING_SINGLE_BYTE;
        dialect.encoding_name = wide ? STR("utf-16le") : STR("windows-1252");
        struct reader_options options = {.dialect = &dialect, .width = 3, .chunk_bytes = chunks[i % 3]};
        struct buf out;
        buf_init(&out, 1 << 16);
        struct str bytes = wide ? (struct str){utf16, sizeof utf16 - 1} : STR(latin);
        assert_true(dump_bytes(bytes, &options, &out, &err));
        assert_string_equal(out.p, wide ? expected16 : expected_latin);
        buf_dispose(&out);
    }
}

/* Hostile input of some MB must neither take long nor much memory: each would take minutes if looked at again and
 * again. */
static void test_hostile_input_is_linear(void **state)
{
    static const char *const lines[] = {
        "x\",\"y\n", "a,\"b\n", "\"\n", ",,,,,,,,\n", "\"\"\"x\n", "a,\"\n", "\"\",\"\n", "\r", "\"a\"b\n"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct dialect dialect = dump_dialect();
        struct reader_options options = {.dialect = &dialect, .width = 300};
        struct buf input;
        struct err err = {0};
        buf_init(&input, 1 << 24);
        while (input.n < 3 * 1000 * 1000)
            buf_add_cstr(&input, lines[i]);
        struct stream *stream = stream_memory(buf_str(&input), &err);
        struct segment whole = {.length = UINT64_MAX, .first_row = 1, .first_line = 1};
        struct reader *reader = reader_open(stream, &whole, 1, &options, &err);
        struct batch *batch = batch_new(64 << 20);
        enum reader_result result;
        do
            result = reader_next(reader, batch, &err);
        while (result == READER_BATCH);
        if (result != READER_END)
            fail_msg("%s: %s", lines[i], err.message);
        batch_free(batch);
        reader_close(reader);
        stream_close(stream);
        buf_dispose(&input);
    }
}

/* 40 MB in one line, in one quoted field, in one comment: bounded memory, and the record behind is found. */
static void test_endless_rows(void **state)
{
    static const struct {
        const char *start, *expected;
        int comment;
    } endless[] = {
        {"", "2 L2 @10000001+5 g3 [1][2][3]\n", 0},
        {"\"", "2 L2 @10000002+5 g3 [1][2][3]\n", 0},
        {"#", "1 L2 @10000002+5 g3 [1][2][3]\n", '#'},
    };
    (void)state;
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct reader_case c = {.comment = endless[i].comment};
        struct dialect dialect = case_dialect(&c);
        struct reader_options options = {.dialect = &dialect, .width = 3};
        struct buf input, out;
        struct err err = {0};
        buf_init(&input, 1 << 24);
        buf_init(&out, 1 << 24);
        buf_add_cstr(&input, endless[i].start);
        for (size_t n = 0; n < 1000 * 1000; n++)
            buf_add_cstr(&input, "0123456789");
        buf_add_cstr(&input, "\n1,2,3\n");
        assert_true(dump_bytes(buf_str(&input), &options, &out, &err));
        struct str dump = buf_str(&out);
        assert_true(str_ends(dump, str_of(endless[i].expected)));
        assert_true(dump.n < 70 * 1000);
        buf_dispose(&input);
        buf_dispose(&out);
    }
}

static void test_refusals(void **state)
{
    struct err err = {0};
    struct segment whole = {.length = UINT64_MAX, .first_row = 1, .first_line = 1};
    struct dialect dialect = dump_dialect();
    struct reader_options options = {.dialect = &dialect, .width = 3};
    (void)state;
    dialect.skip_footer = 100000;
    assert_null(reader_open(NULL, &whole, 1, &options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    dialect = dump_dialect();
    dialect.encoding = ENCODING_SINGLE_BYTE;
    dialect.encoding_name = STR("klingon-8");
    assert_null(reader_open(NULL, &whole, 1, &options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.message, "the encoding klingon-8 is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_lanes_agree),
        cmocka_unit_test(test_clean_input_comes_back),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_hostile_input_is_linear),
        cmocka_unit_test(test_endless_rows),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
