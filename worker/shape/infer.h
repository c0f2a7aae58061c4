/* A file's columns as a first contract: what was seen, and how it is written down. */
#ifndef WORKER_SHAPE_INFER_H
#define WORKER_SHAPE_INFER_H

#include "worker/format/csv/sniff.h"
#include "worker/shape/guess.h"

struct infer_column {
    struct str label;
    uint32_t position; /* 1-based */
    bool by_position;  /* blank or doubled label */
    bool by_label;     /* the label does not normalise to the name, or another one does too */
    struct str name;
    struct guess guess;
    struct guess_result result;
};

struct infer {
    struct str key;
    struct str sample;
    struct sniff sniff;
    bool unsteady; /* with the labels known, detection would come to another result */
    struct infer_column *columns;
    uint32_t count;
    uint64_t rows;
    uint64_t shorter, longer, damaged; /* records left out: too few cells, too many, faulty otherwise */
    struct guess_forms forms;
    struct arena *arena;
};

/* Names by labels, unique, as contracts have them: [a-z][a-z0-9_]{0,62}, nothing reserved. */
bool infer_names(struct infer *infer, struct err *err) MUST_CHECK;
/* A label, file name … as such a name; empty when nothing is left of it. */
bool infer_name(struct str text, struct arena *arena, struct str *name, struct err *err) MUST_CHECK;
void infer_write(const struct infer *infer, struct str dataset, struct buf *yaml);

#endif
