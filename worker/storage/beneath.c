#include "worker/storage/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 100 };

static _Atomic int lacks_openat2;

static int open_last(int at, const char *name, int flags, mode_t mode)
{
    if (strcmp(name, "..") == 0) {
        errno = EXDEV;
        return -1;
    }
    return openat(at, *name ? name : ".", flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

int beneath_walk(int folder, const char *path, int flags, mode_t mode)
{
    char *copy = strdup(path), *name = copy;
    int at = folder;
    if (copy && *copy == '/') {
        free(copy);
        errno = EXDEV;
        return -1;
    }
    for (char *slash; at >= 0 && name && (slash = strchr(name, '/')); name = slash + 1) {
        *slash = '\0';
        int next = open_last(at, name, O_PATH | O_DIRECTORY, 0);
        if (at != folder)
            close(at);
        at = next;
    }
    int fd = name && at >= 0 ? open_last(at, name, flags, mode) : -1;
    int saved = errno;
    if (at >= 0 && at != folder)
        close(at);
    free(copy);
    errno = saved;
    return fd;
}

int beneath_open(int folder, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    if (atomic_load(&lacks_openat2))
        return beneath_walk(folder, path, flags, mode);
    /* EAGAIN: something was renamed meanwhile, and the kernel could not be sure. */
    for (int i = 0; i < TRIES; i++) {
        long fd = syscall(SYS_openat2, folder, *path ? path : ".", &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    if (errno != ENOSYS)
        return -1;
    atomic_store(&lacks_openat2, 1);
    return beneath_walk(folder, path, flags, mode);
}
