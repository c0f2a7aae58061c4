#include "worker/format/parquet/shared.h"

#include <stdlib.h>

enum { SLICE = 1024, MOST_BYTES = 64 * 1024 };

struct parquet_shared *parquet_shared_new(const struct parquet_column *columns, uint32_t count)
{
    struct parquet_shared *shared = calloc(1, sizeof *shared);
    if (shared && !(shared->columns = calloc(count, sizeof *shared->columns))) {
        free(shared);
        shared = NULL;
    }
    for (uint32_t i = 0; shared && i < count; i++) {
        dictionary_init(&shared->columns[i].dictionary, MOST_BYTES);
        buf_init(&shared->columns[i].ids, UINT32_MAX);
        shared->columns[i].dropped = columns[i].type.kind == TYPE_BOOLEAN;
        shared->count++;
    }
    return shared;
}

void parquet_shared_free(struct parquet_shared *shared)
{
    if (!shared)
        return;
    for (uint32_t i = 0; i < shared->count; i++)
        parquet_shared_drop(shared, i);
    free(shared->columns);
    free(shared);
}

void parquet_shared_drop(struct parquet_shared *shared, uint32_t column)
{
    struct shared_column *of = &shared->columns[column];
    dictionary_release(&of->dictionary);
    buf_dispose(&of->ids);
    of->dropped = true;
}

bool parquet_shared_dropped(const struct parquet_shared *shared, uint32_t column)
{
    return shared->columns[column].dropped;
}

size_t parquet_shared_memory(const struct parquet_shared *shared)
{
    size_t memory = 0;
    for (uint32_t i = 0; i < shared->count; i++)
        memory += dictionary_memory(&shared->columns[i].dictionary) + shared->columns[i].ids.capacity;
    return memory;
}

static enum dictionary_result look_up(
    struct shared_column *of, const struct vector *vector, const uint32_t *rows, uint32_t n)
{
    uint32_t index[SLICE], found[SLICE], present = 0, done;
    uint32_t *ids = (uint32_t *)(void *)of->ids.p;
    for (uint32_t i = 0; i < n; i++) {
        index[present] = rows[i];
        present += vector->state[rows[i]] == VALUE_PRESENT;
    }
    enum dictionary_result result = dictionary_add(&of->dictionary, vector, index, present, found, &done);
    for (uint32_t i = 0; i < done; i++)
        ids[index[i]] = found[i];
    return result;
}

bool parquet_shared_look_up(struct parquet_shared *shared, uint32_t column, const struct vector *vector,
    const uint32_t *rows, uint32_t n, struct err *err)
{
    struct shared_column *of = &shared->columns[column];
    enum dictionary_result result = DICTIONARY_OK;
    if (of->dropped)
        return true;
    if (!buf_reserve(&of->ids, vector->n * sizeof(uint32_t)))
        return buf_ok(&of->ids, "the values of a column", err);
    for (uint32_t done = 0; done < n && result == DICTIONARY_OK; done += SLICE)
        result = look_up(of, vector, rows + done, n - done < SLICE ? n - done : SLICE);
    if (result == DICTIONARY_FULL)
        parquet_shared_drop(shared, column);
    return result != DICTIONARY_NO_MEMORY || ERR(err, ERR_MEMORY, "no memory for the values of a column");
}
