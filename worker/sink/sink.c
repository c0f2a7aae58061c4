#include "worker/sink/sink.h"

bool sink_result_add(struct sink_result *result, const struct sink_output *output, struct arena *arena, struct err *err)
{
    void *list = result->outputs;
    if (!arena_reserve(arena, &list, result->output_count, &result->output_capacity, sizeof *output))
        return ERR(err, ERR_MEMORY, "no memory for the list of outputs");
    result->outputs = list;
    result->outputs[result->output_count++] = *output;
    return true;
}
