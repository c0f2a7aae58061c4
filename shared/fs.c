#include "shared/fs.h"

#include "shared/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

bool fs_read(const char *path, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot open %s", path);
    bool ok = true;
    char chunk[16 * 1024];
    while (ok) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read %s", path);
        if (n <= 0)
            break;
        buf_add(out, chunk, (size_t)n);
        ok = buf_ok(out, path, err);
    }
    close(fd);
    return ok;
}

bool fs_write_all(int fd, const void *p, size_t n, const char *name, struct err *err)
{
    const char *at = p;
    if (!fault_pass("write", name, err))
        return false;
    while (n) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ERR_ERRNO(err, "cannot write %s", name);
        at += written;
        n -= (size_t)written;
    }
    return true;
}

/* n bytes fewer to write; the first part left. */
static struct iovec *skip(struct iovec *parts, int *count, size_t n)
{
    while (*count && n >= parts->iov_len) {
        n -= parts->iov_len;
        parts++;
        --*count;
    }
    if (n) {
        parts->iov_base = (char *)parts->iov_base + n;
        parts->iov_len -= n;
    }
    return parts;
}

bool fs_write_parts(int fd, struct iovec *parts, int n, const char *name, struct err *err)
{
    if (!fault_pass("write", name, err))
        return false;
    while (n) {
        ssize_t written = writev(fd, parts, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ERR_ERRNO(err, "cannot write %s", name);
        parts = skip(parts, &n, (size_t)written);
    }
    return true;
}

void fs_begin_sync(int fd, uint64_t offset)
{
    (void)sync_file_range(fd, (off_t)offset, 0, SYNC_FILE_RANGE_WRITE);
}

bool fs_sync_fd(int fd, const char *name, struct err *err)
{
    if (!fault_pass("sync", name, err))
        return false;
    if (fsync(fd) != 0)
        return ERR_ERRNO(err, "cannot sync %s", name);
    return true;
}

bool fs_sync_dir(const char *path, struct err *err)
{
    int fd = open(*path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot open folder %s", path);
    bool ok = fs_sync_fd(fd, path, err);
    close(fd);
    return ok;
}

/* The parent of path, in a malloc'd string: "." for a bare name. NULL when memory is out. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static bool sync_parent(const char *path, struct err *err)
{
    char *parent = parent_of(path);
    if (!parent)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = fs_sync_dir(parent, err);
    free(parent);
    return ok;
}

static bool write_temporary(const char *temporary, struct str content, bool durable, struct err *err)
{
    unlink(temporary); /* left by a process of the same number; O_EXCL follows nobody's link */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot create %s", temporary);
    bool ok = fs_write_all(fd, content.p, content.n, temporary, err) && (!durable || fs_sync_fd(fd, temporary, err));
    if (close(fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", temporary);
    return ok;
}

static bool replace(const char *path, struct str content, bool durable, struct err *err)
{
    static _Atomic unsigned long serial; /* threads may write the same path */
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.tmp.%ld.%lu", path, (long)getpid(), atomic_fetch_add(&serial, 1)) < 0)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = write_temporary(temporary, content, durable, err);
    ok = ok && fault_pass("rename", path, err);
    if (ok && rename(temporary, path) != 0)
        ok = ERR_ERRNO(err, "cannot rename %s to %s", temporary, path);
    if (!ok)
        unlink(temporary);
    free(temporary);
    return ok;
}

bool fs_write_atomic(const char *path, struct str content, struct err *err)
{
    return replace(path, content, true, err) && sync_parent(path, err);
}

bool fs_replace(const char *path, struct str content, struct err *err)
{
    return replace(path, content, false, err);
}

static bool check_folder(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    errno = ENOTDIR;
    return ERR_ERRNO(err, "cannot create folder %s", path);
}

bool fs_make_dirs(const char *path, struct err *err)
{
    if (mkdir(path, 0777) == 0)
        return sync_parent(path, err);
    if (errno == EEXIST)
        return check_folder(path, err);
    if (errno != ENOENT)
        return ERR_ERRNO(err, "cannot create folder %s", path);
    if (!fs_make_parent(path, err))
        return false;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return ERR_ERRNO(err, "cannot create folder %s", path);
    return sync_parent(path, err);
}

bool fs_make_parent(const char *path, struct err *err)
{
    char *parent = parent_of(path);
    if (!parent)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = strcmp(parent, path) == 0 || fs_make_dirs(parent, err);
    free(parent);
    return ok;
}

bool fs_rename_new(const char *from, const char *to, struct err *err)
{
    if (!fault_pass("rename", to, err))
        return false;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0)
        return ERR_ERRNO(err, "cannot rename %s to %s", from, to);
    return sync_parent(to, err) && sync_parent(from, err);
}

bool fs_exists(const char *path, bool *exists, struct err *err)
{
    struct stat status;
    *exists = lstat(path, &status) == 0;
    if (*exists || errno == ENOENT || errno == ENOTDIR)
        return true;
    return ERR_ERRNO(err, "cannot look at %s", path);
}

bool fs_remove(const char *path, struct err *err)
{
    if (!fault_pass("remove", path, err))
        return false;
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    return ERR_ERRNO(err, "cannot remove %s", path);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool fs_remove_tree(const char *path, struct err *err)
{
    bool exists;
    if (!fault_pass("remove", path, err) || !fs_exists(path, &exists, err))
        return false;
    while (exists && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        if (errno != ENOENT) /* else somebody else removes it too */
            return ERR_ERRNO(err, "cannot remove %s", path);
        if (!fs_exists(path, &exists, err))
            return false;
    }
    return true;
}

void fs_prune_empty(const char *path, const char *stop)
{
    char *at = strdup(path);
    size_t stop_length = strlen(stop);
    while (stop_length && stop[stop_length - 1] == '/')
        stop_length--;
    while (
        at && strncmp(at, stop, stop_length) == 0 && at[stop_length] == '/' && at[stop_length + 1] && rmdir(at) == 0) {
        char *parent = parent_of(at);
        free(at);
        at = parent;
    }
    free(at);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool fs_list(const char *path, struct arena *arena, char ***names, size_t *count, struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return ERR_ERRNO(err, "cannot list %s", path);
    size_t n = 0, capacity = 0;
    void *list = NULL;
    bool ok = true;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry) {
            if (errno)
                ok = ERR_ERRNO(err, "cannot list %s", path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *name = arena_cstr(arena, entry->d_name);
        if (!name || !arena_reserve(arena, &list, n, &capacity, sizeof(char *))) {
            ok = ERR(err, ERR_MEMORY, "too many entries in %s", path);
            break;
        }
        ((char **)list)[n++] = name;
    }
    closedir(dir);
    if (ok && n)
        qsort(list, n, sizeof(char *), compare_names);
    *names = list;
    *count = n;
    return ok;
}

bool fs_free_bytes(const char *path, uint64_t *bytes, struct err *err)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return ERR_ERRNO(err, "cannot ask for free space at %s", path);
    *bytes = (uint64_t)status.f_bavail * status.f_frsize;
    return true;
}
