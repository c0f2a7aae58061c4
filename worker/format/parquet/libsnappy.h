/* The functions of libsnappy, once libsnappy_load() was true; it brings the whole C++ library along. */
#ifndef WORKER_FORMAT_PARQUET_LIBSNAPPY_H
#define WORKER_FORMAT_PARQUET_LIBSNAPPY_H

#include "shared/err.h"

#include <snappy-c.h>

struct libsnappy {
    __typeof__(&snappy_compress) compress;
    __typeof__(&snappy_max_compressed_length) max_compressed_length;
    __typeof__(&snappy_uncompress) uncompress;
    __typeof__(&snappy_uncompressed_length) uncompressed_length;
};

extern struct libsnappy libsnappy;

bool libsnappy_load(struct err *err) MUST_CHECK;

#endif
