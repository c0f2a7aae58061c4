/* The kernels behind the table of functions, but those of decimal.h. */
#ifndef WORKER_EXPR_KERNELS_H
#define WORKER_EXPR_KERNELS_H

#include "worker/expr/run.h"

enum { TEXT_LIMIT = 16 << 20 }; /* bytes of a text that a function makes */
#define TEXT_BEYOND "a text of more than 16 MB"

kernel int_add, int_subtract, int_multiply, int_divide, int_modulo, int_negate, int_abs, same_value;
kernel double_add, double_subtract, double_multiply, double_divide, double_power, double_negate, double_abs,
    double_sign, double_round, double_trunc, double_floor, double_ceil, double_sqrt;
kernel compare_equal, compare_unequal, compare_less, compare_less_equal, compare_more, compare_more_equal;
kernel bool_not, test_null, test_true, test_false, test_distinct, choose_greatest, choose_least;
kernel text_join, text_concat, text_concat_ws, text_length, text_bytes, text_lower, text_upper, text_initcap,
    text_btrim, text_ltrim, text_rtrim, text_left, text_right, text_substring, text_replace, text_split_part,
    text_position, text_lpad, text_rpad, text_starts_with, text_reverse, text_repeat, text_md5;
kernel match_like, match_ilike, match_regex, match_not_regex, match_replace;
kernel date_add, date_subtract, date_difference, stamp_add, stamp_subtract, date_add_interval, date_subtract_interval,
    date_add_time, stamp_difference, interval_add, interval_subtract, interval_negate, time_add, time_subtract,
    time_difference, date_make, date_of_text, stamp_of_epoch, stamp_trunc, date_extract, time_extract, stamp_extract,
    interval_extract, date_part_double, stamp_part_double, zone_to_local, zone_to_utc;
kernel cast_int_numeric, cast_numeric_int, cast_int_double, cast_numeric_double, cast_double_int, cast_double_numeric,
    cast_bool_int, cast_bool_letter, cast_int4, cast_text_int, cast_text_numeric, cast_text_double, cast_text_bool,
    cast_text_date, cast_text_time, cast_text_stamp, cast_text_interval, cast_to_text, cast_date_stamp, cast_stamp_date,
    cast_stamp_time;

bool prepare_regex(struct preparation *preparation);
bool prepare_regex_fold(struct preparation *preparation);
bool prepare_replace(struct preparation *preparation);
bool prepare_like(struct preparation *preparation);
bool prepare_ilike(struct preparation *preparation);
bool prepare_zone(struct preparation *preparation);
bool prepare_trunc(struct preparation *preparation);
bool prepare_extract(struct preparation *preparation);
bool prepare_part(struct preparation *preparation);
bool prepare_date_format(struct preparation *preparation);

#endif
