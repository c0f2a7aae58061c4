/* What acting calls share. The journal is opened for writing for as long as one lasts. */
#ifndef WORKER_AGENT_ACTING_H
#define WORKER_AGENT_ACTING_H

#include "worker/agent/method.h"
#include "worker/journal/redrive.h"

struct acting {
    struct call *call;
    struct journal *journal;
    struct contracts contracts;
    struct findings findings;
    struct decider by;
    struct buf owner;
};

/* Does the caller's role reach this one: "operator" or "approver"? */
bool acting_may(struct call *call, const char *least, int *code, struct err *err) MUST_CHECK;
/* What nobody in this role may do is told in the audit. */
void acting_forbidden(struct call *call, const char *action, const char *subject, const struct err *why);
/* Is what is asked for left to somebody else to approve? */
bool acting_waits(const struct call *call);
/* acting_end() is due in either case. */
bool acting_begin(struct acting *acting, struct call *call, struct err *err) MUST_CHECK;
/* The same for what needs the journal alone. */
bool acting_write(struct acting *acting, struct call *call, struct err *err) MUST_CHECK;
void acting_end(struct acting *acting);
/* What was refused is in the audit, whoever asked. Always false. */
bool acting_refused(struct acting *acting, const char *action, const char *subject, int *code, const struct err *err);
/* The request as 'requests' lists it. */
bool acting_show(struct call *call, const char *redrive_id, struct buf *result, int *code, struct err *err) MUST_CHECK;
/* The request that the parameter "request" names. */
bool acting_find(struct acting *acting, struct redrive *redrive, struct err *err) MUST_CHECK;
/* Approves, and carries out what can be done by this process. */
bool acting_approve(struct acting *acting, const struct redrive *redrive, struct err *err) MUST_CHECK;
/* The parameters apply_to and until: 0 for these files alone. */
bool call_apply_to(const struct call *call, int64_t *until, struct err *err) MUST_CHECK;
/* A request of this sort, by what asks for it: approved at once where it waits for nobody, and shown. */
typedef bool acting_ask(struct acting *acting, struct redrive *redrive, struct err *err);
bool acting_request(
    struct call *call, const char *action, acting_ask *ask, struct buf *result, int *code, struct err *err) MUST_CHECK;
/* The contract's dataset that the parameter "dataset" names. */
bool acting_dataset(struct acting *acting, struct str *dataset, struct err *err) MUST_CHECK;
/* A text parameter; empty: none. */
struct str call_text(const struct call *call, const char *name);

#endif
