/* Decimals over blocks: int64 first, int128 when a row does not fit, struct numeric behind both. */
#ifndef WORKER_EXPR_DECIMAL_H
#define WORKER_EXPR_DECIMAL_H

#include "worker/expr/run.h"

/* 10^n for n <= 18. */
int64_t power_of_ten(int n);
int128 power_of_ten_wide(int n); /* n <= 38 */

struct numeric decimal_at(const struct vec *vec, uint32_t i);
/* Brings vec to the wider lane, in memory of its own. */
bool decimal_widen(struct run *run, struct vec *vec, enum lane lane) MUST_CHECK;
/* Brings a KIND_DEC vector to the narrowest lane that holds it. */
bool decimal_narrow(struct run *run, struct vec *vec) MUST_CHECK;
void decimal_fail(struct run *run, struct vec *out, uint32_t i, enum numeric_result result);

kernel decimal_add, decimal_subtract, decimal_multiply, decimal_divide, decimal_modulo, decimal_negate, decimal_abs,
    decimal_sign, decimal_round, decimal_trunc, decimal_floor, decimal_ceil, decimal_rescale, decimal_typmod;

#endif
