/*
 * AWS Signature Version 4 (docs.aws.amazon.com, "Signing AWS API requests"), for S3 and for services asked at "/":
 * the path is encoded once and never normalised. Thread-safe.
 */
#ifndef WORKER_AWS_SIGV4_H
#define WORKER_AWS_SIGV4_H

#include "worker/aws/credentials.h"

#include <stdint.h>

#define SIGV4_DATE_SIZE 17 /* "20130524T000000Z" and a NUL */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_pair {
    struct str name, value;
};

struct sigv4_request {
    const char *method;
    struct str path;                /* as on the wire: sigv4_encode()d, with a leading '/' */
    const struct sigv4_pair *query; /* not encoded */
    size_t query_count;
    /* What is signed: lower-case names, host and x-amz-date among them, each once. */
    const struct sigv4_pair *headers;
    size_t header_count;
    struct str payload_sha256; /* hex, or SIGV4_UNSIGNED */
};

struct sigv4_scope {
    struct str region, service;
};

/* at: microseconds since 1970. Returns out. */
char *sigv4_date(int64_t at, char out[SIGV4_DATE_SIZE]);
/* Percent-encoding as AWS wants it: all but A-Z a-z 0-9 - _ . ~, and '/' where it is kept. Appended. */
void sigv4_encode(struct buf *out, struct str text, bool keep_slash);
/* "a=1&b=", encoded and sorted, as it is signed and can go on the wire. Appended. */
bool sigv4_query(const struct sigv4_pair *query, size_t count, struct buf *out, struct err *err) MUST_CHECK;
/* The value of the Authorization header. Appended. */
bool sigv4_authorization(const struct sigv4_request *request, const struct credentials *credentials,
    const struct sigv4_scope *scope, const char date[SIGV4_DATE_SIZE], struct buf *out, struct err *err) MUST_CHECK;

#endif
