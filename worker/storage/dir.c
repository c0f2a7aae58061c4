#include "worker/storage/dir_intern.h"

#include "shared/fault.h"
#include "shared/fs.h"
#include "worker/storage/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, TRIES = 5 };

static bool open_dir(struct storage *storage, struct str path, struct arena *arena, struct err *err)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (!path.n)
        return ERR(err, ERR_USAGE, "the lake has no name");
    if (path.p[0] == '/')
        storage->root = arena_str(arena, path);
    else {
        char *here = getcwd(NULL, 0);
        if (!here)
            return ERR_ERRNO(err, "cannot ask for the working folder");
        storage->root = str_of(arena_printf(arena, "%s/" STR_FMT, here, STR_ARG(path)));
        free(here);
    }
    storage->local = str_of(arena_printf(arena, STR_FMT "/.sluice", STR_ARG(storage->root)));
    storage->owned = storage->root;
    return (storage->root.p && storage->local.p) || ERR(err, ERR_MEMORY, "no memory for the name of the lake");
}

static int64_t micros(struct timespec at)
{
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static unsigned long long nanos(struct timespec at)
{
    return (unsigned long long)at.tv_sec * 1000000000 + (unsigned long long)at.tv_nsec;
}

void dir_describe(const struct stat *status, struct str key, struct storage_object *object)
{
    *object =
        (struct storage_object){.key = key, .size = (uint64_t)status->st_size, .modified = micros(status->st_mtim)};
    snprintf(object->version, sizeof object->version, "%llx-%llx-%llx-%llx", (unsigned long long)status->st_ino,
        (unsigned long long)status->st_size, nanos(status->st_mtim), nanos(status->st_ctim));
}

/* ---- reading ---- */

static bool is_missing(const struct err *err)
{
    return err->kind == ERR_NOT_FOUND;
}

static int open_key(struct storage *storage, struct str key, int flags, struct err *err)
{
    struct place place;
    int fd = -1;
    /* From the root, not from the folder: a link beside the file may lead to its neighbour folder. */
    if (dir_enter(storage, key, false, &place, err)) {
        fd = beneath_open(place.root, place.path, flags, 0);
        if (fd < 0)
            dir_errno(err, "cannot open", place.path);
    }
    dir_leave(&place);
    return fd;
}

static bool stat_key(struct storage *storage, struct str key, bool *exists, struct storage_object *object,
    struct arena *arena, struct err *err)
{
    struct stat status;
    *exists = false;
    int fd = open_key(storage, key, O_PATH, err);
    if (fd < 0)
        return is_missing(err);
    bool ok = fstat(fd, &status) == 0 || ERR_ERRNO(err, "cannot look at " STR_FMT, STR_ARG(key));
    close(fd);
    if (!ok || !S_ISREG(status.st_mode))
        return ok;
    struct str copy = arena_str(arena, key);
    if (!copy.p)
        return ERR(err, ERR_MEMORY, "no memory for a key");
    *exists = true;
    dir_describe(&status, copy, object);
    return true;
}

static bool open_fd(struct storage *storage, struct str key, int *fd, struct err *err)
{
    struct stat status;
    /* O_NONBLOCK: a named pipe must not hold us up. */
    *fd = open_key(storage, key, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
    if (*fd < 0)
        return false;
    if (fstat(*fd, &status) == 0 && S_ISREG(status.st_mode))
        return true;
    close(*fd);
    *fd = -1;
    return ERR_REJECT(err, "not-a-file", STR_FMT " is not a regular file", STR_ARG(key));
}

static bool read_key(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    int fd;
    if (!open_fd(storage, key, &fd, err))
        return false;
    bool ok = true;
    for (ssize_t n = 1; ok && n != 0;) {
        if (!buf_reserve(out, READ_SIZE)) {
            ok = buf_ok(out, "the contents of an object", err);
            break;
        }
        n = read(fd, out->p + out->n, READ_SIZE);
        if (n > 0)
            out->n += (size_t)n;
        else if (n < 0 && errno != EINTR)
            ok = ERR_ERRNO(err, "cannot read " STR_FMT, STR_ARG(key));
        out->p[out->n] = '\0';
    }
    close(fd);
    return ok;
}

/* ---- writing ---- */

static bool write_key(struct storage *storage, struct str key, struct str content, struct err *err)
{
    bool ok = false;
    /* Somebody who cleans up may remove the empty folder we are about to write to: then again. */
    for (int i = 0; i < TRIES && !ok && (i == 0 || is_missing(err)); i++) {
        struct place place;
        ok = dir_enter(storage, key, true, &place, err) && fault_pass("rename", place.path, err) &&
             dir_write_over(place.folder, place.name, content, err);
        dir_leave(&place);
    }
    return ok;
}

/* link() is create-only too. Between it and the removal both names are there: a repeat finds one file under both. */
static bool link_over(struct place *from, struct place *to, struct err *err)
{
    char name[64];
    int fd = beneath_open(from->root, from->path, O_PATH, 0);
    if (fd < 0)
        return dir_errno(err, "cannot open", from->path);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    bool ok = linkat(AT_FDCWD, name, to->folder, to->name, AT_SYMLINK_FOLLOW) == 0;
    if (!ok)
        ERR_ERRNO(err, "cannot move %s to %s", from->path, to->path);
    close(fd);
    return ok && fs_sync_fd(to->folder, to->path, err) &&
           (unlinkat(from->folder, from->name, 0) == 0 || ERR_ERRNO(err, "cannot remove %s", from->path));
}

static bool rename_new(struct place *from, struct place *to, bool is_link, struct err *err)
{
    if (is_link)
        return link_over(from, to, err);
    if (renameat2(from->folder, from->name, to->folder, to->name, RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EINVAL)
        return link_over(from, to, err);
    if (errno == EXDEV) {
        ERR(err, ERR_CONFIG, "%s and %s lie on different file systems", from->path, to->path);
        return err_hint(err, "a lake must be one file system: mount the whole of it, not its folders");
    }
    return ERR_ERRNO(err, "cannot move %s to %s", from->path, to->path);
}

static bool same_file(struct place *from, struct place *to)
{
    struct stat a, b;
    int fd = beneath_open(from->root, from->path, O_PATH, 0);
    bool same = fd >= 0 && fstat(fd, &a) == 0 && fstatat(to->folder, to->name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
                a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    if (fd >= 0)
        close(fd);
    return same;
}

static bool move_places(struct place *from, struct place *to, bool *already, struct err *err)
{
    struct stat source, target;
    bool has_source = from->folder >= 0 && fstatat(from->folder, from->name, &source, AT_SYMLINK_NOFOLLOW) == 0;
    bool has_target = fstatat(to->folder, to->name, &target, AT_SYMLINK_NOFOLLOW) == 0;
    *already = has_target && !has_source;
    if (!has_source)
        return has_target || ERR(err, ERR_NOT_FOUND, "%s is not there to be moved to %s", from->path, to->path);
    if (has_target && !same_file(from, to))
        return ERR(err, ERR_EXISTS, "%s is there already: %s is not moved over it", to->path, from->path);
    bool ok = has_target ? unlinkat(from->folder, from->name, 0) == 0 || ERR_ERRNO(err, "cannot remove %s", from->path)
                         : rename_new(from, to, S_ISLNK(source.st_mode), err);
    return ok && fs_sync_fd(to->folder, to->path, err) && fs_sync_fd(from->folder, from->path, err);
}

static bool replace_places(struct place *from, struct place *to, bool *already, struct err *err)
{
    struct stat source, target;
    bool has_source = from->folder >= 0 && fstatat(from->folder, from->name, &source, AT_SYMLINK_NOFOLLOW) == 0;
    bool has_target = fstatat(to->folder, to->name, &target, AT_SYMLINK_NOFOLLOW) == 0;
    *already = has_target && !has_source;
    if (!has_source)
        return has_target || ERR(err, ERR_NOT_FOUND, "%s is not there to be moved to %s", from->path, to->path);
    if (renameat(from->folder, from->name, to->folder, to->name) != 0)
        return ERR_ERRNO(err, "cannot move %s to %s", from->path, to->path);
    return fs_sync_fd(to->folder, to->path, err) && fs_sync_fd(from->folder, from->path, err);
}

static bool move_once(
    struct storage *storage, struct str from, struct str to, bool over, bool *already, struct err *err)
{
    struct place source, target = {.root = -1, .folder = -1};
    bool ok = dir_enter(storage, from, false, &source, err) || is_missing(err);
    ok = ok && dir_enter(storage, to, true, &target, err) && fault_pass("rename", target.path, err) &&
         (over ? replace_places : move_places)(&source, &target, already, err);
    dir_leave(&source);
    dir_leave(&target);
    return ok;
}

static bool move_over(
    struct storage *storage, struct str from, struct str to, bool over, bool *already, struct err *err)
{
    bool ok = false;
    for (int i = 0; i < TRIES && !ok && (i == 0 || is_missing(err)); i++)
        ok = move_once(storage, from, to, over, already, err);
    return ok;
}

static bool move_key(
    struct storage *storage, struct str from, struct str to, const char *version, bool *already, struct err *err)
{
    (void)version; /* a rename shows in it */
    return move_over(storage, from, to, false, already, err);
}

/* What is built lies in the lake already. */
static bool seal(struct storage *storage, struct str staged, struct str to, struct buf *ticket, struct err *err)
{
    (void)storage, (void)staged, (void)to, (void)ticket, (void)err;
    return true;
}

static bool publish(struct storage *storage, struct str staged, struct str ticket, struct str to, bool over,
    bool *already, struct err *err)
{
    (void)ticket;
    return move_over(storage, staged, to, over, already, err);
}

static void add_path(struct storage *storage, struct str key, struct buf *out)
{
    buf_add_str(out, storage->root);
    buf_add_byte(out, '/');
    buf_add_str(out, key);
}

static bool local_path(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    bool ok = false;
    for (int i = 0; i < TRIES && !ok && (i == 0 || is_missing(err)); i++) {
        struct place place;
        ok = dir_enter(storage, key, true, &place, err);
        dir_leave(&place);
    }
    add_path(storage, key, out);
    return ok && buf_ok(out, "a path in the lake", err);
}

static bool fetch(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    add_path(storage, key, out);
    return storage_key_ok(key, err) && buf_ok(out, "a path in the lake", err);
}

/* ---- removing ---- */

/* rmdir() refuses what is not empty: whoever put something there meanwhile keeps it. The first part stays. */
static void prune(struct place *place)
{
    for (char *slash; (slash = strrchr(place->path, '/')) != NULL;) {
        *slash = '\0';
        if (!strchr(place->path, '/') || unlinkat(place->root, place->path, AT_REMOVEDIR) != 0)
            return;
    }
}

static bool remove_file(struct place *place, struct err *err)
{
    if (!fault_pass("remove", place->path, err))
        return false;
    if (unlinkat(place->folder, place->name, 0) != 0 && errno != ENOENT)
        return ERR_ERRNO(err, "cannot remove %s", place->path);
    /* Else a machine that loses power may bring back what was withdrawn. */
    return fs_sync_fd(place->folder, place->path, err);
}

static bool remove_key(struct storage *storage, struct str key, struct err *err)
{
    struct place place;
    bool entered = dir_enter(storage, key, false, &place, err);
    bool ok = entered ? remove_file(&place, err) : is_missing(err);
    if (ok && entered)
        prune(&place);
    dir_leave(&place);
    return ok;
}

/* The folder behind the descriptor is reached by its path in /proc: the walk starts where dir_enter() arrived. */
static bool remove_below(struct place *place, struct err *err)
{
    struct stat status;
    char *path = NULL;
    if (fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || ERR_ERRNO(err, "cannot look at %s", place->path);
    if (asprintf(&path, "/proc/self/fd/%d/%s", place->folder, place->name) < 0)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = fs_remove_tree(path, err);
    free(path);
    return ok;
}

static bool remove_tree(struct storage *storage, struct str prefix, struct err *err)
{
    struct place place;
    if (str_ends(prefix, STR("/")))
        prefix.n--;
    bool entered = dir_enter(storage, prefix, false, &place, err);
    bool ok = entered ? remove_below(&place, err) : is_missing(err);
    if (ok && entered)
        prune(&place);
    dir_leave(&place);
    return ok;
}

const struct storage_driver storage_dir = {
    .scheme = "dir",
    .features = STORAGE_RENAME | STORAGE_FILES,
    .at_once = 1,
    .open = open_dir,
    .probe = dir_probe,
    .list = dir_list,
    .stat = stat_key,
    .open_fd = open_fd,
    .read = read_key,
    .write = write_key,
    .move = move_key,
    .remove = remove_key,
    .remove_tree = remove_tree,
    .local_path = local_path,
    .seal = seal,
    .publish = publish,
    .fetch = fetch,
};
