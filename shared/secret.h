/*
 * Text that must not be seen: wiped when it is done with, shown as *** wherever an error or a log line would have it,
 * in no core dump, nor in what others of the same account can read of the process.
 */
#ifndef SHARED_SECRET_H
#define SHARED_SECRET_H

#include "shared/buf.h"

enum { SECRET_MAX = 64 * 1024, SECRET_SHORTEST = 4 };

/* Of its full size from the start, so that growing leaves no copies behind. */
struct secret {
    struct buf text;
};

/* text.failed when memory is out. */
void secret_init(struct secret *secret);
/* Wipes. */
void secret_dispose(struct secret *secret);
void secret_wipe(struct buf *buf);

/* From now on no core dump is left, and nobody but root may look into this process. */
void secret_guard(void);
/* From now on it is masked, as it is, percent-encoded and as JSON has it; what is shorter than SECRET_SHORTEST is not.
 * Guards as well. */
void secret_hide(struct str value);
/* What is hidden becomes ***, in place; size: what the text's place holds, as a text that fills it was cut. */
void secret_mask(char *text, size_t size);

#endif
