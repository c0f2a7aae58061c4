/* The command line of sluice: `sluice [VERB] [RUN] [options]`. */
#ifndef TUI_APP_CLI_H
#define TUI_APP_CLI_H

/* The exit code: 0, 2 usage, 3 the lake or agent is not there now, 4 something named does not exist. */
int cli_main(int argc, char **argv);

#endif
