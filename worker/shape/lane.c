#include "worker/shape/lane.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A pattern that backtracks without end must not hold up the file: the value then counts as one that does not match. */
enum { PATTERN_STEPS = 200000 };

bool lane_begin(struct lane *lane, const struct plan *plan, struct err *err)
{
    *lane = (struct lane){0};
    if (!(plan->checks & CHECK_PATTERN))
        return true;
    lane->match = pcre2_match_data_create(1, NULL);
    lane->limits = pcre2_match_context_create(NULL);
    if (!lane->match || !lane->limits) {
        lane_end(lane);
        return convert_no_memory(err);
    }
    pcre2_set_match_limit(lane->limits, PATTERN_STEPS);
    return true;
}

void lane_end(struct lane *lane)
{
    pcre2_match_data_free(lane->match);
    pcre2_match_context_free(lane->limits);
}

/* Neither '.' nor ',' is known to be the decimal point: a value counts only where both readings don't contradict. */
static enum value_result parse_undecided(const struct plan *plan, struct str text, void *out)
{
    struct type type = plan->field->type;
    _Alignas(16) char other[sizeof(int128)] = {0};
    enum value_result first = value_parse(text, type, &plan->format, out);
    enum value_result second = value_parse(text, type, plan->other, other);
    if (first == VALUE_OK && second == VALUE_OK)
        return memcmp(out, other, type_size(type)) == 0 ? VALUE_OK : VALUE_AMBIGUOUS;
    if (first == VALUE_BAD && second == VALUE_OK)
        memcpy(out, other, type_size(type));
    if (first == VALUE_BAD)
        return second;
    /* of the right form both ways, one of them too large: that does not prove the other */
    return second == VALUE_BAD || first == second ? first : VALUE_AMBIGUOUS;
}

enum value_result plan_parse_careful(const struct plan *plan, struct str text, void *out)
{
    if (plan->decimal_undecided)
        return parse_undecided(plan, text, out);
    enum value_result result = value_parse(text, plan->field->type, &plan->format, out);
    if (result == VALUE_AMBIGUOUS && plan->tie && value_parse(text, plan->field->type, plan->tie, out) == VALUE_OK)
        return VALUE_OK;
    return result;
}

enum value_result plan_parse(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    switch (plan->field->type.kind) {
    case TYPE_STRING:
        return lane_string(plan, lane, text, out);
    case TYPE_INTEGER:
        return lane_integer(plan, lane, text, out);
    case TYPE_DECIMAL:
        return lane_decimal(plan, lane, text, out);
    case TYPE_DOUBLE:
        return lane_double(plan, lane, text, out);
    case TYPE_DATE:
        return lane_date(plan, lane, text, out);
    case TYPE_TIMESTAMP:
        return lane_timestamp(plan, lane, text, out);
    default:
        return lane_other(plan, lane, text, out);
    }
}
