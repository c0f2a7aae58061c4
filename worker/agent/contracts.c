#include "worker/agent/contracts.h"

#include "worker/config/stamp.h"

/* References may lie elsewhere. */
static uint64_t stamp_with_references(const char *path, const struct contracts *contracts)
{
    uint64_t stamp = stamp_of(path);
    for (size_t i = 0; i < contracts->count; i++)
        for (uint32_t k = 0; k < contracts->list[i]->reference_count; k++)
            stamp = stamp * 31 + stamp_of(contracts->list[i]->references[k].file.p);
    return stamp;
}

const struct contracts *agent_contracts(struct agent *agent)
{
    struct known_contracts *known = &agent->contracts;
    struct err unread; /* what is asked is answered without contracts, too */
    if (!agent->datasets || (known->read && known->stamp == stamp_with_references(agent->datasets, &known->contracts)))
        return &known->contracts;
    agent_forget_contracts(agent);
    struct findings findings = {.arena = arena_new(0)};
    uint64_t before = stamp_of(agent->datasets);
    if (findings.arena && !contracts_load(agent->datasets, &known->contracts, &findings, &unread))
        known->contracts = (struct contracts){0};
    arena_free(findings.arena);
    /* what changed meanwhile is read anew the next time */
    known->read = before == stamp_of(agent->datasets);
    known->stamp = stamp_with_references(agent->datasets, &known->contracts);
    return &known->contracts;
}

void agent_forget_contracts(struct agent *agent)
{
    contracts_free(&agent->contracts.contracts);
    agent->contracts = (struct known_contracts){0};
}
