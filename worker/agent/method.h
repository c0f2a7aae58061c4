/* Methods of the agent: one row in the table of method.c each. */
#ifndef WORKER_AGENT_METHOD_H
#define WORKER_AGENT_METHOD_H

#include "shared/buf.h"
#include "shared/hash.h"
#include "worker/agent/agent.h"
#include "worker/journal/rows.h"
#include "worker/run/rules.h"

#include <jansson.h>

struct call {
    struct agent *agent;
    const json_t *params; /* an object, or NULL */
    const char *method;
    char run_id[ULID_SIZE]; /* the run that params name, resolved; "" when none is named */
    struct {
        char id[ULID_SIZE], hash[SHA256_TEXT_SIZE];
    } client; /* of an acting call that names itself; "" when none is given */
    struct arena *arena;
};

struct method {
    const char *name;
    bool needs_run;
    /* The least role that may call it; NULL: any. A method with one acts, and is done once for a client's id. */
    const char *least;
    /* A query whose one row and column is the result, as JSON … */
    const char *sql;
    /* … or a function that appends it. *code is set to an rpc_error on failure. */
    bool (*answer)(struct call *call, struct buf *result, int *code, struct err *err);
};

const struct method *method_find(const char *name);
const struct method *method_list(size_t *count);
/* Runs it: resolves the run, then answers. */
bool method_call(
    const struct method *method, struct call *call, struct buf *result, int *code, struct err *err) MUST_CHECK;

/* The one row and column of a query, as JSON. */
bool method_query(const char *sql, struct call *call, struct buf *result, int *code, struct err *err) MUST_CHECK;

/* An integer parameter within [least, most], or otherwise. */
int64_t call_integer(const struct call *call, const char *name, int64_t otherwise, int64_t least, int64_t most);

/* The key of an output of the run by its kind; empty: there is none. */
bool call_output(struct call *call, const char *kind, struct str *key, struct err *err) MUST_CHECK;

bool answer_rows(struct call *call, struct buf *result, int *code, struct err *err);
/* The parameters set, map and rules of what reads a file again. */
bool call_overrides(struct call *call, struct overrides *overrides, struct err *err) MUST_CHECK;
bool call_rules(struct call *call, enum rules *rules, struct err *err) MUST_CHECK;
/* The parameters cause, row (a number or several) and scope: the rejected rows that a call about a run means. *given
 * false: none of them is there, it means the file. */
bool call_row_choice(struct call *call, struct row_choice *choice, bool *given, struct err *err) MUST_CHECK;

bool answer_overview(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_causes(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_redrive(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_withdraw(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_reprocess(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_approve(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_decline(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_pause(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_resume(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_rate(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_cancel(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_discard(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_override(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_contract(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_patch(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_revoke(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_rehearse(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_export(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_returned(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_balance(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_trace(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_outcome(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_audit(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_acknowledge(struct call *call, struct buf *result, int *code, struct err *err);
bool answer_reason(struct call *call, struct buf *result, int *code, struct err *err);

#endif
