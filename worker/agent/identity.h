/*
 * Who is at the other end, and what they may do. A name and a role are believed only from a forced command of sshd
 * (command="sluiced agent --operator alice --role operator …"), run as the account that owns the lake. Else the caller
 * is the account itself: the lake's owner alone with it (approver, nobody else to ask), anybody else a viewer.
 */
#ifndef WORKER_AGENT_IDENTITY_H
#define WORKER_AGENT_IDENTITY_H

#include "shared/arena.h"
#include "shared/err.h"
#include "shared/str.h"

struct identity {
    struct str name, role; /* viewer, operator, approver */
    struct str from;       /* address and key fingerprint, as sshd tells them; empty: this machine */
    bool four_eyes;        /* nobody approves what they asked for */
};

/* name, role: of the command line, or NULL. ERR_USAGE: they are not to be believed, or are none. Lives in arena. */
bool identity_find(const char *name, const char *role, const char *lake, struct identity *identity, struct arena *arena,
    struct err *err) MUST_CHECK;
/* "SHA256:…" of the first key in what sshd's ExposeAuthInfo says ("publickey ssh-ed25519 AAAA…"), as ssh-keygen -l
 * prints it; empty: there is none. */
struct str identity_fingerprint(struct str auth_info, struct arena *arena);

#endif
