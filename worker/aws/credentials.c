#include "worker/aws/credentials.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/secret.h"
#include "worker/aws/provider.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

enum { PART_MAX = 64 * 1024, SECOND = 1000000, IN_TIME_S = 300 };

struct credential_chain {
    struct provider_context context;
    pthread_mutex_t lock;
    struct credentials kept;
    bool has_kept, stale;
};

void credentials_init(struct credentials *c)
{
    *c = (struct credentials){0};
    buf_init(&c->access_key, PART_MAX);
    buf_init(&c->secret_key, PART_MAX);
    buf_init(&c->session_token, PART_MAX);
}

static void wipe(struct buf *part)
{
    if (part->p)
        OPENSSL_cleanse(part->p, part->capacity);
    buf_dispose(part);
}

void credentials_dispose(struct credentials *c)
{
    wipe(&c->access_key);
    wipe(&c->secret_key);
    wipe(&c->session_token);
}

static bool copy(const struct credentials *from, struct credentials *to, struct err *err)
{
    credentials_init(to);
    buf_add_str(&to->access_key, buf_str(&from->access_key));
    buf_add_str(&to->secret_key, buf_str(&from->secret_key));
    buf_add_str(&to->session_token, buf_str(&from->session_token));
    to->expires = from->expires;
    if (buf_ok(&to->access_key, "credentials", err) && buf_ok(&to->secret_key, "credentials", err) &&
        buf_ok(&to->session_token, "credentials", err))
        return true;
    credentials_dispose(to);
    return false;
}

/* ---- the places that need no asking ---- */

static enum provided give(
    const char *access, const char *secret, const char *token, struct credentials *c, struct err *err)
{
    buf_add_cstr(&c->access_key, access);
    buf_add_cstr(&c->secret_key, secret);
    if (token)
        buf_add_cstr(&c->session_token, token);
    return buf_ok(&c->secret_key, "credentials", err) ? PROVIDED : PROVIDED_FAILED;
}

static enum provided provide_environment(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *access = aws_env("AWS_ACCESS_KEY_ID"), *secret = aws_env("AWS_SECRET_ACCESS_KEY");
    (void)context;
    if (!access)
        return PROVIDED_NOT;
    if (secret)
        return give(access, secret, aws_env("AWS_SESSION_TOKEN"), c, err);
    ERR(err, ERR_CONFIG, "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
    return PROVIDED_FAILED;
}

static enum provided provide_profile(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *access = profile_get(context->profile, "aws_access_key_id");
    const char *secret = profile_get(context->profile, "aws_secret_access_key");
    if (!access)
        return PROVIDED_NOT;
    if (secret)
        return give(access, secret, profile_get(context->profile, "aws_session_token"), c, err);
    ERR(err, ERR_CONFIG, "the AWS profile %s has aws_access_key_id, but no aws_secret_access_key",
        profile_name(context->profile));
    return PROVIDED_FAILED;
}

/* ---- the chain ---- */

static provider *const providers[] = {provide_environment, provide_web_identity, provide_profile, provide_sso,
    provide_process, provide_container, provide_instance};

static bool nowhere(const struct provider_context *context, struct err *err)
{
    ERR(err, ERR_UNAVAILABLE,
        "no AWS credentials: not in the environment, nor in the profile %s of ~/.aws, nor from a container or an "
        "instance",
        profile_name(context->profile));
    return err_hint(err, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.");
}

static bool ask(struct credential_chain *chain, struct credentials *found, struct err *err)
{
    credentials_init(found);
    secret_guard();
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        switch (providers[i](&chain->context, found, err)) {
        case PROVIDED:
            return true;
        case PROVIDED_FAILED:
            credentials_dispose(found);
            return false;
        case PROVIDED_NOT:
            break;
        }
    credentials_dispose(found);
    return nowhere(&chain->context, err);
}

/* What is still good for a while stands in for what could not be fetched anew. */
static bool renew(struct credential_chain *chain, struct err *err)
{
    struct credentials found;
    int64_t now = clock_here(), expires = chain->kept.expires;
    if (chain->has_kept && !chain->stale && (!expires || now < expires - (int64_t)IN_TIME_S * SECOND))
        return true;
    if (!ask(chain, &found, err)) {
        bool good = chain->has_kept && !chain->stale && now < expires;
        if (good)
            log_err(LOG_WARN, "credentials-not-renewed", err);
        return good;
    }
    credentials_dispose(&chain->kept);
    chain->kept = found;
    chain->has_kept = true;
    chain->stale = false;
    return true;
}

bool credential_chain_get(struct credential_chain *chain, struct credentials *credentials, struct err *err)
{
    pthread_mutex_lock(&chain->lock);
    bool ok = renew(chain, err) && copy(&chain->kept, credentials, err);
    pthread_mutex_unlock(&chain->lock);
    return ok;
}

void credential_chain_expire(struct credential_chain *chain)
{
    pthread_mutex_lock(&chain->lock);
    chain->stale = true;
    pthread_mutex_unlock(&chain->lock);
}

struct credential_chain *credential_chain_new(const struct profile *profile, struct http *http)
{
    const struct http_options options = {
        .connect_timeout_us = SECOND, .stall_timeout_us = 2 * SECOND, .ignore_proxy = true};
    struct credential_chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return NULL;
    pthread_mutex_init(&chain->lock, NULL);
    chain->context = (struct provider_context){profile, http, http_new(&options)};
    if (chain->context.metadata)
        return chain;
    credential_chain_free(chain);
    return NULL;
}

void credential_chain_free(struct credential_chain *chain)
{
    if (!chain)
        return;
    http_free(chain->context.metadata);
    credentials_dispose(&chain->kept);
    pthread_mutex_destroy(&chain->lock);
    free(chain);
}
