/* Copies on the server: in one piece, or in parts where that is not allowed. Each is of the version that is told. */
#include "worker/storage/s3_intern.h"

#include "worker/aws/xml.h"

#include <stdio.h>
#include <stdlib.h>

enum { ETAG_MAX = 64 };

void s3_copy_mark(struct str etag, char mark[ULID_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < etag.n && n < ULID_SIZE - 1; i++)
        if (etag.p[i] != '"')
            mark[n++] = etag.p[i];
    mark[n] = '\0';
}

static void name_source(const struct s3 *s3, struct str from, struct buf *out)
{
    buf_init(out, S3_KEY_MAX * 3);
    buf_add_byte(out, '/');
    sigv4_encode(out, s3->bucket, false);
    buf_add_byte(out, '/');
    sigv4_encode(out, s3->prefix, true);
    sigv4_encode(out, from, true);
}

/* range empty: all of it. Gone or changed: *same false. */
static bool send(struct s3 *s3, struct s3_call *call, struct str from, struct str range, const struct s3_head *source,
    struct http_response *response, bool *same, struct err *err)
{
    struct buf name;
    name_source(s3, from, &name);
    s3_add_header(call, "x-amz-copy-source", buf_str(&name));
    s3_add_header(call, "x-amz-copy-source-if-match", str_of(source->etag));
    if (range.n)
        s3_add_header(call, "x-amz-copy-source-range", range);
    bool ok = buf_ok(&name, "a key", err) && s3_send(s3, call, response, NULL, err);
    *same = ok && response->status / 100 == 2;
    buf_dispose(&name);
    return ok;
}

bool s3_copy(struct s3 *s3, struct str from, struct str to, const struct s3_head *source, bool *same, struct err *err)
{
    struct http_response response;
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = to,
        .may_hide_error = true,
        .takes = S3_TAKES_412 | S3_TAKES_404};
    http_response_init(&response);
    bool ok = send(s3, &call, from, STR(""), source, &response, same, err);
    http_response_dispose(&response);
    return ok;
}

/* ---- in parts ---- */

struct copying {
    struct s3 *s3;
    struct str from, to, id;
    const struct s3_head *source;
    uint64_t part;
    char (*etags)[ETAG_MAX];
    _Atomic bool differs;
};

static bool copy_part(void *context, uint32_t i, struct err *err)
{
    struct copying *c = context;
    char number[16], range[64];
    bool same;
    struct http_response response;
    struct buf etag;
    uint64_t begins = i * c->part, left = c->source->size - begins, size = left < c->part ? left : c->part;
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = c->to,
        .may_hide_error = true,
        .takes = S3_TAKES_412 | S3_TAKES_404};
    snprintf(number, sizeof number, "%u", i + 1);
    snprintf(
        range, sizeof range, "bytes=%llu-%llu", (unsigned long long)begins, (unsigned long long)(begins + size - 1));
    s3_query(&call, "partNumber", str_of(number));
    s3_query(&call, "uploadId", c->id);
    buf_init(&etag, ETAG_MAX);
    http_response_init(&response);
    bool ok = send(c->s3, &call, c->from, str_of(range), c->source, &response, &same, err);
    if (ok && !same) {
        atomic_store(&c->differs, true);
        ok = ERR(err, ERR_CHANGED, STR_FMT " changed while it was copied", STR_ARG(c->from));
    }
    if (ok)
        xml_text(&etag, xml_child(s3_root(&response, "CopyPartResult"), "ETag"));
    ok = ok && (etag.n || ERR(err, ERR_UNAVAILABLE, "the server gives no ETag for a part"));
    snprintf(c->etags[i], ETAG_MAX, STR_FMT, STR_ARG(buf_str(&etag)));
    http_response_dispose(&response);
    buf_dispose(&etag);
    return ok;
}

static bool copy_all(struct storage *storage, struct copying *c, struct err *err)
{
    uint64_t count = (c->source->size + c->part - 1) / c->part;
    struct buf list;
    int status;
    c->etags = calloc(count, sizeof *c->etags);
    if (!c->etags)
        return ERR(err, ERR_MEMORY, "no memory to copy " STR_FMT, STR_ARG(c->from));
    buf_init(&list, count * (ETAG_MAX + 1) + 1);
    bool ok = storage_each(storage, NULL, (uint32_t)count, copy_part, c, err);
    for (uint64_t i = 0; ok && i < count; i++)
        buf_printf(&list, "%s%s", i ? " " : "", c->etags[i]);
    ok = ok && buf_ok(&list, "a list of parts", err) &&
         s3_complete(c->s3, c->to, c->id, buf_str(&list), false, &status, err) &&
         (status / 100 == 2 || ERR(err, ERR_UNAVAILABLE, "the copy of " STR_FMT " is gone", STR_ARG(c->from)));
    free(c->etags);
    buf_dispose(&list);
    return ok;
}

/* One that was begun and never ended is of nobody else: the target is this move's. */
bool s3_copy_parts(
    struct storage *storage, struct str from, struct str to, const struct s3_head *source, bool *same, struct err *err)
{
    struct s3 *s3 = s3_of(storage);
    struct copying c = {.s3 = s3, .from = from, .to = to, .source = source, .part = s3_part_size(source->size)};
    struct buf id;
    struct err ignored;
    char mark[ULID_SIZE];
    s3_copy_mark(str_of(source->etag), mark);
    buf_init(&id, S3_ID_MAX);
    bool ok = s3_abort_all(s3, to, err) && s3_create(s3, to, mark, &id, NULL, err);
    c.id = buf_str(&id);
    ok = ok && copy_all(storage, &c, err);
    if (!ok && !s3_abort_all(s3, to, &ignored))
        err_hint(err, "An upload was begun and is still there: it goes with the next attempt.");
    *same = !atomic_load(&c.differs);
    buf_dispose(&id);
    return ok || !*same;
}
