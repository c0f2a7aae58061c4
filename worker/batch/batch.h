/*
 * A batch: the records of one chunk of a file, as columns. The reader fills text, rows and cells; convert adds the
 * typed vectors; every stage may add marks and errors. A batch is owned by one thread at a time; all of its memory is
 * its arena's (and the chunk's buffer) and is reused after batch_reset().
 */
#ifndef WORKER_BATCH_BATCH_H
#define WORKER_BATCH_BATCH_H

#include "shared/arena.h"
#include "worker/batch/code.h"
#include "worker/value/type.h"

/* Where a cell's content lies in batch.text, without its quotes. The top bits of length are flags. */
struct cell {
    uint32_t offset;
    uint32_t length;
};

/*
 * What an escape takes the meaning from: the quote, itself, the delimiter (its first byte), a line end. Before anything
 * else it is text, so that C:\new stays what it is. escape == quote: a doubled quote is one, nothing else is escaped.
 */
struct escapes {
    char escape, quote, delimiter; /* 0: none */
};

/* The content of raw; out has room for raw.n bytes. Gives how many it took. */
size_t escapes_resolve(struct escapes escapes, struct str raw, char *out);

#define CELL_QUOTED 0x80000000u  /* stood in quotes */
#define CELL_ESCAPED 0x40000000u /* holds doubled quotes or escapes: batch_cell_text() resolves them */
#define CELL_MISSING 0x20000000u /* the record ended before this column */
#define CELL_LENGTH 0x1FFFFFFFu

struct row {
    uint64_t offset;      /* of the record's first byte in the (decompressed) original */
    uint64_t line;        /* 1-based physical line it starts on */
    uint64_t length;      /* bytes in the original, without the line end */
    uint32_t text_offset; /* the same record in batch.text (UTF-8 after transcoding) … */
    uint32_t text_length; /* … which may be cut short for a row-too-long record */
    uint32_t cells;       /* cells found; may differ from batch.width */
};

enum mark {
    MARK_GOOD,
    MARK_BLANK,     /* all cells empty: filtered in parse */
    MARK_FILTERED,  /* by the contract's filter, in rules */
    MARK_REJECTED,  /* has at least one error */
    MARK_DUPLICATE, /* repeats a primary key: its only error is CODE_PRIMARY_KEY */
};

enum value_state { VALUE_PRESENT, VALUE_NULL, VALUE_FAILED };

/* n values of one type and a state byte each; the value is undefined unless its state is VALUE_PRESENT. */
struct vector {
    struct type type;
    uint32_t n;
    uint8_t *state; /* enum value_state */
    union {
        void *data;
        struct str *str;
        int64_t *i64; /* integer, narrow decimal, time, timestamp */
        int128 *i128; /* wide decimal */
        double *f64;
        uint8_t *u8;  /* boolean */
        int32_t *i32; /* date */
    };
};

struct row_error {
    uint32_t row;     /* index in the batch */
    int32_t position; /* 0-based column in the file, or -1 */
    int32_t field;    /* index in the contract's fields, or -1 */
    int32_t rule;     /* index in the contract's rules, or -1 */
    enum stage stage;
    enum row_code code;
    struct str value;   /* the offending text; arena or batch text */
    const char *detail; /* what the message adds, e.g. "minimum 0"; NULL or arena */
};

struct batch {
    uint64_t sequence;  /* 0, 1, … within a run */
    uint64_t first_row; /* 1-based row number of rows[0], which the others follow … */
    uint64_t *numbers;  /* … unless this is set: each row's own number, after batch_keep() */
    uint32_t n;         /* records */
    uint32_t width;     /* cells a record, as the header has them */
    char *text;         /* the chunk, UTF-8 (WTF-8 where the original had lone surrogates) */
    size_t text_length;
    struct escapes escapes; /* how CELL_ESCAPED cells are to be read */
    struct row *rows;
    struct cell *cells; /* n * width, row by row */
    uint8_t *marks;     /* enum mark */
    struct vector *columns;
    uint32_t column_count;
    struct row_error *errors; /* in the order they were found; batch_sort_errors() groups them by row */
    size_t error_count, error_capacity;
    struct arena *arena;
};

/* limit: bytes of its arena. NULL when memory is out. */
struct batch *batch_new(size_t limit);
void batch_free(struct batch *batch);
/* Empties it, keeps its memory for the next chunk. */
void batch_reset(struct batch *batch);

/* A record by where it lies in the original, with the number it keeps. */
struct row_place {
    uint64_t number, offset, length;
};
/* Leaves only these records (by offset; more may be given) in a batch that the reader has filled. */
bool batch_keep(struct batch *batch, const struct row_place *places, size_t count, struct err *err) MUST_CHECK;
static inline uint64_t batch_row_number(const struct batch *batch, uint32_t row)
{
    return batch->numbers ? batch->numbers[row] : batch->first_row + row;
}

/* Appends an error and marks its row MARK_REJECTED (MARK_DUPLICATE for CODE_PRIMARY_KEY on a so far good row). */
bool batch_error(struct batch *batch, const struct row_error *error, struct err *err) MUST_CHECK;
/* By row, stable. */
void batch_sort_errors(struct batch *batch);

/* The content of a cell, escapes resolved (into the arena where there are any). .p NULL: memory is out. */
struct str batch_cell_text(struct batch *batch, struct cell cell);
static inline struct cell batch_cell(const struct batch *batch, uint32_t row, uint32_t column)
{
    return batch->cells[(size_t)row * batch->width + column];
}

/* A vector of n values, states VALUE_PRESENT, values undefined. false: memory is out. */
bool vector_init(struct vector *vector, struct type type, uint32_t n, struct arena *arena) MUST_CHECK;
/* The address of value i. */
static inline void *vector_at(const struct vector *vector, uint32_t i)
{
    return (char *)vector->data + (size_t)i * type_size(vector->type);
}

#endif
