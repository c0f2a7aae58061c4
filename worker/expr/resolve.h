/* From the untyped tree to the typed graph: names, overloads, conversions, scales, constants. */
#ifndef WORKER_EXPR_RESOLVE_H
#define WORKER_EXPR_RESOLVE_H

#include "worker/expr/node.h"
#include "worker/expr/parse.h"

struct resolver {
    const struct expr_scope *scope;
    struct arena *arena;
    struct expr_fault *fault;
    struct buf *warnings; /* may be NULL */
};

/*
 * strict: what comes out is looked at together with its number of decimals (as text, or by a division), so it must
 * carry PostgreSQL's, not merely an equal value. All of these give NULL with the fault filled.
 */
const struct node *resolve(struct resolver *resolver, const struct ast *ast, bool strict);
const struct node *resolve_call(struct resolver *resolver, const struct ast *ast, bool strict);

struct node *node_new(struct resolver *resolver, enum form form, size_t offset, struct kind_type type, uint32_t args);
/* Settles can_fail, and computes what is constant. */
const struct node *node_finish(struct resolver *resolver, struct node *node);
const struct node *node_null(struct resolver *resolver, size_t offset, struct kind_type type);
const struct node *node_boolean(struct resolver *resolver, size_t offset, bool value);
bool node_is_null(const struct node *node);
/* A call of an overload whose arguments have its types already. */
const struct node *node_call(struct resolver *resolver, const struct function *function, size_t offset,
    const struct node *const *args, uint32_t count, struct kind_type type);
/* The named operator over resolved operands. */
const struct node *node_operator(
    struct resolver *resolver, const char *name, size_t offset, const struct node *a, const struct node *b);

/* An implicit conversion: what PostgreSQL does by itself, and untyped strings. */
const struct node *coerce(struct resolver *resolver, const struct node *node, struct kind_type type);
const struct node *coerce_explicit(struct resolver *resolver, const struct ast *ast, const struct node *node);
/* The type that values of a CASE, COALESCE … come to; what names it in the message. */
bool common_type(struct resolver *resolver, const char *what, const struct node **nodes, uint32_t count, bool strict,
    struct kind_type *type) MUST_CHECK;

#endif
