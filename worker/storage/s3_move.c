/* What a directory does by rename: copy on the server, then delete. A producer may write to the source meanwhile: then
 * what was copied is what was there, and what came since stays as a delivery of its own. */
#include "worker/storage/s3_intern.h"

#include <stdio.h>

enum { COPY_MOST_GB = 5 };

struct moving {
    struct s3 *s3;
    struct str from, to;
    struct s3_head source, target;
    const char *version;
};

/* Which it was copied from is told by the ETag, which a copy in one piece keeps. */
static bool is_copy(const struct moving *m)
{
    return m->source.size == m->target.size && strcmp(m->source.etag, m->target.etag) == 0;
}

static bool copy(struct moving *m, struct err *err)
{
    struct s3 *s3 = m->s3;
    struct buf source;
    struct http_response response;
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = m->to,
        .may_hide_error = true,
        .takes = S3_TAKES_412 | S3_TAKES_404};
    buf_init(&source, S3_KEY_MAX * 3);
    buf_add_byte(&source, '/');
    sigv4_encode(&source, s3->bucket, false);
    buf_add_byte(&source, '/');
    sigv4_encode(&source, s3->prefix, true);
    sigv4_encode(&source, m->from, true);
    s3_add_header(&call, "x-amz-copy-source", buf_str(&source));
    s3_add_header(&call, "x-amz-copy-source-if-match", str_of(m->source.etag));
    http_response_init(&response);
    bool ok = buf_ok(&source, "a key", err) && s3_send(s3, &call, &response, NULL, err);
    if (ok && response.status / 100 != 2)
        ok = ERR(err, ERR_CHANGED, STR_FMT " changed while it was moved", STR_ARG(m->from));
    http_response_dispose(&response);
    buf_dispose(&source);
    return ok;
}

/* A server may not look at what a copy was asked to match. */
static bool check_copy(struct moving *m, struct err *err)
{
    struct s3_head now;
    if (!s3_stat(m->s3, m->to, &m->target, err) || !s3_stat(m->s3, m->from, &now, err))
        return false;
    bool changed = now.exists && (strcmp(now.etag, m->source.etag) != 0 || now.modified != m->source.modified);
    if (m->target.exists && m->target.size == m->source.size && (!changed || is_copy(m)))
        return !changed ? s3_delete(m->s3, m->from, m->source.etag, err) : true;
    if (!s3_delete(m->s3, m->to, NULL, err))
        return false;
    return ERR(err, ERR_CHANGED, STR_FMT " changed while it was moved", STR_ARG(m->from));
}

static bool move(struct moving *m, bool *already, struct err *err)
{
    char version[64];
    *already = m->target.exists && !m->source.exists;
    if (!m->source.exists)
        return m->target.exists || ERR(err, ERR_NOT_FOUND, STR_FMT " is not there to be moved to " STR_FMT,
                                       STR_ARG(m->from), STR_ARG(m->to));
    s3_version(m->source.etag, m->source.modified, version);
    if (m->version && strcmp(m->version, version) != 0)
        return ERR(err, ERR_CHANGED, STR_FMT " changed before it was moved", STR_ARG(m->from));
    if (m->target.exists && !is_copy(m))
        return ERR(err, ERR_EXISTS, STR_FMT " is there already: " STR_FMT " is not moved over it", STR_ARG(m->to),
            STR_ARG(m->from));
    if (m->target.exists)
        return s3_delete(m->s3, m->from, m->source.etag, err);
    if (m->source.size > (uint64_t)COPY_MOST_GB << 30)
        return ERR(err, ERR_CONFIG, STR_FMT " is larger than %d GiB, which S3 does not copy in one piece",
            STR_ARG(m->from), COPY_MOST_GB);
    return copy(m, err) && check_copy(m, err);
}

bool s3_move(
    struct storage *storage, struct str from, struct str to, const char *version, bool *already, struct err *err)
{
    struct moving m = {.s3 = s3_of(storage), .from = from, .to = to, .version = version};
    return storage_key_ok(from, err) && storage_key_ok(to, err) && s3_stat(m.s3, from, &m.source, err) &&
           s3_stat(m.s3, to, &m.target, err) && move(&m, already, err);
}
