/* `sluiced read FILE [--csv|--json] [--explain]`: any file as sluice reads it, without a contract. */
#ifndef WORKER_COMMAND_READ_H
#define WORKER_COMMAND_READ_H

/* argv[0] is "read". The exit code: 0; 1 no text at all; 2 usage; 3, 4 as err_exit_code(), 4 too when FILE can't be
 * opened. */
int command_read(int argc, char **argv);

#endif
