#include "worker/watch/notices.h"

#include "shared/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR };
enum { READ_BYTES = 64 * 1024, MAX_DEPTH = 64 };
#define NEVER INT64_MAX

struct folder {
    int watch;
    char *key; /* "raw/sales/", with the slash */
};

struct pending {
    char *key;
    int64_t due; /* NEVER: still open for writing, as far as we know */
};

struct notices {
    int fd;
    char *root;
    struct folder *folders;
    size_t folder_count, folder_capacity;
    struct pending *pending;
    size_t pending_count, pending_capacity;
};

struct notices *notices_new(const char *root, struct err *err)
{
    struct notices *n = calloc(1, sizeof *n);
    if (!n || !(n->root = strdup(root))) {
        free(n);
        ERR(err, ERR_MEMORY, "no memory to watch %s", root);
        return NULL;
    }
    n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (n->fd >= 0)
        return n;
    ERR_ERRNO(err, "cannot watch %s", root);
    notices_free(n);
    return NULL;
}

void notices_free(struct notices *n)
{
    if (!n)
        return;
    if (n->fd >= 0)
        close(n->fd);
    for (size_t i = 0; i < n->folder_count; i++)
        free(n->folders[i].key);
    for (size_t i = 0; i < n->pending_count; i++)
        free(n->pending[i].key);
    free(n->folders);
    free(n->pending);
    free(n->root);
    free(n);
}

int notices_fd(const struct notices *n)
{
    return n->fd;
}

/* Room for one more in a malloc'd array. */
static bool grow(void **list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity ? *capacity * 2 : 16;
    void *p = realloc(*list, larger * size);
    if (!p)
        return false;
    *list = p;
    *capacity = larger;
    return true;
}

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to watch the landing zone");
}

static bool set_due(struct notices *n, const char *key, int64_t due, struct err *err)
{
    for (size_t i = 0; i < n->pending_count; i++)
        if (strcmp(n->pending[i].key, key) == 0) {
            n->pending[i].due = due;
            return true;
        }
    void *list = n->pending;
    char *copy = strdup(key);
    if (!copy || !grow(&list, n->pending_count, &n->pending_capacity, sizeof *n->pending)) {
        free(copy);
        return no_memory(err);
    }
    n->pending = list;
    n->pending[n->pending_count++] = (struct pending){copy, due};
    return true;
}

static void drop(struct notices *n, size_t i)
{
    free(n->pending[i].key);
    n->pending[i] = n->pending[--n->pending_count];
}

static void forget(struct notices *n, const char *key)
{
    for (size_t i = 0; i < n->pending_count; i++)
        if (strcmp(n->pending[i].key, key) == 0) {
            drop(n, i);
            return;
        }
}

/* ---- folders ---- */

static bool add_folder(struct notices *n, const char *key, struct err *err)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", n->root, key) >= sizeof path)
        return true;
    int watch = inotify_add_watch(n->fd, path, EVENTS);
    if (watch < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return true;
    if (watch < 0) {
        ERR_ERRNO(err, "cannot watch %s", path);
        return err_hint(err, errno == ENOSPC ? "Raise fs.inotify.max_user_watches." : "The sweep finds its files.");
    }
    for (size_t i = 0; i < n->folder_count; i++)
        if (n->folders[i].watch == watch) {
            char *renamed = strdup(key);
            if (!renamed)
                return no_memory(err);
            free(n->folders[i].key);
            n->folders[i].key = renamed;
            return true;
        }
    void *list = n->folders;
    char *copy = strdup(key);
    if (!copy || !grow(&list, n->folder_count, &n->folder_capacity, sizeof *n->folders)) {
        free(copy);
        return no_memory(err);
    }
    n->folders = list;
    n->folders[n->folder_count++] = (struct folder){watch, copy};
    return true;
}

static bool is_hidden(const char *name)
{
    return name[0] == '.';
}

