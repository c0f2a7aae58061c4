#include "worker/format/csv/sniff.h"

#include "shared/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#define TEXT(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define NONE DIALECT_NONE

struct expected {
    const char *name;
    struct str text;
    const char *delimiter; /* NULL: any, one column */
    int quote, escape;
    int rows;
    int64_t line;
    uint32_t width;
    size_t data; /* offset of the first data record */
};

static const struct expected dialects[] = {
    {"comma", TEXT("id,name,price\n1,Ann,2.50\n2,Bob,3.75\n"), ",", '"', '"', 1, 1, 3, 14},
    {"semicolon, decimal comma", TEXT("id;price;tax\n1;2,50;0,19\n2;3,75;0,07\n3;4,00;0,19\n"), ";", '"', '"', 1, 1, 3,
        13},
    {"semicolon, all decimal commas", TEXT("1,5;2,3;4,0\n1,7;2,9;4,1\n8,5;3,3;6,0\n"), ";", '"', '"', 0, 0, 3, 0},
    {"tab", TEXT("a\tb\n1\tx, y\n2\tz, w\n"), "\t", '"', '"', 1, 1, 2, 4},
    {"pipe", TEXT("a|b|c\n1|x|2020-01-01\n2|y|2020-01-02\n"), "|", '"', '"', 1, 1, 3, 6},
    {"caret", TEXT("a^b^c\n1^x^2\n2^y^3\n"), "^", '"', '"', 1, 1, 3, 6},
    {"tilde", TEXT("a~b~c\n1~x~2\n2~y~3\n"), "~", '"', '"', 1, 1, 3, 6},
    {"colon", TEXT("a:b:c\n1:x:2.5\n2:y:3.5\n"), ":", '"', '"', 1, 1, 3, 6},
    {"control-A", TEXT("a\001b\001c\n1\001x\0012.5\n2\001y\0013.5\n"), "\x01", '"', '"', 1, 1, 3, 6},
    {"section sign",
        TEXT("a\xC2\xA7"
             "b\n1\xC2\xA7x\n2\xC2\xA7y\n"),
        "\xC2\xA7", '"', '"', 1, 1, 2, 5},
    {"double pipe", TEXT("a||b||c\n1||x||2\n2||y||3\n"), "||", '"', '"', 1, 1, 3, 8},
    {"double colon", TEXT("a::b::c\n1::x y::2\n2::y z::3\n"), "::", '"', '"', 1, 1, 3, 8},
    {"spaces between numbers", TEXT("x y z\n1 2 3.5\n4 5 6.5\n7 8 9.5\n"), " ", '"', '"', 1, 1, 3, 6},
    {"times hold colons", TEXT("t,v\n12:30:00,5\n12:31:00,6\n12:32:00,7\n"), ",", '"', '"', 1, 1, 2, 4},
    {"comma in quotes", TEXT("a,b\n\"1,2\",x\n\"3,4\",y\n"), ",", '"', '"', 1, 1, 2, 4},
    {"newline in quotes", TEXT("id,note,n\n1,\"two\nlines\",4\n2,\"one\",5\n"), ",", '"', '"', 1, 1, 3, 10},
    {"doubled quotes", TEXT("a,b\n1,\"say \"\"hi\"\", he said\"\n2,\"\"\"x\"\"\"\n"), ",", '"', '"', 1, 1, 2, 4},
    {"backslash escape", TEXT("a,b,c\n1,\"say \\\"hi\\\", Bob\",2\n2,\"24\\\"\",3\n"), ",", '"', '\\', 1, 1, 3, 6},
    {"single quotes", TEXT("a,b,c\n1,'x, y',2\n2,'z, it''s',3\n3,'u, v',4\n"), ",", '\'', '\'', 1, 1, 3, 6},
    {"apostrophes are no quotes", TEXT("a,b\n1,don't\n2,'tis\n3,Ann's\n"), ",", '"', '"', 1, 1, 2, 4},
    {"an address does not make the line one", TEXT("a|b|c\n1|u1@e.com|x\n2|u2@e.com|y\n3|u3@e.com|z\n"), "|", '"', '"',
        1, 1, 3, 6},
    {"nor does a leading URL", TEXT("a;b\nhttp://e.com/1;x\nhttp://e.com/2;y\nhttps://f.com/;z\n"), ";", '"', '"', 1, 1,
        2, 4},
    {"CRLF", TEXT("a,b\r\n1,2\r\n3,4\r\n"), ",", '"', '"', 1, 1, 2, 5},
    {"CR", TEXT("a,b\r1,2\r3,4\r"), ",", '"', '"', 1, 1, 2, 4},
    {"no end of the last line", TEXT("a,b\n1,2\n3,4"), ",", '"', '"', 1, 1, 2, 4},
};

