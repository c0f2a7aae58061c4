/* Where credentials come from: each asks one place. Files of this room only. */
#ifndef WORKER_AWS_PROVIDER_H
#define WORKER_AWS_PROVIDER_H

#include "worker/aws/credentials.h"
#include "worker/aws/profile.h"
#include "worker/net/http.h"

/* Nothing is set that leads there; found; there, but it failed (err). */
enum provided { PROVIDED_NOT, PROVIDED, PROVIDED_FAILED };

struct provider_context {
    const struct profile *profile;
    struct http *http;     /* for services */
    struct http *metadata; /* for what answers at once on this machine, or is not there */
};

typedef enum provided provider(
    const struct provider_context *context, struct credentials *credentials, struct err *err);

provider provide_web_identity, provide_sso, provide_process, provide_container, provide_instance;

/* A few attempts; the status must be 200. */
bool provider_fetch(
    struct http *http, const struct http_request *request, struct http_response *response, struct err *err) MUST_CHECK;
/* A JSON document with AccessKeyId, SecretAccessKey, SessionToken or Token, Expiration. */
bool provider_json(struct str text, struct credentials *credentials, struct err *err) MUST_CHECK;
/* "2026-01-01T00:00:00Z", with a fraction or an offset too, as microseconds. */
bool provider_time(const char *text, int64_t *at) MUST_CHECK;

#endif
