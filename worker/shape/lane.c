#include "worker/shape/lane.h"

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
    return value_parse(text, plan->field->type, &plan->format, out);
}

enum value_result plan_parse(const struct plan *plan, struct str text, void *out)
{
    switch (plan->field->type.kind) {
    case TYPE_STRING:
        return cell_string(plan, text, out);
    case TYPE_INTEGER:
        return cell_integer(plan, text, out);
    case TYPE_DECIMAL:
        return cell_decimal(plan, text, out);
    case TYPE_DOUBLE:
        return cell_double(plan, text, out);
    case TYPE_DATE:
        return cell_date(plan, text, out);
    case TYPE_TIMESTAMP:
        return cell_timestamp(plan, text, out);
    default:
        return plan_parse_careful(plan, text, out);
    }
}
