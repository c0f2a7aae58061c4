/* Labels as text, and whether a bound header may pass. */
#ifndef WORKER_SHAPE_LABEL_H
#define WORKER_SHAPE_LABEL_H

#include "worker/shape/shape.h"

/* label_normalise() into the arena. false: memory is out. */
bool label_normalised(struct str label, struct arena *arena, struct str *out) MUST_CHECK;
/* As much of a label as a message shows: 60 bytes, at a code point. */
struct str label_cut(struct str label);
/* "a, b, c", each cut to 60 bytes, the list to about most_bytes with the full count behind. */
void label_list(struct buf *out, const struct str *list, size_t count, size_t most_bytes);

/* A field that may not be NULL: constraints.required, or part of the primary key. */
bool field_required(const struct contract *contract, uint32_t field);
/* Are optional fields missed too? */
bool header_needs_all(const struct contract *contract, const struct binding *binding);
/* fieldsMatch and extraColumns over a finished binding. labelled: the file has a header. */
bool header_judge(
    const struct contract *contract, const struct binding *binding, bool labelled, struct err *err) MUST_CHECK;

#endif
