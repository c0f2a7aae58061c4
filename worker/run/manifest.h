/*
 * The manifest of a run: everything that is needed to publish it, durable in the lake before the point of no return.
 * Whoever holds it can roll the run forward, any number of times.
 */
#ifndef WORKER_RUN_MANIFEST_H
#define WORKER_RUN_MANIFEST_H

#include "worker/journal/silver.h"
#include "worker/sink/sink.h"
#include "worker/storage/storage.h"

struct manifest_output {
    struct journal_output output;
    struct str staged; /* lake key in the run's staging folder */
    struct str ticket; /* what publishing it needs */
    bool replaces;     /* stands over what is there: gold and its metrics; else create-only */
};

struct manifest {
    struct str run_id, dataset;
    enum run_outcome outcome;
    struct str error_code, error_message; /* OUTCOME_QUARANTINED */
    struct manifest_output *outputs;
    size_t output_count;
    struct stage_count counts[STAGE_COUNT]; /* those with finished_at */
    struct sink_cause *causes;
    size_t cause_count;
    struct str system_cause_stage; /* stage of a whole file's reject; empty: none */
    struct str blocks;             /* lake key of the staged entries; empty: none */
    uint64_t block_rows;
    const struct str *notes; /* sentences on what the rows settled */
    size_t note_count;
    bool warehouse;      /* its point of no return is the warehouse's commit */
    bool takes_back;     /* what was loaded of the file before */
    struct str settles;  /* the run whose requested rows have been read again; empty: none */
    struct str *removes; /* lake keys that go with it */
    size_t remove_count;
    struct str archive_to;     /* where the original goes; empty: the run is about no file */
    int64_t stage_file;        /* whose stage in the warehouse was made again; 0: nobody's */
    struct silver_run *silver; /* what stands of its runs since */
    size_t silver_count;
    struct str gold_inputs; /* a compaction: gold_state.inputs of journal.h, outputs[0] is the gold object; or empty */
};

/* ".sluice/staging/<run_id>" and ".sluice/manifests/<run_id>.json", in arena. */
struct str manifest_staging_key(const char *run_id, struct arena *arena);
struct str manifest_key(const char *run_id, struct arena *arena);

/* Hash, size and ticket of what was built for an output at path; its staged and key are set. */
bool manifest_seal(struct storage *storage, struct manifest_output *output, const char *path, struct arena *arena,
    struct err *err) MUST_CHECK;
/* The same of many, several at once. crew may be NULL. */
bool manifest_seal_all(struct storage *storage, struct manifest_output *outputs, const char *const *paths, size_t count,
    struct crew *crew, struct arena *arena, struct err *err) MUST_CHECK;

bool manifest_write(struct storage *storage, const struct manifest *manifest, struct err *err) MUST_CHECK;
/* Lives in arena. ERR_NOT_FOUND, ERR_CORRUPT. */
bool manifest_read(struct storage *storage, const char *run_id, struct manifest *manifest, struct arena *arena,
    struct err *err) MUST_CHECK;

#endif
