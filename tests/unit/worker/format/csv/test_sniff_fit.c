#include "worker/format/csv/sniff_fit.h"

#include "worker/format/csv/sniff_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct kind_case {
    const char *text;
    enum kind kind;
};

static const struct kind_case kinds[] = {
    {"", KIND_BLANK},
    {"  ", KIND_BLANK},
    {"N/A", KIND_ABSENT},
    {"null", KIND_ABSENT},
    {"-", KIND_ABSENT},
    {"0", KIND_INTEGER},
    {"-12", KIND_INTEGER},
    {"2,074.54", KIND_NUMBER},
    {"1.234,56", KIND_NUMBER},
    {"12,5", KIND_NUMBER},
    {".5", KIND_NUMBER},
    {"1e-7", KIND_NUMBER},
    {"$74.69", KIND_NUMBER},
    {"\xC2\xA3"
     "6,755",
        KIND_NUMBER},
    {"(1.00)", KIND_NUMBER},
    {"12 %", KIND_NUMBER},
    {"12,50 \xE2\x82\xAC", KIND_NUMBER},
    {"1,23,4", KIND_TEXT},
    {"28/01/2018", KIND_DATE},
    {"2018-01-28", KIND_DATE},
    {"13.04.12", KIND_DATE},
    {"14-Jan", KIND_CODE},
    {"3 Feb 2016", KIND_DATE},
    {"Feb 3, 2016", KIND_DATE},
    {"1.2.3", KIND_CODE},
    {"00:15", KIND_TIME},
    {"9:30 PM", KIND_TIME},
    {"2020-01-01T10:00:00Z", KIND_MOMENT},
    {"01-12-2010 08:26", KIND_MOMENT},
    {"2020-01-01 10:00:00.123+01:00", KIND_MOMENT},
    {"https://www.example.com/a", KIND_ADDRESS},
    {"ann@example.com", KIND_ADDRESS},
    {"MG-8769", KIND_CODE},
    {"85123A", KIND_CODE},
    {"Quantity", KIND_WORD},
    {"Purpose of Spend", KIND_TEXT},
};

static void kinds_are_told_by_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        enum kind kind = kind_of(str_of(kinds[i].text));
        if (kind != kinds[i].kind)
            fail_msg("'%s' is %d", kinds[i].text, (int)kind);
    }
    assert_true(kind_is_grouped(STR("12,345.60")));
    assert_false(kind_is_grouped(STR("12,34")));
    assert_false(kind_is_grouped(STR("1234")));
}

/* Columns: date, time, count, code, price, text, text, URL, blank. */
static const uint8_t columns[] = {
    KIND_DATE, KIND_TIME, KIND_INTEGER, KIND_CODE, KIND_NUMBER, KIND_TEXT, KIND_TEXT, KIND_ADDRESS, KIND_BLANK};

#define URL "https://x.example/1"

struct fit_case {
    const char *name, *text, *cells; /* cells joined by / of all records, each ended by ! */
    int repair;                      /* -1: none */
};

static const struct fit_case fits[] = {
    {"as it should be", "28/01/2018,00:15,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", -1},
    {"a delimiter too many", "28/01/2018,00:15,,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_BLANK},
    {"one too many at the end", "28/01/2018,00:15,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",,",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_BLANK},
    {"a comma in a plain text", "28/01/2018,00:15,2,MG-1,$2.50,Hat,a, b,\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_JOINED},
    {"a stray quote", "28/01/2018,\"00:15,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",",
        "28|01|2018/\"00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_QUOTE},
    {"a stray quote that takes the next line in",
        "28/01/2018,00:15,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",\"\n"
        "28/01/2018,00:15,2,MG-1,$2.50,Hat,\"a, b\",\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/\"!28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!",
        FIT_QUOTE},
    {"an unescaped quote before the end", "28/01/2018,00:15,2,MG-1,$2.50,\"Table, 48\"\",\"a, b\",\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Table, 48\"/a, b/" URL "/!", FIT_QUOTE},
    {"a delimiter missing between quotes", "28/01/2018,00:15,2,MG-1,$2.50,Hat,\"a, b\"\"" URL "\",",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_MISSING},
    {"delimited by spaces", "28/01/2018 00:15 2 MG-1 $2.50 Rain Hat \"a, b\" \"" URL "\" ",
        "28|01|2018/00:15/2/MG-1/$2.50/Rain Hat/a, b/" URL "/!", FIT_DELIMITER},
    {"in quotes as a whole", "\"28/01/2018,00:15,2,MG-1,$2.50,Hat,\"\"a, b\"\",\"\"" URL "\"\",\"",
        "28|01|2018/00:15/2/MG-1/$2.50/Hat/a, b/" URL "/!", FIT_WRAPPED},
    {"cut off", "28/01/2018,00:15,2", "28|01|2018/00:15/2//////!", FIT_PADDED},
};

static void check_fit(const struct fit_case *e)
{
    struct arena *arena = arena_new(0);
    struct dialect dialect = {.delimiter = STR(","), .quote = '"', .escape = '"'};
    struct fit fit;
    struct buf out;
    buf_init(&out, 4096);
    assert_true(fit_init(&fit, &dialect, sizeof columns, columns, arena));
    struct str text = str_of(e->text);
    for (size_t at = 0;;) {
        bool got;
        assert_true(fit_next(&fit, text, &at, &got, arena));
        if (!got)
            break;
        for (size_t c = 0; c < fit.width; c++) {
            if (c)
                buf_add_byte(&out, '/');
            for (size_t i = 0; i < fit.cells[c].n; i++) {
                char byte = fit.cells[c].p[i];
                buf_add_byte(&out, c == 0 && byte == '/' ? '|' : byte);
            }
        }
        buf_add_byte(&out, '!');
    }
    if (!str_eq(buf_str(&out), str_of(e->cells)))
        fail_msg("%s: " STR_FMT, e->name, STR_ARG(buf_str(&out)));
    for (int i = 0; i < FIT_REPAIRS; i++) {
        if ((fit.repairs[i] > 0) != (i == e->repair))
            fail_msg("%s: %s", e->name, fit_repair_text((enum fit_repair)i));
    }
    buf_dispose(&out);
    arena_free(arena);
}

static void records_are_fitted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        check_fit(&fits[i]);
}

static void a_wide_surplus_is_kept(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct dialect dialect = {.delimiter = STR(","), .quote = '"', .escape = '"'};
    static const uint8_t two[] = {KIND_TEXT, KIND_TEXT};
    struct fit fit;
    struct buf text;
    buf_init(&text, 1024 * 1024);
    for (int i = 0; i < 100000; i++)
        buf_add_cstr(&text, "ab,");
    assert_true(fit_init(&fit, &dialect, 2, two, arena));
    size_t at = 0;
    bool got;
    assert_true(fit_next(&fit, buf_str(&text), &at, &got, arena));
    assert_true(got && at == text.n);
    assert_true(str_eq(fit.cells[0], STR("ab")));
    assert_int_equal(fit.cells[1].n, text.n - 3);
    buf_dispose(&text);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_by_form),
        cmocka_unit_test(records_are_fitted),
        cmocka_unit_test(a_wide_surplus_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
