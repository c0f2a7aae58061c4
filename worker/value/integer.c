#include "worker/value/lane.h"
#include "worker/value/number.h"

enum { INTEGER_DIGITS = 19 };

enum value_result value_parse_integer(struct str text, const struct value_format *format, int64_t *out)
{
    struct number number;
    if (lane_integer(text, out))
        return VALUE_OK;
    enum value_result result = number_scan(text, format ? format : &number_plain, 0, &number);
    if (result != VALUE_OK)
        return result;
    if (!number.digits) {
        *out = 0;
        return VALUE_OK;
    }
    if (number.longer || number.exponent < 0 || number.digits + number.exponent > INTEGER_DIGITS)
        return VALUE_RANGE;
    uint128 size = number.coefficient * scan_power((unsigned)number.exponent);
    if (size > (uint128)INT64_MAX + number.negative)
        return VALUE_RANGE;
    *out = (int64_t)(number.negative ? 0 - (uint64_t)size : (uint64_t)size);
    return VALUE_OK;
}
