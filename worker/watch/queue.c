#include "worker/watch/queue.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"
#include "worker/aws/service.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    SECOND = 1000000,
    BATCH = 10,
    WAIT_S = 20,   /* of a long poll */
    HIDDEN_S = 40, /* how long a message stays so */
    RENEW_S = 10,  /* and how often that is renewed */
    PAUSE_MOST_S = 60,
    BODY_MAX = 1024 * 1024,
};

struct held {
    char *id, *handle, *body;
    bool settled;
};

struct queue {
    struct aws_service *service;
    char *url;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t settled;
    struct held held[BATCH];
    size_t count;
    bool works;
    struct err why;
    bool started;
    _Atomic bool stop;
};

/* ---- SQS ---- */

static bool ask(struct queue *q, const char *target, const char *action, struct str body,
    struct http_response *response, struct err *err)
{
    char code[AWS_CODE_SIZE];
    const struct aws_call call = {.action = action,
        .target = target,
        .version = "1.0",
        .body = body,
        .limit_us = (int64_t)(WAIT_S + 20) * SECOND};
    return aws_service_send(q->service, &call, response, code, err);
}

static void begin(struct queue *q, struct json *json, struct buf *body)
{
    buf_init(body, BODY_MAX);
    jsonw_init(json, body);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "QueueUrl", q->url);
}

static bool receive(struct queue *q, struct http_response *response, struct err *err)
{
    struct buf body;
    struct json json;
    begin(q, &json, &body);
    jsonw_put_int(&json, "MaxNumberOfMessages", BATCH);
    jsonw_put_int(&json, "VisibilityTimeout", HIDDEN_S);
    jsonw_put_int(&json, "WaitTimeSeconds", WAIT_S);
    jsonw_object_end(&json);
    bool ok = ask(q, "AmazonSQS.ReceiveMessage", "sqs:ReceiveMessage", buf_str(&body), response, err);
    buf_dispose(&body);
    return ok;
}

/* seconds < 0: it is deleted. A handle that is no longer good is somebody else's by now, and that is no fault. */
static void change(struct queue *q, const char *handle, int seconds)
{
    struct http_response response;
    struct buf body;
    struct json json;
    struct err err;
    http_response_init(&response);
    begin(q, &json, &body);
    jsonw_put_cstring(&json, "ReceiptHandle", handle);
    if (seconds >= 0)
        jsonw_put_int(&json, "VisibilityTimeout", seconds);
    jsonw_object_end(&json);
    bool ok = seconds < 0 ? ask(q, "AmazonSQS.DeleteMessage", "sqs:DeleteMessage", buf_str(&body), &response, &err)
                          : ask(q, "AmazonSQS.ChangeMessageVisibility", "sqs:ChangeMessageVisibility", buf_str(&body),
                                &response, &err);
    if (!ok && !atomic_load(&q->stop))
        log_err(LOG_WARN, seconds < 0 ? "message-not-deleted" : "message-not-kept", &err);
    buf_dispose(&body);
    http_response_dispose(&response);
}

/* ---- a batch ---- */

static void drop(struct held *held)
{
    free(held->id);
    free(held->handle);
    free(held->body);
    *held = (struct held){0};
}

static char *copy_of(const json_t *message, const char *name)
{
    const char *text = json_string_value(json_object_get(message, name));
    return text ? strdup(text) : NULL;
}

static void signal_loop(struct queue *q)
{
    uint64_t one = 1;
    if (write(q->fd, &one, sizeof one) != sizeof one)
        log_event(LOG_WARN, "eventfd-failed", NULL);
}

/* How many came. */
static size_t take_batch(struct queue *q, const struct http_response *response)
{
    json_t *root = json_loadb(response->body.p ? response->body.p : "", response->body.n, 0, NULL);
    const json_t *messages = json_object_get(root, "Messages"), *message;
    size_t i, count = 0;
    pthread_mutex_lock(&q->lock);
    json_array_foreach(messages, i, message)
    {
        struct held held = {
            copy_of(message, "MessageId"), copy_of(message, "ReceiptHandle"), copy_of(message, "Body"), false};
        if (count < BATCH && held.id && held.handle && held.body)
            q->held[count++] = held;
        else
            drop(&held);
    }
    q->count = count;
    pthread_mutex_unlock(&q->lock);
    json_decref(root);
    return count;
}

static size_t unsettled(const struct queue *q)
{
    size_t left = 0;
    for (size_t i = 0; i < q->count; i++)
        left += !q->held[i].settled;
    return left;
}

/* Until all are settled, RENEW_S have passed, or it is to stop. true: some are not. */
static bool wait_for_loop(struct queue *q)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += RENEW_S;
    pthread_mutex_lock(&q->lock);
    while (unsettled(q) && !atomic_load(&q->stop) && pthread_cond_timedwait(&q->settled, &q->lock, &deadline) == 0)
        ;
    bool left = unsettled(q) > 0;
    pthread_mutex_unlock(&q->lock);
    return left;
}

