/* Every ruleset ever used is kept in the lake, under audit/rulesets/<hash>/: the contract and the files it names. */
#ifndef WORKER_RUN_RULESET_H
#define WORKER_RUN_RULESET_H

#include "worker/config/contract.h"
#include "worker/storage/storage.h"

/* Where the overrides of a ruleset are kept, beside its contract. */
#define RULESET_OVERRIDES "overrides"

/* Nothing is written where it is there already. */
bool ruleset_keep(struct storage *storage, const struct contract *contract, struct err *err) MUST_CHECK;

#endif
