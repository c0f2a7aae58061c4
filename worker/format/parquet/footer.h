/* Where FileMetaData lies in a file; shared by the reader of a footer and the check of pages. */
#ifndef WORKER_FORMAT_PARQUET_FOOTER_H
#define WORKER_FORMAT_PARQUET_FOOTER_H

#include "worker/format/parquet/parquet.h"

struct footer_bytes {
    struct str metadata; /* the thrift structure, in the arena */
    uint64_t offset;     /* where it begins */
    uint64_t file_size;
};

bool footer_load(
    int fd, const char *name, struct footer_bytes *footer, struct arena *arena, struct err *err) MUST_CHECK;
/* pread() of exactly n bytes; ERR_CORRUPT when the file ends before. */
bool footer_pread(int fd, const char *name, uint64_t offset, void *out, size_t n, struct err *err) MUST_CHECK;

#endif
