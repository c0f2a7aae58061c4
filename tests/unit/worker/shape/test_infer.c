#include <stdio.h>

#include "tests/unit/worker/shape/load.h"

#include "worker/format/csv/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct infer_case {
    const char *name, *file; /* of the file; its content */
    size_t n;                /* of the content, 0: to its NUL */
    const char *fragments[10];
};

static const struct infer_case infer_cases[] = {
    {"sales_2026.csv",
        "Transaction ID,Store,quantity,Unit Price,ts,active,note\n"
        "TX1,Berlin,3,12.50,2026-11-21 01:02:03,true,\n"
        "TX2,Paris,-1,7,2026-11-22 01:02:03,false,\"a, \"\"b\"\"\"\n"
        "TX3,\"Köln\",12,1000.5,2026-11-23T00:00:00Z,true,N/A\n",
        0,
        {"dataset: sales_2026\n", "source: {match: \"raw/**/sales_2026*\"}\n",
            "{name: transaction_id, type: string, constraints: {required: true}}",
            "{name: quantity, type: integer, constraints: {required: true}}",
            "{name: unit_price, type: number, scale: 2, constraints: {required: true}}",
            "{name: ts, type: datetime, constraints: {required: true}}",
            "{name: active, type: boolean, constraints: {required: true}}", "{name: note, type: string}",
            "missingValues: [\"\", \"N/A\"]", "partition: {date: '\"ts\"::date'}"}},
    {"umsatz.csv",
        "Datum;Betrag;PLZ;Größe;Prozent\n25.12.2026;1.234,50;01234;-;5 %\n01.02.2026;7,5;99999;3;7,5 %\n"
        "03.04.2026;-0,01;12345;4;12 %\n",
        0,
        {"{name: datum, type: date, formats: [\"%d.%m.%Y\"], constraints: {required: true}}",
            "{name: betrag, type: number, scale: 2, decimalChar: \",\", groupChar: \".\"", "{name: plz, type: string",
            "leading zeros", "{name: grosse, label: \"Größe\", type: integer, missingValues: [\"\", \"-\"]}",
            "{name: prozent, type: number, scale: 3, decimalChar: \",\", percent: true",
            "partition: {date: '\"datum\"'}"}},
    {"days.csv", "id,d,e,f\n1,03/04/2026,25/12/2026,12/25/2026 10:00\n2,05/06/2026,03/04/2026,03/04/2026 11:30\n", 0,
        {"{name: d, type: string, constraints: {required: true}}", "# day and month could be either way round",
            "{name: e, type: date, formats: [\"%d/%m/%Y\"]",
            "{name: f, type: datetime, formats: [\"%m/%d/%Y %H:%M\"]"}},
    {"order.csv",
        "id,a,b,c\n1,03/04/2026,25/12/2026,03/04/26\n2,25/12/2026,03/04/2026,12/25/26\n3,01/02/2026,12/25/2026,01/02/"
        "26\n",
        0,
        {"{name: a, type: date, formats: [\"%d/%m/%Y\"]", "# day and month come in both orders",
            "{name: b, type: string", "{name: c, type: date, formats: [\"%m/%d/%y\"]"}},
    {"money.csv", "a,b,c,d\n$1.00,\"1,234\",(5.00),1 000\n$2.50,\"2,345\",3.25,12\n$3,\"9,999\",1.00,7 000 000\n", 0,
        {"{name: a, type: number, scale: 2, currency: true", "# 1,234 can be a thousand or a fraction",
            "{name: b, type: string", "{name: c, type: number, scale: 2, parentheses: true",
            "{name: d, type: integer, groupChar: \" \""}},
    {"odd.csv", "x,,x,X y,x-y,売上,date,12th\n1,2,3,4,5,6,a,7\n8,9,10,11,12,13,b,14\n", 0,
        {"{name: x, position: 1,", "{name: column_2, position: 2,", "{name: x_2, position: 3,",
            "{name: x_y, label: \"X y\",", "{name: x_y_2, label: \"x-y\",", "{name: column_6, label: \"売上\",",
            "{name: c12th, label: \"12th\","}},
    {"null.csv", "null,yes,N,end\n1,2,3,2026-01-01\n4,5,6,2026-01-02\n", 0,
        {"dataset: \"null\"\n", "{name: \"null\", type: integer", "{name: \"yes\",", "{name: \"n\",", "'\"end\"'"}},
    {"lines.csv", "é\u2028b,ü\"d\\,ö\x01\n1,2,3\n4,5,6\n", 0,
        {"label: \"é\\u2028b\"", "label: \"ü\\\"d\\\\\"", "label: \"ö\\u0001\""}},
    {"named.csv", "a,b\nJan 1 2000,Feb 3 2000 10:00\nDec 12 2001,Mar 4 2001 11:30\n", 0,
        {"{name: a, type: date, formats: [\"%b %d %Y\"]", "{name: b, type: datetime, formats: [\"%b %d %Y %H:%M\"]"}},
    {"flags.csv", "ok,yn,one,t\nYes,y,1,10:00\nno,n,1,23:59:59\nYES,y,0,00:00\n", 0,
        {"{name: ok, type: boolean, trueValues: [\"Yes\", \"YES\"], falseValues: [\"no\"]",
            "{name: yn, type: boolean, trueValues: [\"y\"], falseValues: [\"n\"]", "{name: one, type: integer",
            "{name: t, type: time"}},
    {"big.csv", "a,b,c,d\n9223372036854775807,9223372036854775808,123456789012345678.25,1.5e3\n1,2,3,2.25E-4\n", 0,
        {"{name: a, type: integer", "{name: b, type: string", "digits beyond 64 bits",
            "{name: c, type: number, precision: 38, scale: 2", "{name: d, type: number, float: true"}},
    {"latin.csv",
        "name,ort\nM\xFCller,K\xF6ln\nSch\xE4"
        "fer,N\xFCrnberg\nWei\xDF,F\xFC"
        "rth\n",
        0, {"encoding: iso-8859-1\n", "{name: name, type: string"}},
};

