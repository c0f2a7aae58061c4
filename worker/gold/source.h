/* The files of a partition under one schema: columns added later are NULL before, types widened later are widened. */
#ifndef WORKER_GOLD_SOURCE_H
#define WORKER_GOLD_SOURCE_H

#include "worker/format/parquet/parquet_reader.h"
#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

struct source {
    struct str key;
    uint64_t rows, bytes;
    uint32_t delivery;  /* ordinal of (ingest_ts, file_id) within the partition */
    uint32_t *columns;  /* of each column of the schema: its index in the file, or UINT32_MAX */
    struct type *types; /* of the file's columns */
    uint8_t *wins;      /* a bit a row */
    bool is_superseded; /* a snapshot's older delivery */
    uint64_t kept, deleted;
};

struct sources {
    struct storage *storage;
    struct source *list;
    uint32_t count;
    struct parquet_column *columns; /* the schema, row_hash left out */
    uint32_t column_count;
    /* Called between slices of a pass: keeps the lease; false ends the pass. NULL: nobody asks. */
    bool (*alive)(void *context, struct err *err);
    void *context;
};

/* Reads the footers. Of a column that comes in several types the widest; ERR_CONFIG where none holds them all. */
bool sources_open(struct sources *sources, struct storage *storage, const struct gold_input *inputs, size_t count,
    struct arena *arena, struct err *err) MUST_CHECK;
/* A file of the lake as one more source of that schema: what it lacks is NULL. */
bool sources_open_other(const struct sources *sources, struct str key, struct source *source, struct arena *arena,
    struct err *err) MUST_CHECK;
/* UINT32_MAX: there is none. */
uint32_t sources_find(const struct sources *sources, struct str name);

static inline bool source_wins(const struct source *source, uint64_t row)
{
    return source->wins[row >> 3] >> (row & 7) & 1;
}

static inline void source_set(struct source *source, uint64_t row, bool wins)
{
    uint8_t bit = (uint8_t)(1u << (row & 7));
    source->wins[row >> 3] = wins ? source->wins[row >> 3] | bit : source->wins[row >> 3] & (uint8_t)~bit;
}

/* A pass over some columns of one source, in the schema's types. */
struct scan {
    const struct sources *sources;
    const struct source *source;
    int fd;
    struct parquet_reader *reader;
    struct arena *arena;
    uint32_t count, read;          /* columns asked for; of those, in the file */
    const struct vector **vectors; /* of the columns asked for */
    const struct vector **raw;     /* as read */
    struct vector *room;           /* converted, or NULLs */
    uint32_t *from;                /* column asked for -> index in raw, or UINT32_MAX */
    uint64_t row;                  /* of the first in vectors */
    uint32_t n;
};

bool scan_open(struct scan *scan, const struct sources *sources, const struct source *source, const uint32_t *columns,
    uint32_t count, struct err *err) MUST_CHECK;
/* scan->n rows from scan->row on; 0: the end. */
bool scan_next(struct scan *scan, struct err *err) MUST_CHECK;
void scan_close(struct scan *scan);

#endif
