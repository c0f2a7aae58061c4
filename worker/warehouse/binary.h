/* Values in the binary format of PostgreSQL's COPY: a length, then the value as its type's receive function wants it.
 */
#ifndef WORKER_WAREHOUSE_BINARY_H
#define WORKER_WAREHOUSE_BINARY_H

#include "shared/buf.h"
#include "worker/value/type.h"

void binary_head(struct buf *out);
void binary_tail(struct buf *out);
void binary_row(struct buf *out, uint16_t columns);
void binary_null(struct buf *out);
/* NUL and what is not UTF-8 cannot be kept in a text column: each becomes U+FFFD. clean: there is nothing of it. */
void binary_text(struct buf *out, struct str text, bool clean);
void binary_i64(struct buf *out, int64_t value);
void binary_timestamp(struct buf *out, int64_t micros);
void binary_value(struct buf *out, struct type type, const void *value);

#endif
