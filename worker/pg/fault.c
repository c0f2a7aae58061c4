/* What PostgreSQL and libpq say, as errors that tell what to do. */
#include "worker/pg/internal.h"

#include <ctype.h>
#include <string.h>

const struct pg_part pg_warehouse = {.code = PG_ERROR, .name = "the warehouse"};

/* SQLSTATE, or the class of it, to what it means for a piece of work; the first that fits. */
static const struct {
    const char *state;
    enum err_kind kind;
    const char *hint;
} states[] = {
    {"28", ERR_CONFIG, "Look at user and password: PGPASSFILE, ~/.pgpass, pg_hba.conf."},
    {"3D", ERR_CONFIG, "Create the database, or name another with --warehouse."},
    {"42501", ERR_CONFIG, "Grant the right: schema/warehouse.sql shows what the role that loads needs."},
    {"42P01", ERR_CONFIG,
        "Somebody dropped or renamed the table: put it back, or rename it away to have it made anew."},
    {"42703", ERR_CONFIG, "Somebody dropped or renamed the column: put it back."},
    {"42", ERR_CONFIG, "Somebody changed the tables or the contract's SQL is wrong: the message says where."},
    {"2BP01", ERR_CONFIG,
        "Views or keys hang on the table, whose columns change: drop them, make them anew afterwards."},
    {"3F", ERR_CONFIG, "Create the schema, or grant CREATE on the database."},
    {"22", ERR_CONFIG, "A column's type does not hold what the contract's does: put the type back."},
    {"23502", ERR_CONFIG, "A column that sluice does not fill is NOT NULL without a default."},
    {"23", ERR_CONFIG, "A constraint of the tables forbids it, and not for a row's sake."},
    {"40", ERR_UNAVAILABLE, "Two transactions were in each other's way: it is tried again by itself."},
    {"53100", ERR_UNAVAILABLE, "The disk of the warehouse is full: work goes on by itself once there is room."},
    {"57014", ERR_UNAVAILABLE, "A statement took longer than --warehouse-timeout allows."},
    {"55P03", ERR_UNAVAILABLE, "Somebody holds a lock on the tables: pg_stat_activity shows who."},
};

/* What happened: words around the part's name. */
struct happening {
    const char *before, *after;
};
static const struct happening not_connected = {"cannot connect to ", ""}, broke = {"the connection to ", " broke"},
                              refused = {"", " refused"};

static void say(const struct pg *pg, struct err *err, enum err_kind kind, const char *hint,
    const struct happening *what, const char *message)
{
    while (isspace((unsigned char)*message))
        message++;
    size_t n = strcspn(message, "\n");
    err_set(err, kind, pg->part->code, __FILE__, __LINE__, "%s%s%s: %.*s", what->before, pg->part->name, what->after,
        (int)(n > 400 ? 400 : n), message);
    if (hint)
        err_hint(err, "%s", hint);
}

/* What to do of it where the database is no warehouse; NULL: what is said of it there. */
static const char *own_hint(const struct pg_part *part, const char *state)
{
    return strncmp(state, "3D", 2) == 0   ? part->setting
           : strcmp(state, "42501") == 0  ? part->rights
           : strncmp(state, "42", 2) == 0 ? part->tables
           : strcmp(state, "57014") == 0  ? part->busy
           : strcmp(state, "55P03") == 0  ? part->busy
                                          : NULL;
}

static void by_state(
    const struct pg *pg, struct err *err, const char *state, const struct happening *what, const char *message)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strncmp(states[i].state, state, strlen(states[i].state)) == 0) {
            const char *own = own_hint(pg->part, state);
            say(pg, err, states[i].kind, own ? own : states[i].hint, what, message);
            return;
        }
    say(pg, err, ERR_UNAVAILABLE, NULL, what, message);
}

/* ": 28P01: " in a verbose message; "FATAL" looks like one, but has no digit. */
static bool find_state(const char *message, char state[6])
{
    for (const char *at = strstr(message, ": "); at; at = strstr(at + 1, ": ")) {
        const char *word = at + 1 + strspn(at + 1, " ");
        if (strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && word[5] == ':' &&
            strcspn(word, "0123456789") < 5) {
            memcpy(state, word, 5);
            state[5] = '\0';
            return true;
        }
    }
    return false;
}

/* Of a server that did not prove who it is: what to do. */
static const char *proof_hint(const char *message)
{
    if (strstr(message, "does not support SSL"))
        return "The server speaks no TLS: let it (ssl = on), or say sslmode=disable in the URL where the way there is "
               "safe.";
    if (strstr(message, "does not match host name"))
        return "Its certificate is for another name: connect by that one, or have one made for this.";
    if (strstr(message, "verify failed"))
        return "Either sslrootcert (~/.postgresql/root.crt) does not name who signed its certificate, or that has "
               "expired: 'openssl s_client -starttls postgres -connect HOST:PORT' shows both.";
    return "The server must prove who it is: sslrootcert names whom to trust, ~/.postgresql/root.crt by default.";
}

bool pg_connect_error(struct pg *pg, struct err *err)
{
    const char *message = libpq.errorMessage(pg->connection);
    if (find_state(message, pg->state))
        by_state(pg, err, pg->state, &not_connected, message);
    else if (strstr(message, "certificate") || strstr(message, "SSL"))
        say(pg, err, ERR_CONFIG, proof_hint(message), &not_connected, message);
    else if (libpq.connectionNeedsPassword(pg->connection))
        say(pg, err, ERR_CONFIG, "A password is wanted: PGPASSFILE or ~/.pgpass.", &not_connected, message);
    else if (strstr(message, "definition of service"))
        say(pg, err, ERR_CONFIG, "The service stands in ~/.pg_service.conf, or where PGSERVICEFILE says.",
            &not_connected, message);
    else
        say(pg, err, ERR_UNAVAILABLE, "Work goes on by itself once it answers.", &not_connected, message);
    return false;
}

bool pg_broken(struct pg *pg, struct err *err)
{
    pg->state[0] = '\0';
    say(pg, err, ERR_UNAVAILABLE, "Work goes on by itself once it answers.", &broke,
        pg->connection ? libpq.errorMessage(pg->connection) : "");
    return false;
}

/* A server that ends the connection says so first, and then has not done what it was asked. */
bool pg_refused(struct pg *pg, const PGresult *result, struct err *err)
{
    const char *state = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0)
        return pg_broken(pg, err);
    memcpy(pg->state, state, sizeof pg->state - 1);
    by_state(pg, err, state, &refused, message ? message : "");
    return false;
}
