/* Takes rows and keeps none: what a rehearsal needs to know is which rows would be rejected, and why. */
#include "worker/sink/cause.h"

#include <stdlib.h>

struct sink {
    const struct sink_run *run;
    struct causes *causes;
    uint64_t rejected, good;
};

static struct sink *null_open(const struct sink_run *run, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink) {
        sink->run = run;
        sink->causes = causes_new(run);
    }
    if (sink && sink->causes)
        return sink;
    free(sink);
    ERR(err, ERR_MEMORY, "no memory to count rejected rows");
    return NULL;
}

static bool null_write(struct sink *sink, struct batch *batch, unsigned place, struct err *err)
{
    (void)place;
    for (size_t e = 0; e < batch->error_count;) {
        uint32_t row = batch->errors[e].row, cause;
        size_t count = 1;
        while (e + count < batch->error_count && batch->errors[e + count].row == row)
            count++;
        if (!causes_add(sink->causes, &batch->errors[e], batch_row_number(batch, row), count == 1, &cause, err))
            return false;
        sink->rejected++;
        e += count;
    }
    for (uint32_t row = 0; row < batch->n; row++)
        sink->good += batch->marks[row] == MARK_GOOD;
    return true;
}

static bool null_prepare(struct sink *sink, struct sink_result *result, struct err *err)
{
    const struct sink_cause *list = causes_list(sink->causes, &result->cause_count);
    result->causes = ARENA_ARRAY(sink->run->arena, struct sink_cause, result->cause_count);
    result->block_rows = sink->rejected;
    result->rows = sink->good;
    if (!result->causes)
        return ERR(err, ERR_MEMORY, "no memory for the list of causes");
    if (result->cause_count)
        memcpy(result->causes, list, result->cause_count * sizeof *list);
    return true;
}

static void null_close(struct sink *sink)
{
    if (!sink)
        return;
    causes_free(sink->causes);
    free(sink);
}

const struct sink_driver sink_null = {
    .name = "null",
    .open = null_open,
    .write = null_write,
    .prepare = null_prepare,
    .close = null_close,
};
