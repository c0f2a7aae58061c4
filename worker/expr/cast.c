/* Conversions between numbers and booleans, and of all types to text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/utf8.h"
#include "worker/expr/decimal.h"
#include "worker/expr/kernels.h"
#include "worker/expr/moment.h"
#include "worker/value/value.h"

static const char out_of_range[] = "bigint out of range";

void cast_int_numeric(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    struct vec decimal = args[0];
    decimal.kind = KIND_DEC;
    decimal.lane = LANE_64;
    decimal.scale = 0;
    decimal_rescale(run, node, &decimal, out);
}

void cast_numeric_int(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct numeric value = decimal_at(args, i);
        int128 whole = 0;
        bool fits =
            numeric_rescale(&value, 0, NUMERIC_HALF_AWAY, &value) == NUMERIC_OK && numeric_unscaled(&value, &whole);
        out->i64[i] = (int64_t)whole;
        if (!fits || whole != out->i64[i])
            run_fail(run, out, i, out_of_range);
    }
}

void cast_int_double(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->f64[i] = (double)args->i64[i & args->mask];
}

void cast_numeric_double(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
        1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t small = args->lane == LANE_64 ? args->i64[i & args->mask] : INT64_MAX;
        if (small > -(1LL << 53) && small < 1LL << 53 && args->scale <= 22) {
            out->f64[i] = (double)small / powers[args->scale]; /* both exact: correctly rounded */
            continue;
        }
        char text[NUMERIC_TEXT_SIZE];
        struct numeric value = decimal_at(args, i);
        numeric_print(&value, text);
        out->f64[i] = strtod(text, NULL);
    }
}

void cast_double_int(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        double value = rint(args->f64[i & args->mask]);
        if (value >= -9223372036854775808.0 && value < 9223372036854775808.0)
            out->i64[i] = (int64_t)value;
        else
            run_fail(run, out, i, out_of_range);
    }
}

/* PostgreSQL goes by way of 15 significant digits. */
void cast_double_numeric(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    out->lane = LANE_NUMBER;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        char text[32];
        if (!vec_live(out, i))
            continue;
        double value = args->f64[i & args->mask];
        int n = snprintf(text, sizeof text, "%.15g", value);
        if (!isfinite(value))
            run_fail(run, out, i, "cannot convert NaN or infinity to numeric");
        else if (numeric_parse((struct str){text, (size_t)n}, &out->numeric[i]) != NUMERIC_PARSED)
            run_fail(run, out, i, NUMERIC_BEYOND);
    }
}

void cast_bool_int(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->i64[i] = args->u8[i & args->mask] != 0;
}

void cast_bool_letter(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->str[i] = args->u8[i & args->mask] ? STR("t") : STR("f");
}

void cast_int4(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t value = args->i64[i & args->mask];
        out->i64[i] = value;
        if ((value > INT32_MAX || value < INT32_MIN) && vec_live(out, i))
            run_fail(run, out, i, "integer out of range");
    }
}

void cast_text_int(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = str_trim(args->str[i & args->mask]);
        size_t at = s.n && (s.p[0] == '-' || s.p[0] == '+');
        bool minus = at && s.p[0] == '-', fits = true, digits = at < s.n;
        int64_t value = 0;
        for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++) {
            int digit = minus ? '0' - s.p[at] : s.p[at] - '0';
            fits = fits && !__builtin_mul_overflow(value, 10, &value) && !__builtin_add_overflow(value, digit, &value);
        }
        if (!digits || at < s.n)
            run_fail(run, out, i, "invalid input syntax for type bigint");
        else if (!fits)
            run_fail(run, out, i, "value is out of range for type bigint");
        out->i64[i] = value;
    }
}

void cast_text_numeric(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    out->lane = LANE_NUMBER;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        enum numeric_parsed parsed = numeric_parse(str_trim(args->str[i & args->mask]), &out->numeric[i]);
        if (parsed != NUMERIC_PARSED)
            run_fail(
                run, out, i, parsed == NUMERIC_TOO_LARGE ? NUMERIC_BEYOND : "invalid input syntax for type numeric");
    }
}

void cast_text_double(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str text = str_trim(args->str[i & args->mask]);
        bool ascii = utf8_length(text) == text.n; /* a delivered value may have another minus, or space */
        enum value_result result = ascii ? value_parse_double(text, NULL, &out->f64[i]) : VALUE_BAD;
        if (result != VALUE_OK)
            run_fail(run, out, i,
                result == VALUE_RANGE ? "value is out of range for type double precision"
                                      : "invalid input syntax for type double precision");
    }
}

/* The unique beginnings of true, false, yes, no, on, off, and 1, 0. */
static bool boolean_of(struct str s, uint8_t *out)
{
    static const struct {
        const char *word;
        size_t least;
        uint8_t value;
    } words[] = {{"true", 1, 1}, {"false", 1, 0}, {"yes", 1, 1}, {"no", 1, 0}, {"on", 2, 1}, {"off", 2, 0}, {"1", 1, 1},
        {"0", 1, 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (s.n >= words[i].least && s.n <= strlen(words[i].word) &&
            str_eq_nocase_ascii(s, (struct str){words[i].word, s.n})) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

void cast_text_bool(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i) && !boolean_of(str_trim(args->str[i & args->mask]), &out->u8[i]))
            run_fail(run, out, i, "invalid input syntax for type boolean");
    }
}

static void print_at(const struct vec *vec, uint32_t i, struct buf *text)
{
    uint32_t at = i & vec->mask;
    switch (vec->kind) {
    case KIND_BOOL:
        buf_add_cstr(text, vec->u8[at] ? "true" : "false");
        break;
    case KIND_INT:
        buf_add_i64(text, vec->i64[at]);
        break;
    case KIND_DEC:
    case KIND_NUM: {
        char digits[NUMERIC_TEXT_SIZE];
        struct numeric value = decimal_at(vec, i);
        buf_add(text, digits, numeric_print(&value, digits));
        break;
    }
    case KIND_DOUBLE:
        value_print(text, TYPE(TYPE_DOUBLE), &vec->f64[at]);
        break;
    case KIND_TEXT:
    case KIND_UNKNOWN:
        buf_add_str(text, vec->str[at]);
        break;
    case KIND_INTERVAL:
        interval_print(text, &vec->interval[at]);
        break;
    default:
        moment_print(text, vec->kind, vec->i64[at]);
    }
}

void cast_to_text(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    struct buf text;
    buf_init(&text, 4096);
    for (uint32_t i = 0; i < run->n && !run->out_of_memory; i++) {
        if (!vec_live(out, i))
            continue;
        buf_reset(&text);
        print_at(args, i, &text);
        char *p = text.failed ? NULL : run_text(run, text.n);
        if (!p) {
            run->out_of_memory = true;
            break;
        }
        if (text.n > 0)
            memcpy(p, text.p, text.n);
        out->str[i] = (struct str){p, text.n};
    }
    buf_dispose(&text);
}
