/*
 * Thrift compact protocol (thrift/doc/specs/thrift-compact-protocol.md), as far as Parquet's metadata needs it: a
 * writer into a buf and a bounded reader of a slice. The reader never leaves the slice and stays failed after the
 * first impossible byte, so a parser checks at the end of a structure.
 */
#ifndef WORKER_FORMAT_PARQUET_THRIFT_H
#define WORKER_FORMAT_PARQUET_THRIFT_H

#include "shared/buf.h"

enum thrift_type {
    THRIFT_STOP,
    THRIFT_TRUE,
    THRIFT_FALSE,
    THRIFT_BYTE,
    THRIFT_I16,
    THRIFT_I32,
    THRIFT_I64,
    THRIFT_DOUBLE,
    THRIFT_BINARY,
    THRIFT_LIST,
    THRIFT_SET,
    THRIFT_MAP,
    THRIFT_STRUCT,
    THRIFT_UUID,
};

enum { THRIFT_MAX_DEPTH = 16 };

struct thrift_writer {
    struct buf *out;
    int16_t last[THRIFT_MAX_DEPTH]; /* the last field id of each open structure */
    unsigned depth;
};

/* A structure is begun with the writer itself (the outermost), as a field, or as an element of a list. */
void thrift_init(struct thrift_writer *writer, struct buf *out);
void thrift_begin(struct thrift_writer *writer);
void thrift_begin_field(struct thrift_writer *writer, int16_t id);
void thrift_end(struct thrift_writer *writer);
void thrift_bool(struct thrift_writer *writer, int16_t id, bool value);
void thrift_byte(struct thrift_writer *writer, int16_t id, int8_t value);
void thrift_i16(struct thrift_writer *writer, int16_t id, int16_t value);
void thrift_i32(struct thrift_writer *writer, int16_t id, int32_t value);
void thrift_i64(struct thrift_writer *writer, int16_t id, int64_t value);
void thrift_binary(struct thrift_writer *writer, int16_t id, struct str value);
/* A field that is a list; its count elements follow: structures, or the two below. */
void thrift_list(struct thrift_writer *writer, int16_t id, enum thrift_type type, uint32_t count);
void thrift_element_i32(struct thrift_writer *writer, int32_t value);
void thrift_element_binary(struct thrift_writer *writer, struct str value);
/* A field that is a structure without fields. */
void thrift_empty_struct(struct thrift_writer *writer, int16_t id);

struct thrift_reader {
    const uint8_t *at, *end;
    bool failed;
};

struct thrift_field {
    enum thrift_type type;
    int16_t id;
};

void thrift_read_init(struct thrift_reader *reader, const void *p, size_t n);
/* The next field of a structure; last is the caller's, 0 at the start. False at the structure's end or when failed. */
bool thrift_read_field(struct thrift_reader *reader, int16_t *last, struct thrift_field *field);
/* The value of field; failed when it is of another type (any integer type will do for these two). */
int64_t thrift_read_int(struct thrift_reader *reader, struct thrift_field field);
int32_t thrift_read_i32(struct thrift_reader *reader, struct thrift_field field);
bool thrift_read_bool(struct thrift_reader *reader, struct thrift_field field);
/* A slice of the input. */
struct str thrift_read_binary(struct thrift_reader *reader, struct thrift_field field);
/* Elements that follow; each of at least one byte, so that count is never more than what is left. */
uint32_t thrift_read_list(struct thrift_reader *reader, struct thrift_field field, enum thrift_type type);
bool thrift_read_struct(struct thrift_reader *reader, struct thrift_field field);
void thrift_skip(struct thrift_reader *reader, struct thrift_field field);

#endif
