#include "shared/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic unsigned long passed;
static _Atomic unsigned long matched;

/* Does "ACTION:NAME[:N]" mean this passage? */
static bool matches(const char *fault, const char *name)
{
    const char *spec = strchr(fault, ':');
    if (!spec++)
        return false;
    size_t length = strcspn(spec, ":");
    bool any = length == 3 && strncmp(spec, "any", 3) == 0;
    if (!any && (strlen(name) != length || strncmp(spec, name, length) != 0))
        return false;
    const char *count = spec[length] ? spec + length + 1 : "1";
    unsigned long now = atomic_fetch_add(&matched, 1) + 1;
    return strcmp(count, "*") == 0 || strtoul(count, NULL, 10) == now;
}

bool fault_pass(const char *name, const char *detail, struct err *err)
{
    atomic_fetch_add(&passed, 1);
    const char *fault = getenv("SLUICE_FAULT");
    if (!fault || !*fault || !matches(fault, name))
        return true;
    if (strncmp(fault, "kill:", 5) == 0)
        raise(SIGKILL);
    return ERR(err, ERR_UNAVAILABLE, "injected fault at %s%s%s", name, detail ? " of " : "", detail ? detail : "");
}

void fault_here(const char *name)
{
    struct err ignored; /* a point that cannot fail is only ever died at */
    if (!fault_pass(name, NULL, &ignored))
        return;
}

unsigned long fault_passed(void)
{
    return atomic_load(&passed);
}
