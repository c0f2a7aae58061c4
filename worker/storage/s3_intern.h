/* What the files of the S3 driver share. "key" is a lake key; in the bucket it stands behind the lake's prefix. */
#ifndef WORKER_STORAGE_S3_INTERN_H
#define WORKER_STORAGE_S3_INTERN_H

#include "worker/aws/profile.h"
#include "worker/aws/sigv4.h"
#include "worker/net/http.h"
#include "worker/storage/storage.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    S3_QUERY_MAX = 8,
    S3_HEADERS_MAX = 8,
    S3_KEY_MAX = 4096,
    S3_TEXT_MAX = 256 * 1024,
    S3_ID_MAX = 4096,                 /* of an upload */
    S3_FIRST_BYTES = 1024 * 1024,     /* of the first GET of a file */
    S3_RANGE_BYTES = 8 * 1024 * 1024, /* of the others */
    S3_READ_AHEAD = 4,                /* of them under way */
    S3_PART_BYTES = 8 * 1024 * 1024,  /* of an upload, at least */
    S3_PARTS_MAX = 10000,
    S3_AT_ONCE = 8,      /* requests under way, for one purpose */
    S3_DAMAGED_MOST = 3, /* times that other bytes than were put may arrive */
};

struct s3 {
    struct arena *arena;
    struct http *http;
    struct profile *profile;
    struct credential_chain *chain;
    struct str bucket, prefix; /* "a/b/", or empty */
    const char *scheme_host;   /* "https://bucket.s3.eu-west-1.amazonaws.com"; NULL: made from the region */
    const char *host;          /* of it, as the header has it */
    bool path_style;           /* the bucket stands in the path */
    unsigned attempts;
    const char *local;
    uint64_t copy_most;   /* what is larger is copied in parts */
    pthread_mutex_t lock; /* of what follows */
    char region[64];
    int64_t skew_us;            /* what the server's clock is ahead */
    _Atomic bool no_conditions; /* it does not know If-None-Match on what is written */
    _Atomic bool written;       /* a write has been seen to work */
};

/* What a call takes for an answer beside 2xx; all else is an error. */
enum { S3_TAKES_404 = 1, S3_TAKES_412 = 2, S3_TAKES_416 = 4, S3_TAKES_501 = 8 };

struct s3_call {
    const char *method;
    const char *action; /* "s3:GetObject", for who has to allow it */
    struct str key;     /* empty: the bucket itself */
    struct sigv4_pair query[S3_QUERY_MAX];
    struct sigv4_pair headers[S3_HEADERS_MAX]; /* lower-case names; all are signed */
    size_t query_count, header_count;
    struct http_body body;
    bool may_hide_error; /* an error can come with status 200 */
    unsigned takes;
    bool (*take)(void *context, struct str bytes, struct err *err);
    void (*restart)(void *context); /* what was taken so far comes again */
    void *context;
    _Atomic bool *stop; /* set: it ends soon; NULL: nobody says so */
};

static inline struct s3 *s3_of(const struct storage *storage)
{
    return storage->state;
}
void s3_query(struct s3_call *call, const char *name, struct str value);
void s3_add_header(struct s3_call *call, const char *name, struct str value);

/* Signed, tried again where that may help. response is the caller's, initialised. *repeated, unless NULL: what was
 * asked for may have been done more than once. */
bool s3_send(struct s3 *s3, const struct s3_call *call, struct http_response *response, bool *repeated,
    struct err *err) MUST_CHECK;
/* "s3://bucket/prefix/key", for messages; in out. */
const char *s3_name(const struct s3 *s3, struct str key, struct buf *out);
/* What stands in the document's root element; empty when there is none of that name. */
struct str s3_root(const struct http_response *response, const char *name);

/* s3_object.c */
bool s3_list(struct storage *storage, struct str prefix,
    bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err) MUST_CHECK;
struct s3_head {
    bool exists;
    uint64_t size;
    int64_t modified;
    char etag[64];          /* with its quotes */
    char sealed[ULID_SIZE]; /* x-amz-meta-sluice: by which ticket it was published; or empty */
};
bool s3_stat(struct s3 *s3, struct str key, struct s3_head *head, struct err *err) MUST_CHECK;
void s3_version(const char *etag, int64_t modified, char version[64]);
bool s3_get(struct s3 *s3, struct str key, struct buf *out, bool *exists, struct err *err) MUST_CHECK;
/* only_new: ERR_EXISTS when it is there, where the server can tell. */
bool s3_put(struct s3 *s3, struct str key, struct str content, bool only_new, struct err *err) MUST_CHECK;
bool s3_delete(struct s3 *s3, struct str key, const char *etag, struct err *err) MUST_CHECK;

