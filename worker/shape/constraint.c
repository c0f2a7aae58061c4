#include "worker/shape/converter.h"

#include "shared/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { NAMED_VALUES = 12 };

/* A pattern that backtracks without end must not hold up the file: the value then counts as one that does not match. */
enum { PATTERN_STEPS = 200000 };

bool matcher_begin(struct matcher *matcher, const struct plan *plan, struct err *err)
{
    *matcher = (struct matcher){0};
    if (!(plan->checks & CHECK_PATTERN))
        return true;
    matcher->match = pcre2_match_data_create(1, NULL);
    matcher->limits = pcre2_match_context_create(NULL);
    if (!matcher->match || !matcher->limits) {
        matcher_end(matcher);
        return convert_no_memory(err);
    }
    pcre2_set_match_limit(matcher->limits, PATTERN_STEPS);
    return true;
}

void matcher_end(struct matcher *matcher)
{
    pcre2_match_data_free(matcher->match);
    pcre2_match_context_free(matcher->limits);
}

/* As ORDER BY in PostgreSQL has it: NaN above all. */
static int compare(struct type type, const void *left, const void *right)
{
    switch (type.kind) {
    case TYPE_STRING:
        return str_cmp(*(const struct str *)left, *(const struct str *)right);
    case TYPE_BOOLEAN:
        return *(const uint8_t *)left - *(const uint8_t *)right;
    case TYPE_DATE: {
        int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
        return (a > b) - (a < b);
    }
    case TYPE_DOUBLE: {
        double a = *(const double *)left, b = *(const double *)right;
        bool a_nan = a != a, b_nan = b != b;
        return a_nan || b_nan ? a_nan - b_nan : (a > b) - (a < b);
    }
    case TYPE_DECIMAL:
        if (type_is_wide(type)) {
            int128 a = *(const int128 *)left, b = *(const int128 *)right;
            return (a > b) - (a < b);
        }
        break;
    default:
        break;
    }
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static bool is_allowed(const struct plan *plan, const void *value)
{
    struct type type = plan->field->type;
    if (type.kind == TYPE_STRING)
        return text_set_has(&plan->allowed, *(const struct str *)value);
    const char *list = plan->field->constraints.enum_values;
    for (size_t i = 0; i < plan->field->constraints.enum_count; i++)
        if (compare(type, list + i * type_size(type), value) == 0)
            return true;
    return false;
}

static bool matches(const struct plan *plan, struct matcher *matcher, struct str text)
{
    const pcre2_code *code = plan->field->constraints.pattern_code;
    int result = pcre2_match(
        code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, plan->match_options, matcher->match, matcher->limits);
    return result >= 0;
}

unsigned constraints_broken(const struct plan *plan, struct matcher *matcher, struct str text, const void *value)
{
    const struct constraints *limits = &plan->field->constraints;
    struct type type = plan->field->type;
    unsigned checks = plan->checks, broken = 0;
    if ((checks & CHECK_MINIMUM) && compare(type, value, limits->minimum) < 0)
        broken |= CHECK_MINIMUM;
    if ((checks & CHECK_MAXIMUM) && compare(type, value, limits->maximum) > 0)
        broken |= CHECK_MAXIMUM;
    /* bytes bound code points: n / 4 <= length <= n */
    if ((checks & CHECK_MIN_LENGTH) && text.n / 4 < limits->min_length &&
        (text.n < limits->min_length || utf8_length(text) < limits->min_length))
        broken |= CHECK_MIN_LENGTH;
    if ((checks & CHECK_MAX_LENGTH) && text.n > limits->max_length && utf8_length(text) > limits->max_length)
        broken |= CHECK_MAX_LENGTH;
    if ((checks & CHECK_ENUM) && !is_allowed(plan, value))
        broken |= CHECK_ENUM;
    if ((checks & CHECK_PATTERN) && !matches(plan, matcher, text))
        broken |= CHECK_PATTERN;
    return broken;
}

static const char *enum_words(const struct constraints *limits, struct arena *arena)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_cstr(&text, "not one of ");
    for (size_t i = 0; i < limits->enum_count && i < NAMED_VALUES; i++)
        buf_printf(&text, "%s" STR_FMT, i ? ", " : "", STR_ARG(limits->enum_texts[i]));
    if (limits->enum_count > NAMED_VALUES)
        buf_printf(&text, ", … (%zu values)", limits->enum_count);
    const char *words = arena_str(arena, buf_str(&text)).p;
    buf_dispose(&text);
    return words;
}

static const char *text_words(struct arena *arena, const char *format, struct str text)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "%s ", format);
    buf_add_str(&out, text);
    const char *words = arena_str(arena, buf_str(&out)).p;
    buf_dispose(&out);
    return words;
}

static bool plan_pattern(struct plan *plan, struct arena *arena)
{
    const struct constraints *limits = &plan->field->constraints;
    uint32_t options = 0;
    pcre2_pattern_info(limits->pattern_code, PCRE2_INFO_ALLOPTIONS, &options);
    /* given here they would cost the JIT, so they belong to the compiled pattern */
    bool anchored = (options & PCRE2_ENDANCHORED) != 0;
    plan->match_options = (options & PCRE2_UTF ? PCRE2_NO_UTF_CHECK : 0) |
                          (anchored ? 0 : (uint32_t)(PCRE2_ANCHORED | PCRE2_ENDANCHORED));
    plan->pattern = arena_printf(arena, "pattern \"" STR_FMT "\"", STR_ARG(limits->pattern));
    return plan->pattern != NULL;
}

bool constraints_plan(struct plan *plan, struct arena *arena, struct err *err)
{
    const struct constraints *limits = &plan->field->constraints;
    plan->checks = (limits->has_minimum ? CHECK_MINIMUM : 0u) | (limits->has_maximum ? CHECK_MAXIMUM : 0u) |
                   (limits->has_min_length ? CHECK_MIN_LENGTH : 0u) | (limits->has_max_length ? CHECK_MAX_LENGTH : 0u) |
                   (limits->pattern_code ? CHECK_PATTERN : 0u) | (limits->enum_count ? CHECK_ENUM : 0u);
    plan->minimum = text_words(arena, "minimum", limits->minimum_text);
    plan->maximum = text_words(arena, "maximum", limits->maximum_text);
    plan->min_length = arena_printf(arena, "minLength %llu", (unsigned long long)limits->min_length);
    plan->max_length = arena_printf(arena, "maxLength %llu", (unsigned long long)limits->max_length);
    plan->not_allowed = enum_words(limits, arena);
    bool ok = plan->minimum && plan->maximum && plan->min_length && plan->max_length && plan->not_allowed;
    if (ok && (plan->checks & CHECK_ENUM) && plan->field->type.kind == TYPE_STRING)
        ok = text_set_init(&plan->allowed, limits->enum_values, limits->enum_count, arena);
    if (ok && (plan->checks & CHECK_PATTERN))
        ok = plan_pattern(plan, arena);
    return ok || convert_no_memory(err);
}

const char *constraint_detail(const struct plan *plan, unsigned check)
{
    switch (check) {
    case CHECK_MINIMUM:
        return plan->minimum;
    case CHECK_MAXIMUM:
        return plan->maximum;
    case CHECK_MIN_LENGTH:
        return plan->min_length;
    case CHECK_MAX_LENGTH:
        return plan->max_length;
    case CHECK_PATTERN:
        return plan->pattern;
    default:
        return plan->not_allowed;
    }
}
