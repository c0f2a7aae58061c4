/* What the message of a type error adds to field and value; made once, so that errors cost no formatting. */
#include "worker/shape/converter.h"
#include "worker/shape/moments.h"

static const char *decimal_point(const struct plan *plan, struct arena *arena)
{
    if (plan->decimal_undecided)
        return "decimal point \".\" or \",\"";
    if (plan->format.group_char.n)
        return arena_printf(arena, "decimal point \"%c\", groups \"" STR_FMT "\"", plan->format.decimal_char,
            STR_ARG(plan->format.group_char));
    return arena_printf(arena, "decimal point \"%c\"", plan->format.decimal_char);
}

static const char *moment_forms(const struct plan *plan, struct arena *arena)
{
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < plan->format.moment_count; i++) {
        buf_add_cstr(&text, i ? " or " : "");
        buf_add_str(&text, moment_name(&plan->format.moments[i]));
    }
    if (!plan->format.moment_count)
        buf_add_cstr(&text, "iso");
    const char *forms = arena_str(arena, buf_str(&text)).p;
    buf_dispose(&text);
    return forms;
}

static const char *range_words(struct type type, struct arena *arena)
{
    switch (type.kind) {
    case TYPE_INTEGER:
        return "does not fit 64 bits";
    case TYPE_DECIMAL:
        return arena_printf(arena, "does not fit %u digits before the decimal point and %u after it",
            (unsigned)(type.precision - type.scale), (unsigned)type.scale);
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
        return "names no moment of the calendar or clock";
    default:
        return "is out of range";
    }
}

static const char *bad_words(const struct plan *plan, struct arena *arena)
{
    const char *what = plan->field->type.kind == TYPE_DATE   ? "date"
                       : plan->field->type.kind == TYPE_TIME ? "time"
                                                             : "datetime";
    const char *detail;
    switch (plan->field->type.kind) {
    case TYPE_INTEGER:
        return "is not an integer";
    case TYPE_DECIMAL:
    case TYPE_DOUBLE:
        detail = decimal_point(plan, arena);
        return detail ? arena_printf(arena, "is not a number (%s)", detail) : NULL;
    case TYPE_BOOLEAN:
        return "is not a boolean";
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
        detail = moment_forms(plan, arena);
        return detail ? arena_printf(arena, "is not a %s (%s)", what, detail) : NULL;
    default:
        return "is not text";
    }
}

bool plan_words(struct plan *plan, struct arena *arena, struct err *err)
{
    plan->bad = bad_words(plan, arena);
    plan->range = range_words(plan->field->type, arena);
    plan->ambiguous = plan->decimal_undecided
                          ? "can be read with decimal point \".\" or \",\", and nothing in the file decides which"
                          : "fits two of the allowed forms with different values";
    return (plan->bad && plan->range) || convert_no_memory(err);
}
