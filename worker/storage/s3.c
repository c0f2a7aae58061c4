/* The driver of a lake on S3. What is under .sluice/staging/ lies on this machine while it is built; all else is
 * objects. */
#include "worker/storage/s3_intern.h"

#include "shared/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct str staging = {".sluice/staging/", 16};

/* ---- reading ---- */

static bool stat_key(struct storage *storage, struct str key, bool *exists, struct storage_object *object,
    struct arena *arena, struct err *err)
{
    struct s3_head head;
    *exists = false;
    if (!storage_key_ok(key, err) || !s3_stat(s3_of(storage), key, &head, err))
        return false;
    if (!head.exists)
        return true;
    *exists = true;
    *object = (struct storage_object){.key = arena_str(arena, key), .size = head.size, .modified = head.modified};
    s3_version(head.etag, head.modified, object->version);
    return object->key.p || ERR(err, ERR_MEMORY, "no memory for a key");
}

/* What this machine builds is read here. -1: it is not here. */
static int open_staged(struct s3 *s3, struct str key)
{
    struct buf path;
    int fd = -1;
    if (!str_starts(key, staging))
        return -1;
    buf_init(&path, S3_KEY_MAX);
    s3_local(s3, key, &path);
    if (!path.failed)
        fd = open(path.p, O_RDONLY | O_CLOEXEC);
    buf_dispose(&path);
    return fd;
}

static bool read_staged(struct s3 *s3, struct str key, struct buf *out, bool *exists, struct err *err)
{
    struct buf path;
    *exists = false;
    if (!str_starts(key, staging))
        return true;
    buf_init(&path, S3_KEY_MAX);
    s3_local(s3, key, &path);
    bool ok = buf_ok(&path, "a path", err) && fs_exists(path.p, exists, err) && (!*exists || fs_read(path.p, out, err));
    buf_dispose(&path);
    return ok;
}

static bool open_fd(struct storage *storage, struct str key, int *fd, struct err *err)
{
    if (!storage_key_ok(key, err))
        return false;
    *fd = open_staged(s3_of(storage), key);
    return *fd >= 0 || s3_download(s3_of(storage), key, fd, err);
}

static bool open_early(
    struct storage *storage, struct str key, int *fd, struct storage_arrival **arrival, struct err *err)
{
    return storage_key_ok(key, err) && s3_open_early(s3_of(storage), key, fd, arrival, err);
}

static bool read_key(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    bool exists;
    if (!storage_key_ok(key, err) || !read_staged(s3_of(storage), key, out, &exists, err))
        return false;
    if (exists)
        return true;
    if (!s3_get(s3_of(storage), key, out, &exists, err))
        return false;
    return exists || ERR(err, ERR_NOT_FOUND, "%.*s is not there", STR_ARG(key));
}

/* Beside the others of its folder, under .sluice/cache/: made once, as it never changes. */
static bool fetch(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    struct buf content;
    bool exists = false, there = false;
    buf_printf(out, "%s/cache/" STR_FMT, s3_of(storage)->local, STR_ARG(key));
    if (!storage_key_ok(key, err) || !buf_ok(out, "a path", err) || !fs_exists(out->p, &there, err) || there)
        return there;
    buf_init(&content, HTTP_BODY_MAX);
    bool ok = s3_get(s3_of(storage), key, &content, &exists, err) &&
              (exists || ERR(err, ERR_NOT_FOUND, "%.*s is not there", STR_ARG(key))) && fs_make_parent(out->p, err) &&
              fs_write_atomic(out->p, buf_str(&content), err);
    buf_dispose(&content);
    return ok;
}

/* ---- listing ---- */