static const struct expected single_columns[] = {
    {"words with spaces", TEXT("name\nJohn Smith\nMary Jones\nAnn Lee\n"), NULL, '"', '"', 1, 1, 1, 5},
    {"date-times", TEXT("when\n2020-01-01 10:00:00\n2020-01-02 11:30:00\n2020-01-03 12:00:00\n"), NULL, '"', '"', 1, 1,
        1, 5},
    {"grouped numbers", TEXT("amount\n1,234\n5,678\n12,345\n"), NULL, '"', '"', 1, 1, 1, 7},
    {"prose with commas",
        TEXT("comment\nThis is good, I like it\nNo\nWell, if you, me, and she agree\nFine\nMaybe not\n"), NULL, '"',
        '"', 1, 1, 1, 8},
    {"numbers", TEXT("n\n1\n2\n3\n"), NULL, '"', '"', 1, 1, 1, 2},
    {"numbers without a header", TEXT("1\n2\n3\n"), NULL, '"', '"', 0, 0, 1, 0},
    {"URLs", TEXT("url\nhttps://a.example/x\nhttps://b.example/y\n"), NULL, '"', '"', 1, 1, 1, 4},
    {"codes", TEXT("code\nEEEA\nEEBC\nEECD\nEDEA\n"), NULL, '"', '"', 1, 1, 1, 5},
};

static const struct expected headers[] = {
    {"no header", TEXT("1,Ann,2.50\n2,Bob,3.75\n3,Cy,1.00\n"), ",", '"', '"', 0, 0, 3, 0},
    {"header only", TEXT("id,name,price\n"), ",", '"', '"', 1, 1, 3, 14},
    {"one record, no header", TEXT("1,2020-01-01,3.5\n"), ",", '"', '"', 0, 0, 3, 0},
    {"all words", TEXT("name,city\nAnn,Berlin\nBob,Paris\nCy,Berlin\n"), ",", '"', '"', 1, 1, 2, 10},
    {"title and blank line", TEXT("Sales report 2026\n\nid,name,price\n1,Ann,2.50\n2,Bob,3.75\n"), ",", '"', '"', 1, 3,
        3, 33},
    {"padded title", TEXT("Sales,,,\n,,,\nid,name,price,n\n1,Ann,2.50,1\n2,Bob,3.75,2\n"), ",", '"', '"', 1, 3, 4, 29},
    {"title over two columns", TEXT("Travel for the period,\n,\nLabel,Sum\nHotels,227799.88\nRail,1981067.75\n"), ",",
        '"', '"', 1, 3, 2, 35},
    {"title over sparse records",
        TEXT("Dept,,,,\nTravel,,,,\nName,Date,Place,Why,Cost\nA,NIL,,,\nB,14-Jan,Berlin,x,584\nC,NIL,,,\nD,28-Feb,Rome,"
             "y,239\n"
             "E,NIL,,,\n"),
        ",", '"', '"', 1, 3, 5, 45},
    {"two header lines", TEXT("length,mass,who\nm,kg,\n1.5,2.5,Ann\n1.6,2.6,Bob\n1.7,2.7,Cy\n"), ",", '"', '"', 2, 1, 3,
        22},
    {"repeated header", TEXT("d,n,w\nd,n,w\n2020-01-01,1,x\n2020-01-02,2,y\n"), ",", '"', '"', 2, 1, 3, 12},
    {"no value is no label", TEXT("name,a,b\nAnn,N/A,N/A\nBob,1,2\nCy,3,4\nDi,5,6\n"), ",", '"', '"', 1, 1, 3, 9},
    {"years as labels", TEXT("region,2019,2020,2021\nNorth,1.5,2.5,3.5\nSouth,1.7,2.7,3.7\n"), ",", '"', '"', 1, 1, 4,
        22},
    {"ragged records", TEXT("a,b,c\n1,2\n3,4,5,6\n7\n8,9,10\n"), ",", '"', '"', 1, 1, 3, 6},
    {"Excel's announcement", TEXT("sep=;\nid;name\n1;a,b\n2;c\n"), ";", '"', '"', 1, 2, 2, 14},
    {"footer stays data", TEXT("a,b\n1,2\n3,4\n5,6\nTotal 3 rows\n"), ",", '"', '"', 1, 1, 2, 4},
    {"notes above, other width", TEXT("# made by x\n# on 2020-01-01, by y\na,b,c\n1,2,3\n4,5,6\n7,8,9\n"), ",", '"',
        '"', 1, 3, 3, 40},
};

