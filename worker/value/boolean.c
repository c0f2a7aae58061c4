#include "worker/value/scan.h"
#include "worker/value/value.h"

static const struct str standard_true[] = {STR("true"), STR("True"), STR("TRUE"), STR("1")};
static const struct str standard_false[] = {STR("false"), STR("False"), STR("FALSE"), STR("0")};

static bool is_one_of(struct str text, const struct str *words, size_t count, const struct str standard[4])
{
    if (!count) {
        words = standard;
        count = 4;
    }
    for (size_t i = 0; i < count; i++)
        if (str_eq(text, words[i]))
            return true;
    return false;
}

enum value_result value_parse_boolean(struct str text, const struct value_format *format, uint8_t *out)
{
    static const struct value_format standard = {0};
    if (!format)
        format = &standard;
    text = scan_trim(text);
    bool is_true = is_one_of(text, format->true_values, format->true_count, standard_true);
    bool is_false = is_one_of(text, format->false_values, format->false_count, standard_false);
    if (is_true && is_false)
        return VALUE_AMBIGUOUS;
    *out = is_true;
    return is_true || is_false ? VALUE_OK : VALUE_BAD;
}
