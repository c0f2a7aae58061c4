/* sluiced agent: JSON-RPC on standard input and output; the console's other end. */
#include "worker/agent/agent.h"

#include "worker/command/workplace.h"

#include <signal.h>
#include <unistd.h>

/* Somebody sits before it. */
enum { PATIENCE_US = 3000000 };

static volatile sig_atomic_t stop_wanted;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop_wanted = 1;
}

/* Reading from the client is not taken up again, so that the agent ends too. */
static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

struct agent_own {
    const char *operator_name, *role;
    bool peer;
};

static const struct option_row rows[] = {
    {.name = "operator",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct agent_own, operator_name),
        .flag_only = true,
        .value = "NAME",
        .help = "who is at the other end, from a forced command of sshd"},
    {.name = "role",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct agent_own, role),
        .flag_only = true,
        .value = "viewer|operator|approver",
        .help = "and what they may do"},
    {.name = "peer",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct agent_own, peer),
        .flag_only = true,
        .help = "it is who is connected to the socket that standard input is"},
};

static bool identify(struct workplace *place, const struct agent_own *own, struct agent *agent, struct err *err)
{
    const struct option_list *alone = &place->settings.break_glass;
    const char *lake = place->storage->owned.p;
    bool ok = own->peer
                  ? identity_of_peer(STDIN_FILENO, &place->settings.operators, lake, &agent->who, place->arena, err)
                  : identity_find(own->operator_name, own->role, lake, &agent->who, place->arena, err);
    for (size_t i = 0; ok && i < alone->count; i++)
        agent->break_glass = agent->break_glass || str_eq(agent->who.name, str_of(alone->items[i]));
    return ok;
}

/* A lake that is not there now has no fleet either; each question says so. */
static bool join_fleet(struct workplace *place, bool *joined, struct err *err)
{
    struct err away;
    *joined = false;
    if (!place->settings.coordinator || !place->storage->driver->probe(place->storage, &away))
        return true;
    *joined = workplace_fleet(place, PATIENCE_US, err);
    workplace_stop(place, &stop_wanted);
    return *joined;
}

static bool serve(struct workplace *place, const struct agent_own *own, struct err *err)
{
    struct agent agent = {.storage = place->storage,
        .journal_path = place->settings.journal
                            ? place->settings.journal
                            : arena_printf(place->arena, STR_FMT "/journal.db", STR_ARG(place->storage->local)),
        .environment = str_of(place->settings.environment),
        .colour = place->settings.environment_colour ? str_of(place->settings.environment_colour) : STR(""),
        .datasets = place->settings.datasets,
        .memory = place->settings.memory,
        .pg = place->pg,
        .stop = &stop_wanted};
    bool ok = agent.journal_path || ERR(err, ERR_MEMORY, "no memory for an agent");
    ok = ok && join_fleet(place, &agent.in_fleet, err);
    ok = ok && identify(place, own, &agent, err) && agent_serve(&agent, STDIN_FILENO, STDOUT_FILENO, err);
    agent_dispose(&agent);
    return ok;
}

static int run(int argc, char **argv)
{
    struct agent_own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_agent, &extra, 0, NEED_LAKE | NEED_WAREHOUSE, &code))
        return code;
    catch_signals();
    code = serve(&place, &own, &err) ? 0 : complain(&err);
    workplace_close(&place);
    return code;
}

const struct command command_agent = {
    .name = "agent",
    .arguments = "",
    .summary = "answers the console's questions on standard input and output",
    .run = run,
};
