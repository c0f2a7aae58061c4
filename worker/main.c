#include "worker/command/command.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* The engine's buffers are freed and asked for again all the time: what the system takes back, it has to clear anew. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
}

int main(int argc, char **argv)
{
    keep_memory();
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
