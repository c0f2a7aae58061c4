#include "tests/unit/worker/shape/build.h"

#include "worker/shape/converter.h"

struct setup {
    struct arena *arena;
    struct contract contract;
    struct binding binding;
    struct dialect dialect;
    struct converter *converter;
    struct batch *batch;
    struct err err;
};

/* One field, one column. */
static void begin(struct setup *s, struct type type)
{
    static const char *const names[] = {"x"};
    static int32_t first[1];
    static struct str labels[1];
    *s = (struct setup){.arena = arena_new(0)};
    s->contract = build_contract(s->arena, names, 1);
    s->contract.fields[0].type = type;
    labels[0] = STR("X");
    s->binding = (struct binding){.width = 1, .column_of_field = first, .field_of_column = first, .labels = labels};
}

static void convert(struct setup *s, const char *const *rows, uint32_t n, bool decide)
{
    s->converter = converter_new(&s->contract, &s->binding, &s->dialect, s->arena, &s->err);
    assert_non_null(s->converter);
    s->batch = build_batch(rows, n, s->binding.width);
    if (decide)
        assert_true(converter_decide(s->converter, s->batch, &s->err));
    assert_true(convert_batch(s->converter, s->batch, &s->err));
}

static void end(struct setup *s)
{
    batch_free(s->batch);
    arena_free(s->arena);
}

/* "value", "NULL", or "code: detail" of the row's errors. */
static void describe(const struct batch *batch, uint32_t row, uint32_t column, struct buf *out)
{
    const struct vector *vector = &batch->columns[column];
    bool any = false;
    for (size_t i = 0; i < batch->error_count; i++) {
        const struct row_error *error = &batch->errors[i];
        if (error->row != row)
            continue;
        buf_printf(out, "%s%s: %s", any ? "; " : "", row_code_name(error->code), error->detail ? error->detail : "");
        any = true;
        assert_int_equal(error->stage, STAGE_CONVERT);
    }
    if (any)
        assert_int_equal(batch->marks[row], MARK_REJECTED);
    else if (vector->state[row] == VALUE_NULL)
        buf_add_cstr(out, "NULL");
    else if (vector->state[row] == VALUE_FAILED)
        buf_add_cstr(out, "FAILED");
    else
        value_print(out, vector->type, vector_at(vector, row));
}

struct cell_case {
    const char *text, *expected;
};

static void check_cells(struct setup *s, const struct cell_case *cases, size_t n, bool decide)
{
    const char *rows[64] = {0};
    assert_true(n <= 64);
    for (size_t i = 0; i < n; i++)
        rows[i] = cases[i].text;
    convert(s, rows, (uint32_t)n, decide);
    for (size_t i = 0; i < n; i++) {
        struct buf out;
        buf_init(&out, 2000);
        describe(s->batch, (uint32_t)i, 0, &out);
        assert_string_equal(out.p ? out.p : "", cases[i].expected);
        buf_dispose(&out);
    }
}

#define CHECK(s, cases) check_cells((s), (cases), sizeof(cases) / sizeof *(cases), false)
#define TYPE_INIT(k) \
    {                \
        .kind = (k)  \
    }
#define NOT_INTEGER "type-error: is not an integer"

static void integers(void **state)
{
    (void)state;
    static const struct cell_case cases[] = {
        {"0", "0"},
        {"-17", "-17"},
        {"007", "7"},
        {"+5", "5"},
        {" 42 ", "42"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "type-error: does not fit 64 bits"},
        {"1.0", NOT_INTEGER},
        {"1e3", NOT_INTEGER},
        {"-", NOT_INTEGER},
        {"12 3", NOT_INTEGER},
        {"", "NULL"},
        {"~", "FAILED"},
        {"\xFF", "encoding-error: "},
        {"\xC3\xA9", NOT_INTEGER},
    };
    struct setup s;
    begin(&s, TYPE(TYPE_INTEGER));
    CHECK(&s, cases);
    end(&s);
}

