/* Every mistake in a contract, named where it stands. Cases are whole contracts as text. */
#include "worker/config/contract.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-findings-XXXXXX";

/* "line:column: [warning: ]message" a line, in order. */
static void load_text(const char *text, const char *name, struct buf *out)
{
    struct findings findings = {.arena = arena_new(0)};
    struct err err;
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct contract *contract = contract_load(path, &findings, &err);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(contract == NULL, findings.errors > 0);
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *f = &findings.list[i];
        assert_true(str_eq(f->file, str_of(path)));
        buf_printf(
            out, "%d:%d: %s" STR_FMT "\n", f->line, f->column, f->warning ? "warning: " : "", STR_ARG(f->message));
    }
    contract_free(contract);
    arena_free(findings.arena);
    unlink(path);
}

#define HEAD "dataset: d\nschema:\n  fields:\n"
#define FIELD "  - {name: a, type: string}\n"
#define NUMBER "  - {name: n, type: number, scale: 2}\n"

static const struct {
    const char *text, *expected;
} cases[] = {
    /* the file itself */
    {"", "1:1: a contract is a map that begins with 'dataset:'\n"},
    {"- a\n", "1:1: a contract is a map that begins with 'dataset:'\n"},
    {"dataset: d\n", "1:1: 'schema' is missing\n"},
    {"schema: {fields: [{name: a}]}\n", "1:1: 'dataset' is missing\n"},
    {"dataset: d\ndataset: e\n", "2:1: key 'dataset' stands twice, first in line 1\n"},
    {"dataset: &x d\ntitle: *x\n", "1:10: anchors are not supported: write the value out\n"},
    {"a: *x\n", "1:4: aliases are not supported: write the value out\n"},
    {"a: !!str x\n", "1:4: tags are not supported\n"},
    {"a: [1, 2\n", "2:1: while parsing a flow sequence, did not find expected ',' or ']'\n"},
    {"a: 1\n---\nb: 2\n", "2:1: a second document: one file holds one\n"},
    {"dataset: \"a\\0b\"\n", "1:10: a NUL character is not allowed\n"},
    /* keys */
    {HEAD FIELD "partitions: {}\n", "5:1: unknown key 'partitions': did you mean 'partition'?\n"},
    {HEAD FIELD "zzz: 1\n", "5:1: unknown key 'zzz'\n"},
    {HEAD "  - {nmae: a}\n", "4:5: a field needs a name\n4:6: unknown key 'nmae' in field: did you mean 'name'?\n"},
    {HEAD FIELD "source: raw/x\n", "5:9: 'source' wants a map, not a value\n"},
    {HEAD FIELD "rules: {a: b}\n", "5:8: 'rules' wants a list, not a map\n"},
    /* names */
    {"dataset: Fact-Sales\nschema: {fields: [{name: a}]}\n",
        "1:10: 'Fact-Sales' is no dataset name: a lower-case letter, then up to 62 lower-case letters, digits or _\n"},
    {HEAD "  - {name: ingest_ts}\n",
        "4:12: the field name 'ingest_ts' is reserved: ingest_ts and names that begin with _ are ours\n"},
    {HEAD FIELD FIELD, "5:5: the field name 'a' stands twice, first in line 4\n"},
    {HEAD FIELD "  - {name: b, aliases: [a]}\n", "5:5: the alias 'a' means field 'a' already\n"},
    {HEAD FIELD "derive: {a: \"a = a\"}\n", "5:10: the name 'a' is taken by a field\n"},
    {HEAD FIELD "partition: {a: \"a = a\"}\n",
        "5:13: the name 'a' is taken by a field, and this partition is not that column itself\n"},
    {HEAD FIELD "partition: {_x: \"a = a\"}\n",
        "5:13: the partition's name '_x' is reserved: ingest_ts and names that begin with _ are ours\n"},
    /* source */
    {HEAD FIELD "source: {format: json}\n", "5:18: format json is not supported by this version: csv is\n"},
    {HEAD FIELD "source: {format: xml}\n", "5:18: 'xml' is not known here: csv or json is wanted\n"},
    {HEAD FIELD "source: {match: ../x}\n", "5:17: '../x' is no name in the lake: it has an empty part, '.' or '..'\n"},
    {HEAD FIELD "source: {match: /x}\n", "5:17: '/x' is no name in the lake: it must be relative to the lake\n"},
    {HEAD FIELD "source: {match: \"gold/*\"}\n",
        "5:17: 'match' must not lie in gold/, where sluice itself writes: producers drop files in raw/\n"},
    {HEAD FIELD "encoding: klingon\n", "5:11: the encoding 'klingon' is not known\n"},
    /* dialect */
    {HEAD FIELD "dialect: {delimeter: ;}\n", "5:11: unknown key 'delimeter' in dialect: did you mean 'delimiter'?\n"},
    {HEAD FIELD "dialect: {delimiter: \"'\", quoteChar: \"'\"}\n",
        "5:22: the delimiter is also the quote, escape or comment character\n"},
    {HEAD FIELD "dialect: {quoteChar: ab}\n", "5:22: quoteChar is one ASCII character, or \"\" for none\n"},
    {HEAD FIELD "dialect: {escapeChar: \"\\\\\", doubleQuote: true}\n",
        "5:23: escapeChar and doubleQuote: true exclude each other\n"},
    {HEAD FIELD "dialect: {lineTerminator: \"\\n\"}\n",
        "5:27: warning: this says nothing to sluice: LF, CRLF and CR all end a line\n"},
    {HEAD FIELD "dialect: {headerRows: [2, 4]}\n", "5:27: the header's lines must follow each other\n"},
    {HEAD FIELD "dialect: {header: 1}\n", "5:19: true or false is wanted, not '1'\n"},
    {HEAD FIELD "dialect: {maxColumns: 0}\n", "5:23: a whole number from 1 to 16384 is wanted\n"},
    /* types and formats */
    {HEAD "  - {name: a, type: year}\n",
        "4:21: 'year' is not known here: string, integer, number, boolean, date, time or datetime is wanted\n"},
    {HEAD "  - {name: a, scale: 2}\n", "4:15: 'scale' does not apply to type string\n"},
    {HEAD "  - {name: a, type: number, scale: 9, precision: 5}\n", "4:36: scale 9 is more than precision 5\n"},
    {HEAD "  - {name: a, type: number, precision: 5}\n", "4:40: precision needs a scale beside it\n"},
    {HEAD "  - {name: a, type: number, float: true, scale: 2}\n", "4:49: float has neither scale nor precision\n"},
    {HEAD "  - {name: a, type: number, groupChar: \".\"}\n", "4:40: groupChar and decimalChar are both '.'\n"},
    {HEAD "  - {name: a, type: number, decimalChar: x}\n", "4:42: decimalChar is '.', ',' or auto\n"},
    {HEAD "  - {name: a, type: date, format: dmy}\n",
        "4:35: format 'dmy' is not iso, any, epoch, epoch_ms or a pattern such as %d/%m/%Y\n"},
    {HEAD "  - {name: a, type: date, formats: []}\n", "4:36: formats must name at least one\n"},
    {HEAD "  - {name: a, type: date, format: iso, formats: [iso]}\n", "4:35: format and formats exclude each other\n"},
    {HEAD "  - {name: a, type: string, format: email}\n",
        "4:37: warning: format 'email' of a string is not checked: use constraints.pattern\n"},
    {HEAD "  - {name: a, type: boolean, trueValues: [x], falseValues: [x]}\n",
        "4:5: 'x' is both in trueValues and in falseValues\n"},
    {"dataset: d\nschema:\n  defaults: {numbr: {}, date: {scale: 2}}\n  fields:\n" FIELD,
        "3:14: 'numbr' is not known here: string, integer, number, boolean, date, time or datetime is wanted\n"
        "3:32: 'scale' does not apply to type date\n"},
    /* constraints */
    {HEAD "  - {name: a, type: integer, constraints: {minimum: x}}\n",
        "4:53: 'x' is no value of the field's type integer\n"},
    {HEAD "  - {name: a, type: integer, constraints: {minimum: 2, maximum: 1}}\n",
        "4:65: the maximum is less than the minimum: nothing could pass\n"},
    {HEAD "  - {name: a, type: number, scale: 1, constraints: {minimum: 0.25}}\n",
        "4:62: '0.25' is outside what the field's type number can hold\n"},
    {HEAD "  - {name: a, constraints: {minimum: 2}}\n", "4:38: type string has no minimum or maximum\n"},
    {HEAD "  - {name: a, type: integer, constraints: {pattern: x}}\n",
        "4:53: pattern applies to strings only, not to type integer\n"},
    {HEAD "  - {name: a, constraints: {pattern: \"a(b\"}}\n", "4:42: pattern: missing closing parenthesis\n"},
    {HEAD "  - {name: a, constraints: {requird: true}}\n",
        "4:29: unknown key 'requird' in constraints: did you mean 'required'?\n"},
    {HEAD "  - {name: a, type: integer, constraints: {enum: [1, x]}}\n",
        "4:54: 'x' is no value of the field's type integer\n"},
    {HEAD "  - {name: a, constraints: {enum: [NO, null]}}\n", "4:40: text is wanted, not nothing: put it in quotes\n"},
    {HEAD "  - {name: a, constraints: {minLength: 3, maxLength: 2}}\n",
        "4:54: maxLength is less than minLength: nothing could pass\n"},
    /* keys of the schema */
    {HEAD FIELD "  primaryKey: b\n", "5:15: the primary key names 'b', which is no field\n"},
    {HEAD FIELD "  primaryKey: [a, a]\n", "5:19: 'a' stands twice in the primary key\n"},
    {HEAD FIELD "  fieldsMatch: all\n",
        "5:16: 'all' is not known here: partial, exact, equal, subset or superset is wanted\n"},
    {HEAD FIELD "  extraColumns: keep\n", "5:17: 'keep' is not known here: ignore, reject or rescue is wanted\n"},
    {HEAD FIELD "  missingValues: [\"\", NULL]\n", "5:23: text is wanted, not nothing: put it in quotes\n"},
    /* logic */
    {HEAD FIELD "reference:\n  r: {file: nowhere.csv, key: k, on: b}\n", "6:38: 'on' names 'b', which is no field\n"},
    {HEAD FIELD "reference: {r: {file: x.csv}}\n", "5:13: a reference needs file, key and on\n"},
    {HEAD FIELD "rules:\n- {id: x, check: \"a = a\", severity: fatal}\n",
        "6:37: 'fatal' is not known here: warn, reject or quarantine is wanted\n"},
    {HEAD FIELD "rules:\n- {id: x, check: \"a = a\"}\n- {id: x, check: \"a = a\"}\n",
        "7:8: the rule id 'x' stands twice, first in line 6\n"},
    {HEAD FIELD "rules:\n- {id: x}\n", "6:3: a rule needs an id and a check\n"},
    {HEAD FIELD "filter: [a]\n", "5:9: 'filter' wants a value, not a list\n"},
    /* expressions */
    {HEAD NUMBER "derive: {x: \"n + nn\"}\n", "5:18: column \"nn\" does not exist\n"},
    {HEAD NUMBER "derive: {x: \"n / 3\"}\n", "5:16: the number of decimals is not fixed: wrap it in round(x, n)\n"},
    {HEAD NUMBER "derive: {x: \"(n + 1\"}\n", "5:20: ')' is missing at the end\n"},
    {HEAD "  - {name: i, type: integer}\n"
          "derive: {x: \"i / 2\"}\n",
        "5:16: warning: integer / integer is integer division and drops the remainder: cast one side to numeric to "
        "keep it\n"},
    {HEAD NUMBER "filter: n + 1\n", "5:9: filter must be a condition: its result is not boolean\n"},
    {HEAD NUMBER "rules:\n- id: r\n  check: |\n    n > 0\n    and m = 1\n", "9:9: column \"m\" does not exist\n"},
    {HEAD NUMBER "rules: [{id: r, check: \"\"}]\n", "5:24: an expression is wanted\n"},
    {HEAD NUMBER "partition: {p: n}\n", "5:16: a partition is a string, integer, date or boolean, not a number\n"},
    {HEAD "  - {name: n, type: numbr}\n"
          "derive: {x: \"n * 2\", y: \"x + zz\"}\nfilter: \"n > 0\"\n",
        "4:21: 'numbr' is not known here: string, integer, number, boolean, date, time or datetime is wanted\n"},
    {HEAD NUMBER "derive: {x: \"x + 1\"}\n", "5:14: column \"x\" does not exist\n"},
    {HEAD NUMBER "derive: {y: \"x + 1\", x: \"n + 1\"}\n", "5:14: column \"x\" does not exist\n"},
    {HEAD NUMBER "gold: {mode: append, delete_when: \"n\"}\n",
        "5:35: delete_when must be a condition: its result is not boolean\n"},
    {HEAD "  - {name: quantity, type: integer}\n"
          "filter: \"aa = bb or quantty > 0\"\n",
        "5:10: column \"aa\" does not exist\n"},
    {HEAD "  - {name: quantity, type: integer}\n"
          "filter: \"quantty > 0\"\n",
        "5:10: column \"quantty\" does not exist: did you mean 'quantity'?\n"},
    /* output and the rest */
    {HEAD FIELD "limits: {max_reject_pct: 150, min_rows: -1}\n",
        "5:26: a percentage from 0 to 100 is wanted\n5:41: a whole number from 0 on is wanted\n"},
    {HEAD FIELD "expect: {every: often, by: \"25:00\", rows: [5, 2]}\n",
        "5:17: a duration such as 1d, 12h or 30m is wanted\n"
        "5:28: a time of day is wanted: \"06:00\" or \"06:00 Europe/Berlin\"\n5:43: the least is more than the most\n"},
    {HEAD FIELD "output: {codec: lz4}\n", "5:17: 'lz4' is not known here: none, snappy, gzip or zstd is wanted\n"},
    {HEAD FIELD "output: {codec: snappy, level: 3}\n", "5:32: this codec has no level\n"},
    {HEAD FIELD "output: {prefix: raw/x}\n", "5:18: nothing is published in raw/\n"},
    {HEAD FIELD "archive: {name: \"{nam}{run}\"}\n", "5:18: only {path}, {name}, {ts} and {run} are known here\n"},
    {HEAD FIELD "archive: {name: \"{ts}\"}\n",
        "5:17: an archive name needs {path}, {name} or {run}: every file would get the same\n"},
    {HEAD FIELD "gold: {mode: merge}\n",
        "5:7: mode merge needs a key: name one, or a primaryKey, or use mode append\n"},
    {HEAD FIELD "gold: {mode: append, key: a}\n", "5:27: mode append keeps every row: it has no key\n"},
    {HEAD FIELD "gold: {key: b, latest: c}\n", "5:13: gold's key names 'b', which is no column\n5:24: 'latest' names "
                                               "'c', which is neither a column nor ingest_ts\n"},
    {HEAD FIELD "warehouse: {tables: {silver: t, gold: t}}\n", "5:21: two stages share the table 't'\n"},
    {HEAD FIELD "warehouse: {stages: [silver, silver, sliver]}\n",
        "5:30: the stage 'silver' is listed twice\n5:38: 'sliver' is not known here: raw, bronze, silver or gold is "
        "wanted\n"},
    {HEAD FIELD "warehouse: {stages: []}\n",
        "5:21: one of raw, bronze and silver is loaded, or there is nothing to make gold of\n"},
    {HEAD FIELD "warehouse: {stages: [silver, gold], tables: {silver: s, raw: r}}\n",
        "5:21: gold needs gold_sql\n5:62: raw is not among the stages\n"},
    {HEAD FIELD "warehouse: {stages: [silver], gold_sql: /etc/passwd}\n", "5:41: gold is not among the stages\n"},
    {HEAD FIELD "warehouse: {export: /etc/x}\n",
        "5:21: '/etc/x' is no name in the lake: it must be relative to the lake\n"},
    /* several at once */
    {"dataset: D\nsurce: {}\nschema:\n  fields:\n  - {name: A, type: text}\n  - {name: b, type: date, timezone: UTC}\n",
        "1:10: 'D' is no dataset name: a lower-case letter, then up to 62 lower-case letters, digits or _\n"
        "2:1: unknown key 'surce': did you mean 'source'?\n"
        "5:12: 'A' is no field name: a lower-case letter, then up to 62 lower-case letters, digits or _\n"
        "5:21: 'text' is not known here: string, integer, number, boolean, date, time or datetime is wanted\n"
        "6:27: 'timezone' does not apply to type date\n"},
    /* no mistakes */
    {HEAD FIELD "partition: {a: a}\n", ""},
    {HEAD FIELD "dialect: {delimiter: \"\\t\", quoteChar: \"\", headerRows: [3], commentRows: [1, 2], header: true}\n",
        ""},
    {HEAD "  - {name: a, type: date, format: \"%d/%m/%Y\", constraints: {minimum: \"31/12/2019\", maximum: "
          "2020-01-01}}\n",
        ""},
};

