#include "worker/shape/rules.h"

enum { PARTITION_BYTES = 200 };

/* As Hive's FileUtils.escapePathName: these become %XX in a folder's name. */
static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == 0x7F || strchr("\"#%'*/:=?\\{}[]^", c) != NULL;
}

static size_t encoded_length(struct str value)
{
    size_t n = value.n;
    for (size_t i = 0; i < value.n; i++)
        n += is_escaped((unsigned char)value.p[i]) ? 2 : 0;
    return n;
}

static const char *fault_of(const struct vector *values, uint32_t row)
{
    if (values->state[row] == VALUE_NULL)
        return "is NULL";
    if (values->state[row] != VALUE_PRESENT || values->type.kind != TYPE_STRING)
        return NULL;
    if (!values->str[row].n)
        return "is empty";
    if (values->str[row].n * 3 <= PARTITION_BYTES || encoded_length(values->str[row]) <= PARTITION_BYTES)
        return NULL;
    return "is longer than 200 bytes";
}

bool partition_check(struct ruling *ruling, uint32_t index, const struct vector *values)
{
    const char *last = NULL, *detail = NULL;
    for (uint32_t row = 0; row < ruling->batch->n; row++) {
        const char *fault = ruling->active[row] ? fault_of(values, row) : NULL;
        if (!fault)
            continue;
        if (fault != last) {
            last = fault;
            detail = arena_printf(ruling->batch->arena, "partition " STR_FMT " %s",
                STR_ARG(ruling->contract->partitions[index].name), fault);
            if (!detail)
                return ERR(ruling->err, ERR_MEMORY, "no memory to judge a batch");
        }
        if (!rules_error(ruling, row, CODE_PARTITION, -1, detail))
            return false;
    }
    return true;
}