static void decimals(void **state)
{
    (void)state;
    static const struct cell_case cases[] = {
        {"12.5", "12.50"},
        {"-0.05", "-0.05"},
        {"3", "3.00"},
        {"1.500", "1.50"},
        {"1.505", "type-error: does not fit 16 digits before the decimal point and 2 after it"},
        {"9999999999999999.99", "9999999999999999.99"},
        {"10000000000000000", "type-error: does not fit 16 digits before the decimal point and 2 after it"},
        {"12,50", "type-error: is not a number (decimal point \".\")"},
        {"abc", "type-error: is not a number (decimal point \".\")"},
        {"", "NULL"},
    };
    struct setup s;
    begin(&s, TYPE_DEC(18, 2));
    CHECK(&s, cases);
    end(&s);
    static const struct cell_case wide[] = {
        {"12.5", "12.500000000"},
        {"-12345678901234567890123456789.123456789", "-12345678901234567890123456789.123456789"},
        {"-0.000000001", "-0.000000001"},
    };
    begin(&s, TYPE_DEC(38, 9));
    CHECK(&s, wide);
    end(&s);
    static const struct cell_case comma[] = {
        {"12,50", "12.50"},
        {"1.234,50", "1234.50"},
        {"1234.5", "type-error: is not a number (decimal point \",\", groups \".\")"},
    };
    begin(&s, TYPE_DEC(18, 2));
    s.contract.fields[0].format.decimal_char = ',';
    s.contract.fields[0].format.group_char = STR(".");
    CHECK(&s, comma);
    end(&s);
}

static void doubles(void **state)
{
    (void)state;
    static const struct cell_case cases[] = {
        {"0.1", "0.1"}, {"-2.5", "-2.5"}, {"-0", "-0"}, {"123456789012345678", "1.2345678901234568e+17"}, {"", "NULL"}};
    struct setup s;
    begin(&s, TYPE(TYPE_DOUBLE));
    CHECK(&s, cases);
    end(&s);
}

static void timestamps(void **state)
{
    (void)state;
    static const struct moment_format moments[] = {{MOMENT_ISO, {0}}, {MOMENT_PATTERN, STR("%d/%m/%Y %H:%M")}};
    static const struct cell_case cases[] = {
        {"2026-11-21T01:02:03Z", "2026-11-21 01:02:03+00"},
        {"2026-11-21 01:02", "2026-11-21 01:02:00+00"},
        {"2026-11-21 01:02:03.5", "2026-11-21 01:02:03.5+00"},
        {"2026-11-21T01:02:03.000001+02:00", "2026-11-20 23:02:03.000001+00"},
        {"2026-11-21", "2026-11-21 00:00:00+00"},
        {"21/11/2026 04:05", "2026-11-21 04:05:00+00"},
        {"1/2/2026 4:05", "2026-02-01 04:05:00+00"},
        {"31/02/2026 04:05", "type-error: names no moment of the calendar or clock"},
        {"2026-02-29", "type-error: names no moment of the calendar or clock"},
        {"21.11.2026", "type-error: is not a datetime (iso or %d/%m/%Y %H:%M)"},
    };
    struct setup s;
    begin(&s, TYPE(TYPE_TIMESTAMP));
    s.contract.fields[0].format.moments = moments;
    s.contract.fields[0].format.moment_count = 2;
    CHECK(&s, cases);
    assert_true(s.converter->plans[0].iso_lane);
    assert_int_equal(s.converter->plans[0].layout.length, 16);
    end(&s);
}

