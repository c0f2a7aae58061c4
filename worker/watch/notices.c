#include "worker/watch/notices.h"

#include "shared/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR };
/* More keys than MAX_PENDING are left to a sweep. */
enum { READ_BYTES = 64 * 1024, MAX_PATH = 64 * 1024, MAX_DEPTH = 64, MAX_PENDING = 4096 };
#define NEVER INT64_MAX

struct folder {
    int watch;
    char *key; /* "raw/sales/", with the slash */
};

struct pending {
    char *key;
    int64_t due; /* NEVER: still open for writing, as far as we know */
    bool renamed;
};

struct notices {
    int fd;
    char *root;
    char *events;
    struct buf path;
    struct folder *folders; /* by watch, ascending */
    size_t folder_count, folder_capacity;
    struct pending *pending;
    size_t pending_count, pending_capacity;
    size_t unwatched;
    bool overflow;
};

struct notices *notices_new(const char *root, struct err *err)
{
    struct notices *n = calloc(1, sizeof *n);
    if (n) {
        n->root = strdup(root ? root : "");
        n->events = malloc(READ_BYTES);
        n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        buf_init(&n->path, MAX_PATH);
    }
    if (n && n->root && n->events)
        return n;
    ERR(err, ERR_MEMORY, "no memory to watch");
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
    buf_dispose(&n->path);
    free(n->folders);
    free(n->pending);
    free(n->events);
    free(n->root);
    free(n);
}

int notices_fd(const struct notices *n)
{
    return n->fd;
}

