/* An object as a nameless file of the spool, by ranges, several under way at once: what was cut is asked for again from
 * where its range begins, and all of it is of one version. Who reads need not wait for all of it. Where the ETag is the
 * bytes' MD5, as it is of what was put in one piece, it is held against them. */
#include "worker/storage/s3_intern.h"

#include "shared/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPARE_BYTES = 64 * 1024 * 1024 };

struct storage_arrival {
    struct s3 *s3;
    struct str key;
    int fd;
    uint64_t size;
    char etag[64];
    struct s3_digest digest;
    _Atomic uint64_t there; /* all bytes before it are */
    _Atomic bool stop;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool *done;    /* ranges behind the first bytes */
    uint64_t next; /* of them, to be asked for */
    bool checked, failed;
    struct err err;
    pthread_t threads[S3_READ_AHEAD + 1];
    unsigned thread_count;
};

/* One GET. */
struct range {
    struct storage_arrival *a;
    uint64_t begins, wanted, taken;
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

static bool has_room(const struct storage_arrival *a, struct err *err)
{
    uint64_t room;
    if (!fs_free_bytes(a->s3->local, &room, err))
        return false;
    if (room >= SPARE_BYTES && room - SPARE_BYTES >= a->size)
        return true;
    ERR(err, ERR_UNAVAILABLE, STR_FMT " (%llu bytes) does not fit into %s", STR_ARG(a->key),
        (unsigned long long)a->size, a->s3->local);
    return err_hint(err, "Make room there, or let XDG_STATE_HOME name another place.");
}

/* ---- a range ---- */

static bool take(void *context, struct str bytes, struct err *err)
{
    struct range *r = context;
    const char *p = bytes.p;
    size_t left = bytes.n;
    if (r->taken + bytes.n > r->wanted)
        return ERR(err, ERR_UNAVAILABLE, "the server sends more of " STR_FMT " than was asked for", STR_ARG(r->a->key));
    while (left) {
        ssize_t n = pwrite(r->a->fd, p, left, (off_t)(r->begins + r->taken));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot write to %s", r->a->s3->local);
        p += n;
        left -= (size_t)n;
        r->taken += (uint64_t)n;
    }
    return true;
}

static void restart(void *context)
{
    struct range *r = context;
    r->taken = 0;
}

/* "bytes 0-99/1234" */
static bool read_size(
    struct storage_arrival *a, const struct range *r, const struct http_response *response, struct err *err)
{
    char text[96];
    snprintf(text, sizeof text, STR_FMT, STR_ARG(http_header(response, "content-range")));
    const char *slash = strchr(text, '/');
    if (response->status == 200)
        a->size = r->taken;
    else if (!slash)
        return ERR(err, ERR_UNAVAILABLE, "the server does not say how large " STR_FMT " is", STR_ARG(a->key));
    else
        a->size = strtoull(slash + 1, NULL, 10);
    snprintf(a->etag, sizeof a->etag, STR_FMT, STR_ARG(http_header(response, "etag")));
    a->digest = s3_digest(response);
    return true;
}

static bool get_range(struct range *r, struct err *err)
{
    struct storage_arrival *a = r->a;
    char range[64];
    struct http_response response;
    struct s3_call call = {.method = "GET",
        .action = "s3:GetObject",
        .key = a->key,
        .takes = S3_TAKES_416 | S3_TAKES_412,
        .take = take,
        .restart = restart,
        .context = r,
        .stop = &a->stop};
    snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)r->begins,
        (unsigned long long)(r->begins + r->wanted - 1));
    s3_add_header(&call, "range", str_of(range));
    if (r->begins)
        s3_add_header(&call, "if-match", str_of(a->etag));
    http_response_init(&response);
    bool ok = s3_send(a->s3, &call, &response, NULL, err);
    if (ok && (response.status == 412 || (response.status == 416 && r->begins)))
        ok = ERR(err, ERR_CHANGED, STR_FMT " changed while it was read", STR_ARG(a->key));
    if (ok && !r->begins && response.status != 416)
        ok = read_size(a, r, &response, err);
    http_response_dispose(&response);
    uint64_t left = a->size - r->begins, due = left < r->wanted ? left : r->wanted;
    return ok && (r->taken == due || ERR(err, ERR_UNAVAILABLE, "a part of " STR_FMT " came short", STR_ARG(a->key)));
}

/* ---- what comes behind the first bytes ---- */

static struct range nth_range(struct storage_arrival *a, uint64_t n)
{
    uint64_t begins = S3_FIRST_BYTES + n * S3_RANGE_BYTES, left = a->size - begins;
    return (struct range){a, begins, left < S3_RANGE_BYTES ? left : S3_RANGE_BYTES, 0};
}

static uint64_t range_count(const struct storage_arrival *a)
{
    return a->size <= S3_FIRST_BYTES ? 0 : (a->size - S3_FIRST_BYTES + S3_RANGE_BYTES - 1) / S3_RANGE_BYTES;
}

/* With the lock. */
static void came(struct storage_arrival *a, uint64_t n)
{
    uint64_t first = (atomic_load(&a->there) - S3_FIRST_BYTES) / S3_RANGE_BYTES;
    a->done[n] = true;
    while (first < range_count(a) && a->done[first]) {
        struct range r = nth_range(a, first++);
        atomic_store(&a->there, r.begins + r.wanted);
    }
}

