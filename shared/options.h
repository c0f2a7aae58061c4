/*
 * Options: one table says what there is, and flags, environment, configuration file and help all come from it. A row
 * "fail-on" is the flag --fail-on, the variable SLUICE_FAIL_ON and the file's key fail_on. Later sources win: call
 * options_defaults(), options_file(), options_environment(), options_arguments() in that order.
 * Texts live in the arena (those of argv and the environment stay where they are).
 */
#ifndef SHARED_OPTIONS_H
#define SHARED_OPTIONS_H

#include "shared/buf.h"
#include "shared/yaml.h"

enum option_kind {
    OPTION_FLAG,     /* bool; --name, --name=false */
    OPTION_TEXT,     /* const char * */
    OPTION_PATH,     /* const char *; in a file, relative to that file's folder, unless it holds "://" */
    OPTION_COUNT,    /* uint64_t */
    OPTION_SIZE,     /* uint64_t bytes: 256MB */
    OPTION_DURATION, /* int64_t microseconds: 5m */
    OPTION_CHOICE,   /* int: the index among choices */
    OPTION_LIST,     /* struct option_list: may be given again and again; a list in a file, or a map of "name=value" */
};

struct option_list {
    const char **items;
    size_t count, capacity;
};

struct option_row {
    const char *name;
    enum option_kind kind;
    size_t offset;              /* in the set's target */
    const char *fallback;       /* the default, as text; NULL: zero, nothing */
    int64_t lowest, highest;    /* of counts, sizes, durations; both 0: any */
    const char *const *choices; /* NULL-terminated */
    const char *value;          /* what help calls the value: "URL" */
    const char *help;           /* one line */
    char letter;                /* -t; 0: none */
    bool flag_only;             /* neither in the environment nor in a file */
};

struct option_set {
    const struct option_row *rows;
    size_t count;
    void *target;
};

#define OPTION_SET(table, to)                          \
    {                                                  \
        (table), sizeof(table) / sizeof *(table), (to) \
    }

bool options_defaults(const struct option_set *set, struct arena *arena, struct err *err) MUST_CHECK;
/* variables: prefix, then the name in capitals with '_' for '-'. */
bool options_environment(
    const struct option_set *set, const char *prefix, struct arena *arena, struct err *err) MUST_CHECK;
/*
 * A YAML map. Keys that stand in others (NULL-terminated) are another program's. found false: the file is not there.
 * ERR_CONFIG names file:line:column. root (may be NULL): the document, for what is no option.
 */
bool options_file(const struct option_set *set, const char *path, const char *const *others, bool *found,
    const struct yaml_node **root, struct arena *arena, struct err *err) MUST_CHECK;
/* Flags of any of the sets, in any place, until "--"; all else is left in rest. ERR_USAGE for what is not known. */
bool options_arguments(int argc, char **argv, const struct option_set *sets, size_t set_count, struct option_list *rest,
    struct arena *arena, struct err *err) MUST_CHECK;
/* The index of the first argument that is neither a flag of the set nor a flag's value: the command; argc: none. */
int options_command(int argc, char **argv, const struct option_set *set);
/* One line a row, aligned. */
void options_help(const struct option_set *set, struct buf *out);

#endif
