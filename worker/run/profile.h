/* Where the time goes: CPU seconds and bytes of the parts of a run, over all threads (sluiced run --profile). */
#ifndef WORKER_RUN_PROFILE_H
#define WORKER_RUN_PROFILE_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum profile_part {
    PROFILE_HASH,    /* of the original */
    PROFILE_KEYS,    /* the look at the keys alone */
    PROFILE_PARSE,   /* read, decompress, find records and cells */
    PROFILE_CONVERT, /* texts to values */
    PROFILE_RULES,   /* derived columns, rules, partition columns */
    PROFILE_UNIQUE,  /* repeated keys out */
    PROFILE_SPLIT,   /* good rows to their partitions, rejects, the warehouse's COPY */
    PROFILE_ENCODE,  /* Parquet pages, compressed */
    PROFILE_SEAL,    /* the last row groups, footers, fsync, hashes of the outputs */
    PROFILE_PARTS
};

struct profile {
    _Atomic int64_t cpu_ns[PROFILE_PARTS];
    _Atomic uint64_t bytes[PROFILE_PARTS];
};

/* profile may be NULL in all of these: then they do nothing. */
/* The calling thread's CPU time, for profile_add(). */
int64_t profile_now(const struct profile *profile);
void profile_add(struct profile *profile, enum profile_part part, int64_t since);
/* The same of the whole process, for what has it to itself. */
int64_t profile_all_now(const struct profile *profile);
void profile_add_all(struct profile *profile, enum profile_part part, int64_t since);
void profile_bytes(struct profile *profile, enum profile_part part, uint64_t bytes);
/* A line a part, and one for what is left of the process's time. */
void profile_print(const struct profile *profile, FILE *out);

#endif