/* A lane may only be taken where no other of the allowed forms reads the same text. */
static void lanes_are_taken_with_care(void **state)
{
    (void)state;
    static const struct {
        const char *formats; /* '|' between, "iso" */
        bool iso;
        int length;
    } cases[] = {
        {"iso", true, 0},
        {"iso|%d/%m/%Y", true, 10},
        {"iso|%Y-%d-%m", false, 0},
        {"%Y-%d-%m", false, 10},
        {"%d/%m/%Y|%m/%d/%Y", false, 0},
        {"%Y%m%d", false, 8},
        {"%d %b %Y", false, 0},
        {"%Y-%m-%d %H:%M:%S", false, 19},
        {"%F %T", false, 19},
        {"iso|%H:%M %z %d/%m/%Y", false, 0},
        {"%m/%Y", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct setup s;
        size_t count;
        begin(&s, TYPE(TYPE_TIMESTAMP));
        struct str *names = build_list(s.arena, cases[i].formats, &count);
        struct moment_format *moments = ARENA_ARRAY(s.arena, struct moment_format, count);
        for (size_t k = 0; k < count; k++)
            moments[k] = str_eq(names[k], STR("iso")) ? (struct moment_format){MOMENT_ISO, {0}}
                                                      : (struct moment_format){MOMENT_PATTERN, names[k]};
        s.contract.fields[0].format.moments = moments;
        s.contract.fields[0].format.moment_count = count;
        s.converter = converter_new(&s.contract, &s.binding, &s.dialect, s.arena, &s.err);
        assert_non_null(s.converter);
        assert_int_equal(s.converter->plans[0].iso_lane, cases[i].iso);
        assert_int_equal(s.converter->plans[0].layout.length, cases[i].length);
        end(&s);
    }
}

static void missing_values(void **state)
{
    (void)state;
    static struct str schema_values[] = {STR(""), STR("NULL"), STR("N/A")}, own[] = {STR("-")};
    static const struct cell_case cases[] = {
        {"", "NULL"}, {"NULL", "NULL"}, {"N/A", "NULL"}, {"null", "null"}, {" NULL", " NULL"}, {"-", "-"}, {" ", " "}};
    static const struct cell_case own_cases[] = {{"", ""}, {"NULL", "NULL"}, {"-", "NULL"}};
    static const struct cell_case none_cases[] = {{"", ""}};
    static const struct cell_case required[] = {
        {"", "constraint-error: required"}, {"a", "a"}, {"~", "FAILED"}, {"^a\"\"b", "a\"b"}};
    struct setup s;
    begin(&s, TYPE(TYPE_STRING));
    s.contract.missing_values = schema_values;
    s.contract.missing_count = 3;
    CHECK(&s, cases);
    end(&s);
    begin(&s, TYPE(TYPE_STRING));
    s.contract.fields[0].missing_values = own;
    s.contract.fields[0].missing_count = 1;
    s.contract.fields[0].missing_own = true;
    CHECK(&s, own_cases);
    end(&s);
    begin(&s, TYPE(TYPE_STRING));
    s.contract.fields[0].missing_own = true;
    CHECK(&s, none_cases);
    end(&s);
    begin(&s, TYPE(TYPE_STRING));
    s.contract.primary_key = (uint32_t[]){0};
    s.contract.primary_key_count = 1;
    CHECK(&s, required);
    assert_int_equal(s.batch->columns[0].state[0], VALUE_FAILED);
    end(&s);
}

static void constraints(void **state)
{
    (void)state;
    static struct str allowed[] = {STR("EUR"), STR("USD"), STR("GBP"), STR("CHF"), STR("SEK"), STR("NOK"), STR("ÅÄÖ")};
    static const struct cell_case strings[] = {
        {"EUR", "EUR"},
        {"ÅÄÖ", "ÅÄÖ"},
        {"eur",
            "constraint-error: pattern \"\\p{Lu}{3}\"; constraint-error: not one of EUR, USD, GBP, CHF, SEK, NOK, ÅÄÖ"},
        {"XYZ", "constraint-error: not one of EUR, USD, GBP, CHF, SEK, NOK, ÅÄÖ"},
        {"EU", "constraint-error: minLength 3; constraint-error: pattern \"\\p{Lu}{3}\"; "
               "constraint-error: not one of EUR, USD, GBP, CHF, SEK, NOK, ÅÄÖ"},
        {"EURO", "constraint-error: maxLength 3; constraint-error: pattern \"\\p{Lu}{3}\"; "
                 "constraint-error: not one of EUR, USD, GBP, CHF, SEK, NOK, ÅÄÖ"},
        {"", "NULL"},
    };
    struct setup s;
    begin(&s, TYPE(TYPE_STRING));
    struct constraints *c = &s.contract.fields[0].constraints;
    c->enum_values = c->enum_texts = allowed;
    c->enum_count = 7;
    c->has_min_length = c->has_max_length = true;
    c->min_length = c->max_length = 3;
    c->pattern = STR("\\p{Lu}{3}");
    c->pattern_code = build_pattern("\\p{Lu}{3}");
    CHECK(&s, strings);
    pcre2_code_free(c->pattern_code);
    end(&s);

    static int64_t least = 0, most = 10050;
    static const struct cell_case numbers[] = {
        {"0", "0.00"},
        {"-0.01", "constraint-error: minimum 0"},
        {"100.50", "100.50"},
        {"100.51", "constraint-error: maximum 100.5"},
    };
    begin(&s, TYPE_DEC(18, 2));
    c = &s.contract.fields[0].constraints;
    c->has_minimum = c->has_maximum = true;
    c->minimum = &least;
    c->maximum = &most;
    c->minimum_text = STR("0");
    c->maximum_text = STR("100.5");
    CHECK(&s, numbers);
    assert_int_equal(s.batch->columns[0].state[1], VALUE_PRESENT);
    end(&s);
}

/* Backtracks 2^n times; must end, and must not match. */
static void runaway_pattern_ends(void **state)
{
    (void)state;
    static const struct cell_case cases[] = {
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX", "constraint-error: pattern \"(a+)+b\""},
        {"aab", "aab"}};
    struct setup s;
    begin(&s, TYPE(TYPE_STRING));
    struct constraints *c = &s.contract.fields[0].constraints;
    c->pattern = STR("(a+)+b");
    c->pattern_code = build_pattern("(a+)+b");
    CHECK(&s, cases);
    pcre2_code_free(c->pattern_code);
    end(&s);
}

