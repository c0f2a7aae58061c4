/*
 * The journal in the lake. What changed is sealed there in numbered pieces,
 * audit/journal/date=…/<journal>-<number>.jsonl.zst: each row as it is now, so that the last piece that has it says
 * what it is. From them alone the journal can be made anew. Triggers keep the keys of rows that changed; whoever has
 * written to the journal seals what there is to seal.
 */
#ifndef WORKER_JOURNAL_SEAL_H
#define WORKER_JOURNAL_SEAL_H

#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

#define SEAL_PREFIX "audit/journal/"
#define SEAL_SUFFIX ".jsonl.zst"

/* Nothing has changed: no piece. Repeatable, and may be done by several at once. */
bool journal_seal(struct journal *journal, struct storage *storage, struct err *err) MUST_CHECK;
/* The same; what cannot be sealed now stays to be sealed, and is told in the log. */
void journal_seal_quietly(struct journal *journal, struct storage *storage);

struct rebuild_report {
    char journal_id[ULID_SIZE];
    uint64_t pieces, rows, lines; /* rows that came of them; lines of the audit, whose chain holds */
    uint64_t problems;            /* told one by one */
};
/*
 * Fills an empty journal from the pieces of one: from, or else the one that was sealed last. What cannot be read, or
 * is missing, is told and left out; nothing stands in for it. false: there is nothing to make it of, or it cannot be
 * written.
 */
bool journal_rebuild(struct journal *journal, struct storage *storage, struct str from,
    void (*tell)(void *context, const char *problem), void *context, struct rebuild_report *report,
    struct err *err) MUST_CHECK;

#endif
