/*
 * Gold in the warehouse: what the contract's own SELECT (warehouse.gold_sql) makes of silver, in a table of its own;
 * and its export, the same rows in the SELECT's order as one CSV file in the lake, as PostgreSQL writes it: NULL is
 * nothing, an empty text is "". A transaction that can be repeated: readers see the table old or new.
 */
#ifndef WORKER_GOLD_WAREHOUSE_H
#define WORKER_GOLD_WAREHOUSE_H

#include "worker/run/worker.h"

struct warehouse_gold {
    bool made; /* false: there is none to make, nothing has changed, or somebody else makes it */
    uint64_t rows;
};

bool warehouse_gold(
    struct worker *worker, const struct contract *contract, struct warehouse_gold *done, struct err *err) MUST_CHECK;
/* As if it had never been made: the next warehouse_gold() makes it. */
bool warehouse_gold_forget(struct worker *worker, const struct contract *contract, struct err *err) MUST_CHECK;
/* Of every dataset that has changed. A fault of one is logged, told as an incident, and counted as waiting. */
bool warehouse_gold_all(struct worker *worker, struct err *err) MUST_CHECK;
/* Is the contract's export the warehouse's, and so not the lake's? */
bool warehouse_exports(struct worker *worker, const struct contract *contract, bool *exports, struct arena *arena,
    struct err *err) MUST_CHECK;

#endif
