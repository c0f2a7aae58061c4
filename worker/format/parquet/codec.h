/*
 * Page compression. The contexts and the two work buffers belong to the calling thread and are reused by every writer
 * on it: an open writer costs none of them. They are freed when the thread ends.
 */
#ifndef WORKER_FORMAT_PARQUET_CODEC_H
#define WORKER_FORMAT_PARQUET_CODEC_H

#include "shared/buf.h"
#include "worker/format/parquet/parquet.h"

/* The thread's buffer for assembling a page, emptied. NULL: memory is out. */
struct buf *codec_page_buffer(struct err *err);
/* body compressed; *out is body itself for PARQUET_UNCOMPRESSED, else the thread's, valid until its next call. */
bool codec_compress(enum parquet_codec codec, int level, struct str body, struct str *out, struct err *err) MUST_CHECK;
/* Exactly n bytes into out; ERR_CORRUPT when it is more or less, or no such compression. */
bool codec_decompress(enum parquet_codec codec, struct str body, void *out, size_t n, struct err *err) MUST_CHECK;

#endif
