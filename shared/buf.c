#include "shared/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max < PTRDIFF_MAX / 2 ? max : PTRDIFF_MAX / 2};
}

void buf_dispose(struct buf *buf)
{
    free(buf->p);
    buf->p = NULL;
    buf->n = buf->capacity = 0;
}

void buf_reset(struct buf *buf)
{
    buf->n = 0;
    buf->failed = false;
    if (buf->p)
        buf->p[0] = '\0';
}

bool buf_reserve(struct buf *buf, size_t extra)
{
    if (buf->failed)
        return false;
    if (extra > buf->max || buf->n > buf->max - extra) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->n + extra + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    if (capacity > buf->max + 1)
        capacity = buf->max + 1;
    char *p = realloc(buf->p, capacity);
    if (!p) {
        buf->failed = true;
        return false;
    }
    buf->p = p;
    buf->capacity = capacity;
    return true;
}

void buf_add(struct buf *buf, const void *p, size_t n)
{
    if (!n || !buf_reserve(buf, n))
        return;
    memcpy(buf->p + buf->n, p, n);
    buf->n += n;
    buf->p[buf->n] = '\0';
}

void buf_add_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.p, s.n);
}

void buf_add_cstr(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_byte(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    buf_add(buf, digits + at, sizeof digits - at);
}

void buf_add_i64(struct buf *buf, int64_t value)
{
    if (value < 0)
        buf_add_byte(buf, '-');
    buf_add_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        buf->failed = true;
    else if (buf_reserve(buf, (size_t)n)) {
        vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->p, buf->n};
}

bool buf_ok(const struct buf *buf, const char *what, struct err *err)
{
    if (!buf->failed)
        return true;
    return ERR(err, ERR_MEMORY, "%s is larger than %zu bytes, or memory is out", what, buf->max);
}
