#include "worker/expr/decimal.h"

int64_t power_of_ten(int n)
{
    int64_t power = 1;
    while (n-- > 0)
        power *= 10;
    return power;
}

int128 power_of_ten_wide(int n)
{
    int128 power = 1;
    while (n-- > 0)
        power *= 10;
    return power;
}

struct numeric decimal_at(const struct vec *vec, uint32_t i)
{
    i &= vec->mask;
    if (vec->lane == LANE_NUMBER)
        return vec->numeric[i];
    return numeric_of(vec->lane == LANE_64 ? vec->i64[i] : vec->i128[i], vec->scale);
}

bool decimal_widen(struct run *run, struct vec *vec, enum lane lane)
{
    struct vec wide = *vec;
    uint32_t n = vec->mask ? run->n : 1;
    if (vec->lane >= lane)
        return true;
    wide.lane = lane;
    if (!run_data(run, &wide))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (lane == LANE_128)
            wide.i128[i] = vec->i64[i];
        else
            wide.numeric[i] = decimal_at(vec, i);
    }
    *vec = wide;
    return true;
}

bool decimal_narrow(struct run *run, struct vec *vec)
{
    if (vec->lane != LANE_NUMBER || vec->kind != KIND_DEC)
        return true;
    struct vec narrow = *vec, wide = *vec;
    bool fits_narrow = true, fits_wide = true;
    narrow.lane = LANE_64;
    wide.lane = LANE_128;
    if (!run_data(run, &narrow) || !run_data(run, &wide))
        return false;
    for (uint32_t i = 0; i < run->n; i++) {
        int128 value = 0;
        fits_wide = fits_wide && (!vec_live(vec, i) || numeric_unscaled(&vec->numeric[i], &value));
        wide.i128[i] = value;
        narrow.i64[i] = (int64_t)value;
        fits_narrow = fits_narrow && value == narrow.i64[i];
    }
    if (fits_wide)
        *vec = fits_narrow ? narrow : wide;
    return true;
}

void decimal_fail(struct run *run, struct vec *out, uint32_t i, enum numeric_result result)
{
    run_fail(run, out, i, result == NUMERIC_DIVISION_BY_ZERO ? "division by zero" : NUMERIC_BEYOND);
}

typedef enum numeric_result numeric_operation(const struct numeric *a, const struct numeric *b, struct numeric *out);

static void each_numeric(struct run *run, const struct vec *args, struct vec *out, numeric_operation *operation)
{
    out->lane = LANE_NUMBER;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct numeric a = decimal_at(&args[0], i), b = decimal_at(&args[1], i);
        enum numeric_result result = operation(&a, &b, &out->numeric[i]);
        if (result != NUMERIC_OK)
            decimal_fail(run, out, i, result);
    }
}

enum operation { ADD, SUBTRACT, MULTIPLY };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* What lies in rows that are not live must not send the block to the wide lane. */
ALWAYS_INLINE bool each_64(enum operation operation, const struct vec *args, uint32_t n, const struct vec *out)
{
    const int64_t *a = args[0].i64, *b = args[1].i64;
    uint32_t mask_a = args[0].mask, mask_b = args[1].mask, bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t x = a[i & mask_a], y = b[i & mask_b];
        bool overflow = operation == ADD        ? __builtin_add_overflow(x, y, &out->i64[i])
                        : operation == SUBTRACT ? __builtin_sub_overflow(x, y, &out->i64[i])
                                                : __builtin_mul_overflow(x, y, &out->i64[i]);
        bad |= overflow && vec_live(out, i);
    }
    return !bad;
}

ALWAYS_INLINE bool each_128(enum operation operation, const struct vec *args, uint32_t n, const struct vec *out)
{
    for (uint32_t i = 0; i < n; i++) {
        int128 x = args[0].i128[i & args[0].mask], y = args[1].i128[i & args[1].mask];
        bool overflow = operation == ADD        ? __builtin_add_overflow(x, y, &out->i128[i])
                        : operation == SUBTRACT ? __builtin_sub_overflow(x, y, &out->i128[i])
                                                : __builtin_mul_overflow(x, y, &out->i128[i]);
        if (overflow && vec_live(out, i))
            return false;
    }
    return true;
}

ALWAYS_INLINE void arithmetic(
    struct run *run, const struct vec *args, struct vec *out, enum operation operation, numeric_operation *careful)
{
    enum lane lane = args[0].lane > args[1].lane ? args[0].lane : args[1].lane;
    /* A value with a scale of its own, or a constant beside one: the fast lanes know one scale only. */
    if (out->kind == KIND_NUM || (operation != MULTIPLY && args[0].scale != args[1].scale))
        lane = LANE_NUMBER;
    out->lane = LANE_64;
    if (lane == LANE_64 && (!run_data(run, out) || each_64(operation, args, run->n, out)))
        return;
    if (lane != LANE_NUMBER) {
        struct vec wide[2] = {args[0], args[1]};
        out->lane = LANE_128;
        if (!decimal_widen(run, &wide[0], LANE_128) || !decimal_widen(run, &wide[1], LANE_128) || !run_data(run, out) ||
            each_128(operation, wide, run->n, out))
            return;
    }
    each_numeric(run, args, out, careful);
}

