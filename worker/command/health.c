/* sluiced health: can the lake and its journal be reached, and does something want a person? sluiced register: what
 * lies in the landing zone is in the journal, and nothing is done with it yet. */
#include "worker/command/workplace.h"
#include "worker/run/worker.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct own {
    bool json;
};

static const struct option_row rows[] = {
    {.name = "json",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct own, json),
        .flag_only = true,
        .help = "one JSON object"},
};

static const char state_sql[] =
    "SELECT json_object('files', count(*), "
    "'waiting', count(*) FILTER (WHERE state IN ('PENDING', 'FAILED')), "
    "'processing', count(*) FILTER (WHERE state = 'PROCESSING'), "
    "'quarantined', count(*) FILTER (WHERE state = 'QUARANTINED'), "
    "'unmatched', count(*) FILTER (WHERE state = 'UNMATCHED'), "
    "'oldest_waiting', strftime('%Y-%m-%dT%H:%M:%SZ', min(arrived_at) FILTER (WHERE state IN ('PENDING', 'FAILED')) / "
    "1000000, 'unixepoch'), "
    "'coordinator_lost_at', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', lost_at / 1000000, 'unixepoch') FROM replica), "
    "'coordinator', (SELECT lost_why FROM replica), "
    "'incidents', (SELECT json_group_array(json_object('kind', kind, 'subject', subject, 'message', message)) "
    "FROM incident WHERE closed_at IS NULL)) FROM file";

/* NULL with err: the journal cannot be read. */
static json_t *read_state(struct workplace *place, struct err *err)
{
    sqlite3 *db = journal_handle(place->journal);
    sqlite3_stmt *statement;
    json_t *state = NULL;
    if (sqlite3_prepare_v2(db, state_sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        state = json_loads((const char *)sqlite3_column_text(statement, 0), 0, NULL);
    if (!state)
        (void)ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return state;
}

static json_int_t number(const json_t *state, const char *key)
{
    return json_integer_value(json_object_get(state, key));
}

static const char *text(const json_t *state, const char *key)
{
    const char *value = json_string_value(json_object_get(state, key));
    return value ? value : "";
}

static void print_json(const json_t *state)
{
    char *out = json_dumps(state, JSON_COMPACT | JSON_ENSURE_ASCII);
    puts(out ? out : "");
    free(out);
}

/* ---- health ---- */

static void print_health(const json_t *state)
{
    const json_t *incidents = json_object_get(state, "incidents"), *item;
    size_t i;
    printf("waiting      %lld%s%s\n", (long long)number(state, "waiting"),
        number(state, "waiting") ? ", the oldest since " : "", text(state, "oldest_waiting"));
    printf("processing   %lld\n", (long long)number(state, "processing"));
    printf("quarantined  %lld\n", (long long)number(state, "quarantined"));
    printf("unmatched    %lld\n", (long long)number(state, "unmatched"));
    if (*text(state, "coordinator_lost_at"))
        printf(
            "coordinator  not reached since %s: %s\n", text(state, "coordinator_lost_at"), text(state, "coordinator"));
    json_array_foreach(incidents, i, item)
        printf("incident     %s %s: %s\n", text(item, "kind"), text(item, "subject"), text(item, "message"));
}

static int tell_health(struct workplace *place, const struct own *own)
{
    struct err err;
    json_t *state = NULL;
    bool ok = place->storage->driver->probe(place->storage, &err);
    if (ok && !place->journal) {
        ok = ERR(&err, ERR_UNAVAILABLE, "the lake %s has no journal yet", place->settings.lake);
        err_hint(&err, "'sluiced run' or 'sluiced watch' makes it.");
    }
    if (!ok || !(state = read_state(place, &err)))
        return complain(&err);
    bool healthy = !json_array_size(json_object_get(state, "incidents")) && !*text(state, "coordinator_lost_at");
    json_object_set_new(state, "healthy", json_boolean(healthy));
    if (own->json)
        print_json(state);
    else
        print_health(state);
    json_decref(state);
    return healthy ? 0 : 1;
}

static int run_health(int argc, char **argv)
{
    struct own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    int code;
    if (!workplace_open(&place, argc, argv, &command_health, &extra, 0, NEED_LAKE | NEED_JOURNAL_READ, &code))
        return code;
    code = tell_health(&place, &own);
    workplace_close(&place);
    return code;
}

const struct command command_health = {
    .name = "health",
    .arguments = "",
    .summary = "whether lake and journal are there, what waits, open incidents (exit code 1)",
    .run = run_health,
};

/* ---- register ---- */

static int register_all(struct workplace *place, const struct own *own)
{
    struct worker worker = {.storage = place->storage,
        .journal = place->journal,
        .contracts = &place->contracts,
        .owner = buf_str(&place->owner)};
    struct err err;
    json_t *before = read_state(place, &err), *state = NULL;
    if (!before || !worker_register(&worker, NULL, NULL, &err) || !(state = read_state(place, &err))) {
        json_decref(before);
        return complain(&err);
    }
    json_int_t fresh = number(state, "files") - number(before, "files");
    json_object_set_new(state, "registered", json_integer(fresh));
    if (own->json)
        print_json(state);
    else
        printf("%lld registered; %lld wait, %lld unmatched\n", (long long)fresh, (long long)number(state, "waiting"),
            (long long)number(state, "unmatched"));
    json_decref(before);
    json_decref(state);
    return 0;
}

static int run_register(int argc, char **argv)
{
    struct own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    int code;
    if (!workplace_open(
            &place, argc, argv, &command_register, &extra, 0, NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS, &code))
        return code;
    code = register_all(&place, &own);
    workplace_close(&place);
    return code;
}

const struct command command_register = {
    .name = "register",
    .arguments = "",
    .summary = "lists what lies in the landing zone in the journal, and works on nothing",
    .run = run_register,
};
