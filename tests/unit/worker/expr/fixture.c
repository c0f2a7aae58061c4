#include "tests/unit/worker/expr/fixture.h"

#include "worker/value/value.h"

static const struct {
    const char *name;
    struct type type;
    const char *values[FIXTURE_ROWS]; /* NULL: null */
} columns[FIXTURE_COLUMNS] = {
    {"i", {TYPE_INTEGER, 0, 0}, {"3", "-5", NULL, "9223372036854775807", "0", "12"}},
    {"j", {TYPE_INTEGER, 0, 0}, {"7", "0", "2", "-1", "100", "12"}},
    {"p", {TYPE_DECIMAL, 18, 2}, {"19.99", "-0.05", NULL, "9999999999999999.99", "2.50", "0.00"}},
    {"q", {TYPE_DECIMAL, 18, 2}, {"0.15", NULL, "100.00", "0.01", "33.33", "7.77"}},
    {"r", {TYPE_DECIMAL, 18, 4}, {"1.0825", "0.3333", NULL, "99999999999999.9999", "-2.5000", "12.3456"}},
    {"w", {TYPE_DECIMAL, 38, 9},
        {"123456789.123456789", "-0.000000001", "99999999999999999999999999999.999999999", "7", "0.500000000", NULL}},
    {"d", {TYPE_DOUBLE, 0, 0}, {"2.5", "-0.5", "1e300", "0.1", NULL, "0"}},
    {"s", {TYPE_STRING, 0, 0}, {"Hello World", " Straße ", "", NULL, "TX0042", "tx_9"}},
    {"u", {TYPE_STRING, 0, 0}, {"a,b,,c", "10%", "x_y", "ÄÖü", "-12", "3.14"}},
    {"b", {TYPE_BOOLEAN, 0, 0}, {"true", "false", NULL, "true", "false", NULL}},
    {"c", {TYPE_BOOLEAN, 0, 0}, {"false", NULL, "true", "true", "false", NULL}},
    {"dt", {TYPE_DATE, 0, 0}, {"2026-02-28", "2024-02-29", "1969-12-31", NULL, "2026-12-31", "2000-01-01"}},
    {"ts", {TYPE_TIMESTAMP, 0, 0},
        {"2026-03-29T00:30:00Z", "2026-10-25T00:59:59.999999Z", "1969-12-31T23:59:59.5Z", "2000-02-29T12:00:00Z", NULL,
            "2024-12-31T23:59:59Z"}},
    {"tm", {TYPE_TIME, 0, 0}, {"10:20:30", "23:59:59.5", "00:00:00", NULL, "12:00:00", "01:02:03.000004"}},
};

bool fixture_init(struct fixture *fixture, struct arena *arena)
{
    struct expr_name *names = ARENA_ARRAY(arena, struct expr_name, FIXTURE_COLUMNS);
    fixture->scope = (struct expr_scope){names, FIXTURE_COLUMNS};
    for (uint32_t c = 0; names && c < FIXTURE_COLUMNS; c++) {
        struct vector *vector = &fixture->vectors[c];
        names[c] = (struct expr_name){str_of(columns[c].name), columns[c].type};
        if (!vector_init(vector, columns[c].type, FIXTURE_ROWS, arena))
            return false;
        for (uint32_t row = 0; row < FIXTURE_ROWS; row++) {
            const char *text = columns[c].values[row];
            vector->state[row] = text ? VALUE_PRESENT : VALUE_NULL;
            if (text && value_parse(str_of(text), columns[c].type, NULL, vector_at(vector, row)) != VALUE_OK)
                return false;
        }
        fixture->slots[c] = vector;
    }
    return names != NULL;
}
