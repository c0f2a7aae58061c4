#include "shared/err.h"

#include "shared/secret.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_code;
    enum err_action action;
} kinds[ERR_KIND_COUNT] = {
#define ERR_KIND_ROW(kind, name, exit_code, action) [kind] = {name, exit_code, action},
    ERR_KINDS(ERR_KIND_ROW)
#undef ERR_KIND_ROW
};

static void set(struct err *err, enum err_kind kind, const char *code, const char *file, int line)
{
    err->kind = kind;
    err->code = code;
    err->source_file = file;
    err->source_line = line;
    err->hint[0] = '\0';
}

bool err_set(struct err *err, enum err_kind kind, const char *code, const char *file, int line, const char *format, ...)
{
    va_list args;
    set(err, kind, code, file, line);
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    secret_mask(err->message, sizeof err->message);
    return false;
}

static enum err_kind kind_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case ENODEV:
    case ENXIO:
    case ESTALE:
    case ENOTCONN:
    case EMFILE:
    case ENFILE:
        return ERR_UNAVAILABLE;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_MEMORY;
    case EINTR:
        return ERR_INTERRUPTED;
    case EACCES:
    case EPERM:
        return ERR_UNAVAILABLE;
    default:
        return ERR_IO;
    }
}

bool err_set_errno(struct err *err, const char *file, int line, const char *format, ...)
{
    int number = errno;
    va_list args;
    set(err, kind_of_errno(number), NULL, file, line);
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->message)
        snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", strerror(number));
    secret_mask(err->message, sizeof err->message);
    return false;
}

bool err_hint(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    secret_mask(err->hint, sizeof err->hint);
    return false;
}

bool err_context(struct err *err, const char *format, ...)
{
    char before[sizeof err->message], after[sizeof err->message];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(before, sizeof before, format, args);
    va_end(args);
    if (n < 0)
        return false;
    memcpy(after, err->message, sizeof after);
    size_t used = strnlen(before, sizeof err->message - 3);
    memcpy(err->message, before, used);
    memcpy(err->message + used, ": ", 2);
    size_t left = sizeof err->message - used - 3, length = strnlen(after, left);
    memcpy(err->message + used + 2, after, length);
    err->message[used + 2 + length] = '\0';
    secret_mask(err->message, sizeof err->message);
    return false;
}

void err_clear(struct err *err)
{
    *err = (struct err){.kind = ERR_NONE};
}

const char *err_kind_name(enum err_kind kind)
{
    return kinds[kind].name;
}

int err_exit_code(const struct err *err)
{
    return kinds[err->kind].exit_code;
}

enum err_action err_action(const struct err *err)
{
    return kinds[err->kind].action;
}
