/*
 * JSON text (RFC 8259) written as a stream into a buf: what the reject files, logs and the wire need. Commas and
 * nesting are the writer's business. Documents are read with jansson.
 */
#ifndef SHARED_JSON_H
#define SHARED_JSON_H

#include "shared/buf.h"

struct json {
    struct buf *out;
    unsigned depth;
    uint64_t first; /* a bit a level: nothing written there yet */
    bool after_key;
};

void jsonw_init(struct json *json, struct buf *out);
void jsonw_object_begin(struct json *json);
void jsonw_object_end(struct json *json);
void jsonw_array_begin(struct json *json);
void jsonw_array_end(struct json *json);
void jsonw_key(struct json *json, const char *key);
void jsonw_key_str(struct json *json, struct str key);
/* Bytes that are not UTF-8 become U+FFFD; who must keep them writes base64. */
void jsonw_string(struct json *json, struct str value);
void jsonw_cstring(struct json *json, const char *value); /* NULL writes null */
void jsonw_int(struct json *json, int64_t value);
void jsonw_uint(struct json *json, uint64_t value);
void jsonw_double(struct json *json, double value); /* 17 digits; not finite writes null */
void jsonw_bool(struct json *json, bool value);
void jsonw_null(struct json *json);
void jsonw_base64(struct json *json, struct str bytes);
/* Text that is JSON already. */
void jsonw_raw(struct json *json, struct str text);

/* An array. */
void jsonw_strings(struct json *json, const struct str *values, size_t count);

/* A key and its value in one call. */
void jsonw_put_string(struct json *json, const char *key, struct str value);
void jsonw_put_strings(struct json *json, const char *key, const struct str *values, size_t count);
void jsonw_put_cstring(struct json *json, const char *key, const char *value);
void jsonw_put_int(struct json *json, const char *key, int64_t value);
void jsonw_put_uint(struct json *json, const char *key, uint64_t value);
void jsonw_put_bool(struct json *json, const char *key, bool value);
void jsonw_put_null(struct json *json, const char *key);
void jsonw_put_time(struct json *json, const char *key, int64_t micros); /* as clock_format() writes it */

#endif
