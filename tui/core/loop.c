#include "tui/core/loop.h"

#include "shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { FIXED = 3 };

static int wake_write = -1;

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(wake_write, &byte, 1); /* a full pipe wakes as well */
    (void)ignored;
    errno = saved;
}

bool loop_init(struct loop *loop, struct err *err)
{
    static const int numbers[] = {SIGWINCH, SIGHUP, SIGTERM, SIGINT, SIGCONT};
    int wake[2], complaint[2];
    *loop = (struct loop){-1, -1, -1};
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return ERR_ERRNO(err, "cannot make a pipe");
    loop->wake = wake[0];
    wake_write = wake[1];
    if (pipe2(complaint, O_CLOEXEC | O_NONBLOCK) != 0)
        return ERR_ERRNO(err, "cannot make a pipe");
    loop->complaint = complaint[0];
    loop->old_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(complaint[1], STDERR_FILENO);
    close(complaint[1]);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return true;
}

void loop_dispose(struct loop *loop)
{
    if (loop->old_error >= 0) {
        dup2(loop->old_error, STDERR_FILENO);
        close(loop->old_error);
    }
    if (loop->complaint >= 0)
        close(loop->complaint);
}

static unsigned take_signals(const struct loop *loop)
{
    unsigned char numbers[64];
    unsigned events = 0;
    ssize_t n;
    while ((n = read(loop->wake, numbers, sizeof numbers)) > 0)
        for (ssize_t i = 0; i < n; i++)
            events |= numbers[i] == SIGWINCH  ? LOOP_RESIZED
                      : numbers[i] == SIGHUP  ? LOOP_HANGUP
                      : numbers[i] == SIGCONT ? LOOP_CONTINUED
                                              : LOOP_STOP;
    return events;
}

static int timeout_of(int64_t deadline)
{
    if (deadline < 0)
        return -1;
    int64_t left = (deadline - clock_monotonic() + 999) / 1000;
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

unsigned loop_wait(struct loop *loop, const struct loop_wait *wait)
{
    struct pollfd fds[FIXED + 2 * LOOP_MOST_LINKS] = {
        {.fd = loop->wake, .events = POLLIN},
        {.fd = wait->keys, .events = POLLIN},
        {.fd = loop->complaint, .events = POLLIN},
    };
    nfds_t count = FIXED;
    for (size_t i = 0; i < wait->link_count; i++) {
        const struct loop_link *link = &wait->links[i];
        fds[count++] = (struct pollfd){.fd = link->out, .events = POLLIN};
        fds[count++] = (struct pollfd){.fd = link->writes ? link->in : -1, .events = POLLOUT};
    }
    unsigned events = 0;
    int ready = poll(fds, count, timeout_of(wait->deadline));
    if (ready <= 0)
        return take_signals(loop);
    if (fds[0].revents)
        events |= take_signals(loop);
    if (fds[1].revents & POLLIN)
        events |= LOOP_KEYS;
    else if (fds[1].revents)
        events |= LOOP_HANGUP;
    if (fds[2].revents & POLLIN)
        events |= LOOP_COMPLAINT;
    for (nfds_t i = FIXED; i < count; i++)
        events |= fds[i].revents ? LOOP_LINK : 0;
    return events;
}
