#include "tui/core/target.h"

#include "shared/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char scheme[] = "ssh://", local_scheme[] = "unix:";

bool target_is_ssh(const struct link_options *options)
{
    return options->target && strncmp(options->target, scheme, sizeof scheme - 1) == 0;
}

static void add(struct agent_command *command, const char *argument)
{
    command->argv[command->count++] = argument;
    command->argv[command->count] = NULL;
}

static void add_option(struct agent_command *command, const char *name, const char *value)
{
    if (!value)
        return;
    add(command, name);
    add(command, value);
}

/* ---- here ---- */

static const char *find_program(struct agent_command *command)
{
    static const char name[] = "/sluiced" SLUICE_SUFFIX; /* a sanitizer build starts its like */
    char *path = command->program;
    ssize_t n = readlink("/proc/self/exe", path, sizeof command->program - sizeof name);
    char *slash = n > 0 ? (path[n] = '\0', strrchr(path, '/')) : NULL;
    if (slash) {
        memcpy(slash, name, sizeof name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return &name[1];
}

static void add_local(const struct link_options *options, struct agent_command *command)
{
    add(command, find_program(command));
    add(command, "agent");
    add_option(command, "--config", options->config);
    add_option(command, "--lake", options->target ? options->target : options->lake);
    add_option(command, "--journal", options->journal);
    add_option(command, "--datasets", options->datasets);
}

/* ---- there ---- */

static bool is_plain(const char *text, size_t n)
{
    if (!n || text[0] == '-') /* ssh would take it for an option */
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || strchr("'\"\\`$;&|<>()*?", text[i]))
            return false;
    return true;
}

static bool bad_target(const char *target, struct err *err)
{
    ERR(err, ERR_USAGE, "'%.200s' is no target", target);
    return err_hint(err,
        "A target is a lake's folder, or ssh://[user@]host[:port][/lake], whose host may be a name from "
        "~/.ssh/config, or unix:PATH.");
}

static bool take_port(const char *text, size_t n, struct agent_command *command)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    if (!n || n >= sizeof command->port)
        return false;
    memcpy(command->port, text, n);
    command->port[n] = '\0';
    return true;
}

/* A word of the remote shell, whatever it holds. */
static bool quote(struct buf *out, const char *word)
{
    buf_add_byte(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            buf_add_cstr(out, "'\\''");
        else
            buf_add_byte(out, *word);
    buf_add_byte(out, '\'');
    return !out->failed;
}

static bool write_remote(const char *lake, struct agent_command *command)
{
    struct buf text;
    buf_init(&text, sizeof command->remote - 1);
    buf_add_cstr(&text, "sluiced agent");
    if (*lake)
        buf_add_cstr(&text, " --lake ");
    bool ok = (!*lake || quote(&text, lake)) && !text.failed;
    if (ok)
        memcpy(command->remote, text.p, text.n + 1);
    buf_dispose(&text);
    return ok;
}

/* [user@]host[:port][/lake]; an IPv6 address stands in brackets. */
static bool split(const char *text, struct agent_command *command)
{
    const char *slash = strchr(text, '/'), *end = slash ? slash : text + strlen(text);
    const char *at = memchr(text, '@', (size_t)(end - text)), *host = at ? at + 1 : text;
    const char *bracket = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
    const char *colon = memchr(bracket ? bracket : host, ':', (size_t)(end - (bracket ? bracket : host)));
    const char *host_end = colon ? colon : end;
    if (!is_plain(text, (size_t)(host_end - text)) || !is_plain(host, (size_t)(host_end - host)) ||
        (size_t)(host_end - text) >= sizeof command->host || (*host == '[' && !bracket))
        return false;
    if (colon && !take_port(colon + 1, (size_t)(end - colon - 1), command))
        return false;
    int user = at ? (int)(host - text) : 0;
    if (bracket)
        snprintf(command->host, sizeof command->host, "%.*s%.*s", user, text, (int)(bracket - host - 1), host + 1);
    else
        snprintf(command->host, sizeof command->host, "%.*s", (int)(host_end - text), text);
    return write_remote(slash ? slash : "", command);
}

/* No question may come up where a screen is: keys are the agent's or the file's, hosts are known. */
static void add_ssh(struct agent_command *command)
{
    add(command, "ssh");
    add(command, "-T");
    add_option(command, "-o", "BatchMode=yes");
    add_option(command, "-o", "ConnectTimeout=15");
    add_option(command, "-o", "ServerAliveInterval=15");
    add_option(command, "-p", command->port[0] ? command->port : NULL);
    add(command, "--");
    add(command, command->host);
    add(command, command->remote);
}

bool target_command(const struct link_options *options, struct agent_command *command, struct err *err)
{
    *command = (struct agent_command){0};
    bool local = options->target && strncmp(options->target, local_scheme, sizeof local_scheme - 1) == 0;
    if ((local || target_is_ssh(options)) && (options->lake || options->journal || options->datasets))
        return ERR(
            err, ERR_USAGE, "--lake, --journal and --datasets are for an agent started here: the target has its own");
    if (local) {
        command->socket = options->target + sizeof local_scheme - 1;
        return true;
    }
    if (!target_is_ssh(options)) {
        add_local(options, command);
        return true;
    }
    if (!split(options->target + sizeof scheme - 1, command))
        return bad_target(options->target, err);
    add_ssh(command);
    return true;
}
