/* The agent: answers JSON-RPC lines (shared/rpc.h) about one lake, on two descriptors, until the client is gone. */
#ifndef WORKER_AGENT_AGENT_H
#define WORKER_AGENT_AGENT_H

#include "worker/agent/identity.h"
#include "worker/config/contract.h"
#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

#include <signal.h>
#include <sys/types.h>

struct agent {
    struct storage *storage;
    const char *journal_path;
    struct identity who;
    bool break_glass;                  /* who may approve alone, in an emergency */
    bool turned_away;                  /* who has no role, and the audit knows */
    struct str environment, colour;    /* as settings name them; colour may be empty */
    const char *datasets;              /* where the contracts are */
    size_t memory;                     /* bytes a rehearsal may use */
    struct pg *pg;                     /* the warehouse, for what is carried out here; NULL: none */
    const volatile sig_atomic_t *stop; /* ends a rehearsal, and the agent */
    /* The agent's own: opened with the first question, anew when another file lies there. */
    struct journal *journal;
    bool in_fleet;            /* the journal is a replica, which is to be brought up to date */
    struct journal *follower; /* it, opened for that */
    int64_t follow_due;       /* monotonic */
    dev_t device;
    ino_t inode;
    struct block_counts *counts; /* position.h */
    struct known_contracts {     /* contracts.h */
        struct contracts contracts;
        uint64_t stamp;
        bool read;
    } contracts;
    /* What the client is told of by itself, and what it knows of so far. */
    bool notices;
    int64_t notice_due; /* when to look again, monotonic */
    struct journal_mark {
        dev_t device;
        ino_t inode;
        int64_t version;
    } told;
};

/* true when the client closed its end; false with err when the pipe broke. */
bool agent_serve(struct agent *agent, int in, int out, struct err *err) MUST_CHECK;
/* The journal to read from. ERR_UNAVAILABLE: the lake is not there, or has no journal. */
bool agent_journal(struct agent *agent, struct err *err) MUST_CHECK;
/* From now on the client is told when the journal has changed. */
void agent_follow(struct agent *agent);
/* Closes the journal. */
void agent_dispose(struct agent *agent);

#endif
