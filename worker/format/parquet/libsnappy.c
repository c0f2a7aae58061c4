#include "worker/format/parquet/libsnappy.h"

#include "shared/library.h"

struct libsnappy libsnappy;

static const struct library_row rows[] = {
    {"snappy_compress", offsetof(struct libsnappy, compress)},
    {"snappy_max_compressed_length", offsetof(struct libsnappy, max_compressed_length)},
    {"snappy_uncompress", offsetof(struct libsnappy, uncompress)},
    {"snappy_uncompressed_length", offsetof(struct libsnappy, uncompressed_length)},
};

bool libsnappy_load(struct err *err)
{
    static struct library library = {"libsnappy.so.1", rows, sizeof rows / sizeof *rows, &libsnappy, false};
    return library_load(&library, err);
}