/* The folder and all below it. fresh: it appeared under our eyes, so files in it may have come before the watch did. */
static bool add_tree(struct notices *n, const char *key, int64_t fresh_due, int depth, struct err *err)
{
    char path[PATH_MAX], child[PATH_MAX];
    if (!add_folder(n, key, err))
        return false;
    snprintf(path, sizeof path, "%s/%s", n->root, key);
    DIR *dir = depth < MAX_DEPTH ? opendir(path) : NULL;
    const struct dirent *entry;
    bool ok = true;
    while (dir && ok && (entry = readdir(dir))) {
        struct stat status;
        if (is_hidden(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        bool folder = S_ISDIR(status.st_mode);
        if ((size_t)snprintf(child, sizeof child, "%s%s%s", key, entry->d_name, folder ? "/" : "") >= sizeof child)
            continue;
        if (folder)
            ok = add_tree(n, child, fresh_due, depth + 1, err);
        else if (fresh_due != NEVER)
            ok = set_due(n, child, fresh_due, err);
    }
    if (dir)
        closedir(dir);
    return ok;
}

bool notices_refresh(struct notices *n, struct str prefix, struct err *err)
{
    char key[PATH_MAX];
    snprintf(key, sizeof key, STR_FMT, STR_ARG(prefix));
    return add_tree(n, key, NEVER, 0, err);
}

/* ---- events ---- */

static const char *folder_key(const struct notices *n, int watch)
{
    for (size_t i = 0; i < n->folder_count; i++)
        if (n->folders[i].watch == watch)
            return n->folders[i].key;
    return NULL;
}

static void folder_gone(struct notices *n, int watch)
{
    for (size_t i = 0; i < n->folder_count; i++)
        if (n->folders[i].watch == watch) {
            free(n->folders[i].key);
            n->folders[i] = n->folders[--n->folder_count];
            return;
        }
}

static bool take_event(
    struct notices *n, const struct inotify_event *event, int64_t now, int64_t quiet_us, struct err *err)
{
    char key[PATH_MAX];
    const char *folder = folder_key(n, event->wd);
    if (event->mask & IN_IGNORED) {
        folder_gone(n, event->wd);
        return true;
    }
    if (!folder || !event->len || is_hidden(event->name))
        return true;
    bool is_folder = event->mask & IN_ISDIR;
    if ((size_t)snprintf(key, sizeof key, "%s%s%s", folder, event->name, is_folder ? "/" : "") >= sizeof key)
        return true;
    if (is_folder)
        return !(event->mask & (IN_CREATE | IN_MOVED_TO)) || add_tree(n, key, now + quiet_us, 0, err);
    if (event->mask & IN_MOVED_TO)
        return set_due(n, key, now, err);
    if (event->mask & IN_CLOSE_WRITE)
        return set_due(n, key, now + quiet_us, err);
    if (event->mask & (IN_CREATE | IN_MODIFY))
        return set_due(n, key, NEVER, err);
    forget(n, key);
    return true;
}

bool notices_read(struct notices *n, int64_t now, int64_t quiet_us, bool *overflow, struct err *err)
{
    _Alignas(struct inotify_event) char events[READ_BYTES];
    *overflow = false;
    for (;;) {
        ssize_t got = read(n->fd, events, sizeof events);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got < 0)
            return ERR_ERRNO(err, "cannot read notices");
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);
            *overflow |= (event->mask & IN_Q_OVERFLOW) != 0;
            if (!take_event(n, event, now, quiet_us, err))
                return false;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

void notices_due(struct notices *n, int64_t now, void (*each)(void *context, struct str key), void *context)
{
    for (size_t i = 0; i < n->pending_count;) {
        if (n->pending[i].due > now) {
            i++;
            continue;
        }
        each(context, str_of(n->pending[i].key));
        drop(n, i);
    }
}

int64_t notices_next(const struct notices *n)
{
    int64_t next = NEVER;
    for (size_t i = 0; i < n->pending_count; i++)
        next = n->pending[i].due < next ? n->pending[i].due : next;
    return next;
}
