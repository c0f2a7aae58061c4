/*
 * Errors. A function that can fail returns bool (or an enum for a third normal outcome) and fills a caller-owned
 * struct err. The pipeline obeys err_action(), never the kind. Context is added on the way up with err_context().
 */
#ifndef SHARED_ERR_H
#define SHARED_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* kind, public name, exit code of a program that ends with it, what the pipeline does */
#define ERR_KINDS(X)                                                                                                 \
    X(ERR_NONE, "none", 0, ERR_ACTION_STOP)                                                                          \
    X(ERR_USAGE, "usage", 2, ERR_ACTION_STOP)             /* wrong command line */                                   \
    X(ERR_CONFIG, "config", 2, ERR_ACTION_STOP)           /* wrong settings or contract */                           \
    X(ERR_FILE, "file", 1, ERR_ACTION_REJECT)             /* the delivered file cannot be used; err.code says why */ \
    X(ERR_CHANGED, "changed", 3, ERR_ACTION_RETRY)        /* the file changed while it was read */                   \
    X(ERR_FENCED, "fenced", 3, ERR_ACTION_RETRY)          /* somebody else holds the lease by now */                 \
    X(ERR_NOT_FOUND, "not-found", 4, ERR_ACTION_STOP)     /* something named does not exist */                       \
    X(ERR_EXISTS, "exists", 4, ERR_ACTION_STOP)           /* a create-only name is taken */                          \
    X(ERR_UNAVAILABLE, "unavailable", 3, ERR_ACTION_WAIT) /* a dependency (lake, disk, database) is down or full */  \
    X(ERR_IO, "io", 3, ERR_ACTION_RETRY)                  /* one read or write failed */                             \
    X(ERR_MEMORY, "memory", 3, ERR_ACTION_RETRY)          /* the budget or the machine's memory is used up */        \
    X(ERR_CORRUPT, "corrupt", 4, ERR_ACTION_STOP)         /* our own data contradicts itself */                      \
    X(ERR_INTERRUPTED, "interrupted", 3, ERR_ACTION_STOP) /* asked to stop (signal) */                               \
    X(ERR_BUG, "bug", 4, ERR_ACTION_STOP)

enum err_action {
    ERR_ACTION_REJECT, /* the file is at fault: quarantine it */
    ERR_ACTION_RETRY,  /* a passing fault of this piece of work: try again, counted */
    ERR_ACTION_WAIT,   /* a dependency is at fault: wait, nothing is counted against the file */
    ERR_ACTION_STOP,   /* the program can't go on */
};

#define ERR_KIND_ENUM(kind, name, exit_code, action) kind,
enum err_kind { ERR_KINDS(ERR_KIND_ENUM) ERR_KIND_COUNT };
#undef ERR_KIND_ENUM

struct err {
    enum err_kind kind;
    const char *code; /* static string, e.g. "missing-label"; NULL unless kind is ERR_FILE */
    const char *source_file;
    int source_line;
    char message[480]; /* one sentence: what happened, where */
    char hint[240];    /* one sentence: what to do next; may be empty */
};

/* All of these return false, so that a caller can write: return ERR(err, ERR_IO, "cannot read %s", path); */
#define ERR(err, kind, ...) err_set((err), (kind), NULL, __FILE__, __LINE__, __VA_ARGS__)
#define ERR_REJECT(err, code, ...) err_set((err), ERR_FILE, (code), __FILE__, __LINE__, __VA_ARGS__)
/* From errno: ENOSPC, EROFS, EDQUOT, EIO on a mount, ENODEV, ESTALE … become ERR_UNAVAILABLE, ENOENT ERR_NOT_FOUND. */
#define ERR_ERRNO(err, ...) err_set_errno((err), __FILE__, __LINE__, __VA_ARGS__)

bool err_set(struct err *err, enum err_kind kind, const char *code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
bool err_set_errno(struct err *err, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the message. */
bool err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);
const char *err_kind_name(enum err_kind kind);
int err_exit_code(const struct err *err);
enum err_action err_action(const struct err *err);

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
