/*
 * Tuples on their way into tables: a thread of its own sends them, so that the server takes rows while the next ones
 * are made. From copier_new() to copier_free() the connection is the thread's; whoever waits for it is asked meanwhile
 * whether to go on, as the connection would have asked. One thread's but for that.
 */
#ifndef WORKER_WAREHOUSE_COPIER_H
#define WORKER_WAREHOUSE_COPIER_H

#include "worker/pg/pg.h"

struct copier;

/* statements: COPY … FROM STDIN (FORMAT binary), by what copier_put() names with an index; they outlive it. */
struct copier *copier_new(struct pg *pg, const char *const *statements, struct err *err);
/* Takes the tuples (no head, no tail); an empty buffer is left in their place. Waits while enough is on its way. */
bool copier_put(struct copier *copier, unsigned statement, struct buf *tuples, struct err *err) MUST_CHECK;
/* Nothing more comes. Does not wait. */
void copier_end(struct copier *copier);
/* Waits until the server has taken all there is. */
bool copier_finish(struct copier *copier, struct err *err) MUST_CHECK;
/* What is not sent yet never is. NULL is fine. */
void copier_free(struct copier *copier);

#endif