size_t notices_unwatched(struct notices *n)
{
    size_t count = n->unwatched;
    n->unwatched = 0;
    return count;
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

/* ---- keys that wait for their time ---- */

static struct pending *find(const struct notices *n, struct str key)
{
    for (size_t i = 0; i < n->pending_count; i++)
        if (str_eq(str_of(n->pending[i].key), key))
            return &n->pending[i];
    return NULL;
}

static void drop(struct notices *n, struct pending *pending)
{
    free(pending->key);
    *pending = n->pending[--n->pending_count];
}

static void drop_all(struct notices *n)
{
    while (n->pending_count)
        drop(n, &n->pending[n->pending_count - 1]);
}

static bool add_pending(struct notices *n, struct str key, int64_t due, bool renamed, struct err *err)
{
    if (n->pending_count >= MAX_PENDING) {
        n->overflow = true;
        return true;
    }
    void *list = n->pending;
    char *copy = strndup(key.p, key.n);
    if (!copy || !grow(&list, n->pending_count, &n->pending_capacity, sizeof *n->pending)) {
        free(copy);
        return no_memory(err);
    }
    n->pending = list;
    n->pending[n->pending_count++] = (struct pending){copy, due, renamed};
    return true;
}

static bool set_due(struct notices *n, struct str key, int64_t due, bool renamed, struct err *err)
{
    struct pending *pending = find(n, key);
    if (!pending)
        return add_pending(n, key, due, renamed, err);
    pending->due = due;
    pending->renamed = renamed;
    return true;
}

bool notices_put(struct notices *n, struct str key, int64_t due, struct err *err)
{
    return find(n, key) || add_pending(n, key, due, false, err);
}

void notices_forget(struct notices *n, struct str key)
{
    struct pending *pending = find(n, key);
    if (pending)
        drop(n, pending);
}

bool notices_is_open(const struct notices *n, struct str key)
{
    const struct pending *pending = find(n, key);
    return pending && pending->due == NEVER;
}

void notices_due(struct notices *n, int64_t now, notices_each *each, void *context)
{
    for (size_t i = 0; i < n->pending_count;) {
        struct pending *pending = &n->pending[i];
        int64_t again = pending->due > now ? pending->due : each(context, str_of(pending->key), pending->renamed);
        pending->due = again;
        if (again)
            i++;
        else
            drop(n, pending);
    }
}

int64_t notices_next(const struct notices *n)
{
    int64_t next = NEVER;
    for (size_t i = 0; i < n->pending_count; i++)
        next = n->pending[i].due < next ? n->pending[i].due : next;
    return next;
}

/* ---- folders ---- */

/* root/key, in n->path until the next call; NULL when out of memory. */
static const char *path_of(struct notices *n, const char *key)
{
    buf_reset(&n->path);
    buf_add_cstr(&n->path, n->root);
    buf_add_byte(&n->path, '/');
    buf_add_cstr(&n->path, key);
    return n->path.failed ? NULL : n->path.p;
}

static size_t folder_place(const struct notices *n, int watch)
{
    size_t low = 0, high = n->folder_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (n->folders[middle].watch < watch)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct folder *find_folder(const struct notices *n, int watch)
{
    size_t at = folder_place(n, watch);
    return at < n->folder_count && n->folders[at].watch == watch ? &n->folders[at] : NULL;
}

static void remove_folder(struct notices *n, struct folder *folder)
{
    free(folder->key);
    size_t at = (size_t)(folder - n->folders);
    memmove(folder, folder + 1, (--n->folder_count - at) * sizeof *folder);
}

/* A folder that was renamed keeps its watch and gets its new key. */
static bool keep_folder(struct notices *n, int watch, const char *key, struct err *err)
{
    struct folder *known = find_folder(n, watch);
    void *list = n->folders;
    char *copy = strdup(key);
    if (!copy || !grow(&list, n->folder_count, &n->folder_capacity, sizeof *n->folders)) {
        free(copy);
        return no_memory(err);
    }
    n->folders = list;
    if (known) {
        free(known->key);
        known->key = copy;
        return true;
    }
    struct folder *at = n->folders + folder_place(n, watch);
    memmove(at + 1, at, (size_t)(n->folders + n->folder_count++ - at) * sizeof *at);
    *at = (struct folder){watch, copy};
    return true;
}

static bool add_folder(struct notices *n, const char *key, struct err *err)
{
    const char *path = path_of(n, key);
    if (!path)
        return no_memory(err);
    int watch = n->fd >= 0 ? inotify_add_watch(n->fd, path, EVENTS) : -1;
    if (watch >= 0)
        return keep_folder(n, watch, key, err);
    /* What is gone needs no watch; everything else is the sweep's. */
    n->unwatched += n->fd < 0 || (errno != ENOENT && errno != ENOTDIR);
    return true;
}

/* A producer's names for what is not finished. */
static bool is_hidden(const char *name)
{
    return name[0] == '.' || str_ends(str_of(name), STR(".tmp")) || str_ends(str_of(name), STR(".part"));
}

static bool add_tree(struct notices *n, struct buf *key, int64_t fresh_due, int depth, struct err *err);

static bool add_entry(
    struct notices *n, int folder, const char *name, struct buf *key, int64_t fresh_due, int depth, struct err *err)
{
    struct stat status;
    size_t length = key->n;
    bool ok = true;
    if (is_hidden(name) || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    buf_add_cstr(key, name);
    if (S_ISDIR(status.st_mode)) {
        buf_add_byte(key, '/');
        ok = add_tree(n, key, fresh_due, depth + 1, err);
    } else if (fresh_due != NEVER)
        ok = notices_put(n, buf_str(key), fresh_due, err);
    key->n = length;
    key->p[length] = '\0';
    return ok;
}

/* The folder and all below it. Unless fresh_due is NEVER it appeared under our eyes: files may have come into it before
 * the watch did. */
static bool add_tree(struct notices *n, struct buf *key, int64_t fresh_due, int depth, struct err *err)
{
    const char *path;
    if (!buf_ok(key, "a folder's name", err) || !add_folder(n, key->p, err))
        return false;
    if (depth >= MAX_DEPTH)
        return true;
    if (!(path = path_of(n, key->p)))
        return no_memory(err);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool ok = true;
    while (dir && ok && (entry = readdir(dir)))
        ok = add_entry(n, dirfd(dir), entry->d_name, key, fresh_due, depth, err);
    if (dir)
        closedir(dir);
    return ok;
}

static bool watch_tree(struct notices *n, struct str key, int64_t fresh_due, struct err *err)
{
    struct buf own;
    buf_init(&own, MAX_PATH);
    buf_add_str(&own, key);
    bool ok = add_tree(n, &own, fresh_due, 0, err);
    buf_dispose(&own);
    return ok;
}

bool notices_refresh(struct notices *n, struct str prefix, struct err *err)
{
    return !*n->root || watch_tree(n, prefix, NEVER, err);
}

/* It was moved away or removed, with all below: nothing there is ours any more. */
static void forget_tree(struct notices *n, struct str key)
{
    for (size_t i = 0; i < n->folder_count;)
        if (str_starts(str_of(n->folders[i].key), key)) {
            inotify_rm_watch(n->fd, n->folders[i].watch);
            remove_folder(n, &n->folders[i]);
        } else
            i++;
    for (size_t i = 0; i < n->pending_count;)
        if (str_starts(str_of(n->pending[i].key), key))
            drop(n, &n->pending[i]);
        else
            i++;
}

/* ---- events ---- */

static bool take_file(struct notices *n, unsigned mask, struct str key, int64_t now, int64_t quiet_us, struct err *err)
{
    if (mask & IN_MOVED_TO)
        return set_due(n, key, now, true, err);
    if (mask & (IN_CLOSE_WRITE | IN_CREATE)) /* a hard link is created and never closed */
        return set_due(n, key, now + quiet_us, false, err);
    if (mask & IN_MODIFY)
        return set_due(n, key, NEVER, false, err);
    notices_forget(n, key);
    return true;
}

static bool take_event(
    struct notices *n, const struct inotify_event *event, int64_t now, int64_t quiet_us, struct err *err)
{
    struct folder *folder = find_folder(n, event->wd);
    n->overflow |= (event->mask & IN_Q_OVERFLOW) != 0;
    if (folder && event->mask & IN_IGNORED)
        remove_folder(n, folder);
    else if (folder && event->len && !is_hidden(event->name)) {
        struct buf key;
        bool is_folder = event->mask & IN_ISDIR, ok = true;
        buf_init(&key, MAX_PATH);
        buf_printf(&key, "%s%s%s", folder->key, event->name, is_folder ? "/" : "");
        if (key.failed)
            ok = no_memory(err);
        else if (!is_folder)
            ok = take_file(n, event->mask, buf_str(&key), now, quiet_us, err);
        else if (event->mask & (IN_CREATE | IN_MOVED_TO))
            ok = watch_tree(n, buf_str(&key), now + quiet_us, err);
        else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
            forget_tree(n, buf_str(&key));
        buf_dispose(&key);
        return ok;
    }
    return true;
}

static bool take_events(struct notices *n, ssize_t got, int64_t now, int64_t quiet_us, struct err *err)
{
    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const struct inotify_event *)(const void *)(n->events + at);
        if (!take_event(n, event, now, quiet_us, err))
            return false;
        at += (ssize_t)(sizeof *event + event->len);
    }
    return true;
}

bool notices_read(struct notices *n, int64_t now, int64_t quiet_us, bool *overflow, struct err *err)
{
    bool ok = true;
    for (bool more = n->fd >= 0; ok && more;) {
        ssize_t got = read(n->fd, n->events, READ_BYTES);
        more = got > 0 || (got < 0 && errno == EINTR);
        if (got > 0)
            ok = take_events(n, got, now, quiet_us, err);
        else if (got < 0 && errno != EINTR && errno != EAGAIN)
            ok = ERR_ERRNO(err, "cannot read notices");
    }
    *overflow = n->overflow;
    n->overflow = false;
    if (*overflow)
        drop_all(n);
    return ok;
}
