/* Mail by SMTP (RFC 5321) over libcurl: smtp:// (TLS as soon as there is a user, or the server has it), smtps://. */
#ifndef WORKER_NET_SMTP_H
#define WORKER_NET_SMTP_H

#include "shared/err.h"
#include "shared/str.h"

#include <stdint.h>

struct smtp_mail {
    const char *server;          /* URL */
    const char *user, *password; /* NULL: nobody logs in */
    const char *ca_bundle;       /* NULL: the system's */
    const char *from;            /* an address alone */
    const char *const *to;
    size_t to_count;
    struct str message; /* RFC 5322, lines end in CRLF */
    int64_t limit_us;
};

/* ERR_CONFIG when the login failed, ERR_UNAVAILABLE for all else. */
bool smtp_send(const struct smtp_mail *mail, struct err *err) MUST_CHECK;

#endif
