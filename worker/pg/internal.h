/* The connection from the inside. */
#ifndef WORKER_PG_INTERNAL_H
#define WORKER_PG_INTERNAL_H

#include "worker/pg/libpq.h"
#include "worker/pg/pg.h"

struct pg {
    struct pg_options options;
    const struct pg_part *part;
    char *url;
    PGconn *connection; /* NULL: none */
    char state[6];      /* SQLSTATE of the last refusal */
    int failures;
    int64_t quiet_until; /* clock_monotonic(): until then last is the answer */
    struct err last;
};

extern const struct pg_part pg_warehouse;

enum pg_wait { PG_READ = 1, PG_WRITE = 2 };

/* Until the socket is ready for one of these; somebody is asked every second whether to go on. */
bool pg_wait(struct pg *pg, enum pg_wait what, struct err *err) MUST_CHECK;
/* From what libpq says of a connection that did not come about, that broke, of a statement that was refused. */
bool pg_connect_error(struct pg *pg, struct err *err);
bool pg_broken(struct pg *pg, struct err *err);
bool pg_refused(struct pg *pg, const PGresult *result, struct err *err);

#endif
