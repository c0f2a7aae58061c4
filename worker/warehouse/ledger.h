/* The ledger: which runs' rows stand in the warehouse, a row a file (schema/warehouse.sql). */
#ifndef WORKER_WAREHOUSE_LEDGER_H
#define WORKER_WAREHOUSE_LEDGER_H

#include "worker/pg/pg.h"

struct ledger_key {
    const char *lake_id;
    struct str dataset;
    int64_t file_id, fence;
    const char *run_id;
    bool adds; /* rows of the file that were read again: what its other runs brought stays */
};

/* Takes the file's row for the rest of the transaction, waiting for whoever holds it, be it a transaction whose client
 * is gone. ERR_FENCED: somebody later has had it. *last: run_id is the last that was committed. */
bool ledger_take(struct pg *pg, const struct ledger_key *key, bool *last, struct err *err) MUST_CHECK;
/* A transaction of its own, before the rows of a run are looked for in large tables: an index that finds them, where
 * the file has rows and there is none. Loads alone do without it. */
bool ledger_index(struct pg *pg, const struct ledger_key *key, struct err *err) MUST_CHECK;
/* Removes the rows of all the file's runs from every table that was ever made for the dataset;
 * nothing for a run that adds. */
bool ledger_clear(struct pg *pg, const struct ledger_key *key, struct err *err) MUST_CHECK;
/* The key's run stands, alone unless it adds; or none (stands false). */
bool ledger_put(struct pg *pg, const struct ledger_key *key, bool stands, struct err *err) MUST_CHECK;

/* A transaction of its own: was this run committed? Whoever held the file before can no longer commit. */
bool ledger_ask(struct pg *pg, const struct ledger_key *key, bool *committed, struct err *err) MUST_CHECK;

#endif
