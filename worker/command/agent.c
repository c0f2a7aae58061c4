/* sluiced agent: JSON-RPC on standard input and output; the console's other end. */
#include "worker/agent/agent.h"

#include "worker/command/workplace.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

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

static int run(int argc, char **argv)
{
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_agent, NULL, 0, NEED_LAKE, &code))
        return code;
    catch_signals();
    const struct passwd *user = getpwuid(getuid());
    struct agent agent = {.storage = place.storage,
        .journal_path = place.settings.journal
                            ? place.settings.journal
                            : arena_printf(place.arena, STR_FMT "/.sluice/journal.db", STR_ARG(place.storage->root)),
        .operator_name = user ? arena_str(place.arena, str_of(user->pw_name)) : STR("unknown"),
        .role = STR("approver"),
        .datasets = place.settings.datasets,
        .memory = place.settings.memory,
        .stop = &stop_wanted};
    bool ok = (agent.journal_path && agent.operator_name.p) || ERR(&err, ERR_MEMORY, "no memory for an agent");
    code = ok && agent_serve(&agent, STDIN_FILENO, STDOUT_FILENO, &err) ? 0 : complain(&err);
    agent_dispose(&agent);
    workplace_close(&place);
    return code;
}

const struct command command_agent = {
    .name = "agent",
    .arguments = "",
    .summary = "answers the console's questions on standard input and output",
    .run = run,
};
