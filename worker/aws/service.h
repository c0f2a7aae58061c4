/*
 * AWS's services beside S3, by their JSON (Secrets Manager, SQS) and their Query protocol (SNS). Settings and
 * credentials as everywhere (AWS_ENDPOINT_URL_SQS, AWS_REGION …). A service is thread-safe; a call is tried again where
 * that may help.
 */
#ifndef WORKER_AWS_SERVICE_H
#define WORKER_AWS_SERVICE_H

#include "worker/aws/sigv4.h"
#include "worker/net/http.h"

#include <stdatomic.h>

enum { AWS_CODE_SIZE = 96 };

struct aws_service;

struct aws_service_options {
    const char *name;      /* as it is signed, and in the host's name: "secretsmanager" */
    const char *setting;   /* as the settings have it: "secrets_manager" is AWS_ENDPOINT_URL_SECRETS_MANAGER */
    const char *url;       /* where it is, unless the settings say otherwise, and the path: a queue's; NULL: AWS's */
    const char *region;    /* NULL: the settings' */
    unsigned attempts;     /* 0: 4 */
    _Atomic bool *stop;    /* set: no further attempt is made; NULL: nobody says so */
    int64_t stall_timeout; /* microseconds without a byte; 0: 30 s */
};

/* Texts are copied. ERR_CONFIG: no region, no such profile. */
struct aws_service *aws_service_new(const struct aws_service_options *options, struct err *err);
void aws_service_free(struct aws_service *service);

struct aws_call {
    const char *action;  /* "sqs:ReceiveMessage", for who has to allow it */
    const char *target;  /* JSON: "secretsmanager.GetSecretValue"; NULL: Query */
    const char *version; /* of JSON: "1.0"; NULL: "1.1" */
    struct str body;
    int64_t limit_us; /* of an attempt; 0: none */
};

/* true: 2xx. false: code is the service's word for it, or empty; ERR_CONFIG when it refused, ERR_NOT_FOUND, else
 * ERR_UNAVAILABLE. response is the caller's, initialised. */
bool aws_service_send(struct aws_service *service, const struct aws_call *call, struct http_response *response,
    char code[AWS_CODE_SIZE], struct err *err) MUST_CHECK;
/* "&name=value" of a Query body, encoded. */
void aws_query_add(struct buf *body, const char *name, struct str value);

#endif
