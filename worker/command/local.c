#include "worker/command/local.h"

#include "worker/agent/identity.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIXED = 24 };

struct command_line {
    char **argv;
    size_t count;
};

static void add(struct command_line *line, const char *option, const char *value)
{
    if (!value)
        return;
    if (option)
        line->argv[line->count++] = (char *)option;
    line->argv[line->count++] = (char *)value;
}

static const char *own_program(struct arena *arena, struct err *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n <= 0 || n == (ssize_t)sizeof path) {
        (void)ERR_ERRNO(err, "cannot tell where this program is");
        return NULL;
    }
    return arena_str(arena, (struct str){path, (size_t)n}).p;
}

/* The worker's own settings, as they came together. The addresses of databases may hold passwords, which no list
 * of processes is to show: they stay in the environment. */
static bool agent_line(struct workplace *place, struct command_line *line, struct err *err)
{
    const struct settings *own = &place->settings;
    size_t room = FIXED + 2 * (own->operators.count + own->break_glass.count);
    line->argv = ARENA_ARRAY(place->arena, char *, room);
    const char *program = own_program(place->arena, err);
    if (!line->argv || !program)
        return line->argv != NULL ? false : ERR(err, ERR_MEMORY, "no memory to listen");
    add(line, NULL, program);
    add(line, NULL, "agent");
    add(line, NULL, "--peer");
    add(line, "--config", own->config);
    add(line, "--lake", own->lake);
    add(line, "--journal", own->journal);
    add(line, "--datasets", own->datasets);
    add(line, "--environment", own->environment);
    add(line, "--environment-colour", own->environment_colour);
    for (size_t i = 0; i < own->operators.count; i++)
        add(line, "--operators", own->operators.items[i]);
    for (size_t i = 0; i < own->break_glass.count; i++)
        add(line, "--break-glass", own->break_glass.items[i]);
    line->argv[line->count] = NULL;
    if ((own->warehouse && setenv("SLUICE_WAREHOUSE", own->warehouse, 1) != 0) ||
        (own->coordinator && setenv("SLUICE_COORDINATOR", own->coordinator, 1) != 0))
        return ERR_ERRNO(err, "cannot hand the addresses of databases on");
    return true;
}

bool local_listen(struct workplace *place, struct listener **listener, struct err *err)
{
    struct command_line line = {0};
    struct str role;
    *listener = NULL;
    return !place->settings.socket ||
           (identity_role(&place->settings.operators, STR(""), &role, err) && agent_line(place, &line, err) &&
               listener_open(place->settings.socket, line.argv, listener, err));
}
