/* Arithmetic of dates, times, timestamps and intervals. TimeZone is UTC, so that both timestamps reckon alike. */
#include <math.h>

#include "worker/expr/kernels.h"
#include "worker/expr/moment.h"
#include "worker/value/value.h"

static const char date_out_of_range[] = "date out of range";
static const char stamp_out_of_range[] = "timestamp out of range";
static const char interval_out_of_range[] = "interval out of range";

static void date_shift(struct run *run, const struct vec *days, const struct vec *by, int sign, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t shift = by->i64[i & by->mask];
        bool sane = shift < DATE_END * 2 && shift > -DATE_END * 2;
        int64_t value = sane ? days->i64[i & days->mask] + sign * shift : DATE_END;
        out->i64[i] = value;
        if (value < DATE_LEAST || value >= DATE_END)
            run_fail(run, out, i, date_out_of_range);
    }
}

void date_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    bool first = args[0].kind == KIND_DATE;
    date_shift(run, first ? &args[0] : &args[1], first ? &args[1] : &args[0], 1, out);
}

void date_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    date_shift(run, &args[0], &args[1], -1, out);
}

void date_difference(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->i64[i] = vec_live(out, i) ? args[0].i64[i & args[0].mask] - args[1].i64[i & args[1].mask] : 0;
}

bool civil_valid(int64_t year, int month, int day)
{
    return date_valid((int)(year - floor_divide(year - 1, 400) * 400), month, day);
}

/* Months first (the day cut to the month's last), then days, then time. */
static const char *shift_stamp(int64_t stamp, const struct interval *by, int sign, int64_t *out)
{
    if (by->months) {
        int year, month, day;
        int64_t days = floor_divide(stamp, MICROS_A_DAY), time = stamp - days * MICROS_A_DAY;
        date_to_civil((int32_t)days, &year, &month, &day);
        int64_t months = year * 12LL + month - 1 + (int64_t)sign * by->months;
        int64_t years = floor_divide(months, 12);
        if (years < -4713 || years > 294276)
            return stamp_out_of_range;
        month = (int)(months - years * 12) + 1;
        while (!civil_valid(years, month, day) && day > 28)
            day--;
        int128 value = (int128)date_from_civil((int)years, month, day) * MICROS_A_DAY + time;
        if (value > INT64_MAX || value < STAMP_LEAST)
            return value < STAMP_LEAST ? stamp_out_of_range : STAMP_BEYOND;
        stamp = (int64_t)value;
    }
    int128 value = (int128)stamp + sign * (int128)by->days * MICROS_A_DAY;
    if (value < STAMP_LEAST || value > INT64_MAX)
        return value < STAMP_LEAST ? stamp_out_of_range : STAMP_BEYOND;
    value += sign * (int128)by->micros;
    *out = (int64_t)value;
    return value > INT64_MAX ? STAMP_BEYOND : value < STAMP_LEAST ? stamp_out_of_range : NULL;
}

static bool of_days(const struct vec *vec)
{
    return vec->kind == KIND_DATE;
}

static void each_shift(struct run *run, const struct vec *stamps, const struct vec *by, int sign, struct vec *out)
{
    int64_t unit = of_days(stamps) ? MICROS_A_DAY : 1;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t stamp;
        const char *why = __builtin_mul_overflow(stamps->i64[i & stamps->mask], unit, &stamp)
                              ? STAMP_BEYOND
                              : shift_stamp(stamp, &by->interval[i & by->mask], sign, &out->i64[i]);
        if (why)
            run_fail(run, out, i, why);
    }
}

void stamp_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    bool first = args[1].kind == KIND_INTERVAL;
    each_shift(run, &args[!first], &args[first], 1, out);
}

void stamp_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_shift(run, &args[0], &args[1], -1, out);
}

void date_add_time(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t stamp = 0;
        if (vec_live(out, i) && (__builtin_mul_overflow(args[0].i64[i & args[0].mask], MICROS_A_DAY, &stamp) ||
                                    __builtin_add_overflow(stamp, args[1].i64[i & args[1].mask], &stamp)))
            run_fail(run, out, i, STAMP_BEYOND);
        out->i64[i] = stamp;
    }
}