static void check(const struct expected *e)
{
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    struct sniff_request request = {.sample = e->text, .whole = true};
    if (!sniff_csv(&request, &sniff, arena, &err))
        fail_msg("%s: %s", e->name, err.message);
    struct str delimiter = sniff.dialect.delimiter;
    if (e->delimiter && !str_eq(delimiter, str_of(e->delimiter)))
        fail_msg("%s: delimiter '" STR_FMT "'", e->name, STR_ARG(delimiter));
    if (delimiter.n == 0)
        fail_msg("%s: no delimiter", e->name);
    if (sniff.dialect.quote != e->quote || sniff.dialect.escape != e->escape)
        fail_msg("%s: quote %d, escape %d", e->name, sniff.dialect.quote, sniff.dialect.escape);
    if (sniff.width != e->width)
        fail_msg("%s: width %u", e->name, sniff.width);
    if (sniff.dialect.header_rows != e->rows || sniff.dialect.header_line != e->line)
        fail_msg("%s: %d header rows on line %d", e->name, sniff.dialect.header_rows, (int)sniff.dialect.header_line);
    if (sniff.dialect.first_data_offset != e->data)
        fail_msg("%s: data at %d", e->name, (int)sniff.dialect.first_data_offset);
    assert_true((sniff.labels != NULL) == (e->rows > 0));
    arena_free(arena);
}

static void dialects_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        check(&dialects[i]);
}

static void one_column_is_not_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof single_columns / sizeof *single_columns; i++)
        check(&single_columns[i]);
}

static void headers_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        check(&headers[i]);
}

static void spaces_after_delimiters_are_left_out(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    struct sniff_request request = {
        .sample = STR("a, b, c\n1, \"x, y\", 2.5\n2, \"z\", 3.5\n3, \"u, v, w\", 4.5\n"), .whole = true};
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    assert_int_equal(sniff.width, 3);
    assert_true(str_eq(sniff.labels[1], STR("b")));
    assert_true(sniff.dialect.skip_initial_space || str_eq(sniff.dialect.delimiter, STR(", ")));
    arena_free(arena);
}

struct encoded {
    const char *name;
    struct str text;
    const char *encoding;
    bool mark;
    size_t data;
    const char *label; /* the second */
};

