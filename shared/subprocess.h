/* A child process on a pair of pipes: its standard input and output are ours, its standard error is inherited. Or one
 * that somebody else has started, behind a local socket. */
#ifndef SHARED_SUBPROCESS_H
#define SHARED_SUBPROCESS_H

#include "shared/err.h"

#include <sys/types.h>

struct subprocess {
    pid_t pid; /* 0: somebody else's */
    int in;    /* write here: the child's standard input */
    int out;   /* read here: its standard output */
};

/* argv[0] is a path, or a name looked up in PATH; argv ends with NULL. */
bool subprocess_start(struct subprocess *process, char *const argv[], struct err *err) MUST_CHECK;
/* ERR_UNAVAILABLE: nobody listens there. */
bool subprocess_connect(struct subprocess *process, const char *socket_path, struct err *err) MUST_CHECK;
/* SIGTERM, to a child of ours. */
void subprocess_stop(const struct subprocess *process);
/* Closes both pipes and waits. *status: as waitpid() gives it. */
bool subprocess_end(struct subprocess *process, int *status, struct err *err) MUST_CHECK;

#endif
