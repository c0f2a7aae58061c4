/* The rules of one batch, from the inside: what its steps share. */
#ifndef WORKER_SHAPE_RULES_H
#define WORKER_SHAPE_RULES_H

#include "worker/shape/converter.h"

struct ruling {
    const struct converter *converter;
    const struct contract *contract;
    struct batch *batch;
    struct rule_counts *counts;
    const struct vector **slots;
    uint8_t *active; /* rows that are neither blank nor filtered */
    struct arena *scratch;
    struct err *err;
};

bool rules_error(struct ruling *ruling, uint32_t row, enum row_code code, int32_t rule, const char *detail) MUST_CHECK;
/* Fills the slots of all references. */
bool references_look_up(struct ruling *ruling) MUST_CHECK;
/* NULL, empty, or too long for a folder's name. */
bool partition_check(struct ruling *ruling, uint32_t index, const struct vector *values) MUST_CHECK;

#endif
