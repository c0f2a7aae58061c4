/* The causes of one run's rejects: counted while rows pass, by the key DESIGN gives a cause. */
#ifndef WORKER_SINK_CAUSE_H
#define WORKER_SINK_CAUSE_H

#include "worker/sink/sink.h"

struct causes;

struct causes *causes_new(const struct sink_run *run);
void causes_free(struct causes *causes);
/*
 * Counts one rejected row under the cause of its first error. only: it has no other error. index: the cause's number in
 * this run. Past MAX_RUN_CAUSES shapes are no longer told apart.
 */
bool causes_add(struct causes *causes, const struct row_error *first, uint64_t row_number, bool only, uint32_t *index,
    struct err *err) MUST_CHECK;
/* The list, in order of index; lives as long as causes. */
const struct sink_cause *causes_list(const struct causes *causes, size_t *count);

/* What an error is about: the field, derived column or header label; empty for a whole row's. */
struct str row_error_column(const struct sink_run *run, const struct row_error *error);
struct str row_error_rule(const struct sink_run *run, const struct row_error *error);
bool row_error_sensitive(const struct sink_run *run, const struct row_error *error);

#endif
