/*
 * Sinks: where a run's rows go. A driver is one struct of functions and one row in the run's table. Sinks build their
 * outputs in the run's staging folder; nothing of them is visible before the run publishes. One thread (the commit
 * thread) calls a sink, with batches in order; a sink may leave part of its work to tasks that any thread does.
 */
#ifndef WORKER_SINK_SINK_H
#define WORKER_SINK_SINK_H

#include "worker/config/contract.h"
#include "worker/shape/shape.h"
#include "worker/stream/stream.h"
#include "worker/tasks/crew.h"
#include "worker/warehouse/load.h"

/* An object to publish: staged file and lake key. */
struct sink_output {
    struct str staged; /* path */
    struct str key;
    struct str kind;      /* "processed", "rejects-json", "rejects-csv", "rejects-reasons" */
    struct str partition; /* "date=2026-11-21", else empty */
    uint64_t rows;
    const char *sha256; /* hex, of its bytes; NULL: nobody knows yet */
    uint64_t bytes;     /* then set too */
};

/* What one cause cost this run (a cause is a key over runs; the journal gives it its number). */
struct sink_cause {
    enum stage stage;
    enum row_code code;
    struct str column, rule, shape;
    uint64_t rows, only_rows, first_row;
    struct str samples[5];
    unsigned sample_count;
};

/* What the run tells its sinks; outlives them. */
struct sink_run {
    const struct contract *contract;
    const struct binding *binding;
    const struct sniff *sniff;
    const char *run_id;
    const char *staging; /* path of the run's staging folder, there already */
    struct str source;   /* arrival key */
    int64_t ingest_ts;
    size_t memory;       /* bytes all writers together may hold */
    unsigned places;     /* batches that may be between write and the end of their tasks */
    struct crew *crew;   /* to share work with, during prepare; NULL: none */
    struct arena *arena; /* the run's */
    /* Appends bytes [offset, offset + length) of the decompressed original to fd; for records too long to keep. */
    bool (*copy_original)(void *context, uint64_t offset, uint64_t length, int fd, const char *name, struct err *err);
    struct stream *(*open_original)(void *context, struct err *err);
    void *context;
    struct load *load; /* the warehouse's transaction; NULL: none */
};

/* Collected by prepare(). */
struct sink_result {
    struct sink_output *outputs;
    size_t output_count, output_capacity;
    struct sink_cause *causes;
    size_t cause_count, cause_capacity;
    struct str blocks; /* path of the staged reject entries (journal.h), cause index in place of cause_id; or empty */
    uint64_t block_rows;
    uint64_t rows, bytes;      /* good rows written, bytes of their files */
    struct load_counts loaded; /* into the warehouse */
};

struct sink;

struct sink_driver {
    const char *name;
    struct sink *(*open)(const struct sink_run *run, struct err *err);
    /* Every row of the batch has its final mark, errors are sorted. place < run.places is the batch's till its end. */
    bool (*write)(struct sink *sink, struct batch *batch, unsigned place, struct err *err);
    /* NULL: write does it all. Else what a line's round and task are (crew.h), for the batch at a place. */
    bool (*round)(struct sink *sink, unsigned place, unsigned round, uint32_t *tasks, struct err *err);
    bool (*task)(struct sink *sink, unsigned place, uint32_t i, struct err *err);
    /* NULL: nothing. There are no more batches: what takes its time may begin, before any sink prepares. */
    bool (*end)(struct sink *sink, struct err *err);
    /* Seals and syncs the staged files, adds them to result (in the run's arena). */
    bool (*prepare)(struct sink *sink, struct sink_result *result, struct err *err);
    /* Frees; staged files are the run's to remove. */
    void (*close)(struct sink *sink);
};

extern const struct sink_driver sink_parquet;
extern const struct sink_driver sink_rejects; /* last: it asks the warehouse what that refused */
extern const struct sink_driver sink_warehouse;
extern const struct sink_driver sink_null; /* writes nothing: counts the causes of what would be rejected */

bool sink_result_add(
    struct sink_result *result, const struct sink_output *output, struct arena *arena, struct err *err) MUST_CHECK;

#endif
