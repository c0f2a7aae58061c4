#include "shared/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(struct subprocess *process, char *const argv[], const int to_child[2], const int from_child[2])
{
    posix_spawn_file_actions_t actions;
    int fault = posix_spawn_file_actions_init(&actions);
    if (fault)
        return fault;
    fault = posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    if (!fault)
        fault = posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    if (!fault)
        fault = posix_spawnp(&process->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return fault;
}

bool subprocess_start(struct subprocess *process, char *const argv[], struct err *err)
{
    int to_child[2], from_child[2];
    if (pipe2(to_child, O_CLOEXEC) != 0)
        return ERR_ERRNO(err, "cannot make a pipe");
    if (pipe2(from_child, O_CLOEXEC) != 0) {
        ERR_ERRNO(err, "cannot make a pipe");
        close(to_child[0]);
        close(to_child[1]);
        return false;
    }
    int fault = spawn(process, argv, to_child, from_child);
    close(to_child[0]);
    close(from_child[1]);
    process->in = to_child[1];
    process->out = from_child[0];
    if (!fault)
        return true;
    close(process->in);
    close(process->out);
    errno = fault;
    return ERR_ERRNO(err, "cannot start %s", argv[0]);
}

bool subprocess_connect(struct subprocess *process, const char *socket_path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(socket_path);
    if (n >= sizeof address.sun_path)
        return ERR(err, ERR_USAGE, "the socket's path %s is too long", socket_path);
    memcpy(address.sun_path, socket_path, n);
    *process = (struct subprocess){.in = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .out = -1};
    if (process->in < 0)
        return ERR_ERRNO(err, "cannot make a socket");
    if (connect(process->in, (const struct sockaddr *)&address, sizeof address) == 0)
        process->out = fcntl(process->in, F_DUPFD_CLOEXEC, 0);
    if (process->out >= 0)
        return true;
    ERR_ERRNO(err, "cannot connect to %s", socket_path);
    err->kind = ERR_UNAVAILABLE;
    close(process->in);
    return false;
}

void subprocess_stop(const struct subprocess *process)
{
    if (process->pid > 0)
        kill(process->pid, SIGTERM);
}

bool subprocess_end(struct subprocess *process, int *status, struct err *err)
{
    close(process->in);
    close(process->out);
    *status = 0;
    while (process->pid && waitpid(process->pid, status, 0) < 0)
        if (errno != EINTR)
            return ERR_ERRNO(err, "cannot wait for process %ld", (long)process->pid);
    return true;
}
