/*
 * Where a lake lies: one struct of functions a driver. Keys are lake keys ("raw/sales/x.csv"), never absolute, never
 * with "." or ".." parts, backslashes kept as they are, UTF-8 without control characters; storage_key_ok() judges, and
 * every function but list() and remove_tree() refuses other keys. A driver states what it can by features. Drivers are
 * made in main's table and passed down; nothing below knows which exist. Thread-safe once probed.
 */
#ifndef WORKER_STORAGE_STORAGE_H
#define WORKER_STORAGE_STORAGE_H

#include "shared/arena.h"
#include "shared/buf.h"
#include "shared/hash.h"
#include "shared/ulid.h"
#include "worker/tasks/crew.h"

#include <stdint.h>

enum storage_feature {
    STORAGE_RENAME = 1, /* move() is atomic and keeps the time of change */
    STORAGE_FILES = 2,  /* keys are files below root: they can be watched, and somebody may still be writing to one */
};

struct storage_object {
    struct str key;
    uint64_t size;
    int64_t modified; /* microseconds */
    char version[64]; /* changes when the bytes may have: inode, size, mtime, ctime; S3: ETag */
};

struct storage {
    const struct storage_driver *driver;
    struct str url;   /* as given */
    struct str root;  /* directory: its absolute path; else the URL. With a NUL, as are the next two */
    struct str local; /* the folder on this machine for the journal and for what is built; made by probe() */
    struct str owned; /* whoever owns this path owns the lake: the directory, else local */
    void *state;      /* the driver's own */
    const struct storage_driver *const *drivers; /* it was chosen from */
    /* Of the marker .sluice/lake.json. Set before probe(): the one expected (the journal's meta "lake_id"). probe()
     * makes a marker where none is, and sets it; from then on a lake without it has vanished: ERR_UNAVAILABLE. */
    char lake_id[ULID_SIZE];
};

struct storage_arrival; /* a file on its way here */

struct storage_driver {
    const char *scheme; /* "dir", "s3" */
    unsigned features;
    unsigned at_once; /* calls that are worth having under way together: of a storage behind a network, several */
    /* Sets root, local, owned and state from what stands behind "scheme://"; asks nobody. What it opens is closed with
     * the arena. */
    bool (*open)(struct storage *storage, struct str path, struct arena *arena, struct err *err);
    /* Is the lake there and writable? ERR_UNAVAILABLE says what is wrong. */
    bool (*probe)(struct storage *storage, struct err *err);
    /* Every file below prefix, keys in byte order. Left out: hidden names (".…", and those ending in .tmp or .part),
     * what is no regular file, links to folders, links that leave the lake. Names are not judged: that is the
     * caller's, with storage_key_ok(). each() false stops. A prefix that is not there is empty. */
    bool (*list)(struct storage *storage, struct str prefix,
        bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err);
    bool (*stat)(struct storage *storage, struct str key, bool *exists, struct storage_object *object,
        struct arena *arena, struct err *err);
    /* A file to read from, at any place; the caller closes it. What is not a file here is copied to a nameless one
     * first. Never follows a link out of the lake. */
    bool (*open_fd)(struct storage *storage, struct str key, int *fd, struct err *err);
    /* The same, but what lies far away may still be on its way: *arrival, to be waited for and then abandoned, before
     * fd is closed; NULL: it is all there. The driver has none of the three where nothing is on its way. */
    bool (*open_early)(
        struct storage *storage, struct str key, int *fd, struct storage_arrival **arrival, struct err *err);
    /* Until the bytes before upto can be read; UINT64_MAX: all of them, and they are those that were put. */
    bool (*await)(struct storage_arrival *arrival, uint64_t upto, struct err *err);
    void (*abandon)(struct storage_arrival *arrival);
    bool (*read)(struct storage *storage, struct str key, struct buf *out, struct err *err);
    /* A small object, replaced atomically and durably. */
    bool (*write)(struct storage *storage, struct str key, struct str content, struct err *err);
    /* Create-only, durable, parents made. Repeatable: true with *already when the target is there and the source is
     * not. A link is replaced by what it leads to. ERR_EXISTS when both are there. version: what the source must be
     * (storage_object.version), else ERR_CHANGED; NULL: whatever it is. A directory does not look at it. */
    bool (*move)(
        struct storage *storage, struct str from, struct str to, const char *version, bool *already, struct err *err);
    /* What takes long of such a move, done before it; no promise, and the source stays. NULL: nothing takes long. */
    void (*move_ahead)(struct storage *storage, struct str from, struct str to, const char *version);
    /* No error when it is not there; empty folders above it are removed, but for the lake's top ones. */
    bool (*remove)(struct storage *storage, struct str key, struct err *err);
    /* Without following links; no error when it is not there; empty folders above go too. */
    bool (*remove_tree)(struct storage *storage, struct str prefix, struct err *err);
    /* Where on this machine an output is built; key lies in .sluice/staging/. Parents are created. */
    bool (*local_path)(struct storage *storage, struct str key, struct buf *out, struct err *err);
    /* What was built and synced at staged's local path is to become to: brought to where nobody sees it yet, so that
     * whoever has the ticket (a line, appended) can publish it. to equal to staged: it is only kept for read(). */
    bool (*seal)(struct storage *storage, struct str staged, struct str to, struct buf *ticket, struct err *err);
    /* Puts in place what was sealed: durable, each object at once. Create-only, or over what is there. Repeatable, as
     * move() is. remove_tree() of the staging folder undoes what was sealed and not published. */
    bool (*publish)(struct storage *storage, struct str staged, struct str ticket, struct str to, bool over,
        bool *already, struct err *err);
    /* A local path to read an object from that never changes, beside others of its folder. */
    bool (*fetch)(struct storage *storage, struct str key, struct buf *out, struct err *err);
};

