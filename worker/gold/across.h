/* Keys of a partition's new gold that other partitions have too. */
#ifndef WORKER_GOLD_ACROSS_H
#define WORKER_GOLD_ACROSS_H

#include "worker/config/contract.h"
#include "worker/gold/source.h"

struct across {
    bool made;     /* false: not asked for, or more to read than it is worth unasked */
    uint64_t keys; /* of the new gold, in at least one other partition's files */
};

struct across_options {
    struct journal *journal;
    const struct contract *contract;
    struct str partition;
    const uint32_t *key; /* columns of the schema that are not the same in all of a partition */
    uint32_t key_count;
    size_t memory; /* bytes for keys */
};

/*
 * gold: the new gold, under schema. What counts are the others' processed files, so that the answer does not depend on
 * whose gold is made first. Another's file that cannot be read is told in the log, not in err: then nothing is counted.
 */
bool across_count(const struct sources *schema, const struct source *gold, const struct across_options *options,
    struct across *across, struct err *err) MUST_CHECK;

#endif
