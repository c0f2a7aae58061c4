/* Two texts' difference, as diff -u writes it. */
#ifndef WORKER_REDRIVE_DIFF_H
#define WORKER_REDRIVE_DIFF_H

#include "shared/buf.h"
#include "shared/err.h"

/* Lines of three around each change. Nothing is added when they are equal. Texts that differ in more than some thousand
 * lines come out right, but as one change. */
bool diff_unified(struct str before, struct str after, struct str name, struct buf *out, struct err *err) MUST_CHECK;

#endif
