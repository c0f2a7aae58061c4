#include "worker/run/hashing.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };

struct hashing {
    int fd;
    const char *name;
    struct stream_gate gate;
    pthread_t thread;
    atomic_bool stopped;
    struct profile *profile;
    struct sha256 *sha;
    char *chunk;
    uint64_t size;
    bool ok;
    struct err err;
};

static void hash_all(struct hashing *hashing)
{
    while (!atomic_load(&hashing->stopped)) {
        if (hashing->gate.pass &&
            !hashing->gate.pass(hashing->gate.context, hashing->size + CHUNK_BYTES, &hashing->err))
            return;
        ssize_t n = pread(hashing->fd, hashing->chunk, CHUNK_BYTES, (off_t)hashing->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ERR_ERRNO(&hashing->err, "cannot read %s", hashing->name);
        if (n <= 0) {
            hashing->ok = n == 0;
            return;
        }
        sha256_add(hashing->sha, hashing->chunk, (size_t)n);
        hashing->size += (uint64_t)n;
    }
}

static void *serve(void *context)
{
    struct hashing *hashing = context;
    int64_t since = profile_now(hashing->profile);
    hash_all(hashing);
    profile_add(hashing->profile, PROFILE_HASH, since);
    profile_bytes(hashing->profile, PROFILE_HASH, hashing->size);
    return NULL;
}

static void dispose(struct hashing *hashing)
{
    sha256_free(hashing->sha);
    free(hashing->chunk);
    free(hashing);
}

struct hashing *hashing_start(
    int fd, const char *name, struct stream_gate gate, struct profile *profile, struct err *err)
{
    sigset_t all, before;
    struct hashing *hashing = calloc(1, sizeof *hashing);
    if (!hashing) {
        ERR(err, ERR_MEMORY, "no memory to hash %s", name);
        return NULL;
    }
    hashing->fd = fd;
    hashing->name = name;
    hashing->gate = gate;
    hashing->profile = profile;
    hashing->sha = sha256_new();
    hashing->chunk = malloc(CHUNK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = hashing->sha && hashing->chunk && pthread_create(&hashing->thread, NULL, serve, hashing) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return hashing;
    dispose(hashing);
    ERR(err, ERR_MEMORY, "no memory or thread to hash %s", name);
    return NULL;
}

bool hashing_finish(struct hashing *hashing, char sha256[SHA256_TEXT_SIZE], uint64_t *size, struct err *err)
{
    pthread_join(hashing->thread, NULL);
    bool ok = hashing->ok;
    *size = hashing->size;
    if (ok) {
        sha256_finish(hashing->sha, sha256);
        hashing->sha = NULL;
    } else
        *err = hashing->err;
    dispose(hashing);
    return ok;
}

void hashing_stop(struct hashing *hashing)
{
    if (!hashing)
        return;
    atomic_store(&hashing->stopped, true);
    pthread_join(hashing->thread, NULL);
    dispose(hashing);
}