static const struct encoded encodings[] = {
    {"ascii", TEXT("a,b\n1,2\n"), "utf-8", false, 4, "b"},
    {"utf-8",
        TEXT("a,b\xC3\xA9\n1,\xE2\x82\xAC"
             "2\n"),
        "utf-8", false, 6, "b\xC3\xA9"},
    {"utf-8 with a mark",
        TEXT("\xEF\xBB\xBF"
             "a,b\n1,2\n"),
        "utf-8", true, 7, "b"},
    {"windows-1252", TEXT("a,caf\xE9\n1,\x93x\x94\n"), "windows-1252", false, 7, "caf\xC3\xA9"},
    {"iso-8859-1", TEXT("a,caf\xE9\n1,x\n"), "iso-8859-1", false, 7, "caf\xC3\xA9"},
    {"iso-8859-1 with controls", TEXT("a,caf\xE9\n1,x\x81\n"), "iso-8859-1", false, 7, "caf\xC3\xA9"},
    {"utf-16le with a mark",
        TEXT("\xFF\xFE"
             "a\0,\0b\0\n\0"
             "1\0,\0"
             "2\0\n\0"),
        "utf-16le", true, 10, "b"},
    {"utf-16be with a mark",
        TEXT("\xFE\xFF\0a\0,\0b\0\n\0"
             "1\0,\0"
             "2\0\n"),
        "utf-16be", true, 10, "b"},
    {"utf-16le",
        TEXT("a\0,\0b\0\n\0"
             "1\0,\0"
             "2\0\n\0"),
        "utf-16le", false, 8, "b"},
    {"utf-16be",
        TEXT("\0a\0,\0b\0\n\0"
             "1\0,\0"
             "2\0\n"),
        "utf-16be", false, 8, "b"},
    {"utf-16le beyond the basic plane",
        TEXT("a\0,\0\x3D\xD8\x00\xDE\n\0"
             "1\0,\0"
             "2\0\n\0"),
        "utf-16le", false, 10, "\xF0\x9F\x98\x80"},
    {"utf-32le",
        TEXT("a\0\0\0,\0\0\0b\0\0\0\n\0\0\0"
             "1\0\0\0,\0\0\0"
             "2\0\0\0\n\0\0\0"),
        "utf-32le", false, 16, "b"},
    {"utf-32be with a mark",
        TEXT("\0\0\xFE\xFF\0\0\0a\0\0\0,\0\0\0b\0\0\0\n\0\0\0"
             "1\0\0\0,\0\0\0"
             "2\0\0\0\n"),
        "utf-32be", true, 20, "b"},
};

static void encodings_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        const struct encoded *e = &encodings[i];
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct sniff_request request = {.sample = e->text, .whole = true};
        if (!sniff_csv(&request, &sniff, arena, &err))
            fail_msg("%s: %s", e->name, err.message);
        if (!str_eq(sniff.dialect.encoding_name, str_of(e->encoding)) || sniff.dialect.byte_order_mark != e->mark)
            fail_msg("%s: " STR_FMT, e->name, STR_ARG(sniff.dialect.encoding_name));
        if (sniff.dialect.first_data_offset != e->data || sniff.width != 2)
            fail_msg("%s: data at %d, width %u", e->name, (int)sniff.dialect.first_data_offset, sniff.width);
        if (!sniff.labels || !str_eq(sniff.labels[1], str_of(e->label)))
            fail_msg("%s: label", e->name);
        arena_free(arena);
    }
}

struct refused {
    const char *name;
    struct str text;
    const char *code, *says; /* part of the message */
};

static const struct refused refusals[] = {
    {"nothing", TEXT(""), "empty-file", "empty"},
    {"blank space", TEXT(" \r\n\n\t\n"), "empty-file", "blank"},
    {"NUL bytes",
        TEXT("\000\064\000\000\000\315\000\161\000\000\000\015\000\000\000\000\254\306\000\000\000\000\225\237\000\330"
             "\000\000\000\000\000\354\217\361\000\000\000\000\000\337\244\000\000\000\000\000\000\000\266\000\000\000"
             "\000\322\000\000\000\000\000\000\000\000\000\000\000\000\000\034\126\114\024\373\000\000\000\000\000\000"
             "\000\000\000\000\000\000\000\174\000\000\000\000\073\316\000\000\000\000"),
        "binary-file", "NUL"},
    {"JSON", TEXT("{\n  \"a\": 1,\n  \"b\": [1, 2]\n}\n"), "format-error", "a JSON document"},
    {"JSON array", TEXT("[{\"a\": 1}, {\"a\": 2}]"), "format-error", "a JSON document"},
    {"NDJSON", TEXT("{\"a\":1}\n{\"a\":2}\n"), "format-error", "newline-delimited JSON"},
    {"XML", TEXT("<?xml version=\"1.0\"?>\n<a><b/></a>\n"), "format-error", "an XML document"},
    {"HTML", TEXT("<!DOCTYPE html>\n<html><body>404</body></html>\n"), "format-error", "an HTML page"},
    {"Parquet", TEXT("PAR1\x15\x04\x15\0\0PAR1"), "format-error", "Parquet"},
    {"xlsx", TEXT("PK\x03\x04\x14\0\6\0\10\0\0\0!\0[Content_Types].xml \xA2"), "format-error", "Excel"},
    {"xls", TEXT("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0"), "format-error", "Excel"},
    {"zip", TEXT("PK\x03\x04\x14\0\0\0\10\0data.csv"), "format-error", "ZIP"},
    {"pdf", TEXT("%PDF-1.7\n%\xE2\xE3\n"), "format-error", "PDF"},
    {"gzip in gzip", TEXT("\x1F\x8B\x08\0\0\0\0\0"), "format-error", "gzip inside gzip"},
    {"SQLite", TEXT("SQLite format 3\0\x10\0\1\1"), "format-error", "SQLite"},
    {"Avro",
        TEXT("Obj\x01\x04\x16"
             "avro.schema"),
        "format-error", "Avro"},
};

