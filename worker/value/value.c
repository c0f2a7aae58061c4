#include "worker/value/value.h"

enum value_result value_parse(struct str text, struct type type, const struct value_format *format, void *out)
{
    switch (type.kind) {
    case TYPE_STRING:
        *(struct str *)out = text;
        return VALUE_OK;
    case TYPE_INTEGER:
        return value_parse_integer(text, format, out);
    case TYPE_DECIMAL:
        return value_parse_decimal(text, type, format, out);
    case TYPE_DOUBLE:
        return value_parse_double(text, format, out);
    case TYPE_BOOLEAN:
        return value_parse_boolean(text, format, out);
    case TYPE_DATE:
        return value_parse_date(text, format, out);
    case TYPE_TIME:
        return value_parse_time(text, format, out);
    case TYPE_TIMESTAMP:
        return value_parse_timestamp(text, format, out);
    }
    return VALUE_BAD;
}
