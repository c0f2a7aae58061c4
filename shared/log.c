#include "shared/log.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/secret.h"
#include "shared/utf8.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level least_level = LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const names[] = {"debug", "info", "warn", "error"};

enum { MAX_LINE = 64 * 1024 };

void log_set_level(enum log_level least)
{
    least_level = least;
}

static void write_plain(struct buf *line, enum log_level level, const char *event, va_list args)
{
    buf_printf(line, "%s: %s", names[level], event);
    for (const char *key; (key = va_arg(args, const char *));) {
        const char *value = va_arg(args, const char *);
        buf_printf(line, " %s=", key);
        utf8_sanitise(line, str_of(value));
    }
}

static void write_json(struct buf *line, enum log_level level, const char *event, va_list args)
{
    struct json json;
    jsonw_init(&json, line);
    jsonw_object_begin(&json);
    jsonw_put_time(&json, "at", clock_now());
    jsonw_put_cstring(&json, "level", names[level]);
    jsonw_put_cstring(&json, "event", event);
    for (const char *key; (key = va_arg(args, const char *));)
        jsonw_put_cstring(&json, key, va_arg(args, const char *));
    jsonw_object_end(&json);
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level < least_level)
        return;
    struct buf line;
    buf_init(&line, MAX_LINE);
    va_list args;
    va_start(args, event);
    if (isatty(STDERR_FILENO))
        write_plain(&line, level, event, args);
    else
        write_json(&line, level, event, args);
    va_end(args);
    if (line.p)
        secret_mask(line.p, line.capacity);
    pthread_mutex_lock(&lock);
    fprintf(stderr, "%s\n", line.p ? line.p : event);
    pthread_mutex_unlock(&lock);
    buf_dispose(&line);
}

void log_err(enum log_level level, const char *event, const struct err *err)
{
    log_event(level, event, "kind", err_kind_name(err->kind), "message", err->message, "hint", err->hint, NULL);
}
