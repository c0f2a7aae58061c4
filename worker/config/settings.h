/*
 * What a worker is told from outside: flags over environment (SLUICE_*) over files (/etc/sluice/sluice.yaml, then
 * $XDG_CONFIG_HOME/sluice/sluice.yaml; or --config alone) over defaults. Everything is in one table, settings_help()
 * prints it.
 */
#ifndef WORKER_CONFIG_SETTINGS_H
#define WORKER_CONFIG_SETTINGS_H

#include "worker/config/alerts.h"
#include "worker/secret/secrets.h"

enum fail_on { FAIL_ON_REJECT, FAIL_ON_QUARANTINE, FAIL_ON_NEVER };

/* A setting that names a secret, as it was written. */
struct setting_secret {
    const char *name, *setting;
};

struct settings {
    const char *config;                           /* --config, or NULL */
    const char *config_dir;                       /* of --config, else $XDG_CONFIG_HOME/sluice */
    const char *lake;                             /* URL or directory */
    const char *journal;                          /* NULL: where the lake has it */
    const char *warehouse;                        /* libpq's URL, or the secret it is in; NULL: none */
    int64_t warehouse_timeout;                    /* microseconds, of one statement */
    const char *coordinator;                      /* libpq's URL, or the secret it is in; NULL: no fleet */
    const char *environment, *environment_colour; /* what consoles call this place; the colour may be NULL */
    const char *socket;                           /* where watch listens for local users; NULL: nowhere */
    struct option_list operators;                 /* "name=role" of local users */
    struct option_list break_glass;               /* names of those who may approve alone, in an emergency */
    const char *datasets;                         /* folder or file of contracts; always set, may not exist */
    uint64_t memory;                              /* bytes of resident memory, the whole process */
    uint64_t workers;                             /* threads; 0: as many as there are processors */
    int64_t lease;                                /* microseconds */
    int64_t every;                                /* microseconds between sweeps of watch */
    const char *events;                           /* URL of a queue with a bucket's events; NULL: none */
    int metrics;                                  /* 1: CloudWatch's embedded metrics on standard error */
    const char *metrics_file;                     /* for Prometheus; NULL: none */
    uint64_t batch;                               /* files a run takes; 0: all */
    int fail_on;                                  /* enum fail_on */
    int log_level;                                /* enum log_level */
    bool help, version;
    struct alerts alerts;    /* of the last file that has them; no channels: nobody is told */
    struct secrets *secrets; /* through which every setting is read; lives as long as the arena */
    struct setting_secret *in_secrets;
    size_t in_secrets_count, in_secrets_capacity;
};

/*
 * argv without the program's name. extra: the command's own options, or NULL (flag_only rows, as a rule); its defaults
 * are set too. rest: the arguments that are no options. ERR_USAGE or ERR_CONFIG. Texts live in arena. What stands in a
 * secret is read at once, but for the warehouse's address: that is read anew by each login.
 */
bool settings_parse(int argc, char **argv, const struct option_set *extra, struct settings *settings,
    struct option_list *rest, struct arena *arena, struct err *err) MUST_CHECK;
/* The index of the command in argv (without the program's name); argc: none. */
int settings_command(int argc, char **argv);
void settings_help(struct buf *out);

#endif
