/* The contracts as an agent knows them: read once, and anew when the folder or a file they refer to has changed. */
#ifndef WORKER_AGENT_CONTRACTS_H
#define WORKER_AGENT_CONTRACTS_H

#include "worker/agent/agent.h"

/* Until the next call. None where they cannot be read. */
const struct contracts *agent_contracts(struct agent *agent);
void agent_forget_contracts(struct agent *agent);

#endif
