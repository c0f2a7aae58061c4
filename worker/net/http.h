/*
 * HTTP requests over libcurl. Connections are kept and shared by threads. One call is one attempt: whoever signs what
 * is sent must sign every attempt anew, so trying again is the caller's, with http_pause() in between.
 */
#ifndef WORKER_NET_HTTP_H
#define WORKER_NET_HTTP_H

#include "shared/buf.h"
#include "shared/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct http;

struct http_options {
    const char *ca_bundle;      /* NULL: the system's */
    int64_t connect_timeout_us; /* 0: 10 s */
    int64_t stall_timeout_us;   /* without a byte; 0: 30 s */
    bool ignore_proxy;          /* as for what lies on the machine itself: metadata, containers */
};

/* What is sent: bytes, or a part of a file, or nothing. */
struct http_body {
    struct str bytes;
    int fd; /* used when from_file */
    uint64_t offset, size;
    bool from_file;
};

struct http_request {
    const char *method; /* GET, HEAD, PUT, POST, DELETE */
    const char *url;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    struct http_body body;
    /* Takes the body of an answer in pieces where the status is 2xx; NULL: into response.body. false ends the request:
     * then *err is what it set. */
    bool (*take)(void *context, struct str bytes, struct err *err);
    void *context;
    int64_t limit_us;   /* of the whole request; 0: none but the stall */
    long slowest;       /* bytes a second, over as long as a stall lasts; 0: 1 */
    _Atomic bool *stop; /* set: it ends within a second or so; NULL: nobody says so */
};

struct http_response {
    int status;         /* 0: none came */
    struct buf headers; /* the answer's lines */
    struct buf body;
    /* A connection was opened for it. On one that was kept and had died, libcurl sends again by itself, on a new one:
     * so where none was opened, the request was sent once. */
    bool connected;
    bool cut; /* the connection failed: another attempt may work */
};

enum { HTTP_BODY_MAX = 64 * 1024 * 1024 };

/* NULL when memory is out. */
struct http *http_new(const struct http_options *options);
void http_free(struct http *http);

void http_response_init(struct http_response *response);
void http_response_dispose(struct http_response *response);
/* true: an answer came, whatever its status. false: ERR_UNAVAILABLE, response.cut tells whether to try again;
 * ERR_CONFIG: libcurl is not installed. */
bool http_send(
    struct http *http, const struct http_request *request, struct http_response *response, struct err *err) MUST_CHECK;
/* The value of a header, its name without regard to case; empty when it is not there. */
struct str http_header(const struct http_response *response, const char *name);
/* Is it a status that another attempt may mend? 500, 502, 503, 504, 429, 408. */
bool http_may_pass(int status);
/* Waits before attempt n (1: the second one): exponential with full jitter, from 50 ms up to 5 s at most. A signal ends
 * it. */
void http_pause(unsigned attempt);

#endif
