#include "worker/expr/numeric.h"

enum { LIMBS = NUMERIC_WORDS * 2, POWER_COUNT = 20 };

static const uint64_t powers[POWER_COUNT] = {1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL,
    100000000ULL, 1000000000ULL, 10000000000ULL, 100000000000ULL, 1000000000000ULL, 10000000000000ULL,
    100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL, 100000000000000000ULL, 1000000000000000000ULL,
    10000000000000000000ULL};

static int words_used(const uint64_t *w)
{
    int n = NUMERIC_WORDS;
    while (n > 0 && w[n - 1] == 0)
        n--;
    return n;
}

static int words_compare(const uint64_t *a, const uint64_t *b)
{
    for (int i = NUMERIC_WORDS - 1; i >= 0; i--) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

static bool words_add(const uint64_t *a, const uint64_t *b, uint64_t *out)
{
    uint64_t carry = 0;
    for (int i = 0; i < NUMERIC_WORDS; i++) {
        uint128 sum = (uint128)a[i] + b[i] + carry;
        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry == 0;
}

/* a >= b */
static void words_subtract(const uint64_t *a, const uint64_t *b, uint64_t *out)
{
    uint64_t borrow = 0;
    for (int i = 0; i < NUMERIC_WORDS; i++) {
        uint128 difference = (uint128)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
}

static bool words_multiply_small(uint64_t *w, uint64_t by)
{
    uint64_t carry = 0;
    for (int i = 0; i < NUMERIC_WORDS; i++) {
        uint128 product = (uint128)w[i] * by + carry;
        w[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    return carry == 0;
}

static uint64_t words_divide_small(uint64_t *w, uint64_t by)
{
    uint64_t rest = 0;
    for (int i = words_used(w) - 1; i >= 0; i--) {
        uint128 part = ((uint128)rest << 64) | w[i];
        w[i] = (uint64_t)(part / by);
        rest = (uint64_t)(part % by);
    }
    return rest;
}

static bool words_scale_up(uint64_t *w, int digits)
{
    if (words_used(w) == 0)
        return true;
    for (; digits > 0; digits -= POWER_COUNT - 1) {
        if (!words_multiply_small(w, powers[digits < POWER_COUNT - 1 ? digits : POWER_COUNT - 1]))
            return false;
    }
    return true;
}

static int limbs_of(const uint64_t *w, uint32_t *limbs)
{
    for (int i = 0; i < NUMERIC_WORDS; i++) {
        limbs[2 * i] = (uint32_t)w[i];
        limbs[2 * i + 1] = (uint32_t)(w[i] >> 32);
    }
    int n = LIMBS;
    while (n > 0 && limbs[n - 1] == 0)
        n--;
    return n;
}

/* One quotient digit of Knuth's algorithm D: estimates, subtracts, adds back when the estimate was one too large. */
static uint32_t divide_step(uint32_t *u, const uint32_t *v, int n)
{
    uint64_t top = ((uint64_t)u[n] << 32) | u[n - 1];
    uint64_t guess = top / v[n - 1], rest = top % v[n - 1];
    while (guess >> 32 || guess * v[n - 2] > ((rest << 32) | u[n - 2])) {
        guess--;
        rest += v[n - 1];
        if (rest >> 32)
            break;
    }
    int64_t borrow = 0;
    for (int i = 0; i < n; i++) {
        uint64_t product = guess * v[i];
        int64_t t = (int64_t)u[i] - borrow - (int64_t)(product & 0xFFFFFFFFu);
        u[i] = (uint32_t)t;
        borrow = (int64_t)(product >> 32) - (t >> 32);
    }
    int64_t t = (int64_t)u[n] - borrow;
    u[n] = (uint32_t)t;
    if (t >= 0)
        return (uint32_t)guess;
    uint64_t carry = 0;
    for (int i = 0; i < n; i++) {
        carry += (uint64_t)u[i] + v[i];
        u[i] = (uint32_t)carry;
        carry >>= 32;
    }
    u[n] += (uint32_t)carry;
    return (uint32_t)guess - 1;
}

static void shift_left(uint32_t *limbs, int n, int shift)
{
    if (shift == 0)
        return;
    for (int i = n - 1; i > 0; i--)
        limbs[i] = limbs[i] << shift | limbs[i - 1] >> (32 - shift);
    limbs[0] <<= shift;
}

static void words_of(const uint32_t *limbs, uint64_t *w)
{
    for (int i = 0; i < NUMERIC_WORDS; i++)
        w[i] = (uint64_t)limbs[2 * i + 1] << 32 | limbs[2 * i];
}

/* a / b, b not zero. */
static void words_divide(const uint64_t *a, const uint64_t *b, uint64_t *quotient, uint64_t *rest)
{
    memset(rest, 0, NUMERIC_WORDS * sizeof *rest);
    if (words_used(b) == 1) {
        memmove(quotient, a, NUMERIC_WORDS * sizeof *a);
        rest[0] = words_divide_small(quotient, b[0]);
        return;
    }
    uint32_t u[LIMBS + 1] = {0}, v[LIMBS], q[LIMBS] = {0};
    int m = limbs_of(a, u), n = limbs_of(b, v);
    if (m >= n) {
        int shift = __builtin_clz(v[n - 1]);
        shift_left(v, n, shift);
        shift_left(u, m + 1, shift);
        for (int j = m - n; j >= 0; j--)
            q[j] = divide_step(u + j, v, n);
        for (int i = 0; i < n; i++)
            u[i] = shift ? u[i] >> shift | (uint32_t)((uint64_t)u[i + 1] << (32 - shift)) : u[i];
    }
    words_of(u, rest);
    words_of(q, quotient);
}

struct numeric numeric_of(int128 value, int scale)
{
    uint128 magnitude = value < 0 ? -(uint128)value : (uint128)value;
    return (struct numeric){
        .w = {(uint64_t)magnitude, (uint64_t)(magnitude >> 64)}, .scale = scale, .negative = value < 0};
}

bool numeric_unscaled(const struct numeric *a, int128 *out)
{
    if (a->w[2] || a->w[3] || a->w[1] >> 63)
        return false;
    int128 magnitude = (int128)((uint128)a->w[1] << 64 | a->w[0]);
    *out = a->negative ? -magnitude : magnitude;
    return true;
}

bool numeric_is_zero(const struct numeric *a)
{
    return !(a->w[0] | a->w[1] | a->w[2] | a->w[3]);
}

int numeric_compare(const struct numeric *a, const struct numeric *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    struct numeric x = *a, y = *b;
    int order;
    if (!words_scale_up(x.w, y.scale - x.scale))
        order = 1; /* more than 256 bits where the other has no more */
    else if (!words_scale_up(y.w, x.scale - y.scale))
        order = -1;
    else
        order = words_compare(x.w, y.w);
    return a->negative ? -order : order;
}

enum numeric_result numeric_add(const struct numeric *a, const struct numeric *b, struct numeric *out)
{
    struct numeric x = *a, y = *b;
    if (!words_scale_up(x.w, y.scale - x.scale) || !words_scale_up(y.w, x.scale - y.scale))
        return NUMERIC_OVERFLOW;
    out->scale = a->scale > b->scale ? a->scale : b->scale;
    if (x.negative == y.negative) {
        out->negative = x.negative;
        return words_add(x.w, y.w, out->w) ? NUMERIC_OK : NUMERIC_OVERFLOW;
    }
    int order = words_compare(x.w, y.w);
    out->negative = order > 0 ? x.negative : order < 0 && y.negative;
    words_subtract(order >= 0 ? x.w : y.w, order >= 0 ? y.w : x.w, out->w);
    return NUMERIC_OK;
}

enum numeric_result numeric_subtract(const struct numeric *a, const struct numeric *b, struct numeric *out)
{
    struct numeric minus = *b;
    minus.negative = !b->negative && !numeric_is_zero(b);
    return numeric_add(a, &minus, out);
}

enum numeric_result numeric_multiply(const struct numeric *a, const struct numeric *b, struct numeric *out)
{
    uint64_t product[NUMERIC_WORDS * 2] = {0};
    int na = words_used(a->w), nb = words_used(b->w);
    for (int i = 0; i < na; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < nb; j++) {
            uint128 part = (uint128)a->w[i] * b->w[j] + product[i + j] + carry;
            product[i + j] = (uint64_t)part;
            carry = (uint64_t)(part >> 64);
        }
        product[i + nb] = carry;
    }
    int scale = a->scale + b->scale;
    bool negative = a->negative != b->negative && na && nb;
    memcpy(out->w, product, sizeof out->w);
    out->scale = scale;
    out->negative = negative;
    return product[4] | product[5] | product[6] | product[7] || scale > NUMERIC_MAX_SCALE ? NUMERIC_OVERFLOW
                                                                                          : NUMERIC_OK;
}

static int digit_count(const struct numeric *a)
{
    struct numeric x = *a;
    int digits = 0;
    while (words_used(x.w) > 1) {
        words_divide_small(x.w, powers[POWER_COUNT - 1]);
        digits += POWER_COUNT - 1;
    }
    for (; x.w[0]; x.w[0] /= 10)
        digits++;
    return digits;
}

/* PostgreSQL's view: the weight of the first digit in base 10,000, and that digit. */
static int base_weight(const struct numeric *a, uint64_t *first)
{
    *first = 0;
    if (numeric_is_zero(a))
        return 0;
    int top = digit_count(a) - 1 - a->scale;
    int weight = top >= 0 ? top / 4 : -((3 - top) / 4);
    struct numeric x = *a;
    int shift = weight * 4 + a->scale;
    for (int drop = shift; drop > 0; drop -= POWER_COUNT - 1)
        words_divide_small(x.w, powers[drop < POWER_COUNT - 1 ? drop : POWER_COUNT - 1]);
    *first = shift < 0 ? x.w[0] * powers[-shift] : x.w[0]; /* shift > -4 */
    return weight;
}

/* PostgreSQL's select_div_scale(). */
static int divide_scale(const struct numeric *a, const struct numeric *b)
{
    uint64_t first_a, first_b;
    int weight = base_weight(a, &first_a) - base_weight(b, &first_b);
    if (first_a <= first_b)
        weight--;
    int scale = 16 - weight * 4;
    scale = scale > a->scale ? scale : a->scale;
    return scale > b->scale ? scale : b->scale;
}

enum numeric_result numeric_divide(const struct numeric *a, const struct numeric *b, struct numeric *out)
{
    if (numeric_is_zero(b))
        return NUMERIC_DIVISION_BY_ZERO;
    struct numeric x = *a, y = *b, rest;
    int scale = divide_scale(a, b);
    int shift = scale + b->scale - a->scale; /* never negative: scale >= a's */
    if (scale > NUMERIC_MAX_SCALE || !words_scale_up(x.w, shift))
        return NUMERIC_OVERFLOW;
    words_divide(x.w, y.w, out->w, rest.w);
    words_subtract(y.w, rest.w, y.w);
    out->negative = a->negative != b->negative;
    out->scale = scale;
    if (words_compare(rest.w, y.w) >= 0) {
        static const uint64_t one[NUMERIC_WORDS] = {1};
        if (!words_add(out->w, one, out->w))
            return NUMERIC_OVERFLOW;
    }
    if (numeric_is_zero(out))
        out->negative = false;
    return NUMERIC_OK;
}

enum numeric_result numeric_modulo(const struct numeric *a, const struct numeric *b, struct numeric *out)
{
    if (numeric_is_zero(b))
        return NUMERIC_DIVISION_BY_ZERO;
    struct numeric x = *a, y = *b, quotient;
    if (!words_scale_up(x.w, y.scale - x.scale) || !words_scale_up(y.w, x.scale - y.scale))
        return NUMERIC_OVERFLOW;
    int scale = a->scale > b->scale ? a->scale : b->scale;
    words_divide(x.w, y.w, quotient.w, out->w);
    out->scale = scale;
    out->negative = x.negative && !numeric_is_zero(out);
    return NUMERIC_OK;
}

enum numeric_result numeric_rescale(const struct numeric *a, int scale, enum numeric_round how, struct numeric *out)
{
    struct numeric x = *a;
    int up = scale - x.scale;
    x.scale = scale > 0 ? scale : 0;
    *out = x;
    if (up >= 0)
        return x.scale <= NUMERIC_MAX_SCALE && words_scale_up(out->w, up) ? NUMERIC_OK : NUMERIC_OVERFLOW;
    bool sticky = false; /* something other than zero below the last digit dropped */
    uint64_t last = 0;
    for (int drop = -up; drop > 0; drop--) {
        sticky = sticky || last;
        last = words_used(out->w) ? words_divide_small(out->w, 10) : 0;
    }
    bool more = how == NUMERIC_HALF_AWAY ? last >= 5
                : how == NUMERIC_FLOOR   ? x.negative && (last || sticky)
                : how == NUMERIC_CEIL    ? !x.negative && (last || sticky)
                                         : false;
    static const uint64_t one[NUMERIC_WORDS] = {1};
    if (more && !words_add(out->w, one, out->w))
        return NUMERIC_OVERFLOW;
    if (scale < 0 && !words_scale_up(out->w, -scale))
        return NUMERIC_OVERFLOW;
    if (numeric_is_zero(out))
        out->negative = false;
    return NUMERIC_OK;
}

size_t numeric_print(const struct numeric *a, char out[NUMERIC_TEXT_SIZE])
{
    char digits[NUMERIC_TEXT_SIZE];
    size_t n = 0;
    struct numeric x = *a;
    while (words_used(x.w) || n <= (size_t)x.scale)
        digits[n++] = (char)('0' + words_divide_small(x.w, 10));
    size_t length = 0;
    if (a->negative)
        out[length++] = '-';
    while (n > 0) {
        if (n == (size_t)x.scale)
            out[length++] = '.';
        out[length++] = digits[--n];
    }
    out[length] = '\0';
    return length;
}

static bool parse_exponent(struct str text, size_t i, int *exponent)
{
    bool minus = false;
    *exponent = 0;
    if (i < text.n && (text.p[i] == '+' || text.p[i] == '-'))
        minus = text.p[i++] == '-';
    if (i == text.n)
        return false;
    for (; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        if (*exponent < 10000)
            *exponent = *exponent * 10 + (text.p[i] - '0');
    }
    *exponent = minus ? -*exponent : *exponent;
    return true;
}

enum numeric_parsed numeric_parse(struct str text, struct numeric *out)
{
    *out = (struct numeric){0};
    size_t i = 0, digits = 0;
    bool negative = false, point = false, fits = true;
    int exponent = 0, scale = 0;
    if (i < text.n && (text.p[i] == '+' || text.p[i] == '-'))
        negative = text.p[i++] == '-';
    for (; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            uint64_t digit[NUMERIC_WORDS] = {(uint64_t)(c - '0')};
            fits = fits && words_multiply_small(out->w, 10) && words_add(out->w, digit, out->w);
            scale += point && scale < 10000;
            digits++;
        } else if ((c == 'e' || c == 'E') && digits && parse_exponent(text, i + 1, &exponent)) {
            break;
        } else {
            return NUMERIC_NOT_A_NUMBER;
        }
    }
    if (digits == 0)
        return NUMERIC_NOT_A_NUMBER;
    scale -= exponent;
    out->scale = scale > 0 ? scale : 0;
    if (!fits || scale > NUMERIC_MAX_SCALE || (scale < 0 && !words_scale_up(out->w, -scale)))
        return NUMERIC_TOO_LARGE;
    out->negative = negative && !numeric_is_zero(out);
    return NUMERIC_PARSED;
}