/* url: a directory, file://… or scheme://… Creates nothing. Lives in arena. */
bool storage_open(struct str url, const struct storage_driver *const *drivers, struct arena *arena,
    struct storage **storage, struct err *err) MUST_CHECK;
extern const struct storage_driver storage_dir, storage_s3;

/* crew_each(), for tasks that call the storage: by as many threads as it is worth, the crew's (which may be NULL) or
 * more. */
bool storage_each(const struct storage *storage, struct crew *crew, uint32_t n,
    bool (*task)(void *context, uint32_t i, struct err *err), void *context, struct err *err) MUST_CHECK;
/* open_early(), or open_fd() where there is none; arrival may be NULL in the other two. */
bool storage_open_early(
    struct storage *storage, struct str key, int *fd, struct storage_arrival **arrival, struct err *err) MUST_CHECK;
bool storage_await(
    const struct storage *storage, struct storage_arrival *arrival, uint64_t upto, struct err *err) MUST_CHECK;
void storage_abandon(const struct storage *storage, struct storage_arrival *arrival);
/* ERR_FILE "unsafe-name" with what is wrong. */
bool storage_key_ok(struct str key, struct err *err) MUST_CHECK;
/* Hive encoding of a partition value, as Hive's FileUtils.escapePathName does it: '%XX' in upper case, and
 * __HIVE_DEFAULT_PARTITION__ for an empty one; C1 control characters too. Appended to out. */
void storage_hive_escape(struct buf *out, struct str value);
/* Hidden in a listing: ".…", "….tmp", "….part". */
bool storage_is_hidden(struct str name);
/* The value of a name in a Hive path ("a/date=2026-01-05/shop=a%2Fb/c"), appended to out; nothing when it has none, or
 * __HIVE_DEFAULT_PARTITION__. false: the path does not have the name. */
bool storage_hive_value(struct buf *out, struct str path, struct str name);
/* The last part of a key; of a longer one its last 180 bytes, from a code point on: extensions stay. */
struct str storage_base_name(struct str key);

#endif
