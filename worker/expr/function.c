#include "worker/expr/function.h"

#include "worker/expr/decimal.h"
#include "worker/expr/kernels.h"

enum {
    NULLS = FUNCTION_NULLS,
    SAFE = FUNCTION_SAFE,
    OP = FUNCTION_OPERATOR,
    INT4 = FUNCTION_INT4,
};

/* Comparisons of one operator; text is compared by bytes, so its order is printed with COLLATE "C". */
#define COMPARISON(name, kernel, text_sql)                                \
    {name, "ii", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},         \
        {name, "NN", 'b', SCALE_ALIGN, OP | SAFE, kernel, NULL, NULL},    \
        {name, "dd", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
        {name, "tt", 'b', SCALE_NONE, OP | SAFE, kernel, text_sql, NULL}, \
        {name, "bb", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
        {name, "DD", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
        {name, "mm", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
        {name, "TT", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
        {name, "ZZ", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL},     \
    {                                                                     \
        name, "vv", 'b', SCALE_NONE, OP | SAFE, kernel, NULL, NULL        \
    }

#define DISTINCT_SQL "($1 is distinct from $2)"

const struct function functions[] = {
    {"+", "ii", 'i', SCALE_NONE, OP, int_add, NULL, NULL},
    {"+", "NN", 'N', SCALE_MAX, OP, decimal_add, NULL, NULL},
    {"+", "dd", 'd', SCALE_NONE, OP, double_add, NULL, NULL},
    {"+", "Dn", 'D', SCALE_NONE, OP, date_add, NULL, NULL},
    {"+", "nD", 'D', SCALE_NONE, OP, date_add, NULL, NULL},
    {"+", "Dv", 'T', SCALE_NONE, OP, stamp_add, NULL, NULL},
    {"+", "Dm", 'T', SCALE_NONE, OP, date_add_time, NULL, NULL},
    {"+", "Tv", 'T', SCALE_NONE, OP, stamp_add, NULL, NULL},
    {"+", "vT", 'T', SCALE_NONE, OP, stamp_add, NULL, NULL},
    {"+", "Zv", 'Z', SCALE_NONE, OP, stamp_add, NULL, NULL},
    {"+", "vZ", 'Z', SCALE_NONE, OP, stamp_add, NULL, NULL},
    {"+", "mv", 'm', SCALE_NONE, OP | SAFE, time_add, NULL, NULL},
    {"+", "vv", 'v', SCALE_NONE, OP, interval_add, NULL, NULL},
    {"-", "ii", 'i', SCALE_NONE, OP, int_subtract, NULL, NULL},
    {"-", "NN", 'N', SCALE_MAX, OP, decimal_subtract, NULL, NULL},
    {"-", "dd", 'd', SCALE_NONE, OP, double_subtract, NULL, NULL},
    {"-", "Dn", 'D', SCALE_NONE, OP, date_subtract, NULL, NULL},
    {"-", "DD", 'i', SCALE_NONE, OP | SAFE | INT4, date_difference, NULL, NULL},
    {"-", "Dv", 'T', SCALE_NONE, OP, stamp_subtract, NULL, NULL},
    {"-", "Tv", 'T', SCALE_NONE, OP, stamp_subtract, NULL, NULL},
    {"-", "Zv", 'Z', SCALE_NONE, OP, stamp_subtract, NULL, NULL},
    {"-", "TT", 'v', SCALE_NONE, OP, stamp_difference, NULL, NULL},
    {"-", "ZZ", 'v', SCALE_NONE, OP, stamp_difference, NULL, NULL},
    {"-", "mv", 'm', SCALE_NONE, OP | SAFE, time_subtract, NULL, NULL},
    {"-", "mm", 'v', SCALE_NONE, OP | SAFE, time_difference, NULL, NULL},
    {"-", "vv", 'v', SCALE_NONE, OP, interval_subtract, NULL, NULL},
    {"*", "ii", 'i', SCALE_NONE, OP, int_multiply, NULL, NULL},
    {"*", "NN", 'N', SCALE_SUM, OP, decimal_multiply, NULL, NULL},
    {"*", "dd", 'd', SCALE_NONE, OP, double_multiply, NULL, NULL},
    {"/", "ii", 'i', SCALE_NONE, OP, int_divide, NULL, NULL},
    {"/", "NN", 'N', SCALE_DIV, OP, decimal_divide, NULL, NULL},
    {"/", "dd", 'd', SCALE_NONE, OP, double_divide, NULL, NULL},
    {"%", "ii", 'i', SCALE_NONE, OP, int_modulo, NULL, NULL},
    {"%", "NN", 'N', SCALE_MAX, OP, decimal_modulo, NULL, NULL},
    {"mod", "ii", 'i', SCALE_NONE, 0, int_modulo, NULL, NULL},
    {"mod", "NN", 'N', SCALE_MAX, 0, decimal_modulo, NULL, NULL},
    {"^", "dd", 'd', SCALE_NONE, OP, double_power, NULL, NULL},
    {"power", "dd", 'd', SCALE_NONE, 0, double_power, NULL, NULL},
    {"pow", "dd", 'd', SCALE_NONE, 0, double_power, NULL, NULL},
    {"sqrt", "d", 'd', SCALE_NONE, 0, double_sqrt, NULL, NULL},
    {"neg", "i", 'i', SCALE_NONE, OP, int_negate, "(- $1)", NULL},
    {"neg", "N", 'N', SCALE_FIRST, OP, decimal_negate, "(- $1)", NULL},
    {"neg", "d", 'd', SCALE_NONE, OP | SAFE, double_negate, "(- $1)", NULL},
    {"neg", "v", 'v', SCALE_NONE, OP, interval_negate, "(- $1)", NULL},
    {"plus", "i", 'i', SCALE_NONE, OP | SAFE, same_value, "$1", NULL},
    {"plus", "N", 'N', SCALE_FIRST, OP | SAFE, same_value, "$1", NULL},
    {"plus", "d", 'd', SCALE_NONE, OP | SAFE, same_value, "$1", NULL},
    {"abs", "i", 'i', SCALE_NONE, 0, int_abs, NULL, NULL},
    {"abs", "N", 'N', SCALE_FIRST, 0, decimal_abs, NULL, NULL},
    {"abs", "d", 'd', SCALE_NONE, SAFE, double_abs, NULL, NULL},
    {"sign", "N", 'N', SCALE_ZERO, SAFE, decimal_sign, NULL, NULL},
    {"sign", "d", 'd', SCALE_NONE, SAFE, double_sign, NULL, NULL},
    {"round", "N", 'N', SCALE_ZERO, 0, decimal_round, NULL, NULL},
    {"round", "d", 'd', SCALE_NONE, SAFE, double_round, NULL, NULL},
    {"round", "Nn", 'N', SCALE_ASKED, 0, decimal_round, NULL, NULL},
    {"trunc", "N", 'N', SCALE_ZERO, 0, decimal_trunc, NULL, NULL},
    {"trunc", "d", 'd', SCALE_NONE, SAFE, double_trunc, NULL, NULL},
    {"trunc", "Nn", 'N', SCALE_ASKED, 0, decimal_trunc, NULL, NULL},
    {"floor", "N", 'N', SCALE_ZERO, 0, decimal_floor, NULL, NULL},
    {"floor", "d", 'd', SCALE_NONE, SAFE, double_floor, NULL, NULL},
    {"ceil", "N", 'N', SCALE_ZERO, 0, decimal_ceil, NULL, NULL},
    {"ceil", "d", 'd', SCALE_NONE, SAFE, double_ceil, NULL, NULL},
    {"ceiling", "N", 'N', SCALE_ZERO, 0, decimal_ceil, NULL, NULL},
    {"ceiling", "d", 'd', SCALE_NONE, SAFE, double_ceil, NULL, NULL},
    COMPARISON("=", compare_equal, NULL),
    COMPARISON("<>", compare_unequal, NULL),
    COMPARISON("<", compare_less, "($1 < $2 collate \"C\")"),
    COMPARISON("<=", compare_less_equal, "($1 <= $2 collate \"C\")"),
    COMPARISON(">", compare_more, "($1 > $2 collate \"C\")"),
    COMPARISON(">=", compare_more_equal, "($1 >= $2 collate \"C\")"),
    {"is distinct from", "ii", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "NN", 'b', SCALE_ALIGN, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "dd", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "tt", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "bb", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "DD", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "mm", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "TT", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "ZZ", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is distinct from", "vv", 'b', SCALE_NONE, OP | SAFE | NULLS, test_distinct, DISTINCT_SQL, NULL},
    {"is null", "a", 'b', SCALE_NONE, OP | SAFE | NULLS, test_null, "($1 is null)", NULL},
    {"is unknown", "b", 'b', SCALE_NONE, OP | SAFE | NULLS, test_null, "($1 is unknown)", NULL},
    {"is true", "b", 'b', SCALE_NONE, OP | SAFE | NULLS, test_true, "($1 is true)", NULL},
    {"is false", "b", 'b', SCALE_NONE, OP | SAFE | NULLS, test_false, "($1 is false)", NULL},
    {"not", "b", 'b', SCALE_NONE, OP | SAFE, bool_not, "(not $1)", NULL},
    {"||", "tt", 't', SCALE_NONE, OP, text_join, NULL, NULL},
    {"||", "ta", 't', SCALE_NONE, OP, text_join, NULL, NULL},
    {"||", "at", 't', SCALE_NONE, OP, text_join, NULL, NULL},
    {"concat", "a*", 't', SCALE_NONE, NULLS, text_concat, NULL, NULL},
    {"concat_ws", "ta*", 't', SCALE_NONE, NULLS, text_concat_ws, NULL, NULL},
    {"length", "t", 'i', SCALE_NONE, SAFE | INT4, text_length, NULL, NULL},
    {"char_length", "t", 'i', SCALE_NONE, SAFE | INT4, text_length, NULL, NULL},
    {"character_length", "t", 'i', SCALE_NONE, SAFE | INT4, text_length, NULL, NULL},
    {"octet_length", "t", 'i', SCALE_NONE, SAFE | INT4, text_bytes, NULL, NULL},
    {"lower", "t", 't', SCALE_NONE, SAFE, text_lower, NULL, NULL},
    {"upper", "t", 't', SCALE_NONE, SAFE, text_upper, NULL, NULL},
    {"initcap", "t", 't', SCALE_NONE, SAFE, text_initcap, NULL, NULL},
    {"btrim", "t", 't', SCALE_NONE, SAFE, text_btrim, NULL, NULL},
    {"btrim", "tt", 't', SCALE_NONE, SAFE, text_btrim, NULL, NULL},
    {"ltrim", "t", 't', SCALE_NONE, SAFE, text_ltrim, NULL, NULL},
    {"ltrim", "tt", 't', SCALE_NONE, SAFE, text_ltrim, NULL, NULL},
    {"rtrim", "t", 't', SCALE_NONE, SAFE, text_rtrim, NULL, NULL},
    {"rtrim", "tt", 't', SCALE_NONE, SAFE, text_rtrim, NULL, NULL},
    {"left", "tn", 't', SCALE_NONE, SAFE, text_left, NULL, NULL},
    {"right", "tn", 't', SCALE_NONE, SAFE, text_right, NULL, NULL},
    {"substr", "tn", 't', SCALE_NONE, 0, text_substring, NULL, NULL},
    {"substr", "tnn", 't', SCALE_NONE, 0, text_substring, NULL, NULL},
    {"substring", "tn", 't', SCALE_NONE, 0, text_substring, NULL, NULL},
    {"substring", "tnn", 't', SCALE_NONE, 0, text_substring, NULL, NULL},
    {"strpos", "tt", 'i', SCALE_NONE, SAFE | INT4, text_position, NULL, NULL},
    {"starts_with", "tt", 'b', SCALE_NONE, SAFE, text_starts_with, NULL, NULL},
    {"replace", "ttt", 't', SCALE_NONE, 0, text_replace, NULL, NULL},
    {"split_part", "ttn", 't', SCALE_NONE, 0, text_split_part, NULL, NULL},
    {"lpad", "tn", 't', SCALE_NONE, 0, text_lpad, NULL, NULL},
    {"lpad", "tnt", 't', SCALE_NONE, 0, text_lpad, NULL, NULL},
    {"rpad", "tn", 't', SCALE_NONE, 0, text_rpad, NULL, NULL},
    {"rpad", "tnt", 't', SCALE_NONE, 0, text_rpad, NULL, NULL},
    {"repeat", "tn", 't', SCALE_NONE, 0, text_repeat, NULL, NULL},
    {"reverse", "t", 't', SCALE_NONE, SAFE, text_reverse, NULL, NULL},
    {"md5", "t", 't', SCALE_NONE, 0, text_md5, NULL, NULL},
    {"like", "tc", 'b', SCALE_NONE, OP | SAFE, match_like, "($1 like $2)", prepare_like},
    {"like", "tcc", 'b', SCALE_NONE, OP | SAFE, match_like, "($1 like $2 escape $3)", prepare_like},
    {"ilike", "tc", 'b', SCALE_NONE, OP | SAFE, match_ilike, "($1 ilike $2)", prepare_ilike},
    {"ilike", "tcc", 'b', SCALE_NONE, OP | SAFE, match_ilike, "($1 ilike $2 escape $3)", prepare_ilike},
    {"~", "tc", 'b', SCALE_NONE, OP, match_regex, NULL, prepare_regex},
    {"~*", "tc", 'b', SCALE_NONE, OP, match_regex, NULL, prepare_regex_fold},
    {"!~", "tc", 'b', SCALE_NONE, OP, match_not_regex, NULL, prepare_regex},
    {"!~*", "tc", 'b', SCALE_NONE, OP, match_not_regex, NULL, prepare_regex_fold},
    {"regexp_replace", "tcc", 't', SCALE_NONE, 0, match_replace, NULL, prepare_replace},
    {"regexp_replace", "tccc", 't', SCALE_NONE, 0, match_replace, NULL, prepare_replace},
    {"at time zone", "Zc", 'T', SCALE_NONE, OP, zone_to_local, "($1 at time zone $2)", prepare_zone},
    {"at time zone", "Tc", 'Z', SCALE_NONE, OP, zone_to_utc, "($1 at time zone $2)", prepare_zone},
    {"date_trunc", "cT", 'T', SCALE_NONE, SAFE, stamp_trunc, NULL, prepare_trunc},
    {"date_trunc", "cZ", 'Z', SCALE_NONE, SAFE, stamp_trunc, NULL, prepare_trunc},
    {"extract", "cD", 'N', SCALE_FIELD, 0, date_extract, "extract($1 from $2)", prepare_extract},
    {"extract", "cm", 'N', SCALE_FIELD, 0, time_extract, "extract($1 from $2)", prepare_extract},
    {"extract", "cT", 'N', SCALE_FIELD, 0, stamp_extract, "extract($1 from $2)", prepare_extract},
    {"extract", "cZ", 'N', SCALE_FIELD, 0, stamp_extract, "extract($1 from $2)", prepare_extract},
    {"extract", "cv", 'N', SCALE_FIELD, 0, interval_extract, "extract($1 from $2)", prepare_extract},
    {"date_part", "cD", 'd', SCALE_NONE, 0, date_part_double, NULL, prepare_part},
    {"date_part", "cT", 'd', SCALE_NONE, 0, stamp_part_double, NULL, prepare_part},
    {"date_part", "cZ", 'd', SCALE_NONE, 0, stamp_part_double, NULL, prepare_part},
    {"make_date", "nnn", 'D', SCALE_NONE, 0, date_make, NULL, NULL},
    {"to_date", "tc", 'D', SCALE_NONE, 0, date_of_text, "to_date(regexp_replace($1, '^(?!$!$).*$', 'x'), $2)",
        prepare_date_format},
    /* infinity, which PostgreSQL takes, becomes NaN, which it does not */
    {"to_timestamp", "d", 'Z', SCALE_NONE, 0, stamp_of_epoch, "to_timestamp($1 + $1 * 0)", NULL},
};

const size_t function_count = sizeof functions / sizeof *functions;

/*
 * PostgreSQL reads more forms of a text than the engine does (today, 5 Jan, infinity, 0x10): what the engine refuses
 * becomes a text that PostgreSQL refuses as well.
 */
#define ONLY(form) "(regexp_replace($1, '^(?!\\s*" form "\\s*$).*$', 'x'))"
#define CLOCK                                               \
    "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6}0*)?)?" \
    " *(?:[zZ]|[uU][tT][cC]|[-+](?:[0-9]{4}|[0-9]{1,2}(?::[0-9]{2})?))?"
#define DAY "(?:[0-9]{8}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:(?:T| +)" CLOCK ")?"
#define DIGITS "[-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
#define FLOAT "(?:" DIGITS "|[-+]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])"

static const struct cast {
    enum kind from, to;
    struct function function;
} casts[] = {
    {KIND_INT, KIND_NUM, {"numeric", "i", 'N', SCALE_NONE, SAFE, cast_int_numeric, "($1)::numeric", NULL}},
    {KIND_INT, KIND_DOUBLE, {"float8", "i", 'd', SCALE_NONE, SAFE, cast_int_double, "($1)::double precision", NULL}},
    {KIND_DEC, KIND_NUM, {"numeric", "N", 'N', SCALE_NONE, SAFE, decimal_rescale, "$1", NULL}},
    {KIND_NUM, KIND_NUM, {"numeric", "N", 'N', SCALE_NONE, SAFE, decimal_rescale, "$1", NULL}},
    {KIND_DEC, KIND_INT, {"int8", "N", 'i', SCALE_NONE, 0, cast_numeric_int, "($1)::bigint", NULL}},
    {KIND_NUM, KIND_INT, {"int8", "N", 'i', SCALE_NONE, 0, cast_numeric_int, "($1)::bigint", NULL}},
    {KIND_DEC, KIND_DOUBLE,
        {"float8", "N", 'd', SCALE_NONE, SAFE, cast_numeric_double, "($1)::double precision", NULL}},
    {KIND_NUM, KIND_DOUBLE,
        {"float8", "N", 'd', SCALE_NONE, SAFE, cast_numeric_double, "($1)::double precision", NULL}},
    {KIND_DOUBLE, KIND_INT, {"int8", "d", 'i', SCALE_NONE, 0, cast_double_int, "($1)::bigint", NULL}},
    {KIND_DOUBLE, KIND_NUM,
        {"numeric", "d", 'N', SCALE_NONE, 0, cast_double_numeric,
            "(regexp_replace((($1)::numeric)::text, '^(?![-0-9.]+$).*$', 'x'))::numeric", NULL}},
    {KIND_BOOL, KIND_INT, {"int4", "b", 'i', SCALE_NONE, SAFE, cast_bool_int, "($1)::integer", NULL}},
    {KIND_TEXT, KIND_INT, {"int8", "t", 'i', SCALE_NONE, 0, cast_text_int, "($1)::bigint", NULL}},
    {KIND_TEXT, KIND_NUM, {"numeric", "t", 'N', SCALE_NONE, 0, cast_text_numeric, ONLY(DIGITS) "::numeric", NULL}},
    {KIND_TEXT, KIND_DOUBLE,
        {"float8", "t", 'd', SCALE_NONE, 0, cast_text_double, ONLY(FLOAT) "::double precision", NULL}},
    {KIND_TEXT, KIND_BOOL, {"bool", "t", 'b', SCALE_NONE, 0, cast_text_bool, "($1)::boolean", NULL}},
    {KIND_TEXT, KIND_DATE, {"date", "t", 'D', SCALE_NONE, 0, cast_text_date, ONLY(DAY) "::date", NULL}},
    {KIND_TEXT, KIND_TIME, {"time", "t", 'm', SCALE_NONE, 0, cast_text_time, ONLY(CLOCK) "::time", NULL}},
    {KIND_TEXT, KIND_TS, {"timestamp", "t", 'T', SCALE_NONE, 0, cast_text_stamp, ONLY(DAY) "::timestamp", NULL}},
    {KIND_TEXT, KIND_TSTZ, {"timestamptz", "t", 'Z', SCALE_NONE, 0, cast_text_stamp, ONLY(DAY) "::timestamptz", NULL}},
    {KIND_TEXT, KIND_INTERVAL, {"interval", "t", 'v', SCALE_NONE, 0, cast_text_interval, "($1)::interval", NULL}},
    {KIND_DATE, KIND_TS, {"timestamp", "D", 'T', SCALE_NONE, 0, cast_date_stamp, "($1)::timestamp", NULL}},
    {KIND_DATE, KIND_TSTZ, {"timestamptz", "D", 'Z', SCALE_NONE, 0, cast_date_stamp, "($1)::timestamptz", NULL}},
    {KIND_TS, KIND_TSTZ, {"timestamptz", "T", 'Z', SCALE_NONE, SAFE, same_value, "($1)::timestamptz", NULL}},
    {KIND_TSTZ, KIND_TS, {"timestamp", "Z", 'T', SCALE_NONE, SAFE, same_value, "($1)::timestamp", NULL}},
    {KIND_TS, KIND_DATE, {"date", "T", 'D', SCALE_NONE, SAFE, cast_stamp_date, "($1)::date", NULL}},
    {KIND_TSTZ, KIND_DATE, {"date", "Z", 'D', SCALE_NONE, SAFE, cast_stamp_date, "($1)::date", NULL}},
    {KIND_TS, KIND_TIME, {"time", "T", 'm', SCALE_NONE, SAFE, cast_stamp_time, "($1)::time", NULL}},
    {KIND_TSTZ, KIND_TIME, {"time", "Z", 'm', SCALE_NONE, SAFE, cast_stamp_time, "($1)::time", NULL}},
};

static const struct function to_text = {"text", "a", 't', SCALE_NONE, SAFE, cast_to_text, "($1)::text", NULL};

const struct function function_rescale = {"rescale", "N", 'N', SCALE_NONE, 0, decimal_rescale, "$1", NULL};
/* A boolean as its type prints itself, which is what concat() takes. */
const struct function function_letter = {"letter", "b", 't', SCALE_NONE, SAFE, cast_bool_letter, "$1", NULL};
const struct function function_numeric = {"numeric", "N", 'N', SCALE_NONE, 0, decimal_typmod, NULL, NULL};
const struct function function_integer4 = {"integer", "i", 'i', SCALE_NONE, INT4, cast_int4, "($1)::integer", NULL};
const struct function function_greatest = {"greatest", "a*", 't', SCALE_NONE, NULLS, choose_greatest, NULL, NULL};
const struct function function_least = {"least", "a*", 't', SCALE_NONE, NULLS, choose_least, NULL, NULL};

const struct function *function_cast(enum kind from, enum kind to)
{
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++) {
        if (casts[i].from == from && casts[i].to == to)
            return &casts[i].function;
    }
    return to == KIND_TEXT ? &to_text : NULL;
}
