/* ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, Crockford base 32; sorts by time. */
#ifndef SHARED_ULID_H
#define SHARED_ULID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/str.h"

#define ULID_SIZE 27 /* 26 characters and a NUL */

/* Later calls in one process sort after earlier ones, within a millisecond too. Thread-safe. */
void ulid_new(char out[ULID_SIZE]);
/* What sorts before every one of that time (microseconds) or later. */
void ulid_first_of(int64_t at, char out[ULID_SIZE]);
bool ulid_valid(struct str text);

#endif
