#include "worker/command/command.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--version") == 0) {
        puts("sluiced " SLUICE_VERSION);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        command_help();
        return argc > 1 ? 0 : 2;
    }
    const struct command *command = command_find(name);
    if (command)
        return command->run(argc - 1, argv + 1);
    struct str nearest = command_nearest(name);
    fprintf(stderr, "sluiced: there is no command '%s'\n  ", name);
    if (nearest.n)
        fprintf(stderr, "did you mean '" STR_FMT "'? ", STR_ARG(nearest));
    fputs("'sluiced --help' lists them.\n", stderr);
    return 2;
}
