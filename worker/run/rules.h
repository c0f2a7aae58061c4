/* The rules a file is read by the second time: those of then, or the contract as it is now, and overrides. */
#ifndef WORKER_RUN_RULES_H
#define WORKER_RUN_RULES_H

#include "worker/config/contract.h"
#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

enum rules { RULES_CURRENT, RULES_SAME };

struct rules_request {
    struct storage *storage;
    struct journal *journal;
    const struct contracts *contracts; /* as they are now */
    enum rules rules;
    struct str dataset, ruleset_hash;  /* of the run that is read again */
    const struct overrides *overrides; /* may be empty */
};

/* Free it with contract_free(). base_hash: of the rules without the request's overrides. ERR_CONFIG with the first
 * mistake when the contract, or an override, is wrong. */
struct contract *rules_load(
    const struct rules_request *request, char base_hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err);

#endif
