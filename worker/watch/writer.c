#include "worker/watch/writer.h"

#include <errno.h>
#include <fcntl.h>

enum writer writer_of(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN ? WRITER_PRESENT : WRITER_UNKNOWN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return WRITER_NONE;
}
