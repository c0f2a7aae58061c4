/* Who is told of what goes wrong: the section alerts: of the settings' file. docs/alerts.md has its words. */
#ifndef WORKER_CONFIG_ALERTS_H
#define WORKER_CONFIG_ALERTS_H

#include "shared/options.h"

enum alert_severity { ALERT_WARNING, ALERT_ERROR, ALERT_CRITICAL };
extern const char *const alert_severities[]; /* their words; ends with NULL */

enum alert_type { ALERT_WEBHOOK, ALERT_SLACK, ALERT_TEAMS, ALERT_EMAIL, ALERT_SNS };
extern const char *const alert_types[];

struct timezone_rules;

/* Minutes of the local day; from == until: none. */
struct alert_quiet {
    int from, until;
    const struct timezone_rules *zone; /* NULL: UTC */
    enum alert_severity except;        /* what is told in spite of it, and what is worse */
};

/* Texts may name secrets; what a type does not use is NULL. */
struct alert_channel {
    const char *name;
    enum alert_type type;
    const char *url;                             /* webhook, slack, teams */
    const char *key;                             /* webhook: for its signature */
    const char *ca;                              /* a file of certificates to trust; NULL: the system's */
    const char *server, *user, *password, *from; /* email */
    struct option_list to;                       /* email */
    const char *topic;                           /* sns */
    uint64_t rate;                               /* messages an hour */
    struct alert_quiet quiet;
};

struct alert_route {
    const char *dataset; /* a glob; what is about no dataset goes by "*" alone */
    enum alert_severity severity;
    uint64_t channels; /* a bit each, in the order of the list */
};

struct alerts {
    const char *console; /* how a person opens the console: NULL: sluice --lake URL */
    int64_t group;       /* microseconds that an alert waits for others, to be told in one */
    struct alert_channel *channels;
    size_t channel_count;
    struct alert_route *routes; /* none: all to all */
    size_t route_count;
};

enum { ALERT_CHANNELS_MAX = 64 };

/* section: the value of alerts:. ERR_CONFIG names file:line:column. */
bool alerts_read(const char *path, const struct yaml_node *section, struct alerts *alerts, struct arena *arena,
    struct err *err) MUST_CHECK;
/* The channels, a bit each, that are told of something of this dataset (empty: of all) and severity. */
uint64_t alerts_route(const struct alerts *alerts, struct str dataset, enum alert_severity severity);
/* 0: now is no quiet time for it; else when that ends (microseconds since 1970). */
int64_t alerts_quiet_until(const struct alert_quiet *quiet, enum alert_severity severity, int64_t now);

#endif
