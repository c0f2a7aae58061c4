/* Rows to the warehouse, by the transaction that the run has opened and will commit. */
#include "worker/sink/sink.h"

#include <stdlib.h>

struct sink {
    struct load *load;
};

static struct sink *warehouse_open(const struct sink_run *run, struct err *err)
{
    struct sink *sink = malloc(sizeof *sink);
    if (!sink) {
        ERR(err, ERR_MEMORY, "no memory to load the warehouse");
        return NULL;
    }
    sink->load = run->load;
    load_begin(sink->load, run->binding->column_of_field);
    return sink;
}

static bool warehouse_write(struct sink *sink, struct batch *batch, unsigned place, struct err *err)
{
    (void)place;
    return load_rows(sink->load, batch, err);
}

static bool warehouse_end(struct sink *sink, struct err *err)
{
    return load_end(sink->load, err);
}

static bool warehouse_prepare(struct sink *sink, struct sink_result *result, struct err *err)
{
    return load_finish(sink->load, &result->loaded, err);
}

static void warehouse_close(struct sink *sink)
{
    free(sink);
}

const struct sink_driver sink_warehouse = {
    .name = "warehouse",
    .open = warehouse_open,
    .write = warehouse_write,
    .end = warehouse_end,
    .prepare = warehouse_prepare,
    .close = warehouse_close,
};
