/*
 * Who is at the other end, and what they may do. A name and a role are believed only from a forced command of sshd
 * (command="sluiced agent --operator alice --role operator …"), run as the account that owns the lake. Else the caller
 * is the account itself: the lake's owner alone with it (approver, nobody else to ask), anybody else a viewer.
 */
#ifndef WORKER_AGENT_IDENTITY_H
#define WORKER_AGENT_IDENTITY_H

#include "shared/arena.h"
#include "shared/err.h"
#include "shared/options.h"
#include "shared/str.h"

struct identity {
    struct str name, role; /* viewer, operator, approver; none: nothing may be asked */
    struct str from;       /* address and key fingerprint, as sshd tells them; empty: this machine */
    bool four_eyes;        /* nobody approves what they asked for */
};

/*
 * Of who is connected to this socket, as the kernel tells: an account's name and the role that operators ("name=role")
 * give it, with four eyes. The lake's owner whom it does not name is alone with it; anybody else has no role at all.
 * ERR_USAGE: the list names no role.
 */
bool identity_of_peer(int socket, const struct option_list *operators, const char *lake, struct identity *identity,
    struct arena *arena, struct err *err) MUST_CHECK;
/* *role empty: operators do not name them. ERR_USAGE: one of the list gives no role. */
bool identity_role(const struct option_list *operators, struct str name, struct str *role, struct err *err) MUST_CHECK;
/* name, role: of the command line, or NULL. ERR_USAGE: they are not to be believed, or are none. Lives in arena. */
bool identity_find(const char *name, const char *role, const char *lake, struct identity *identity, struct arena *arena,
    struct err *err) MUST_CHECK;
/* "SHA256:…" of the first key in what sshd's ExposeAuthInfo says ("publickey ssh-ed25519 AAAA…"), as ssh-keygen -l
 * prints it; empty: there is none. */
struct str identity_fingerprint(struct str auth_info, struct arena *arena);

#endif
