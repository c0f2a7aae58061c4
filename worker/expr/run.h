/* One evaluation: a block of rows at a time, its memory reused from block to block. */
#ifndef WORKER_EXPR_RUN_H
#define WORKER_EXPR_RUN_H

#include "worker/expr/node.h"

struct run_chunk {
    struct run_chunk *next;
    size_t size, used;
    char *p;
};

/* The value of a FORM_LET while its body is computed. */
struct run_binding {
    const struct node *let;
    struct vec value;
    const struct run_binding *outer;
};

struct run {
    const struct vector *const *slots;
    uint32_t base, n; /* the block's first row and its rows; n is 1 while scalars are computed */
    struct arena *scratch;
    struct run_chunk *first, *chunk; /* the block's vectors */
    char *text;                      /* what is left of a piece of scratch for strings, which outlive the block */
    size_t text_left;
    struct expr_errors *errors;
    const char *scalar_fault; /* while scalars are computed: why it failed */
    bool scalar;
    const struct run_binding *bound;
    bool out_of_memory;
};

/* NULL when memory is out; run->out_of_memory is then set. Valid until the block ends. */
void *run_alloc(struct run *run, size_t size);
/* Valid as long as scratch. */
char *run_text(struct run *run, size_t size);
/* Takes back the tail of the latest run_text(). */
void run_text_return(struct run *run, size_t size);
void run_block_end(struct run *run);
/* Allocates data for kind (and lane). */
bool run_data(struct run *run, struct vec *vec) MUST_CHECK;
/* Row i of out fails for a reason in PostgreSQL's words. */
void run_fail(struct run *run, struct vec *out, uint32_t i, const char *message);
/* Row i of out is NULL. */
void run_null(struct run *run, struct vec *out, uint32_t i);

/* active: a byte a row of the block, 0 rows come out as VALUE_FAILED; NULL: all. */
bool run_node(struct run *run, const struct node *node, const uint8_t *active, struct vec *out) MUST_CHECK;

bool run_logic(struct run *run, const struct node *node, const uint8_t *active, struct vec *out) MUST_CHECK;
bool run_case(struct run *run, const struct node *node, const uint8_t *active, struct vec *out) MUST_CHECK;
bool run_coalesce(struct run *run, const struct node *node, const uint8_t *active, struct vec *out) MUST_CHECK;
/* The value of a node whose arguments are constants; *fault: why it failed. False only when memory is out. */
bool run_constant(const struct node *node, struct arena *arena, struct vec *out, const char **fault) MUST_CHECK;

static inline uint8_t vec_state(const struct vec *vec, uint32_t i)
{
    return vec->state ? vec->state[i & vec->mask] : (uint8_t)VALUE_PRESENT;
}

static inline bool vec_live(const struct vec *vec, uint32_t i)
{
    return vec_state(vec, i) == VALUE_PRESENT;
}

#endif