/* s3_batch.c: objects that are removed by one request, or by one each where the server does not know it. */
struct s3_batch {
    struct buf keys; /* each with a NUL */
    size_t count;
};
void s3_batch_init(struct s3_batch *batch);
void s3_batch_dispose(struct s3_batch *batch);
/* Sends when it is full. */
bool s3_batch_add(struct s3 *s3, struct s3_batch *batch, struct str key, struct err *err) MUST_CHECK;
bool s3_batch_send(struct s3 *s3, struct s3_batch *batch, struct err *err) MUST_CHECK;

/* s3_digest.c: what an answer tells of the bytes it carries. */
struct s3_digest {
    char etag[64];
    bool is_ours;  /* put by s3_seal(): its parts are of s3_part_size() */
    bool is_keyed; /* encrypted by KMS or a customer's key: the ETag is no MD5 then */
};
struct s3_digest s3_digest(const struct http_response *response);
/* Base64 of the MD5, for Content-MD5; appended. */
bool s3_md5(struct str bytes, struct buf *out, struct err *err) MUST_CHECK;
/* False: other bytes than were put. What cannot be judged is taken for whole. */
/* reach waits until the bytes before upto of a file are there; NULL: they are. */
bool s3_is_intact(
    const struct s3_digest *digest, struct http_body bytes, bool (*reach)(void *context, uint64_t upto), void *context);
bool s3_damaged(struct str key, struct err *err);
uint64_t s3_part_size(uint64_t size);

/* s3_download.c: into a nameless file of the spool. */
bool s3_download(struct s3 *s3, struct str key, int *fd, struct err *err) MUST_CHECK;
bool s3_open_early(
    struct s3 *s3, struct str key, int *fd, struct storage_arrival **arrival, struct err *err) MUST_CHECK;
bool s3_await(struct storage_arrival *arrival, uint64_t upto, struct err *err) MUST_CHECK;
void s3_abandon(struct storage_arrival *arrival);

/* s3_copy.c: gone or changed meanwhile: *same false */
bool s3_copy(struct s3 *s3, struct str from, struct str to, const struct s3_head *source, bool *same,
    struct err *err) MUST_CHECK;
bool s3_copy_parts(struct storage *storage, struct str from, struct str to, const struct s3_head *source, bool *same,
    struct err *err) MUST_CHECK;
/* What a copy in parts carries (x-amz-meta-sluice): the source's ETag, as much as fits. */
void s3_copy_mark(struct str etag, char mark[ULID_SIZE]);

/* s3_move.c */
void s3_move_ahead(struct storage *storage, struct str from, struct str to, const char *version);
bool s3_move(struct storage *storage, struct str from, struct str to, const char *version, bool *already,
    struct err *err) MUST_CHECK;

/* s3_upload.c */
bool s3_seal(struct storage *storage, struct str staged, struct str to, struct buf *ticket, struct err *err) MUST_CHECK;
bool s3_publish(struct storage *storage, struct str staged, struct str ticket, struct str to, bool over, bool *already,
    struct err *err) MUST_CHECK;
/* An upload with a mark; *again, unless NULL: one more may have been begun. id: initialised. */
bool s3_create(struct s3 *s3, struct str to, const char *mark, struct buf *id, bool *again, struct err *err) MUST_CHECK;
/* etags: with blanks between. *status: 200 it is done, 404 there is no such upload, 412 the name is taken, 501 the
 * condition is not known. */
bool s3_complete(struct s3 *s3, struct str to, struct str id, struct str etags, bool only_new, int *status,
    struct err *err) MUST_CHECK;
/* All uploads of that very key. */
bool s3_abort_all(struct s3 *s3, struct str to, struct err *err) MUST_CHECK;
/* What was sealed under a staging folder and not published. */
bool s3_abort_below(struct s3 *s3, struct str prefix, struct err *err) MUST_CHECK;
/* The local path of a key of .sluice/. */
void s3_local(const struct s3 *s3, struct str key, struct buf *out);

/* s3_open.c */
bool s3_open(struct storage *storage, struct str path, struct arena *arena, struct err *err) MUST_CHECK;
bool s3_probe(struct storage *storage, struct err *err) MUST_CHECK;

#endif
