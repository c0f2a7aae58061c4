#include "tests/unit/worker/value/check.h"
#include "tests/unit/worker/value/expected_zone.h"
#include "worker/value/zone.h"

static const struct timezone_rules *load(const char *name, struct arena *arena)
{
    const struct timezone_rules *rules;
    struct err err;
    if (!timezone_load(str_of(name), arena, &rules, &err))
        fail_msg("%s: %s", name, err.message);
    return rules;
}

static void as_zoneinfo(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    const struct timezone_rules *rules = NULL;
    for (size_t i = 0; i < COUNT(zoneinfo); i++) {
        int64_t at = 0;
        if (!i || strcmp(zoneinfo[i].zone, zoneinfo[i - 1].zone) != 0)
            rules = load(zoneinfo[i].zone, arena);
        struct value_format format = {.timezone = rules};
        enum value_result result = value_parse_timestamp(str_of(zoneinfo[i].local), &format, &at);
        if (result != zoneinfo[i].result || (result == OK && at != zoneinfo[i].utc))
            fail_msg("%s in %s: result %d, %ld; expected %ld", zoneinfo[i].local, zoneinfo[i].zone, result, (long)at,
                (long)zoneinfo[i].utc);
        int64_t local;
        if (result == OK) {
            assert_int_equal(value_parse_timestamp(str_of(zoneinfo[i].local), NULL, &local), OK);
            assert_int_equal(timezone_to_local(rules, at), local);
        }
    }
    arena_free(arena);
}

/* Whatever instant: its local time leads back to it, or is one of a fold. */
static void there_and_back(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"};
    struct arena *arena = arena_new(0);
    unsigned seed = 5;
    for (size_t k = 0; k < COUNT(names); k++) {
        const struct timezone_rules *rules = load(names[k], arena);
        for (int i = 0; i < 20000; i++) {
            int64_t span = (int64_t)rand_r(&seed) * RAND_MAX + rand_r(&seed);
            int64_t utc = span % 315000000000000000 - 62135596800000000 + 86400000000, back;
            enum value_result result = timezone_to_utc(rules, timezone_to_local(rules, utc), &back);
            assert_true(result == AMBIGUOUS || (result == OK && back == utc));
        }
    }
    arena_free(arena);
}

static void zone_given_wins(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct value_format format = {.timezone = load("Europe/Berlin", arena)};
    check_text("2026-07-01 12:00:00", TYPE(TYPE_TIMESTAMP), &format, OK, "2026-07-01 10:00:00+00");
    check_text("2026-07-01 12:00", TYPE(TYPE_TIMESTAMP), &format, OK, "2026-07-01 10:00:00+00");
    check_text("2026-07-01", TYPE(TYPE_TIMESTAMP), &format, OK, "2026-06-30 22:00:00+00");
    check_text("2026-07-01 12:00:00Z", TYPE(TYPE_TIMESTAMP), &format, OK, "2026-07-01 12:00:00+00");
    check_text("2026-10-25 02:30:00+02:00", TYPE(TYPE_TIMESTAMP), &format, OK, "2026-10-25 00:30:00+00");
    check_text("0001-01-01 00:00:00", TYPE(TYPE_TIMESTAMP), &format, RANGE, NULL);
    arena_free(arena);
}

static void names_and_files(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "Europe/Atlantis", "../../../etc/passwd", "/etc/passwd", "Europe",
        "Europe/../Europe/Berlin", "tzdata.zi", "right/UTC", "Europe/Berlin\n", "CEST"};
    struct arena *arena = arena_new(0);
    const struct timezone_rules *rules = (const void *)unknown;
    struct err err = {0};
    assert_true(timezone_load(STR("UTC"), arena, &rules, &err));
    assert_null(rules);
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_false(timezone_load(str_of(unknown[i]), arena, &rules, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_null(rules);
    }
    arena_free(arena);
}

static void damaged_files(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct str footer;
    struct err err;
    static const char header[44] = "TZif2";
    struct timezone_rules rules = {0};
    for (size_t n = 0; n < sizeof header; n++)
        assert_false(zone_read_tzif((struct str){header, n}, &rules, &footer, arena, &err));
    char twice[88];
    memcpy(twice, header, 44);
    memcpy(twice + 44, header, 44);
    assert_false(zone_read_tzif((struct str){twice, 88}, &rules, &footer, arena, &err));
    memset(twice + 44 + 20, 0xFF, 24);
    assert_false(zone_read_tzif((struct str){twice, 88}, &rules, &footer, arena, &err));
    static const char *const footers[] = {"C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,366,5", "CET-168",
        "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1", "CET-1:60"};
    for (size_t i = 0; i < COUNT(footers); i++) {
        struct timezone_rules fresh = {.repeat_from = INT64_MAX};
        assert_false(zone_apply_footer(str_of(footers[i]), &fresh, arena, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    arena_free(arena);
}

/* Rules by day of the year: POSIX Jn leaves 29 February out, n counts it. 2027-03-01 and 2028-03-01, 02:00 standard. */
static void julian_rules(void **state)
{
    (void)state;
    static const struct {
        const char *footer;
        int64_t before, after; /* seconds: summer time begins between them */
    } cases[] = {
        {"XXX0YYY,J60,J300", 1803866399, 1803866400},
        {"XXX0YYY,J60,J300", 1835488799, 1835488800},
        {"XXX0YYY,59,299", 1803866399, 1803866400},
        {"XXX0YYY,60,299", 1835488799, 1835488800},
    };
    struct arena *arena = arena_new(0);
    struct err err;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct timezone_rules rules = {.repeat_from = INT64_MAX};
        assert_true(zone_apply_footer(str_of(cases[i].footer), &rules, arena, &err));
        assert_int_equal(timezone_to_local(&rules, cases[i].before * 1000000), cases[i].before * 1000000);
        assert_int_equal(timezone_to_local(&rules, cases[i].after * 1000000), (cases[i].after + 3600) * 1000000);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_zoneinfo), cmocka_unit_test(there_and_back),
        cmocka_unit_test(zone_given_wins), cmocka_unit_test(names_and_files), cmocka_unit_test(damaged_files),
        cmocka_unit_test(julian_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