static void names_every_mistake(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        load_text(cases[i].text, "c.yaml", &out);
        if (!str_eq(buf_str(&out), str_of(cases[i].expected))) {
            print_error("%s\nexpected:\n%sactual:\n%s\n", cases[i].text, cases[i].expected, out.p ? out.p : "");
            wrong++;
        }
        buf_dispose(&out);
    }
    assert_int_equal(wrong, 0);
}

/* JSON is YAML, tabs and all; the name comes from the file. */
static void plain_table_schema(void **state)
{
    static const char *const text = "{\n\t\"fields\": [\n\t\t{\"name\": \"Invoice No\", \"type\": \"string\"},\n"
                                    "\t\t{\"name\": \"amount\", \"type\": \"number\"}\n\t],\n"
                                    "\t\"primaryKey\": \"Invoice No\",\n\t\"missingValues\": [\"\", \"-\"]\n}\n";
    struct findings findings = {.arena = arena_new(0)};
    struct err err;
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/Open Invoices.schema.json", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct contract *c = contract_load(path, &findings, &err);
    for (size_t i = 0; i < findings.count; i++)
        print_error("%d: " STR_FMT "\n", findings.list[i].line, STR_ARG(findings.list[i].message));
    assert_non_null(c);
    assert_int_equal(findings.count, 0);
    assert_true(str_eq(c->dataset, STR("open_invoices")));
    assert_true(str_eq(c->match, STR("raw/**/open_invoices*")));
    assert_int_equal(c->fields_match, FIELDS_EXACT);
    assert_true(str_eq(c->fields[0].name, STR("invoice_no")));
    assert_true(str_eq(c->fields[0].label, STR("Invoice No")));
    assert_true(type_eq(c->fields[1].type, TYPE_DEC(38, 9)));
    assert_int_equal(c->primary_key_count, 1);
    assert_true(c->fields[0].constraints.required);
    assert_int_equal(c->missing_count, 2);
    contract_free(c);
    arena_free(findings.arena);
    unlink(path);
}

static void deep_nesting_is_refused(void **state)
{
    enum { DEEP = 100000 };
    char *text = malloc(DEEP + 1);
    struct buf out;
    (void)state;
    assert_non_null(text);
    memset(text, '[', DEEP);
    text[DEEP] = 0;
    buf_init(&out, 4096);
    load_text(text, "deep.yaml", &out);
    assert_string_equal(out.p, "1:66: nested deeper than 64\n");
    buf_dispose(&out);
    free(text);
}

static void missing_file_is_an_error(void **state)
{
    struct findings findings = {.arena = arena_new(0)};
    struct err err;
    (void)state;
    assert_null(contract_load("/nowhere/x.yaml", &findings, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(findings.count, 0);
    arena_free(findings.arena);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_mistake),
        cmocka_unit_test(plain_table_schema),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(missing_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
