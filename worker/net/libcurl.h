/* The functions of libcurl that are used here, once libcurl_load() was true. */
#ifndef WORKER_NET_LIBCURL_H
#define WORKER_NET_LIBCURL_H

#include "shared/err.h"

#include <curl/curl.h>

/* clang-format off */
#define LIBCURL_FUNCTIONS(X) \
    X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_perform) X(easy_reset) X(easy_setopt) X(easy_strerror) \
    X(global_init) X(slist_append) X(slist_free_all)
/* clang-format on */

struct libcurl {
#define LIBCURL_MEMBER(name) __typeof__(&curl_##name) name;
    LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
#undef LIBCURL_MEMBER
};

extern struct libcurl libcurl;

bool libcurl_load(struct err *err) MUST_CHECK;

#endif
