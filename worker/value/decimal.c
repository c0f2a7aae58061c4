#include "worker/value/lane.h"
#include "worker/value/number.h"

static enum value_result careful(struct str text, struct type type, const struct value_format *format, int128 *out)
{
    struct number number;
    enum value_result result = number_scan(text, format, NUMBER_POINT | NUMBER_EXPONENT, &number);
    if (result != VALUE_OK)
        return result;
    *out = 0;
    if (!number.digits)
        return VALUE_OK;
    /* The coefficient does not end in 0: a negative power means digits beyond the scale. */
    int64_t power = number.exponent + type.scale;
    if (number.longer || power < 0 || number.digits + power > type.precision)
        return VALUE_RANGE;
    int128 size = (int128)(number.coefficient * scan_power((unsigned)power));
    *out = number.negative ? -size : size;
    return VALUE_OK;
}

enum value_result value_parse_decimal(struct str text, struct type type, const struct value_format *format, void *out)
{
    int64_t narrow;
    int128 wide;
    if (!format)
        format = &number_plain;
    if (lane_decimal(text, type, number_point(format), &narrow))
        wide = narrow;
    else {
        enum value_result result = careful(text, type, format, &wide);
        if (result != VALUE_OK)
            return result;
    }
    if (type_is_wide(type))
        memcpy(out, &wide, sizeof wide);
    else {
        narrow = (int64_t)wide;
        memcpy(out, &narrow, sizeof narrow);
    }
    return VALUE_OK;
}