void decimal_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    arithmetic(run, args, out, ADD, numeric_add);
}

void decimal_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    arithmetic(run, args, out, SUBTRACT, numeric_subtract);
}

void decimal_multiply(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    arithmetic(run, args, out, MULTIPLY, numeric_multiply);
}

/* By a constant such as 100: a multiplication, where PostgreSQL's quotient is exact. */
static bool divide_fixed(const struct node *node, const struct vec *arg, uint32_t n, struct vec *out)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t value = arg->i64[i & arg->mask];
        bool overflow = __builtin_mul_overflow(value, node->factor, &out->i64[i]);
        bad |= (overflow || value >= node->limit || value <= -node->limit) && vec_live(out, i);
    }
    return !bad;
}

static bool rescale_numeric(struct run *run, struct vec *out, int scale, enum numeric_round how)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i) && numeric_rescale(&out->numeric[i], scale, how, &out->numeric[i]) != NUMERIC_OK)
            decimal_fail(run, out, i, NUMERIC_OVERFLOW);
    }
    return decimal_narrow(run, out);
}

static struct numeric without_zeros(struct numeric a)
{
    struct numeric shorter;
    while (a.scale > 0 && numeric_rescale(&a, a.scale - 1, NUMERIC_TRUNCATE, &shorter) == NUMERIC_OK &&
           numeric_compare(&shorter, &a) == 0)
        a = shorter;
    return a;
}

/* How far PostgreSQL divides hangs on the dividend's decimals, zeros too, of which a loose one has fewer there. */
static void fail_uncertain(struct run *run, const struct vec *args, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct numeric a = without_zeros(decimal_at(&args[0], i)), b = decimal_at(&args[1], i), quotient;
        if (numeric_divide(&a, &b, &quotient) != NUMERIC_OK || numeric_compare(&quotient, &out->numeric[i]) != 0)
            run_fail(run, out, i, NUMERIC_UNCERTAIN);
    }
}

void decimal_divide(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    bool fixed = node->factor != 0;
    if (fixed && args[0].lane == LANE_64) {
        out->lane = LANE_64;
        if (!run_data(run, out) || divide_fixed(node, &args[0], run->n, out))
            return;
    }
    each_numeric(run, args, out, numeric_divide);
    if (fixed && node->args[0]->type.loose && !run->out_of_memory)
        fail_uncertain(run, args, out);
    if (fixed && !run->out_of_memory && !rescale_numeric(run, out, node->type.scale, NUMERIC_HALF_AWAY))
        run->out_of_memory = true;
}

void decimal_modulo(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_numeric(run, args, out, numeric_modulo);
    if (!run->out_of_memory && !decimal_narrow(run, out))
        run->out_of_memory = true;
}

static void each_sign(struct run *run, const struct vec *arg, struct vec *out, bool absolute)
{
    bool least = false; /* whose opposite needs more bits */
    for (uint32_t i = 0; arg->lane == LANE_64 && i < run->n; i++)
        least = least || arg->i64[i & arg->mask] == INT64_MIN;
    out->lane = out->kind == KIND_NUM || least ? LANE_NUMBER : arg->lane;
    if (arg->lane == LANE_128 || !run_data(run, out)) {
        if (run->out_of_memory)
            return;
        out->lane = LANE_NUMBER;
        if (!run_data(run, out))
            return;
    }
    for (uint32_t i = 0; i < run->n; i++) {
        if (out->lane == LANE_64) {
            int64_t value = arg->i64[i & arg->mask];
            out->i64[i] = absolute && value >= 0 ? value : (int64_t)(0 - (uint64_t)value);
        } else if (vec_live(out, i)) {
            out->numeric[i] = decimal_at(arg, i);
            out->numeric[i].negative = !absolute && !out->numeric[i].negative && !numeric_is_zero(&out->numeric[i]);
        }
    }
    if (!decimal_narrow(run, out))
        run->out_of_memory = true;
}

void decimal_negate(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_sign(run, args, out, false);
}

void decimal_abs(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_sign(run, args, out, true);
}

void decimal_sign(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    out->lane = LANE_64;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct numeric value = decimal_at(args, i);
        out->i64[i] = numeric_is_zero(&value) ? 0 : value.negative ? -1 : 1;
    }
}
