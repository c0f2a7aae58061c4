/* A batch of alerts goes out by one channel. */
#ifndef WORKER_NOTIFY_CHANNEL_H
#define WORKER_NOTIFY_CHANNEL_H

#include "worker/config/alerts.h"
#include "worker/notify/render.h"
#include "worker/secret/secrets.h"

enum { CHANNEL_LIMIT_S = 10 };

/* One attempt, of CHANNEL_LIMIT_S; a refused login has its secrets read anew and is tried once more. The error names
 * no URL, as that may be the secret. */
bool channel_send(const struct alert_channel *channel, struct secrets *secrets, const struct rendering *r,
    struct err *err) MUST_CHECK;

#endif
