/* Is somebody still writing to a file? */
#ifndef WORKER_WATCH_WRITER_H
#define WORKER_WATCH_WRITER_H

enum writer {
    WRITER_NONE,
    WRITER_PRESENT, /* some process has it open for writing */
    WRITER_UNKNOWN, /* the file is another user's, or the file system cannot tell */
};

/*
 * fd: opened for reading only. Asks the kernel for a read lease (fcntl(2), F_SETLEASE), which it refuses while a writer
 * has the file open, and gives it back at once. The process must ignore SIGIO.
 */
enum writer writer_of(int fd);

#endif