/* What is spooled of runs is told first, by the folders' names. */
static bool list_spooled(struct s3 *s3, bool (*each)(void *context, const struct storage_object *object), void *context,
    bool *goes_on, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct buf folder;
    char **names = NULL;
    size_t count = 0;
    bool exists = false;
    buf_init(&folder, S3_KEY_MAX);
    s3_local(s3, (struct str){staging.p, staging.n - 1}, &folder);
    bool ok = arena ? buf_ok(&folder, "a path", err) : ERR(err, ERR_MEMORY, "no memory to list");
    ok = ok && fs_exists(folder.p, &exists, err) && (!exists || fs_list(folder.p, arena, &names, &count, err));
    for (size_t i = 0; ok && *goes_on && i < count; i++) {
        struct storage_object object = {.key = str_of(arena_printf(arena, STR_FMT "%s", STR_ARG(staging), names[i]))};
        *goes_on = object.key.p && each(context, &object);
    }
    buf_dispose(&folder);
    arena_free(arena);
    return ok;
}

static bool list(struct storage *storage, struct str prefix,
    bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err)
{
    bool goes_on = true;
    if (str_eq(prefix, staging) && !list_spooled(s3_of(storage), each, context, &goes_on, err))
        return false;
    return !goes_on || s3_list(storage, prefix, each, context, err);
}

/* ---- writing ---- */

static bool write_key(struct storage *storage, struct str key, struct str content, struct err *err)
{
    return storage_key_ok(key, err) && s3_put(s3_of(storage), key, content, false, err);
}

static bool remove_key(struct storage *storage, struct str key, struct err *err)
{
    return storage_key_ok(key, err) && s3_delete(s3_of(storage), key, NULL, err);
}

static bool local_path(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    if (!storage_key_ok(key, err))
        return false;
    if (!str_starts(key, staging))
        return ERR(err, ERR_BUG, STR_FMT " is built outside of .sluice/staging/", STR_ARG(key));
    s3_local(s3_of(storage), key, out);
    return buf_ok(out, "a path", err) && fs_make_parent(out->p, err);
}

struct removing {
    struct s3 *s3;
    struct s3_batch batch;
    struct err *err;
    bool ok;
};

static bool remove_listed(void *context, const struct storage_object *object)
{
    struct removing *r = context;
    r->ok = s3_batch_add(r->s3, &r->batch, object->key, r->err);
    return r->ok;
}

static bool remove_local(struct s3 *s3, struct str prefix, struct err *err)
{
    struct buf path;
    if (!str_starts(prefix, staging))
        return true;
    buf_init(&path, S3_KEY_MAX);
    s3_local(s3, prefix, &path);
    bool ok = buf_ok(&path, "a path", err) && fs_remove_tree(path.p, err);
    buf_dispose(&path);
    return ok;
}

/* The records of uploads go last: until then whoever tries again knows of them. */
static bool remove_tree(struct storage *storage, struct str prefix, struct err *err)
{
    struct s3 *s3 = s3_of(storage);
    struct removing r = {.s3 = s3, .err = err, .ok = true};
    struct buf folder;
    while (str_ends(prefix, STR("/")))
        prefix.n--;
    if (!storage_key_ok(prefix, err))
        return false;
    buf_init(&folder, S3_KEY_MAX);
    s3_batch_init(&r.batch);
    buf_printf(&folder, STR_FMT "/", STR_ARG(prefix));
    bool ok = buf_ok(&folder, "a prefix", err) && s3_abort_below(s3, prefix, err) &&
              s3_list(storage, buf_str(&folder), remove_listed, &r, err) && r.ok && s3_batch_send(s3, &r.batch, err) &&
              remove_local(s3, prefix, err);
    s3_batch_dispose(&r.batch);
    buf_dispose(&folder);
    return ok;
}

const struct storage_driver storage_s3 = {
    .scheme = "s3",
    .features = 0,
    .at_once = S3_AT_ONCE,
    .open = s3_open,
    .probe = s3_probe,
    .list = list,
    .stat = stat_key,
    .open_fd = open_fd,
    .open_early = open_early,
    .await = s3_await,
    .abandon = s3_abandon,
    .read = read_key,
    .write = write_key,
    .move = s3_move,
    .move_ahead = s3_move_ahead,
    .remove = remove_key,
    .remove_tree = remove_tree,
    .local_path = local_path,
    .seal = s3_seal,
    .publish = s3_publish,
    .fetch = fetch,
};
