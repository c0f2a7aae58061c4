/* Logs: one JSON line on stderr, or a plain line where stderr is a terminal. Thread-safe. */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include "shared/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level least);
/* pairs: key, value, …, NULL; all C strings. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* An error once, where it is handled. */
void log_err(enum log_level level, const char *event, const struct err *err);

#endif
