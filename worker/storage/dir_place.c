#include "worker/storage/dir_intern.h"

#include "shared/fs.h"
#include "worker/storage/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

bool dir_errno(struct err *err, const char *what, const char *path)
{
    if (errno == EXDEV || errno == ELOOP)
        return ERR_REJECT(err, "unsafe-name", "%s %s: a link on the way leads out of the lake", what, path);
    return ERR_ERRNO(err, "%s %s", what, path);
}

static bool is_marked(int root)
{
    return faccessat(root, ".sluice/lake.json", F_OK, 0) == 0;
}

bool dir_root(struct storage *storage, int *root, struct err *err)
{
    *root = open(storage->root.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*root < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        ERR(err, ERR_UNAVAILABLE, "the lake %s is not there", storage->root.p);
        return err_hint(err, "if it is a mount, mount it; if it is new, create the folder");
    }
    if (*root < 0) {
        ERR_ERRNO(err, "cannot open the lake %s", storage->root.p);
        err->kind = ERR_UNAVAILABLE;
        return false;
    }
    if (!storage->lake_id[0] || is_marked(*root))
        return true;
    close(*root);
    *root = -1;
    ERR(err, ERR_UNAVAILABLE, "the lake %s has vanished: its .sluice/lake.json is gone", storage->root.p);
    return err_hint(err, "if it is a mount, mount it again; work resumes by itself");
}

/* mkdir -p below the root; each step is opened from the root, so that links on the way are judged. */
static int make_folders(int root, char *path, struct err *err)
{
    int at = beneath_open(root, "", O_RDONLY | O_DIRECTORY, 0);
    for (char *slash = path; at >= 0 && slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        int next = beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
        if (next < 0 && errno == ENOENT && (mkdirat(at, name, 0777) == 0 || errno == EEXIST)) {
            if (!fs_sync_fd(at, path, err)) {
                close(at);
                return -1;
            }
            next = beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
        }
        if (next < 0)
            dir_errno(err, "cannot create folder", path);
        if (slash)
            *slash = '/';
        close(at);
        at = next;
    }
    return at;
}

static int open_folder(int root, char *path, bool create, struct err *err)
{
    int folder = beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    if (folder >= 0)
        return folder;
    if (errno == ENOENT && create)
        return make_folders(root, path, err);
    dir_errno(err, "cannot open folder", path);
    return -1;
}

bool dir_enter(struct storage *storage, struct str key, bool create, struct place *place, struct err *err)
{
    *place = (struct place){.root = -1, .folder = -1};
    if (!storage_key_ok(key, err) || !dir_root(storage, &place->root, err))
        return false;
    place->path = strndup(key.p, key.n);
    if (!place->path)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    char *slash = strrchr(place->path, '/');
    place->name = slash ? slash + 1 : place->path;
    if (!slash)
        place->folder = beneath_open(place->root, "", O_RDONLY | O_DIRECTORY, 0);
    else {
        *slash = '\0';
        place->folder = open_folder(place->root, place->path, create, err);
        *slash = '/';
        return place->folder >= 0;
    }
    return place->folder >= 0 || dir_errno(err, "cannot open folder of", place->path);
}

void dir_leave(struct place *place)
{
    if (place->folder >= 0)
        close(place->folder);
    if (place->root >= 0)
        close(place->root);
    free(place->path);
}