static void decides_decimal_point(void **state)
{
    (void)state;
    static const struct cell_case commas[] = {
        {"1,234", "type-error: does not fit 16 digits before the decimal point and 2 after it"},
        {"12,50", "12.50"},
        {"1.234,5", "1234.50"},
        {"7", "7.00"},
    };
    static const struct cell_case points[] = {{"1,234", "1234.00"}, {"12.50", "12.50"}, {"1,234.5", "1234.50"}};
    static const struct cell_case both[] = {
        {"1,234",
            "ambiguous-value: can be read with decimal point \".\" or \",\", and nothing in the file decides which"},
        {"12.50", "12.50"},
        {"12,50", "12.50"},
        {"7", "7.00"},
        {"1.234.567", "1234567.00"},
        {"x", "type-error: is not a number (decimal point \".\" or \",\")"},
    };
    static const struct {
        const struct cell_case *cases;
        size_t n;
        const char *note;
    } files[] = {
        {commas, 4, "x: decimal point \",\", by 2 values that allow no other"},
        {points, 3, "x: decimal point \".\", by 2 values that allow no other"},
        {both, 6, NULL},
    };
    for (size_t i = 0; i < 3; i++) {
        struct setup s;
        size_t notes;
        begin(&s, TYPE_DEC(18, 2));
        s.contract.fields[0].decimal_auto = true;
        check_cells(&s, files[i].cases, files[i].n, true);
        const struct str *note = converter_notes(s.converter, &notes);
        assert_int_equal(notes, files[i].note ? 1 : 0);
        if (notes)
            assert_string_equal(note->p, files[i].note);
        end(&s);
    }
}

