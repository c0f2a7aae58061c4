#include "worker/storage/dir_intern.h"

#include "worker/storage/beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A folder is read in passes of this many names, smallest first: a million files in it cost time, not memory. */
enum { PASS = 16384, DEPTH_MAX = 64, PATH_BYTES = 16 * 1024 };

struct listing {
    int root;
    struct buf key; /* of the folder being read, with its '/' */
    struct str name_prefix;
    bool (*each)(void *context, const struct storage_object *object);
    void *context;
    struct err *err;
    unsigned depth;
    bool stopped;
};

/* Names of folders end in '/', so that comparing names is comparing keys. */
struct names {
    char **list;
    size_t count;
    bool full; /* the first PASS are sorted, and what is larger does not belong to this pass */
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void cut(struct names *names, size_t keep)
{
    qsort(names->list, names->count, sizeof *names->list, compare);
    while (names->count > keep)
        free(names->list[--names->count]);
    names->full = names->count == PASS;
}

static bool is_folder(int folder, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static bool keep(struct names *names, const char *name, bool folder, const char *after, struct err *err)
{
    char *copy;
    if (asprintf(&copy, folder ? "%s/" : "%s", name) < 0)
        return ERR(err, ERR_MEMORY, "no memory to list a folder");
    if ((after && strcmp(copy, after) <= 0) || (names->full && strcmp(copy, names->list[PASS - 1]) > 0))
        free(copy);
    else
        names->list[names->count++] = copy;
    if (names->count == 2 * PASS)
        cut(names, PASS);
    return true;
}

/* The smallest names behind after. *more: there may be others behind these. */
static bool read_pass(struct listing *listing, int folder, const char *after, struct names *names, bool *more)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    if (!dir) {
        if (again >= 0)
            close(again);
        return ERR_ERRNO(listing->err, "cannot list %s", listing->key.p);
    }
    bool ok = true;
    names->full = false;
    const struct dirent *entry;
    for (errno = 0; ok && (entry = readdir(dir)); errno = 0) {
        struct str name = str_of(entry->d_name);
        if (storage_is_hidden(name) || (listing->depth == 0 && !str_starts(name, listing->name_prefix)))
            continue;
        ok = keep(names, entry->d_name, is_folder(folder, entry), after, listing->err);
    }
    if (ok && errno)
        ok = ERR_ERRNO(listing->err, "cannot list %s", listing->key.p);
    closedir(dir);
    *more = names->count >= PASS;
    cut(names, PASS);
    return ok;
}

static void give_file(struct listing *listing)
{
    struct storage_object object;
    struct stat status;
    /* Through its whole key: a link is judged by where it leads. */
    int fd = beneath_open(listing->root, listing->key.p, O_PATH, 0);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        dir_describe(&status, buf_str(&listing->key), &object);
        listing->stopped = !listing->each(listing->context, &object);
    }
    close(fd);
}

static bool list_folder(struct listing *listing);

static bool list_name(struct listing *listing, const char *name)
{
    size_t length = listing->key.n;
    bool ok = true;
    buf_add_cstr(&listing->key, name);
    if (!buf_ok(&listing->key, "a name in the lake", listing->err))
        return false;
    if (!str_ends(str_of(name), STR("/")))
        give_file(listing);
    else {
        listing->depth++;
        ok = listing->depth < DEPTH_MAX ? list_folder(listing)
                                        : ERR(listing->err, ERR_CONFIG, "%s lies too deep", listing->key.p);
        listing->depth--;
    }
    listing->key.n = length;
    listing->key.p[length] = '\0';
    return ok;
}

static bool list_passes(struct listing *listing, int folder, struct names *names)
{
    char *after = NULL;
    bool more = true, ok = true;
    while (ok && more && !listing->stopped) {
        ok = read_pass(listing, folder, after, names, &more);
        for (size_t i = 0; ok && i < names->count && !listing->stopped; i++)
            ok = list_name(listing, names->list[i]);
        free(after);
        after = names->count ? names->list[--names->count] : NULL;
        while (names->count)
            free(names->list[--names->count]);
    }
    free(after);
    return ok;
}

static bool list_folder(struct listing *listing)
{
    /* A link to a folder is never taken for one: what lies there is listed where it lies. */
    int folder =
        beneath_open(listing->root, listing->key.n ? listing->key.p : "", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (folder < 0 && errno == ENOENT)
        return true;
    if (folder < 0)
        return dir_errno(listing->err, "cannot list", listing->key.p);
    struct names names = {.list = malloc(2 * PASS * sizeof(char *))};
    bool ok = names.list ? list_passes(listing, folder, &names) : ERR(listing->err, ERR_MEMORY, "no memory to list");
    free(names.list);
    close(folder);
    return ok;
}

bool dir_list(struct storage *storage, struct str prefix,
    bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err)
{
    size_t n = prefix.n;
    while (n && prefix.p[n - 1] != '/')
        n--;
    struct listing listing = {
        .each = each, .context = context, .err = err, .name_prefix = {prefix.p + n, prefix.n - n}};
    if ((n && !storage_key_ok((struct str){prefix.p, n - 1}, err)) || !dir_root(storage, &listing.root, err))
        return false;
    buf_init(&listing.key, PATH_BYTES);
    buf_add(&listing.key, prefix.p, n);
    bool ok = buf_ok(&listing.key, "a name in the lake", err) && list_folder(&listing);
    buf_dispose(&listing.key);
    close(listing.root);
    return ok;
}