static void other_formats_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refused *e = &refusals[i];
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct sniff_request request = {.sample = e->text, .whole = true};
        if (sniff_csv(&request, &sniff, arena, &err))
            fail_msg("%s: taken for CSV", e->name);
        assert_int_equal(err.kind, ERR_FILE);
        if (strcmp(err.code, e->code) != 0 || !strstr(err.message, e->says) || !err.hint[0])
            fail_msg("%s: %s, %s", e->name, err.code, err.message);
        arena_free(arena);
    }
}

/* What only looks like another format. */
static const struct str honest[] = {
    TEXT("<5,a,b\n<6,c,d\n"),
    TEXT("name,size\n{x},1\n{y},2\n"),
    TEXT("{id},{name}\n1,a\n2,b\n"),
    TEXT("[a],[b]\n1,2\n"),
    TEXT("<none>,1\n<none>,2\n"),
    TEXT("PK,name\n1,a\n2,b\n"),
};

static void honest_files_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof honest / sizeof *honest; i++) {
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct sniff_request request = {.sample = honest[i], .whole = true};
        if (!sniff_csv(&request, &sniff, arena, &err))
            fail_msg(STR_FMT ": %s", STR_ARG(honest[i]), err.message);
        arena_free(arena);
    }
}

static void the_contract_decides(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    struct dialect given = {.quote = DIALECT_UNSET, .escape = DIALECT_UNSET, .comment = '#', .header_rows = -1};
    given.delimiter = STR(";");
    struct sniff_request request = {
        .sample = STR("# a;b;c;d\nx,y;z,w\n1,2;3,4\n5,6;7,8\n"), .whole = true, .given = &given};
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    assert_true(str_eq(sniff.dialect.delimiter, STR(";")));
    assert_int_equal(sniff.width, 2);
    assert_int_equal(sniff.dialect.header_line, 2);
    assert_true(str_eq(sniff.labels[0], STR("x,y")));
    given.header_rows = 0;
    given.comment = DIALECT_UNSET;
    request.sample = STR("a;b\n1;2\n");
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    assert_null(sniff.labels);
    assert_int_equal(sniff.dialect.first_data_offset, 0);
    given.header_rows = -1;
    given.header_line = 2;
    request.sample = STR("t;u\na;b\n1;2\n");
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    assert_true(str_eq(sniff.labels[0], STR("a")));
    assert_int_equal(sniff.dialect.first_data_offset, 8);
    arena_free(arena);
}

static void expected_labels_pull(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    static const struct str labels[] = {{"transaction id", 14}, {"Store", 5}, {"amount", 6}};
    struct sniff_request request = {
        .sample = STR("Report,Region,North\nTransaction_ID,store,Amount\nT1,S1,x\nT2,S2,y\n"),
        .whole = true,
        .expected = labels,
        .expected_count = 3};
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    assert_int_equal(sniff.dialect.header_line, 2);
    request.sample = STR("1,2,3\n4,5,6\n7,8,9\n");
    assert_false(sniff_csv(&request, &sniff, arena, &err));
    assert_string_equal(err.code, "header-error");
    arena_free(arena);
}

static void nothing_points_into_the_sample(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    char sample[] = "sep=;\nid;name\n1;a\n";
    struct sniff_request request = {.sample = {sample, sizeof sample - 1}, .whole = true};
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    memset(sample, 'x', sizeof sample);
    assert_true(str_eq(sniff.dialect.delimiter, STR(";")));
    assert_true(str_eq(sniff.labels[0], STR("id")));
    assert_true(str_eq(sniff.labels[1], STR("name")));
    arena_free(arena);
}

