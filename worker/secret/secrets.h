/*
 * What settings name in place of a secret: secret://aws/ID#FIELD (Secrets Manager; of a JSON text its field),
 * secret://env/NAME, secret://file/PATH; the whole setting, or ${secret://…} within it (percent-encoded where a URL
 * has begun). Every setting passes through here. What AWS gave is kept for a while, so that it is asked once and not by
 * every connection; a login that fails asks anew. Thread-safe.
 */
#ifndef WORKER_SECRET_SECRETS_H
#define WORKER_SECRET_SECRETS_H

#include "shared/secret.h"

struct secrets;

/* NULL when memory is out. */
struct secrets *secrets_new(void);
void secrets_free(struct secrets *secrets);
/* Does the setting name one? */
bool secrets_in(const char *setting);
/* The setting as it is meant, appended to out. fresh: what is kept is not good enough. ERR_CONFIG, ERR_UNAVAILABLE name
 * the reference, never what it stands for. */
bool secrets_read(
    struct secrets *secrets, const char *setting, bool fresh, struct secret *out, struct err *err) MUST_CHECK;

#endif