/* What is settled is deleted at once: the others may take long. Only this thread moves messages. */
static void finish(struct queue *q, bool renew)
{
    for (size_t i = 0; i < q->count;) {
        pthread_mutex_lock(&q->lock);
        bool settled = q->held[i].settled;
        pthread_mutex_unlock(&q->lock);
        if (!settled) {
            if (renew)
                change(q, q->held[i].handle, HIDDEN_S);
            i++;
            continue;
        }
        change(q, q->held[i].handle, -1);
        pthread_mutex_lock(&q->lock);
        drop(&q->held[i]);
        q->held[i] = q->held[--q->count];
        q->held[q->count] = (struct held){0};
        pthread_mutex_unlock(&q->lock);
    }
}

static void work_off(struct queue *q)
{
    signal_loop(q);
    while (q->count && !atomic_load(&q->stop)) {
        bool left = wait_for_loop(q);
        finish(q, left && !atomic_load(&q->stop));
    }
    /* what the loop did not come to shows again by itself */
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < q->count; i++)
        drop(&q->held[i]);
    q->count = 0;
    pthread_mutex_unlock(&q->lock);
}

static void report(struct queue *q, bool works, const struct err *why)
{
    pthread_mutex_lock(&q->lock);
    bool changed = works != q->works;
    q->works = works;
    if (why)
        q->why = *why;
    pthread_mutex_unlock(&q->lock);
    if (changed)
        signal_loop(q);
}

static void pause_s(struct queue *q, int seconds)
{
    const struct timespec tenth = {.tv_nsec = 100 * 1000 * 1000};
    for (int i = 0; i < 10 * seconds && !atomic_load(&q->stop); i++)
        nanosleep(&tenth, NULL);
}

static void *poll_all(void *context)
{
    struct queue *q = context;
    int pause = 1;
    while (!atomic_load(&q->stop)) {
        struct http_response response;
        struct err err;
        http_response_init(&response);
        bool ok = receive(q, &response, &err);
        size_t count = ok ? take_batch(q, &response) : 0;
        http_response_dispose(&response);
        if (!atomic_load(&q->stop))
            report(q, ok, ok ? NULL : &err);
        if (count)
            work_off(q);
        if (ok) {
            pause = 1;
            continue;
        }
        pause_s(q, pause);
        pause = 2 * pause < PAUSE_MOST_S ? 2 * pause : PAUSE_MOST_S;
    }
    return NULL;
}

/* ---- the loop's side ---- */

static bool start(struct queue *q, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the main thread's */
    q->started = pthread_create(&q->thread, NULL, poll_all, q) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return q->started || ERR(err, ERR_UNAVAILABLE, "no thread to ask the queue");
}

struct queue *queue_open(const char *url, struct err *err)
{
    pthread_condattr_t attributes;
    struct queue *q = calloc(1, sizeof *q);
    if (!q) {
        ERR(err, ERR_MEMORY, "no memory for a queue");
        return NULL;
    }
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&q->settled, &attributes);
    pthread_condattr_destroy(&attributes);
    const struct aws_service_options options = {.name = "sqs",
        .setting = "sqs",
        .url = url,
        .attempts = 2,
        .stop = &q->stop,
        .stall_timeout = (int64_t)(WAIT_S + 20) * SECOND};
    q->works = true;
    q->url = strdup(url);
    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!q->url || q->fd < 0)
        ERR(err, ERR_MEMORY, "no memory for a queue");
    else if ((q->service = aws_service_new(&options, err)) && start(q, err))
        return q;
    queue_close(q);
    return NULL;
}

void queue_close(struct queue *q)
{
    if (!q)
        return;
    if (q->started) {
        atomic_store(&q->stop, true);
        pthread_mutex_lock(&q->lock);
        pthread_cond_signal(&q->settled);
        pthread_mutex_unlock(&q->lock);
        pthread_join(q->thread, NULL);
    }
    aws_service_free(q->service);
    if (q->fd >= 0)
        close(q->fd);
    pthread_cond_destroy(&q->settled);
    pthread_mutex_destroy(&q->lock);
    free(q->url);
    free(q);
}

int queue_fd(const struct queue *q)
{
    return q ? q->fd : -1;
}

void queue_settle(struct queue *q, bool (*settle)(void *context, const struct queue_message *message), void *context)
{
    uint64_t ignored;
    if (!q)
        return;
    if (read(q->fd, &ignored, sizeof ignored) < 0)
        ignored = 0; /* nothing new; what could not be settled before may still be there */
    pthread_mutex_lock(&q->lock);
    bool any = false;
    for (size_t i = 0; i < q->count; i++) {
        const struct queue_message message = {str_of(q->held[i].id), str_of(q->held[i].body)};
        if (!q->held[i].settled)
            q->held[i].settled = settle(context, &message);
        any = any || q->held[i].settled;
    }
    if (any)
        pthread_cond_signal(&q->settled);
    pthread_mutex_unlock(&q->lock);
}

bool queue_works(struct queue *q, struct err *why)
{
    pthread_mutex_lock(&q->lock);
    bool works = q->works;
    *why = q->why;
    pthread_mutex_unlock(&q->lock);
    return works;
}
