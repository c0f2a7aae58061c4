/*
 * AWS credentials, found where the SDKs find them and in their order: environment, web identity, shared files (profile,
 * single sign-on, credential_process), container, instance metadata (version 2). What expires is fetched anew in time.
 * The secret never shows in a log or an error, and is wiped. A chain is thread-safe.
 */
#ifndef WORKER_AWS_CREDENTIALS_H
#define WORKER_AWS_CREDENTIALS_H

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/str.h"

#include <stdint.h>

struct credentials {
    struct buf access_key, secret_key, session_token; /* the token may be empty */
    int64_t expires;                                  /* microseconds since 1970; 0: never */
};

void credentials_init(struct credentials *credentials);
/* Wipes. */
void credentials_dispose(struct credentials *credentials);
static inline struct str credentials_text(const struct buf *part)
{
    return buf_str(part);
}

struct profile;
struct http;
struct credential_chain;

/* profile and http are the caller's and outlive the chain. NULL when memory is out. */
struct credential_chain *credential_chain_new(const struct profile *profile, struct http *http);
void credential_chain_free(struct credential_chain *chain);
/* A copy for one request; the caller disposes of it. ERR_UNAVAILABLE tells where was looked. */
bool credential_chain_get(struct credential_chain *chain, struct credentials *credentials, struct err *err) MUST_CHECK;
/* The server refused them as expired: the next get() fetches them anew. */
void credential_chain_expire(struct credential_chain *chain);

#endif
