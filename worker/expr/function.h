/* The one table of functions and operators. */
#ifndef WORKER_EXPR_FUNCTION_H
#define WORKER_EXPR_FUNCTION_H

#include "worker/expr/node.h"

extern const struct function functions[];
extern const size_t function_count;
/* Conversions, for coerce.c: NULL when PostgreSQL has none (or we do not). */
const struct function *function_cast(enum kind from, enum kind to);
extern const struct function function_rescale, function_letter, function_numeric, function_integer4, function_greatest,
    function_least;

#endif
