#include "worker/config/stamp.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

static uint64_t mark_of(const char *name, const struct stat *status)
{
    const uint64_t facts[] = {XXH3_64bits(name, strlen(name)), (uint64_t)status->st_ino, (uint64_t)status->st_size,
        (uint64_t)status->st_mtim.tv_sec, (uint64_t)status->st_mtim.tv_nsec};
    return XXH3_64bits(facts, sizeof facts);
}

/* A sum: the order in which a folder gives its names means nothing. */
uint64_t stamp_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    uint64_t sum = S_ISDIR(status.st_mode) ? 1 : mark_of("", &status);
    DIR *dir = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &status, 0) == 0)
            sum += mark_of(entry->d_name, &status);
    if (dir)
        closedir(dir);
    return sum;
}
