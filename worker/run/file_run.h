/*
 * One file's run: the stages as a table. A stage is one function; what it leaves for the next is in struct file_run.
 */
#ifndef WORKER_RUN_FILE_RUN_H
#define WORKER_RUN_FILE_RUN_H

#include "worker/journal/patch.h"
#include "worker/run/chosen.h"
#include "worker/run/manifest.h"
#include "worker/run/worker.h"
#include "worker/stream/stream.h"

/* The contract as a standing override changes it. */
struct file_run_standing {
    struct contract *contract;
    const struct overrides *overrides;
    const char *redrive_id; /* of its request */
};

struct file_run {
    struct worker *worker;
    struct arena *arena;
    struct claim claim;
    const struct contract *contract;
    struct file_run_standing *standing; /* what may be used in its place, the newest first */
    size_t standing_count;
    const struct patch *patch;   /* over the original; NULL: none */
    const struct chosen *chosen; /* the rows to read; NULL: all */
    const char *standing_id;     /* NULL: none is used */
    int fd;                      /* the original; -1 before intake */
    struct ahead *ahead;         /* its way to validated/; NULL: it is there, or stays where it is */
    struct str validated_to;
    struct storage_arrival *arrival; /* it is still on its way; NULL: it is there */
    struct storage_object object;    /* as it was when opened */
    enum compression compression;
    struct str sample; /* the first (decompressed) bytes: the labels are slices of it */
    bool sample_is_whole;
    struct sniff sniff;
    struct binding binding;
    bool validated;     /* sniff and binding are set */
    bool beyond_return; /* the point of no return is passed: only forward from here */
    struct str staging_key;
    const char *staging_path;
    enum stage stage; /* the present one, for the reason */
    struct manifest manifest;
    struct sink_result result;
    struct load *load;                      /* into the warehouse; NULL: none, or it is over */
    int64_t load_beat;                      /* of the lease, while the warehouse works */
    uint64_t rows;                          /* records read, blank ones left out */
    const struct sink_driver *const *sinks; /* what takes the rows: a list that ends with NULL */
    bool rehearsal; /* the journal and the lake stay as they are; sinks that write nothing are the caller's choice */
};

enum { FILE_RUN_SINKS = 3 };
extern const struct sink_driver *const file_run_sinks[];
extern const struct sink_driver *const warehouse_run_sinks[];

enum step_result { STEP_NEXT, STEP_FINISHED /* nothing more to read: the manifest is ready */, STEP_FAILED };

enum step_result stage_intake(struct file_run *run, struct err *err);
enum step_result stage_validate(struct file_run *run, struct err *err);
/* parse, convert, rules and write in one pass over the file. */
enum step_result stage_process(struct file_run *run, struct err *err);

/* Threads that a file of this size is worth. */
unsigned file_run_threads(const struct file_run *run);
/* Records the original's hash. duplicate_of: as journal_file_hashed() has it. */
bool file_run_hashed(
    struct file_run *run, const char *sha256, uint64_t size, int64_t *duplicate_of, struct err *err) MUST_CHECK;

/* Was the file loaded before? It then lies in the archive and stays there, and what comes of this run cannot be worse
 * than what there is. */
bool file_run_was_loaded(const struct file_run *run);

/* All stages and the publishing of one claimed file, or what else was approved for it. What the file is at fault for
 * ends in quarantine and true. */
bool file_run(struct worker *worker, const struct claim *claim, struct err *err) MUST_CHECK;

/* The contract of a file with a re-drive, which the caller frees. ERR_FILE redrive-void: what was approved no longer
 * holds. */
bool file_run_rules(struct file_run *run, struct contract **own, struct err *err) MUST_CHECK;
/* Keeps the run's ruleset in the lake, and that the run is read under it. */
bool file_run_ruleset(struct file_run *run, struct err *err) MUST_CHECK;
/* Turns the run into a quarantine: reason.json and reason.csv are staged, the manifest lists them. */
bool quarantine_prepare(struct file_run *run, const struct err *why, struct err *err) MUST_CHECK;
/* The cause with the most rows but for those up to last (NULL: none yet); equal ones in their order. NULL: no more. */
const struct sink_cause *file_run_next_cause(const struct file_run *run, const struct sink_cause *last);
/* The list of suggestions of reason.json. */
void file_run_suggest(struct file_run *run, struct json *json);
/* The dialect as an object, with "notes": what was seen and settled on the way. */
void file_run_dialect(const struct file_run *run, struct buf *out);
/* A path in the run's staging folder, which is created. */
bool file_run_staged(
    struct file_run *run, const char *name, struct str *key, const char **path, struct err *err) MUST_CHECK;
/* Hash and size of the staged outputs into the manifest. crew may be NULL. */
bool file_run_seal(struct file_run *run, const struct sink_output *outputs, size_t count, struct crew *crew,
    struct err *err) MUST_CHECK;
/* Copies causes and the staged block entries of run->result into the manifest, beyond the sinks' life. */
bool file_run_keep_causes(struct file_run *run, struct err *err) MUST_CHECK;
/* Reads the original from its start, decompressed. */
struct stream *file_run_stream(struct file_run *run, struct err *err);
/* Waits until what was read is there; what is gate of what reads. */
struct stream_gate file_run_gate(struct file_run *run);
/* Where moves take long the original is brought to validated/ while it is worked on: waits for that. */
bool file_run_moved(struct file_run *run, struct err *err) MUST_CHECK;
/* All of the original, as it was put: nothing that was read may count before. */
bool file_run_arrived(struct file_run *run, struct err *err) MUST_CHECK;
/* Has the original changed since it was opened? ERR_CHANGED. */
bool file_run_unchanged(struct file_run *run, struct err *err) MUST_CHECK;

#endif