static void limits_hold(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    size_t n = 1000 * 1000;
    char *wide = malloc(n);
    assert_non_null(wide);
    for (size_t i = 0; i < n; i++)
        wide[i] = i % 2 ? ',' : 'a';
    struct sniff_request request = {.sample = {wide, n}, .whole = false};
    assert_false(sniff_csv(&request, &sniff, arena, &err));
    assert_string_equal(err.code, "too-many-columns");
    free(wide);
    struct dialect given = {
        .quote = DIALECT_UNSET, .escape = DIALECT_UNSET, .comment = DIALECT_UNSET, .header_rows = -1};
    given.encoding = ENCODING_UTF16LE;
    given.encoding_name = STR("utf-16le");
    request = (struct sniff_request){.sample = STR("a\0,\0b\0\n\0x"), .whole = true, .given = &given};
    assert_false(sniff_csv(&request, &sniff, arena, &err));
    assert_string_equal(err.code, "encoding-error");
    arena_free(arena);
}

struct real {
    const char *path;
    uint32_t width;
    int64_t line;
    uint64_t data;
    const char *first, *last;
};

/* Offsets by `head -n N | wc -c`, widths by Python's csv. */
static const struct real reals[] = {
    {"tests/data/real/wakefield_procurement_cards_2018q2.csv", 23, 3, 361, "Organisation Name", ""},
    {"tests/data/real/hmrc_spending_over_25000_2018-09.csv", 14, 1, 181, "Department family", "Expenditure Type"},
    {"tests/data/real/online_retail_excerpt.csv", 8, 1, 83, "InvoiceNo", "Country"},
};

static void real_files_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct buf file;
        buf_init(&file, 8 * 1024 * 1024);
        assert_true(fs_read(reals[i].path, &file, &err));
        struct sniff_request request = {.sample = buf_str(&file), .whole = true};
        assert_true(sniff_csv(&request, &sniff, arena, &err));
        assert_true(str_eq(sniff.dialect.delimiter, STR(",")));
        assert_int_equal(sniff.width, reals[i].width);
        assert_int_equal(sniff.dialect.header_line, reals[i].line);
        assert_int_equal(sniff.dialect.header_rows, 1);
        assert_int_equal(sniff.dialect.first_data_offset, reals[i].data);
        assert_true(str_eq(sniff.labels[0], str_of(reals[i].first)));
        assert_true(str_eq(sniff.labels[sniff.width - 1], str_of(reals[i].last)));
        buf_dispose(&file);
        arena_free(arena);
    }
}

/* tests/integration/test_small_files.py takes the same files through infer and run. */
static void small_files_are_understood(void **state)
{
    (void)state;
    json_error_t error;
    json_t *cases = json_load_file("tests/data/small/files.json", 0, &error);
    if (!cases)
        fail_msg("line %d: %s", error.line, error.text);
    assert_true(json_array_size(cases) > 80);
    size_t i;
    json_t *item;
    json_array_foreach(cases, i, item)
    {
        const char *name, *text, *delimiter;
        int width, header, rows;
        size_t length;
        assert_int_equal(
            json_unpack_ex(item, &error, 0, "{s:s, s:s%, s:s, s:i, s:i, s:i}", "name", &name, "text", &text, &length,
                "delimiter", &delimiter, "width", &width, "header", &header, "rows", &rows),
            0);
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct sniff_request request = {.sample = {text, length}, .whole = true};
        if (!sniff_csv(&request, &sniff, arena, &err))
            fail_msg("%s: %s", name, err.message);
        struct str found = sniff.dialect.delimiter;
        if (delimiter[0] && !str_eq(found, str_of(delimiter)))
            fail_msg("%s: delimiter '" STR_FMT "'", name, STR_ARG(found));
        if (sniff.width != (uint32_t)width || sniff.dialect.header_rows != header)
            fail_msg("%s: width %u, %d header rows", name, sniff.width, sniff.dialect.header_rows);
        arena_free(arena);
    }
    json_decref(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_are_understood),
        cmocka_unit_test(dialects_are_found),
        cmocka_unit_test(one_column_is_not_split),
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(spaces_after_delimiters_are_left_out),
        cmocka_unit_test(encodings_are_found),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(honest_files_pass),
        cmocka_unit_test(the_contract_decides),
        cmocka_unit_test(expected_labels_pull),
        cmocka_unit_test(nothing_points_into_the_sample),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(real_files_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
