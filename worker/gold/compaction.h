/* One partition's compaction, from the list of its files to the object that replaces the gold before. */
#ifndef WORKER_GOLD_COMPACTION_H
#define WORKER_GOLD_COMPACTION_H

#include "worker/gold/across.h"
#include "worker/gold/compare.h"
#include "worker/gold/gold.h"
#include "worker/run/manifest.h"

struct compaction {
    struct worker *worker;
    const struct contract *contract;
    const struct gold_options *options;
    struct str partition;
    struct arena *arena;
    struct claim claim;
    int64_t beat_at; /* clock_monotonic() of the last heartbeat */
    bool beyond_return;

    struct gold_input *inputs;
    size_t input_count;
    char fingerprint[SHA256_TEXT_SIZE]; /* of the rules and the inputs */
    struct gold_state before;
    bool has_before; /* the journal knows a compaction */
    bool has_object; /* its object is there */
    struct sources sources;
    uint32_t *key; /* columns */
    uint32_t key_count, latest;
    struct comparison comparison;
    struct across across;
    uint64_t rows; /* kept */
    struct stage_count count;

    struct str staging_key;
    const char *gold_path, *metrics_path;
    struct manifest manifest;
};

/* "gold/<dataset>/<partition>/part-00000.parquet"; metrics: "audit/gold_compaction/…/metrics.json". In arena. */
struct str gold_key(const struct contract *contract, struct str partition, struct arena *arena);
struct str gold_metrics_key(const struct contract *contract, struct str partition, struct arena *arena);
/* metrics.json into c->metrics_path; bytes_out of the count is set by then. */
bool metrics_write(const struct compaction *c, struct err *err) MUST_CHECK;

enum compaction_result { COMPACTED, COMPACTION_UNCHANGED, COMPACTION_BUSY, COMPACTION_FAILED };
/* worker, contract, options, partition and arena are set. */
enum compaction_result compaction_run(struct compaction *c, struct err *err);

#endif
