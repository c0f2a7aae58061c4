/* The hash of the original, made by a thread of its own beside the work on its content. */
#ifndef WORKER_RUN_HASHING_H
#define WORKER_RUN_HASHING_H

#include "shared/hash.h"
#include "worker/run/profile.h"
#include "worker/stream/stream.h"

struct hashing;

/* fd, name and gate are borrowed; it is read by pread. */
struct hashing *hashing_start(
    int fd, const char *name, struct stream_gate gate, struct profile *profile, struct err *err);
/* Waits for the hash and frees. */
bool hashing_finish(struct hashing *hashing, char sha256[SHA256_TEXT_SIZE], uint64_t *size, struct err *err) MUST_CHECK;
/* Ends it early and frees. hashing may be NULL. */
void hashing_stop(struct hashing *hashing);

#endif
