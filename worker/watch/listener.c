#include "worker/watch/listener.h"

#include "shared/fs.h"
#include "shared/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_AGENTS = 64, WAITING = 16, ANYBODY = 0666 };

struct agent_process {
    pid_t pid;
    int fd; /* readable once it has ended */
};

struct listener {
    pthread_t thread;
    int socket, stop[2];
    char *const *argv;
    struct agent_process agents[MOST_AGENTS];
    size_t count;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

extern char **environ;

static bool make_address(const char *path, struct sockaddr_un *address, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return ERR(
            err, ERR_CONFIG, "the socket's path %s is longer than %zu bytes", path, sizeof address->sun_path - 1);
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
    if (probe >= 0)
        close(probe);
    return answers;
}

/* What a worker that was killed has left behind gives way; what is no socket does not. */
static bool clear_away(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISSOCK(info.st_mode) && unlink(path) == 0;
}

/* The role decides, not the socket's mode. */
static bool listen_at(struct listener *listener, const struct sockaddr_un *address, bool *taken, struct err *err)
{
    const struct sockaddr *place = (const struct sockaddr *)address;
    const char *path = address->sun_path;
    *taken = false;
    listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->socket < 0)
        return ERR_ERRNO(err, "cannot make a socket");
    bool bound = bind(listener->socket, place, sizeof *address) == 0;
    if (!bound && errno == EADDRINUSE) {
        *taken = somebody_listens(address);
        if (*taken)
            return true;
        errno = EADDRINUSE;
        bound = clear_away(path) && bind(listener->socket, place, sizeof *address) == 0;
    }
    if (!bound || chmod(path, ANYBODY) != 0 || listen(listener->socket, WAITING) != 0)
        return ERR_ERRNO(err, "cannot listen at %s", path);
    return true;
}

/* ---- agents ---- */

/* Signals are the worker's, and what it ignores is no business of a new program. */
static int spawn(const struct listener *listener, int connection, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGIO);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, connection, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, connection, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int fault = posix_spawn(pid, listener->argv[0], &actions, &attributes, listener->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return fault;
}

static void start_agent(struct listener *listener, int connection)
{
    struct agent_process *agent = &listener->agents[listener->count];
    int fault = spawn(listener, connection, &agent->pid);
    if (fault) {
        log_event(LOG_ERROR, "agent-not-started", "socket", listener->path, "why", strerror(fault), NULL);
        return;
    }
    agent->fd = pidfd_open(agent->pid, 0);
    listener->count++;
}

static void reap(struct listener *listener, size_t i)
{
    waitpid(listener->agents[i].pid, NULL, 0);
    if (listener->agents[i].fd >= 0)
        close(listener->agents[i].fd);
    listener->agents[i] = listener->agents[--listener->count];
}

static void take_in(struct listener *listener)
{
    int connection = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return;
    if (listener->count < MOST_AGENTS)
        start_agent(listener, connection);
    else
        log_event(LOG_WARN, "too-many-consoles", "socket", listener->path, NULL);
    close(connection);
}

static void *serve(void *context)
{
    enum { STOP, DOOR, FIRST };
    struct listener *listener = context;
    for (;;) {
        struct pollfd fds[FIRST + MOST_AGENTS] = {
            [STOP] = {.fd = listener->stop[0], .events = POLLIN}, [DOOR] = {.fd = listener->socket, .events = POLLIN}};
        size_t agents = listener->count;
        for (size_t i = 0; i < agents; i++)
            fds[FIRST + i] = (struct pollfd){.fd = listener->agents[i].fd, .events = POLLIN};
        if (poll(fds, FIRST + agents, -1) < 0 && errno != EINTR)
            break;
        if (fds[STOP].revents)
            break;
        for (size_t i = agents; i > 0; i--)
            if (fds[FIRST + i - 1].revents)
                reap(listener, i - 1);
        if (fds[DOOR].revents)
            take_in(listener);
    }
    return NULL;
}

/* ---- its life ---- */

static bool start_thread(struct listener *listener, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int fault = pthread_create(&listener->thread, NULL, serve, listener);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = fault;
    return !fault || ERR_ERRNO(err, "cannot start a thread");
}

static void let_go(struct listener *listener)
{
    int fds[] = {listener->socket, listener->stop[0], listener->stop[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(listener);
}

bool listener_open(const char *path, char *const argv[], struct listener **listener, struct err *err)
{
    struct sockaddr_un address;
    bool taken = false;
    struct listener *own = calloc(1, sizeof *own);
    *listener = NULL;
    if (!own)
        return ERR(err, ERR_MEMORY, "no memory to listen");
    own->socket = own->stop[0] = own->stop[1] = -1;
    own->argv = argv;
    bool ok = make_address(path, &address, err) && fs_make_parent(path, err) &&
              (pipe2(own->stop, O_CLOEXEC) == 0 || ERR_ERRNO(err, "cannot make a pipe"));
    memcpy(own->path, address.sun_path, sizeof own->path);
    ok = ok && listen_at(own, &address, &taken, err);
    if (taken)
        log_event(LOG_WARN, "another-worker-listens", "socket", path, NULL);
    if (ok && !taken && start_thread(own, err)) {
        log_event(LOG_INFO, "listening", "socket", path, NULL);
        *listener = own;
        return true;
    }
    let_go(own);
    return ok && taken;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    ssize_t ignored = write(listener->stop[1], "", 1); /* an empty pipe takes it */
    (void)ignored;
    pthread_join(listener->thread, NULL);
    unlink(listener->path);
    for (size_t i = 0; i < listener->count; i++)
        kill(listener->agents[i].pid, SIGTERM);
    while (listener->count)
        reap(listener, listener->count - 1);
    let_go(listener);
}
