/* What the files of the directory driver share. Names are NUL-terminated and relative to the lake's root. */
#ifndef WORKER_STORAGE_DIR_INTERN_H
#define WORKER_STORAGE_DIR_INTERN_H

#include "worker/storage/storage.h"

#include <sys/stat.h>

/* The root, opened for *at(). ERR_UNAVAILABLE when the lake that was probed is no longer there. */
bool dir_root(struct storage *storage, int *root, struct err *err) MUST_CHECK;
bool dir_probe(struct storage *storage, struct err *err) MUST_CHECK;
bool dir_list(struct storage *storage, struct str prefix,
    bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err) MUST_CHECK;
void dir_describe(const struct stat *status, struct str key, struct storage_object *object);
/* Create-only, into place from a temporary name of the same folder, and synced. ERR_EXISTS when it is there. */
bool dir_write_new(int folder, const char *name, struct str content, struct err *err) MUST_CHECK;
/* Replaces. */
bool dir_write_over(int folder, const char *name, struct str content, struct err *err) MUST_CHECK;

/* A key checked and split: its folder opened, its name in that folder. */
struct place {
    int root, folder;
    char *path;       /* the key with a NUL */
    const char *name; /* in path */
};
/* create: makes the folders that miss, synced. place must be left with dir_leave() whatever comes out. */
bool dir_enter(struct storage *storage, struct str key, bool create, struct place *place, struct err *err) MUST_CHECK;
void dir_leave(struct place *place);
/* errno as an error: a way out of the lake is ERR_FILE "unsafe-name". */
bool dir_errno(struct err *err, const char *what, const char *path);

#endif
