/*
 * A lasting change of a contract: asked for as overrides, shown as a difference of the contract's text, and on approval
 * written to its file, if that still is the text it was asked for.
 */
#ifndef WORKER_REDRIVE_CHANGE_H
#define WORKER_REDRIVE_CHANGE_H

#include "worker/redrive/request.h"

/* The request->rules.dataset's contract with the overrides written into it, which has to load. */
bool change_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err) MUST_CHECK;
/* What change_ask() would be refused for. */
bool change_possible(const struct redrive_request *request, struct arena *arena, struct err *err) MUST_CHECK;
/* ERR_CONFIG: the contract has changed since, or does not load. */
bool change_approve(struct journal *journal, const struct redrive *redrive, const struct decider *by,
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