/* Records that are no records of their file: the contract says how many, and rejects them. */
static const struct {
    struct infer_case file;
    uint64_t rejected;
} faulty_cases[] = {
    {{"ragged.csv", "a,b,c\n1,2\n3,4,5,6\n7\n8,9,10\n11,12,13\n14,15,16\n", 0,
         {"# A first contract, from 3 rows", "# 2 records with too few cells: a run rejects them\n",
             "# 1 record with too many cells: a run rejects it\n"}},
        3},
    {{"quote.csv", "a,b\n1,x\n2,\"y\n3,z\n", 0, {"# 1 record with an unclosed quote"}}, 1},
};

static struct stream *stream_of(const char *path, int *fd)
{
    struct stat stat;
    struct err err = {0};
    enum compression compression;
    *fd = open(path, O_RDONLY);
    assert_true(*fd >= 0 && fstat(*fd, &stat) == 0);
    return stream_open_fd(*fd, path, (uint64_t)stat.st_size, (struct stream_limits){0}, &compression, &err);
}

/* The file through sniff, binding, reader, convert and rules under its own contract: rows that were rejected. */
static uint64_t rejected_rows(const struct contract *contract, const char *path, struct str content, uint64_t *rows)
{
    struct arena *arena = arena_new(0);
    struct err err = {0};
    struct sniff sniff;
    struct binding binding;
    struct sniff_request request = {.sample = content, .whole = true, .given = &contract->dialect};
    request.expected = header_labels(contract, arena, &request.expected_count);
    uint64_t bad = 0, failed[4] = {0};
    int fd;
    assert_true(sniff_csv(&request, &sniff, arena, &err));
    if (!binding_make(contract, &sniff, &binding, arena, &err))
        fail_msg("%s", err.message);
    struct converter *converter = converter_new(contract, &binding, &sniff.dialect, arena, &err);
    struct segment whole = {sniff.dialect.first_data_offset, UINT64_MAX, 1, sniff.dialect.first_data_line, {0}};
    struct reader_options options = {.dialect = &sniff.dialect, .width = sniff.width, .blank_tail = binding.blank_tail};
    struct stream *stream = stream_of(path, &fd);
    struct reader *reader = reader_open(stream, &whole, 1, &options, &err);
    struct batch *batch = batch_new(0);
    struct rule_counts counts = {failed};
    assert_true(converter && reader && batch);
    *rows = 0;
    while (reader_next(reader, batch, &err) == READER_BATCH) {
        assert_true(converter_decide(converter, batch, &err) && convert_batch(converter, batch, &err) &&
                    rules_batch(converter, batch, &counts, &err));
        for (size_t i = 0; i < batch->error_count; i++) {
            struct buf out;
            buf_init(&out, 1000);
            row_error_message(contract, &binding, &batch->errors[i], &out);
            print_message("row %u: %s\n", batch->errors[i].row, out.p);
            buf_dispose(&out);
        }
        for (uint32_t row = 0; row < batch->n; row++, ++*rows)
            bad += batch->marks[row] != MARK_GOOD;
    }
    batch_free(batch);
    reader_close(reader);
    stream_close(stream);
    close(fd);
    arena_free(arena);
    return bad;
}