static void decides_order_of_day_and_month(void **state)
{
    (void)state;
    static const struct moment_format both[] = {
        {MOMENT_ISO, {0}}, {MOMENT_PATTERN, STR("%d/%m/%Y")}, {MOMENT_PATTERN, STR("%m/%d/%Y")}};
    static const struct moment_format any[] = {{MOMENT_ANY, {0}}};
    static const struct cell_case day[] = {
        {"03/04/2026", "2026-04-03"}, {"25/12/2026", "2026-12-25"}, {"2026-03-04", "2026-03-04"}};
    static const struct cell_case month[] = {{"03/04/2026", "2026-03-04"}, {"12/25/2026", "2026-12-25"}};
    static const struct cell_case none[] = {
        {"03/04/2026", "ambiguous-value: fits two of the allowed forms with different values"},
        {"05/05/2026", "2026-05-05"}};
    static const struct cell_case contradiction[] = {
        {"03/04/2026", "ambiguous-value: fits two of the allowed forms with different values"},
        {"25/12/2026", "2026-12-25"}, {"12/25/2026", "2026-12-25"}};
    static const struct {
        const struct cell_case *cases;
        size_t n;
        const char *note, *any_note;
    } files[] = {
        {day, 3, "x: ambiguous values are read as %d/%m/%Y, by 1 values that allow no other form",
            "x: ambiguous values are read day first, by 1 values that allow no other order"},
        {month, 2, "x: ambiguous values are read as %m/%d/%Y, by 1 values that allow no other form",
            "x: ambiguous values are read month first, by 1 values that allow no other order"},
        {none, 2, NULL, NULL},
        {contradiction, 3, NULL, NULL},
    };
    for (size_t i = 0; i < 8; i++) {
        struct setup s;
        size_t notes;
        begin(&s, TYPE(TYPE_DATE));
        s.contract.fields[0].format.moments = i < 4 ? both : any;
        s.contract.fields[0].format.moment_count = i < 4 ? 3 : 1;
        check_cells(&s, files[i % 4].cases, files[i % 4].n, true);
        const char *expected = i < 4 ? files[i % 4].note : files[i % 4].any_note;
        const struct str *note = converter_notes(s.converter, &notes);
        assert_int_equal(notes, expected ? 1 : 0);
        if (notes)
            assert_string_equal(note->p, expected);
        end(&s);
    }
}

static void rescues_extra_columns(void **state)
{
    (void)state;
    static const char *const names[] = {"x"};
    static const char *const rows[] = {"1|re\"d|", "2|^a\"\"b|ü", "|  |", "3|\xFF|q", "4|~|~"};
    static int32_t columns[] = {0}, fields[] = {0, -1, -1};
    static uint32_t unknown[] = {1, 2};
    static struct str labels[] = {STR("X"), STR("Colour"), STR("Größe")};
    struct setup s = {.arena = arena_new(0)};
    s.contract = build_contract(s.arena, names, 1);
    s.contract.extra_columns = EXTRA_RESCUE;
    s.binding = (struct binding){.width = 3,
        .column_of_field = columns,
        .field_of_column = fields,
        .labels = labels,
        .unknown = unknown,
        .unknown_count = 2};
    s.converter = converter_new(&s.contract, &s.binding, &s.dialect, s.arena, &s.err);
    assert_non_null(s.converter);
    assert_int_equal(converter_rescued(s.converter), 1);
    s.batch = build_batch(rows, 5, 3);
    s.batch->marks[2] = MARK_BLANK;
    assert_true(convert_batch(s.converter, s.batch, &s.err));
    const struct vector *rescued = &s.batch->columns[1];
    assert_true(str_eq(rescued->str[0], STR("{\"Colour\":\"re\\\"d\",\"Größe\":\"\"}")));
    assert_true(str_eq(rescued->str[1], STR("{\"Colour\":\"a\\\"b\",\"Größe\":\"ü\"}")));
    assert_int_equal(rescued->state[2], VALUE_NULL);
    assert_int_equal(s.batch->columns[0].state[2], VALUE_NULL);
    assert_true(str_eq(rescued->str[4], STR("{}")));
    assert_int_equal(s.batch->error_count, 1);
    assert_int_equal(s.batch->errors[0].code, CODE_ENCODING);
    assert_int_equal(s.batch->errors[0].position, 1);
    end(&s);
}