/* Days and time, never months. */
void stamp_difference(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t micros;
        if (!vec_live(out, i))
            continue;
        if (__builtin_sub_overflow(args[0].i64[i & args[0].mask], args[1].i64[i & args[1].mask], &micros)) {
            run_fail(run, out, i, APART_BEYOND);
            continue;
        }
        out->interval[i] = (struct interval){micros % MICROS_A_DAY, (int32_t)(micros / MICROS_A_DAY), 0};
    }
}

static void each_interval(struct run *run, const struct vec *a, const struct vec *b, int sign, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct interval zero = {0}, x = a ? a->interval[i & a->mask] : zero, y = b->interval[i & b->mask];
        int128 micros = (int128)x.micros + sign * (int128)y.micros;
        int64_t days = (int64_t)x.days + (int64_t)sign * y.days, months = (int64_t)x.months + (int64_t)sign * y.months;
        out->interval[i] = (struct interval){(int64_t)micros, (int32_t)days, (int32_t)months};
        if (out->interval[i].micros != micros || out->interval[i].days != days || out->interval[i].months != months)
            run_fail(run, out, i, interval_out_of_range);
    }
}

void interval_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_interval(run, &args[0], &args[1], 1, out);
}

void interval_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_interval(run, &args[0], &args[1], -1, out);
}

void interval_negate(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_interval(run, NULL, args, -1, out);
}

/* Round the clock. */
static void each_clock(struct run *run, const struct vec *args, int sign, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t micros = args[1].interval[i & args[1].mask].micros % MICROS_A_DAY;
        int64_t sum = args[0].i64[i & args[0].mask] + sign * micros;
        out->i64[i] = sum - floor_divide(sum, MICROS_A_DAY) * MICROS_A_DAY;
    }
}

void time_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_clock(run, args, 1, out);
}

void time_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_clock(run, args, -1, out);
}

void time_difference(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->interval[i] = (struct interval){args[0].i64[i & args[0].mask] - args[1].i64[i & args[1].mask], 0, 0};
    }
}

void date_make(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t year = args[0].i64[i & args[0].mask], month = args[1].i64[i & args[1].mask],
                day = args[2].i64[i & args[2].mask];
        bool sane = year != 0 && year >= -4714 && year <= 5874897 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
        year += year < 0; /* there is no year 0: -1 is 1 BC */
        int64_t days = sane && civil_valid(year, (int)month, (int)day)
                           ? date_from_civil((int)year, (int)month, (int)day)
                           : DATE_END;
        out->i64[i] = days;
        if (days < DATE_LEAST || days >= DATE_END)
            run_fail(run, out, i, "date field value out of range");
    }
}

void stamp_of_epoch(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        /* PostgreSQL counts from 2000, and rounds there. */
        double micros = rint((args->f64[i & args->mask] - 946684800.0) * 1e6);
        bool late = micros >= 9.223372036854774e18 - (double)EPOCH_2000;
        if (micros >= (double)(STAMP_LEAST - EPOCH_2000) && !late)
            out->i64[i] = (int64_t)micros + EPOCH_2000;
        else
            run_fail(run, out, i, late ? STAMP_BEYOND : stamp_out_of_range);
    }
}

void cast_date_stamp(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i) && __builtin_mul_overflow(args->i64[i & args->mask], MICROS_A_DAY, &out->i64[i]))
            run_fail(run, out, i, STAMP_BEYOND);
    }
}

void cast_stamp_date(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->i64[i] = floor_divide(args->i64[i & args->mask], MICROS_A_DAY);
}

void cast_stamp_time(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t stamp = args->i64[i & args->mask];
        out->i64[i] = stamp - floor_divide(stamp, MICROS_A_DAY) * MICROS_A_DAY;
    }
}

static void each_moment(struct run *run, const struct vec *args, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        const char *why = moment_parse(args->str[i & args->mask], out->kind, &out->i64[i]);
        if (why)
            run_fail(run, out, i, why);
    }
}

void cast_text_date(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_moment(run, args, out);
}

void cast_text_time(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_moment(run, args, out);
}

void cast_text_stamp(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_moment(run, args, out);
}

void cast_text_interval(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        const char *why = interval_parse(args->str[i & args->mask], &out->interval[i]);
        if (why)
            run_fail(run, out, i, why);
    }
}
