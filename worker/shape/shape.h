/*
 * From cells to a dataset's rows: binding the header, converting columns, references, derived columns, rules,
 * uniqueness. batch.columns after convert and rules: the slots of contract->scope (fields, reference columns, derived),
 * then one a partition column. A converter is immutable once decided and may be used by many threads, each on its own
 * batch.
 */
#ifndef WORKER_SHAPE_SHAPE_H
#define WORKER_SHAPE_SHAPE_H

#include "worker/config/contract.h"
#include "worker/format/csv/sniff.h"

/* ---- header ---- */

struct binding {
    uint32_t width;           /* columns the header has */
    uint32_t blank_tail;      /* of these, trailing ones without a label */
    int32_t *column_of_field; /* 0-based column, -1: absent (NULL in every row) */
    int32_t *field_of_column; /* -1: not asked for */
    struct str *labels;       /* width of them, as in the file */
    struct str *notes;        /* "column 4 'Colour' is not in the contract and was dropped" */
    size_t note_count;
    uint32_t *missing; /* fields without a column, required ones or not */
    uint32_t missing_count;
    uint32_t *unknown; /* columns with a label that no field asked for */
    uint32_t unknown_count;
};

/* Header text to the name it stands for: NFKC, trimmed, case-folded, every other run of characters one '_', none at the
 * ends. */
void label_normalise(struct str label, struct buf *out);
/* All labels that the contract knows (names, labels, aliases): what sniff_request.expected asks for. NULL: no memory.
 */
struct str *header_labels(const struct contract *contract, struct arena *arena, size_t *count);
/*
 * Binds by label or position first, then exactly by name and aliases, then normalised. sniff without labels binds by
 * position alone (fields in order). ERR_FILE with expected and found in the message and a hint: missing-label,
 * blank-label, duplicate-label, extra-label, incorrect-label (fieldsMatch, extraColumns: reject). Of a rejected header
 * binding still holds what was bound, missing and unknown: suggestions and reason.json are made of it.
 */
bool binding_make(const struct contract *contract, const struct sniff *sniff, struct binding *binding,
    struct arena *arena, struct err *err) MUST_CHECK;

/* ---- rows ---- */

struct converter;

/*
 * batch.columns: converter_columns() of them. Fields in the contract's order, reference columns, derived columns (the
 * slots of contract->scope), partition columns, and with extraColumns: rescue last of all `_rescued`, a string of JSON
 * {"label": "cell", …} of the columns that no field asked for.
 */
uint32_t converter_columns(const struct converter *converter);
/* The index of `_rescued` in batch.columns; -1: none. */
int32_t converter_rescued(const struct converter *converter);
/* Sentences on what converter_decide() settled, to be recorded with the run. */
const struct str *converter_notes(const struct converter *converter, size_t *count);

/* Borrows its arguments; lives in arena. */
struct converter *converter_new(const struct contract *contract, const struct binding *binding,
    const struct dialect *dialect, struct arena *arena, struct err *err);
/* Decides, from the file's first batch, what the contract leaves to the file: conflicting formats and decimalChar:
 * auto, by column, from unambiguous values alone. Call once, before any convert. */
bool converter_decide(struct converter *converter, struct batch *batch, struct err *err) MUST_CHECK;

/* Encoding, types, missing values, constraints (but unique): all errors of all rows, stage convert. Blank rows are left
 * alone (VALUE_NULL); rows rejected in parse are converted as far as they go (a missing cell is VALUE_FAILED without a
 * second error). A value that breaks a constraint keeps VALUE_PRESENT, a required one that is absent is VALUE_FAILED.
 */
bool convert_batch(const struct converter *converter, struct batch *batch, struct err *err) MUST_CHECK;

struct rule_counts {
    uint64_t *failed; /* by rule, warn and tolerated ones too */
};

/* References, filter, derive, rules, partition columns; stage rules. A rule runs where all of its inputs converted.
 * Rows that the filter takes out get neither derived values nor rules (VALUE_FAILED); rows with an error are never
 * filtered. A filter over derived columns runs after them. */
bool rules_batch(
    const struct converter *converter, struct batch *batch, struct rule_counts *counts, struct err *err) MUST_CHECK;

/* ---- uniqueness: first valid row wins, exact, in bounded memory ---- */

struct unique;

/* NULL with err->kind ERR_NONE when the contract asks for none. memory: bytes it may hold. */
struct unique *unique_new(const struct contract *contract, size_t memory, const char *spill_dir, struct err *err);
/* Does the contract and a file of this many bytes need a first pass over the keys? */
bool unique_wants_first_pass(const struct unique *unique, uint64_t file_bytes);
/* First pass: key columns of a batch (convert_keys() below filled them), in any order. */
bool unique_first_pass(struct unique *unique, const struct batch *batch, struct err *err) MUST_CHECK;
/* Converts only the columns that keys are made of; values that convert_batch() will find fault with may be among
 * them. After converter_decide(). */
bool convert_keys(const struct converter *converter, struct batch *batch, struct err *err) MUST_CHECK;
/* Between the passes: rows that are loaded already, key columns alone. Those whose keys the first pass saw are the
 * winners of them. */
bool unique_loaded(struct unique *unique, const struct batch *batch, struct err *err) MUST_CHECK;
/* Fields that keys are made of, each once; fields has room for all of the contract's. */
uint32_t unique_fields(const struct unique *unique, uint32_t *fields);
/* Main pass, batches in order: marks repeats among so far good rows, CODE_PRIMARY_KEY (detail names the winner's row)
 * or CODE_UNIQUE. */
bool unique_batch(struct unique *unique, struct batch *batch, struct err *err) MUST_CHECK;
void unique_free(struct unique *unique);

/* ---- words ---- */

/* One sentence for a row error, as reject files carry it. */
void row_error_message(
    const struct contract *contract, const struct binding *binding, const struct row_error *error, struct buf *out);

/* ---- infer ---- */

/* Appends a first contract (YAML) for a file: match: any folder of raw/, <stem>* (the stem of key, or of path where key
 * is empty), fields with types and formats that every value fits, positions for blank or doubled labels, missing values
 * seen. It passes check and loads that file. Reads the whole file, so that a late value cannot contradict it. */
bool infer_contract(const char *path, struct str key, struct buf *yaml, struct err *err) MUST_CHECK;

#endif
