/* One page as it stands in the file: header with CRC, then the compressed body. */
#ifndef WORKER_FORMAT_PARQUET_PAGE_H
#define WORKER_FORMAT_PARQUET_PAGE_H

#include "shared/buf.h"
#include "worker/format/parquet/parquet.h"

/* parquet.thrift's numbers */
enum page_type { PAGE_DATA = 0, PAGE_INDEX = 1, PAGE_DICTIONARY = 2, PAGE_DATA_V2 = 3 };
enum page_encoding {
    ENCODING_PLAIN = 0,
    ENCODING_PLAIN_DICTIONARY = 2,
    ENCODING_RLE = 3,
    ENCODING_BIT_PACKED = 4,
    ENCODING_DELTA_BINARY_PACKED = 5,
    ENCODING_DELTA_LENGTH_BYTE_ARRAY = 6,
    ENCODING_DELTA_BYTE_ARRAY = 7,
    ENCODING_RLE_DICTIONARY = 8,
    ENCODING_BYTE_STREAM_SPLIT = 9,
};

struct page {
    enum page_type type; /* PAGE_DATA or PAGE_DICTIONARY */
    enum page_encoding encoding;
    uint32_t values; /* nulls included */
    struct str body; /* levels and values, uncompressed */
};

/* A finished page, in memory of just its size: a row group is a chain of these. */
struct stored_page {
    struct stored_page *next;
    size_t n;            /* header and compressed body */
    size_t uncompressed; /* header and body */
    char bytes[];
};

/* NULL: err says why. The caller frees it. */
struct stored_page *page_store(const struct page *page, const struct parquet_options *options, struct err *err);

struct page_header {
    int32_t type; /* as found: an enum page_type, or what a later format knows */
    int32_t uncompressed_size, compressed_size;
    int64_t values; /* -1: none stated */
    bool has_crc;
    uint32_t crc;
    int32_t encoding;           /* of the values */
    int32_t level_encoding;     /* version 1: of the definition levels */
    int32_t levels, repetition; /* version 2: bytes of the definition and the repetition levels */
    bool is_compressed;         /* version 2: the values are; true for the others */
    size_t size;                /* of the header itself */
};

/* From the n bytes at p; false when they do not begin with a page header. */
bool page_read_header(const void *p, size_t n, struct page_header *header);
/* The CRC of further bytes; begin with 0. */
uint32_t page_crc(uint32_t crc, const void *p, size_t n);

#endif
