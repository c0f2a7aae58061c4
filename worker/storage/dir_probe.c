#include "worker/storage/dir_intern.h"

#include "shared/fs.h"
#include "shared/ulid.h"
#include "worker/storage/beneath.h"
#include "worker/storage/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool write_synced(int fd, const char *name, struct str content, struct err *err)
{
    bool ok = fs_write_all(fd, content.p, content.n, name, err) && fs_sync_fd(fd, name, err);
    if (close(fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", name);
    return ok;
}

static bool write_temporary(int folder, char temporary[64], const char *name, struct str content, struct err *err)
{
    char id[ULID_SIZE];
    ulid_new(id);
    snprintf(temporary, 64, ".%s.tmp", id);
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot create %s", name);
    return write_synced(fd, name, content, err);
}

/* A file without a name leaves nothing behind when the process dies. *done false: it cannot be had here, or the name is
 * taken. */
static bool put_unnamed(int folder, const char *name, struct str content, bool *done, struct err *err)
{
    char self[64];
    int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    *done = false;
    if (fd < 0)
        return true;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    bool ok = fs_write_all(fd, content.p, content.n, name, err) && fs_sync_fd(fd, name, err);
    *done = ok && linkat(AT_FDCWD, self, folder, name, AT_SYMLINK_FOLLOW) == 0;
    if (close(fd) != 0 && ok && *done)
        ok = ERR_ERRNO(err, "cannot close %s", name);
    return ok && (!*done || fs_sync_fd(folder, name, err));
}

static bool put(int folder, const char *name, struct str content, unsigned flags, struct err *err)
{
    char temporary[64];
    bool done;
    if (!put_unnamed(folder, name, content, &done, err))
        return false;
    if (done)
        return true;
    bool ok = write_temporary(folder, temporary, name, content, err);
    if (ok && renameat2(folder, temporary, folder, name, flags) != 0)
        ok = ERR_ERRNO(err, "cannot put %s in its place", name);
    if (!ok)
        unlinkat(folder, temporary, 0);
    return ok && fs_sync_fd(folder, name, err);
}

bool dir_write_new(int folder, const char *name, struct str content, struct err *err)
{
    return put(folder, name, content, RENAME_NOREPLACE, err);
}

bool dir_write_over(int folder, const char *name, struct str content, struct err *err)
{
    return put(folder, name, content, 0, err);
}

/* *id empty: there is no marker. */
static bool read_marker(int root, char id[ULID_SIZE], struct err *err)
{
    char text[MARKER_MAX];
    id[0] = '\0';
    int fd = beneath_open(root, ".sluice/lake.json", O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT || dir_errno(err, "cannot read", ".sluice/lake.json");
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    return marker_read((struct str){text, n > 0 ? (size_t)n : 0}, id, err);
}

static bool write_marker(int folder, struct err *err)
{
    char text[128];
    marker_make(text);
    /* Somebody else's first use may have come first: then theirs is the one. */
    return dir_write_new(folder, "lake.json", str_of(text), err) || err->kind == ERR_EXISTS;
}

static bool check_marker(struct storage *storage, int root, int folder, struct err *err)
{
    char id[ULID_SIZE];
    if (!read_marker(root, id, err))
        return false;
    if (!id[0] && (!write_marker(folder, err) || !read_marker(root, id, err)))
        return false;
    return marker_accept(storage, id, err);
}

/* Permission bits and mount flags lie; a file that was written and synced does not. */
static bool try_writing(int folder, struct err *err)
{
    char temporary[64];
    bool ok = write_temporary(folder, temporary, "a probe file in .sluice", STR("probe\n"), err);
    if (unlinkat(folder, temporary, 0) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot remove the probe file in .sluice");
    return ok;
}

static bool probe_folder(struct storage *storage, int root, struct err *err)
{
    if (mkdirat(root, ".sluice", 0777) != 0 && errno != EEXIST)
        return ERR_ERRNO(err, "cannot create the folder .sluice");
    int folder = beneath_open(root, ".sluice", O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0)
        return dir_errno(err, "cannot open", ".sluice");
    bool ok = check_marker(storage, root, folder, err) && try_writing(folder, err);
    close(folder);
    return ok;
}

bool dir_probe(struct storage *storage, struct err *err)
{
    int root;
    if (!dir_root(storage, &root, err))
        return false;
    bool ok = probe_folder(storage, root, err);
    close(root);
    if (ok)
        return true;
    if (err->kind != ERR_CORRUPT && err->kind != ERR_FILE)
        err->kind = ERR_UNAVAILABLE;
    return err_context(err, "the lake %s cannot be used", storage->root.p);
}