static void absent_column_is_null(void **state)
{
    (void)state;
    static const char *const rows[] = {"1", "2"};
    static int32_t absent[] = {-1};
    struct setup s;
    begin(&s, TYPE(TYPE_INTEGER));
    s.binding.column_of_field = absent;
    convert(&s, rows, 2, true);
    assert_int_equal(s.batch->columns[0].state[0], VALUE_NULL);
    assert_int_equal(s.batch->columns[0].state[1], VALUE_NULL);
    assert_int_equal(s.batch->error_count, 0);
    end(&s);
}

static void booleans_and_times(void **state)
{
    (void)state;
    static const struct cell_case booleans[] = {
        {"true", "t"}, {"0", "f"}, {"yes", "type-error: is not a boolean"}, {"", "NULL"}};
    static const struct cell_case times[] = {{"01:02:03.5", "01:02:03.5"},
        {"24:00", "type-error: names no moment of the calendar or clock"}, {"x", "type-error: is not a time (iso)"}};
    struct setup s;
    begin(&s, TYPE(TYPE_BOOLEAN));
    CHECK(&s, booleans);
    end(&s);
    begin(&s, TYPE(TYPE_TIME));
    CHECK(&s, times);
    end(&s);
}

/* Texts near the forms that the lanes take: each lane must say what the careful reading says. */
static void lanes_agree_with_the_careful_reading(void **state)
{
    (void)state;
    static const struct moment_format moments[] = {{MOMENT_ISO, {0}}, {MOMENT_PATTERN, STR("%d/%m/%Y %H:%M")}};
    static const struct {
        struct type type;
        const char *seed;
    } cases[] = {
        {TYPE_INIT(TYPE_INTEGER), "-123456789012345678"},
        {{TYPE_DECIMAL, 18, 2}, "-1234567890123456.78"},
        {{TYPE_DECIMAL, 9, 4}, "-12345.6789"},
        {{TYPE_DECIMAL, 38, 9}, "123456789.123456789"},
        {TYPE_INIT(TYPE_DOUBLE), "-12345678.9012345"},
        {TYPE_INIT(TYPE_DATE), "2024-02-29"},
        {TYPE_INIT(TYPE_TIMESTAMP), "2024-02-29T23:59:59.123456Z"},
        {TYPE_INIT(TYPE_TIMESTAMP), "29/02/2024 23:59"},
    };
    static const char letters[] = "0123456789.-:T Z/,+e";
    uint32_t random = 1;
    uint64_t read = 0;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct setup s;
        begin(&s, cases[c].type);
        if (cases[c].type.kind == TYPE_TIMESTAMP) {
            s.contract.fields[0].format.moments = moments;
            s.contract.fields[0].format.moment_count = 2;
        }
        struct plan plan;
        assert_true(plan_init(&plan, &s.contract, 0, 0, s.arena, &s.err));
        for (int i = 0; i < 20000; i++) {
            char text[40];
            size_t n = strlen(cases[c].seed);
            memcpy(text, cases[c].seed, n);
            for (int edits = i % 4; edits; edits--) {
                random = random * 1664525u + 1013904223u;
                text[(random >> 8) % n] = letters[(random >> 20) % (sizeof letters - 1)];
            }
            random = random * 1664525u + 1013904223u;
            n -= i % 3 ? 0 : (random >> 10) % n;
            _Alignas(16) char quick[16] = {0}, careful[16] = {0};
            enum value_result result = plan_parse_careful(&plan, (struct str){text, n}, careful);
            assert_int_equal(plan_parse(&plan, (struct str){text, n}, quick), result);
            if (result != VALUE_OK)
                continue;
            assert_memory_equal(quick, careful, type_size(cases[c].type));
            read++;
        }
        end(&s);
    }
    assert_true(read > 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(decimals),
        cmocka_unit_test(doubles),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(lanes_are_taken_with_care),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(constraints),
        cmocka_unit_test(runaway_pattern_ends),
        cmocka_unit_test(decides_decimal_point),
        cmocka_unit_test(decides_order_of_day_and_month),
        cmocka_unit_test(rescues_extra_columns),
        cmocka_unit_test(absent_column_is_null),
        cmocka_unit_test(booleans_and_times),
        cmocka_unit_test(lanes_agree_with_the_careful_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