static void fail(struct storage_arrival *a, const struct err *why)
{
    if (!a->failed)
        a->err = *why;
    a->failed = true;
    atomic_store(&a->stop, true);
}

static void *serve(void *context)
{
    struct storage_arrival *a = context;
    struct err err;
    pthread_mutex_lock(&a->lock);
    while (!atomic_load(&a->stop) && a->next < range_count(a)) {
        uint64_t n = a->next++;
        struct range r = nth_range(a, n);
        pthread_mutex_unlock(&a->lock);
        bool ok = get_range(&r, &err);
        pthread_mutex_lock(&a->lock);
        if (ok)
            came(a, n);
        else
            fail(a, &err);
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Until the bytes are there, or will never be. */
static bool reach(void *context, uint64_t upto)
{
    struct storage_arrival *a = context;
    if (atomic_load(&a->there) >= upto)
        return true;
    pthread_mutex_lock(&a->lock);
    while (!atomic_load(&a->stop) && atomic_load(&a->there) < upto)
        pthread_cond_wait(&a->changed, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return atomic_load(&a->there) >= upto;
}

static bool is_intact(struct storage_arrival *a)
{
    return s3_is_intact(&a->digest, (struct http_body){.from_file = true, .fd = a->fd, .size = a->size}, reach, a);
}

static void *check(void *context)
{
    struct storage_arrival *a = context;
    struct err err;
    bool intact = is_intact(a);
    pthread_mutex_lock(&a->lock);
    if (!intact) {
        s3_damaged(a->key, &err);
        fail(a, &err);
    }
    a->checked = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static bool start(struct storage_arrival *a, struct err *err)
{
    sigset_t all, before;
    uint64_t count = range_count(a), wanted = count < S3_READ_AHEAD ? count : S3_READ_AHEAD;
    a->done = calloc(count, sizeof *a->done);
    if (!a->done)
        return ERR(err, ERR_MEMORY, "no memory to read " STR_FMT, STR_ARG(a->key));
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool ok = pthread_create(&a->threads[0], NULL, check, a) == 0;
    a->thread_count = ok;
    while (ok && a->thread_count <= wanted && pthread_create(&a->threads[a->thread_count], NULL, serve, a) == 0)
        a->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return a->thread_count > 1 || ERR(err, ERR_MEMORY, "no thread to read " STR_FMT, STR_ARG(a->key));
}

/* ---- the whole ---- */

void s3_abandon(struct storage_arrival *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    atomic_store(&a->stop, true);
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->thread_count; i++)
        pthread_join(a->threads[i], NULL);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a->done);
    free((char *)a->key.p);
    free(a);
}

static struct storage_arrival *new_arrival(struct s3 *s3, struct str key, struct err *err)
{
    struct storage_arrival *a = calloc(1, sizeof *a);
    char *copy = strndup(key.p, key.n);
    if (!a || !copy) {
        free(a);
        free(copy);
        ERR(err, ERR_MEMORY, "no memory to read " STR_FMT, STR_ARG(key));
        return NULL;
    }
    a->s3 = s3;
    a->key = (struct str){copy, key.n};
    a->fd = -1;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    return a;
}

/* What fits into it is whole then. */
static bool get_first(struct storage_arrival *a, struct err *err)
{
    for (int i = 0; i < S3_DAMAGED_MOST; i++) {
        struct range r = {a, 0, S3_FIRST_BYTES, 0};
        if (!get_range(&r, err))
            return false;
        atomic_store(&a->there, r.taken);
        if (r.taken < a->size || is_intact(a))
            return true;
    }
    return s3_damaged(a->key, err);
}

bool s3_open_early(struct s3 *s3, struct str key, int *fd, struct storage_arrival **arrival, struct err *err)
{
    struct storage_arrival *a = new_arrival(s3, key, err);
    bool ok =
        a && open_spool(s3, &a->fd, err) && get_first(a, err) && has_room(a, err) && (!range_count(a) || start(a, err));
    *fd = a ? a->fd : -1;
    if (!ok && *fd >= 0)
        close(*fd);
    *fd = ok ? *fd : -1;
    *arrival = NULL;
    if (ok && range_count(a))
        *arrival = a;
    else
        s3_abandon(a);
    return ok;
}

bool s3_await(struct storage_arrival *a, uint64_t upto, struct err *err)
{
    bool all = upto == UINT64_MAX;
    bool ok = reach(a, upto < a->size ? upto : a->size);
    pthread_mutex_lock(&a->lock);
    while (all && ok && !a->checked)
        pthread_cond_wait(&a->changed, &a->lock);
    ok = ok && !(all && a->failed);
    if (!ok)
        *err = a->err;
    pthread_mutex_unlock(&a->lock);
    return ok;
}

bool s3_download(struct s3 *s3, struct str key, int *fd, struct err *err)
{
    bool ok = false, damaged = true;
    for (int i = 0; !ok && damaged && i < S3_DAMAGED_MOST; i++) {
        struct storage_arrival *arrival;
        if (!s3_open_early(s3, key, fd, &arrival, err))
            return false;
        ok = !arrival || s3_await(arrival, UINT64_MAX, err);
        damaged = !ok && atomic_load(&arrival->there) == arrival->size;
        s3_abandon(arrival);
        if (!ok)
            close(*fd);
    }
    if (!ok)
        *fd = -1;
    return ok;
}
