/* What is known of a dataset's deliveries: when its last file came, how many rows its last loaded one had. */
#ifndef WORKER_JOURNAL_EXPECT_H
#define WORKER_JOURNAL_EXPECT_H

#include "worker/journal/journal.h"

struct delivered {
    int64_t last;      /* when the last file arrived; of none: since when its contract is known; 0: it is not yet */
    struct str loaded; /* the last file that was loaded; empty: none was */
    uint64_t rows;     /* records it has */
};

bool journal_delivered(struct journal *journal, struct str dataset, struct delivered *out, struct arena *arena,
    struct err *err) MUST_CHECK;
/* A dataset is known from now on, unless it was before. */
bool journal_know_dataset(struct journal *journal, struct str dataset, int64_t now, struct err *err) MUST_CHECK;

struct expected_incident {
    struct str kind, subject, message;
};

/* Open incidents of these kinds (ended by NULL). */
bool journal_open_incidents(struct journal *journal, const char *const *kinds, struct expected_incident **list,
    size_t *count, struct arena *arena, struct err *err) MUST_CHECK;

#endif