static void check_file(const struct infer_case *c, uint64_t rejected)
{
    struct folder folder;
    struct buf yaml;
    struct err err = {0};
    char path[200];
    uint64_t rows;
    struct str content = {c->file, c->n ? c->n : strlen(c->file)};
    folder_make(&folder);
    snprintf(path, sizeof path, "%s", folder_write(&folder, c->name, content));
    buf_init(&yaml, 1 << 20);
    if (!infer_contract(path, (struct str){0}, &yaml, &err))
        fail_msg("%s: %s", c->name, err.message);
    for (size_t i = 0; i < 10 && c->fragments[i]; i++)
        if (!strstr(yaml.p, c->fragments[i]))
            fail_msg("%s lacks\n%s\n%s", c->name, c->fragments[i], yaml.p);
    struct contract *contract = load_contract(&folder, yaml.p);
    assert_int_equal(rejected_rows(contract, path, content, &rows), rejected);
    assert_true(rows >= 2);
    contract_free(contract);
    buf_dispose(&yaml);
    folder_remove(&folder);
}

static void infers_contracts_that_load_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof infer_cases / sizeof *infer_cases; i++) {
        print_message("%s\n", infer_cases[i].name);
        check_file(&infer_cases[i], 0);
    }
}

/* The last of 40,000 rows contradicts all before it. */
static void counts_faulty_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faulty_cases / sizeof *faulty_cases; i++)
        check_file(&faulty_cases[i].file, faulty_cases[i].rejected);
}

static void reads_to_the_end(void **state)
{
    (void)state;
    struct buf content;
    buf_init(&content, 1 << 24);
    buf_add_cstr(&content, "id,v,w\n");
    for (int i = 0; i < 40000; i++)
        buf_printf(&content, "%d,1,2026-01-01\n", i);
    buf_add_cstr(&content, "x,1.5,\n");
    struct infer_case c = {"late.csv", content.p, content.n,
        {"{name: id, type: string, constraints: {required: true}}", "{name: v, type: number, scale: 1",
            "{name: w, type: date}", "# no column has a date in every row"}};
    check_file(&c, 0);
    buf_dispose(&content);
}

static void refuses_what_is_no_table(void **state)
{
    (void)state;
    struct folder folder;
    struct buf yaml;
    struct err err = {0};
    folder_make(&folder);
    buf_init(&yaml, 1 << 20);
    assert_false(infer_contract(folder_write(&folder, "e.csv", STR("")), (struct str){0}, &yaml, &err));
    assert_string_equal(err.code, "empty-file");
    assert_false(infer_contract("/nonexistent/x.csv", (struct str){0}, &yaml, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    buf_dispose(&yaml);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infers_contracts_that_load_the_file),
        cmocka_unit_test(counts_faulty_records),
        cmocka_unit_test(reads_to_the_end),
        cmocka_unit_test(refuses_what_is_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
