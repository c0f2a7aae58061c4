#include "worker/batch/code.h"

#define CODE_NAME(id, name) [id] = (name),
static const char *const stage_names[] = {STAGES(CODE_NAME)};
static const char *const row_code_names[] = {ROW_CODES(CODE_NAME)};
#undef CODE_NAME

const char *stage_name(enum stage stage)
{
    return stage_names[stage];
}

const char *row_code_name(enum row_code code)
{
    return row_code_names[code];
}
