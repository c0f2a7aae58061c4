/* What the journal says of files, runs and causes, in tables of PostgreSQL. */
#ifndef WORKER_FLEET_MIRROR_H
#define WORKER_FLEET_MIRROR_H

#include "shared/buf.h"

struct sqlite3;
struct mirror;

struct mirror *mirror_new(struct sqlite3 *db, const char *lake_id, struct err *err);
void mirror_free(struct mirror *mirror);
/* Statements that bring the tables to what the rows in a changeset are now. */
bool mirror_changes(struct mirror *mirror, struct str changeset, struct buf *sql, struct err *err) MUST_CHECK;
/* Hands out statements that fill the tables from the whole journal, some at a time. */
bool mirror_all(struct mirror *mirror, bool (*run)(void *context, const char *sql, struct err *err), void *context,
    struct err *err) MUST_CHECK;

#endif
