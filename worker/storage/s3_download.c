/* An object as a nameless file of the spool, range by range: what was cut is asked for again from where its range
 * begins, and all of it is of one version. Where the ETag is the bytes' MD5, as it is of what was put in one piece, it
 * is held against them. */
#include "worker/storage/s3_intern.h"

#include "shared/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPARE_BYTES = 64 * 1024 * 1024 };

struct download {
    struct s3 *s3;
    struct str key;
    int fd;
    uint64_t begins, taken; /* of the range under way */
    uint64_t size;          /* of the object, once known */
    char etag[64];
    struct s3_digest digest;
};

/* ---- the spool ---- */

static bool open_spool(struct s3 *s3, int *fd, struct err *err)
{
    char *folder = NULL, *path = NULL;
    if (asprintf(&folder, "%s/spool", s3->local) < 0)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = fs_make_dirs(folder, err);
    *fd = ok ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (ok && *fd < 0 && asprintf(&path, "%s/XXXXXX", folder) > 0) {
        *fd = mkostemp(path, O_CLOEXEC);
        if (*fd >= 0)
            unlink(path);
    }
    if (ok && *fd < 0)
        ok = ERR_ERRNO(err, "cannot make a file in %s", folder);
    free(folder);
    free(path);
    return ok;
}

static bool has_room(struct download *d, struct err *err)
{
    uint64_t room;
    if (!fs_free_bytes(d->s3->local, &room, err))
        return false;
    if (room >= SPARE_BYTES && room - SPARE_BYTES >= d->size)
        return true;
    ERR(err, ERR_UNAVAILABLE, STR_FMT " (%llu bytes) does not fit into %s", STR_ARG(d->key),
        (unsigned long long)d->size, d->s3->local);
    return err_hint(err, "Make room there, or let XDG_STATE_HOME name another place.");
}

/* ---- a range ---- */

static bool take(void *context, struct str bytes, struct err *err)
{
    struct download *d = context;
    const char *p = bytes.p;
    size_t left = bytes.n;
    if (d->taken + bytes.n > S3_RANGE_BYTES)
        return ERR(err, ERR_UNAVAILABLE, "the server sends more of " STR_FMT " than was asked for", STR_ARG(d->key));
    while (left) {
        ssize_t n = pwrite(d->fd, p, left, (off_t)(d->begins + d->taken));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot write to %s", d->s3->local);
        p += n;
        left -= (size_t)n;
        d->taken += (uint64_t)n;
    }
    return true;
}

static void restart(void *context)
{
    struct download *d = context;
    d->taken = 0;
}

/* "bytes 0-99/1234" */
static bool read_size(struct download *d, const struct http_response *response, struct err *err)
{
    char text[96];
    snprintf(text, sizeof text, STR_FMT, STR_ARG(http_header(response, "content-range")));
    const char *slash = strchr(text, '/');
    if (response->status == 200)
        d->size = d->taken;
    else if (!slash)
        return ERR(err, ERR_UNAVAILABLE, "the server does not say how large " STR_FMT " is", STR_ARG(d->key));
    else
        d->size = strtoull(slash + 1, NULL, 10);
    snprintf(d->etag, sizeof d->etag, STR_FMT, STR_ARG(http_header(response, "etag")));
    d->digest = s3_digest(response);
    return true;
}

static bool get_range(struct download *d, bool *is_empty, struct err *err)
{
    char range[64];
    struct http_response response;
    struct s3_call call = {.method = "GET",
        .action = "s3:GetObject",
        .key = d->key,
        .takes = S3_TAKES_416 | S3_TAKES_412,
        .take = take,
        .restart = restart,
        .context = d};
    snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)d->begins,
        (unsigned long long)(d->begins + S3_RANGE_BYTES - 1));
    s3_add_header(&call, "range", str_of(range));
    if (d->etag[0])
        s3_add_header(&call, "if-match", str_of(d->etag));
    http_response_init(&response);
    bool ok = s3_send(d->s3, &call, &response, NULL, err);
    *is_empty = ok && response.status == 416;
    if (ok && (response.status == 412 || (*is_empty && d->begins)))
        ok = ERR(err, ERR_CHANGED, STR_FMT " changed while it was read", STR_ARG(d->key));
    if (ok && !*is_empty && !d->etag[0])
        ok = read_size(d, &response, err) && has_room(d, err);
    http_response_dispose(&response);
    return ok;
}

static bool get_all(struct download *d, struct err *err)
{
    bool is_empty = false;
    do {
        if (!get_range(d, &is_empty, err))
            return false;
        uint64_t left = d->size - d->begins;
        if (d->taken != (left < S3_RANGE_BYTES ? left : S3_RANGE_BYTES))
            return ERR(err, ERR_UNAVAILABLE, "a part of " STR_FMT " came short", STR_ARG(d->key));
        d->begins += d->taken;
        d->taken = 0;
    } while (!is_empty && d->begins < d->size);
    return true;
}

static bool fetch(struct download *d, struct err *err)
{
    for (int i = 0; i < S3_DAMAGED_MOST; i++) {
        d->begins = d->taken = d->size = 0;
        d->etag[0] = '\0';
        d->digest = (struct s3_digest){0};
        if (!get_all(d, err))
            return false;
        if (s3_is_intact(&d->digest, (struct http_body){.from_file = true, .fd = d->fd, .size = d->size}))
            return true;
    }
    return s3_damaged(d->key, err);
}

bool s3_download(struct s3 *s3, struct str key, int *fd, struct err *err)
{
    struct download d = {.s3 = s3, .key = key, .fd = -1};
    bool ok = open_spool(s3, &d.fd, err) && fetch(&d, err);
    if (!ok && d.fd >= 0)
        close(d.fd);
    *fd = ok ? d.fd : -1;
    return ok;
}
