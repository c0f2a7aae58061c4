/*
 * A library that few runs of a program need, loaded when one does: a start does not pay for what it brings along. Who
 * uses it has a table of pointers to its functions, each typed by the library's own header, and a row a pointer.
 */
#ifndef SHARED_LIBRARY_H
#define SHARED_LIBRARY_H

#include "shared/err.h"

#include <stddef.h>

struct library_row {
    const char *symbol;
    size_t offset; /* of the pointer, in the table */
};

struct library {
    const char *name; /* as the dynamic linker knows it, "libpq.so.5" */
    const struct library_row *rows;
    size_t count;
    void *table;
    bool loaded; /* library_load()'s own */
};

/* Any thread may ask, and often. It stays loaded. */
bool library_load(struct library *library, struct err *err) MUST_CHECK;

#endif
