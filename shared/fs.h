/*
 * Files and folders of the local machine. Paths are NUL-terminated. Every write that must last is synced, and so is
 * its folder. SLUICE_FAULT (see shared/fault.h) can make each of these fail or die, for the crash tests.
 */
#ifndef SHARED_FS_H
#define SHARED_FS_H

#include "shared/arena.h"
#include "shared/buf.h"
#include "shared/err.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* Whole file into out (appended), at most out->max. */
bool fs_read(const char *path, struct buf *out, struct err *err) MUST_CHECK;
/* Replaces path atomically and durably: temporary file beside it, fsync, rename, fsync of the folder. */
bool fs_write_atomic(const char *path, struct str content, struct err *err) MUST_CHECK;
/* Replaces path atomically: whoever reads finds it old or new, but a power cut may lose both. */
bool fs_replace(const char *path, struct str content, struct err *err) MUST_CHECK;
bool fs_write_all(int fd, const void *p, size_t n, const char *name, struct err *err) MUST_CHECK;
/* One part after the other; parts is used up. */
bool fs_write_parts(int fd, struct iovec *parts, int n, const char *name, struct err *err) MUST_CHECK;
/* mkdir -p; created folders are synced into their parents. */
bool fs_make_dirs(const char *path, struct err *err) MUST_CHECK;
/* mkdir -p of path's parent. */
bool fs_make_parent(const char *path, struct err *err) MUST_CHECK;
/* Create-only rename (RENAME_NOREPLACE); ERR_EXISTS when the target is there. Both folders are synced. */
bool fs_rename_new(const char *from, const char *to, struct err *err) MUST_CHECK;
/* A hint: what was written from offset on is soon to be synced, and may be on its way to the disk until then. */
void fs_begin_sync(int fd, uint64_t offset);
bool fs_sync_fd(int fd, const char *name, struct err *err) MUST_CHECK;
bool fs_sync_dir(const char *path, struct err *err) MUST_CHECK;
/* True with *exists set; false only for a fault other than "not there". */
bool fs_exists(const char *path, bool *exists, struct err *err) MUST_CHECK;
/* No error when it is not there. */
bool fs_remove(const char *path, struct err *err) MUST_CHECK;
/* rm -r, without following links. No error when it is not there. */
bool fs_remove_tree(const char *path, struct err *err) MUST_CHECK;
/* Removes path and its parents below stop while they are empty. */
void fs_prune_empty(const char *path, const char *stop);
/* One level; entry names sorted by bytes, without . and .. */
bool fs_list(const char *path, struct arena *arena, char ***names, size_t *count, struct err *err) MUST_CHECK;
/* Bytes free for us on the file system of path; false when it can't be asked. */
bool fs_free_bytes(const char *path, uint64_t *bytes, struct err *err) MUST_CHECK;

#endif
