/*
 * Fault points. Compiled into every flavour so that what is tested is what ships; a no-op unless $SLUICE_FAULT is set:
 *   kill:NAME[:N]    the process dies by SIGKILL the Nth time (default 1) that point NAME is passed
 *   fail:NAME[:N]    that passage fails with ERR_UNAVAILABLE ("injected"); with N = * every passage
 *   kill:any:N       the Nth passage of any point
 */
#ifndef SHARED_FAULT_H
#define SHARED_FAULT_H

#include "shared/err.h"

/* True to go on. detail may be NULL. */
bool fault_pass(const char *name, const char *detail, struct err *err) MUST_CHECK;
/* For a point that cannot fail, only be died at. */
void fault_here(const char *name);
/* Points passed so far in this process, for tests that try each. */
unsigned long fault_passed(void);

#endif
