/*
 * A growing byte buffer on the heap that states its maximum when created. Once a write did not fit (maximum or memory),
 * buf.failed stays set and further writes do nothing, so a writer checks once at the end with buf_ok().
 */
#ifndef SHARED_BUF_H
#define SHARED_BUF_H

#include "shared/err.h"
#include "shared/str.h"

#include <stdint.h>

struct buf {
    char *p; /* n bytes and a NUL, once anything was written */
    size_t n, capacity, max;
    bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_dispose(struct buf *buf);
/* Empties it, keeps the memory. */
void buf_reset(struct buf *buf);
/* Room for extra more bytes behind n; false (and failed) when that passes the maximum. */
bool buf_reserve(struct buf *buf, size_t extra);
void buf_add(struct buf *buf, const void *p, size_t n);
void buf_add_str(struct buf *buf, struct str s);
void buf_add_cstr(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, char c);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_i64(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str buf_str(const struct buf *buf);
/* ERR_MEMORY naming what, when a write did not fit. */
bool buf_ok(const struct buf *buf, const char *what, struct err *err) MUST_CHECK;

#endif
