/*
 * The fast lanes of cells: texts in their plain form, read inline. A lane gives exactly what the careful reading would
 * give, or hands over to it.
 */
#ifndef WORKER_SHAPE_LANE_H
#define WORKER_SHAPE_LANE_H

#include "worker/shape/converter.h"
#include "worker/value/lane.h"

static inline enum value_result cell_integer(const struct plan *plan, struct str text, void *out)
{
    return lane_integer(text, out) ? VALUE_OK : plan_parse_careful(plan, text, out);
}

static inline enum value_result cell_decimal(const struct plan *plan, struct str text, void *out)
{
    int64_t value;
    struct type type = plan->field->type;
    if (plan->decimal_undecided || !lane_decimal(text, type, plan->format.decimal_char, &value))
        return plan_parse_careful(plan, text, out);
    if (type_is_wide(type))
        *(int128 *)out = value;
    else
        *(int64_t *)out = value;
    return VALUE_OK;
}

static inline enum value_result cell_double(const struct plan *plan, struct str text, void *out)
{
    if (plan->decimal_undecided || !lane_double(text, plan->format.decimal_char, out))
        return plan_parse_careful(plan, text, out);
    return VALUE_OK;
}

static inline int layout_two(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* A text of the pattern's own layout; micros behind midnight. */
static inline bool layout_read(const struct moment_layout *layout, struct str text, int32_t *days, int64_t *micros)
{
    if (text.n != layout->length)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (layout->template[i] == '0' ? !scan_is_digit(text.p[i]) : text.p[i] != layout->template[i])
            return false;
    int year = layout_two(text.p + layout->year) * 100 + layout_two(text.p + layout->year + 2);
    int month = layout_two(text.p + layout->month), day = layout_two(text.p + layout->day);
    int hour = layout->hour < 0 ? 0 : layout_two(text.p + layout->hour);
    int minute = layout->minute < 0 ? 0 : layout_two(text.p + layout->minute);
    int second = layout->second < 0 ? 0 : layout_two(text.p + layout->second);
    if (!lane_date_valid(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    *days = lane_days(year, month, day);
    *micros = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000;
    return true;
}

static inline enum value_result cell_date(const struct plan *plan, struct str text, void *out)
{
    int64_t micros;
    if (plan->iso_lane && lane_date(text, out))
        return VALUE_OK;
    if (plan->layout.length && plan->layout.hour < 0 && layout_read(&plan->layout, text, out, &micros))
        return VALUE_OK;
    return plan_parse_careful(plan, text, out);
}

static inline enum value_result cell_timestamp(const struct plan *plan, struct str text, void *out)
{
    bool zoned;
    int32_t days;
    int64_t micros;
    if (plan->iso_lane && lane_timestamp(text, out, &zoned) && (zoned || plan->bare_is_utc))
        return VALUE_OK;
    if (!plan->layout.length || !plan->bare_is_utc || !layout_read(&plan->layout, text, &days, &micros))
        return plan_parse_careful(plan, text, out);
    *(int64_t *)out = (int64_t)days * LANE_DAY + micros;
    return VALUE_OK;
}

static inline enum value_result cell_string(const struct plan *plan, struct str text, void *out)
{
    (void)plan;
    *(struct str *)out = text;
    return VALUE_OK;
}

#endif
