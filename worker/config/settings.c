#include "worker/config/settings.h"

#include "shared/fs.h"

#include <stdlib.h>
#include <unistd.h>

static const char *const fail_words[] = {"reject", "quarantine", "never", NULL};
static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};

static const char *const metric_words[] = {"none", "emf", NULL};

#define MIB (INT64_C(1) << 20)
#define SECOND INT64_C(1000000)

static const struct option_row rows[] = {
    {.name = "config",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, config),
        .value = "FILE",
        .help = "settings, in place of /etc/sluice/sluice.yaml and ~/.config/sluice/sluice.yaml"},
    {.name = "lake",
        .kind = OPTION_PATH,
        .offset = offsetof(struct settings, lake),
        .fallback = ".",
        .value = "URL",
        .help = "the lake: a directory"},
    {.name = "journal",
        .kind = OPTION_PATH,
        .offset = offsetof(struct settings, journal),
        .value = "FILE",
        .help = "the journal, where it is not the lake's .sluice/journal.db"},
    {.name = "warehouse",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, warehouse),
        .value = "URL",
        .help = "PostgreSQL for contracts with a warehouse: section: postgresql://user@host/db, service=NAME"},
    {.name = "warehouse-timeout",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct settings, warehouse_timeout),
        .fallback = "10m",
        .lowest = SECOND,
        .highest = 86400 * SECOND,
        .value = "TIME",
        .help = "how long one of its statements may take"},
    {.name = "coordinator",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, coordinator),
        .value = "URL",
        .help = "PostgreSQL that a fleet of workers shares its journal by: postgresql://user@host/db"},
    {.name = "environment",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, environment),
        .fallback = "local",
        .value = "NAME",
        .help = "what consoles call this place: prod-eu"},
    {.name = "environment-colour",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, environment_colour),
        .value = "COLOUR",
        .help = "how they colour it: red, yellow, green, blue …"},
    {.name = "socket",
        .kind = OPTION_PATH,
        .offset = offsetof(struct settings, socket),
        .value = "PATH",
        .help = "where watch listens for the consoles of local users"},
    {.name = "operators",
        .kind = OPTION_LIST,
        .offset = offsetof(struct settings, operators),
        .value = "USER=ROLE",
        .help = "what a local user may do there: viewer, operator, approver"},
    {.name = "break-glass",
        .kind = OPTION_LIST,
        .offset = offsetof(struct settings, break_glass),
        .value = "NAME",
        .help = "an operator who may approve alone in an emergency; all are told"},
    {.name = "datasets",
        .kind = OPTION_PATH,
        .offset = offsetof(struct settings, datasets),
        .value = "DIR|FILE",
        .help = "the contracts (else <config dir>/datasets, ./datasets, <lake>/datasets)"},
    {.name = "memory",
        .kind = OPTION_SIZE,
        .offset = offsetof(struct settings, memory),
        .fallback = "256MB",
        .lowest = 64 * MIB,
        .highest = INT64_C(1024) * 1024 * MIB,
        .value = "SIZE",
        .help = "peak resident memory of the whole process"},
    {.name = "workers",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct settings, workers),
        .fallback = "0",
        .lowest = 0,
        .highest = 1024,
        .value = "N",
        .help = "threads; 0: one a processor"},
    {.name = "lease",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct settings, lease),
        .fallback = "60s",
        .lowest = SECOND,
        .highest = 86400 * SECOND,
        .value = "TIME",
        .help = "how long a claim lives without a heartbeat"},
    {.name = "every",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct settings, every),
        .fallback = "60s",
        .lowest = SECOND,
        .highest = 366 * 86400 * SECOND,
        .value = "TIME",
        .help = "how often watch sweeps the landing zone"},
    {.name = "events",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct settings, events),
        .value = "URL",
        .help = "an SQS queue that tells watch what is put into the lake's bucket"},
    {.name = "metrics",
        .kind = OPTION_CHOICE,
        .offset = offsetof(struct settings, metrics),
        .fallback = "none",
        .choices = metric_words,
        .help = "CloudWatch's embedded metrics, as lines on stderr"},
    {.name = "metrics-file",
        .kind = OPTION_PATH,
        .offset = offsetof(struct settings, metrics_file),
        .value = "FILE",
        .help = "a text file for Prometheus, replaced as work goes on"},
    {.name = "batch",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct settings, batch),
        .fallback = "0",
        .lowest = 0,
        .highest = INT32_MAX,
        .value = "N",
        .help = "files one run takes; 0: all"},
    {.name = "fail-on",
        .kind = OPTION_CHOICE,
        .offset = offsetof(struct settings, fail_on),
        .fallback = "quarantine",
        .choices = fail_words,
        .help = "what makes the exit code 1"},
    {.name = "log-level",
        .kind = OPTION_CHOICE,
        .offset = offsetof(struct settings, log_level),
        .fallback = "info",
        .choices = level_words,
        .help = "the least that is logged"},
    {.name = "help",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct settings, help),
        .help = "this text",
        .letter = 'h',
        .flag_only = true},
    {.name = "version",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct settings, version),
        .help = "the version",
        .letter = 'V',
        .flag_only = true},
};

/* Keys of the same file that the console reads, and the section that is no option. */
static const char *const other_keys[] = {"targets", "theme", "keys", "alerts", NULL};

static bool set_config_dir(struct settings *settings, struct arena *arena, struct err *err)
{
    const char *slash = settings->config ? strrchr(settings->config, '/') : NULL;
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (settings->config)
        settings->config_dir =
            slash ? arena_printf(
                        arena, "%.*s", (int)(slash - settings->config + (slash == settings->config)), settings->config)
                  : ".";
    else if (xdg && *xdg)
        settings->config_dir = arena_printf(arena, "%s/sluice", xdg);
    else
        settings->config_dir = arena_printf(arena, "%s/.config/sluice", home ? home : "");
    return settings->config_dir || ERR(err, ERR_MEMORY, "no memory for settings");
}

static bool read_one(const struct option_set *set, const char *path, struct settings *settings, bool *found,
    struct arena *arena, struct err *err)
{
    const struct yaml_node *root, *section;
    if (!options_file(set, path, other_keys, found, &root, arena, err))
        return false;
    section = yaml_get(root, "alerts");
    return !section || alerts_read(path, section, &settings->alerts, arena, err);
}

static bool read_files(const struct option_set *set, struct settings *settings, struct arena *arena, struct err *err)
{
    bool found;
    if (!set_config_dir(settings, arena, err))
        return false;
    if (settings->config)
        return read_one(set, settings->config, settings, &found, arena, err) &&
               (found || ERR(err, ERR_CONFIG, "there is no %s", settings->config));
    const char *own = arena_printf(arena, "%s/sluice.yaml", settings->config_dir);
    if (!own)
        return ERR(err, ERR_MEMORY, "no memory for settings");
    return read_one(set, "/etc/sluice/sluice.yaml", settings, &found, arena, err) &&
           read_one(set, own, settings, &found, arena, err);
}

/* Which file to read is itself a setting: flag over environment. */
static bool find_config(const struct option_set *sets, size_t count, int argc, char **argv, struct settings *settings,
    struct arena *arena, struct err *err)
{
    struct option_list ignored = {0};
    const char *named = getenv("SLUICE_CONFIG");
    if (!options_arguments(argc, argv, sets, count, &ignored, arena, err))
        return false;
    if (!settings->config && named && *named)
        settings->config = named;
    return true;
}

static bool choose_datasets(struct settings *settings, struct arena *arena, struct err *err)
{
    const char *candidates[] = {arena_printf(arena, "%s/datasets", settings->config_dir), "datasets",
        arena_printf(arena, "%s/datasets", settings->lake)};
    for (size_t i = 0; i < 3 && !settings->datasets; i++) {
        if (!candidates[i])
            return ERR(err, ERR_MEMORY, "no memory for settings");
        if (i == 2 || access(candidates[i], F_OK) == 0)
            settings->datasets = candidates[i];
    }
    return true;
}

/* What the command asks for is put together twice: once to learn which file to read, once over that file. */
static void forget(const struct option_set *extra)
{
    for (size_t i = 0; i < extra->count; i++)
        if (extra->rows[i].kind == OPTION_LIST)
            memset((char *)extra->target + extra->rows[i].offset, 0, sizeof(struct option_list));
}

/* ---- secrets ---- */

static void close_secrets(void *context)
{
    secrets_free(context);
}

static bool is_late(const struct option_row *row)
{
    return row->offset == offsetof(struct settings, warehouse) || row->offset == offsetof(struct settings, coordinator);
}

static bool note_secret(
    struct settings *settings, const char *name, const char *setting, struct arena *arena, struct err *err)
{
    if (!arena_reserve(arena, (void **)&settings->in_secrets, settings->in_secrets_count,
            &settings->in_secrets_capacity, sizeof *settings->in_secrets))
        return ERR(err, ERR_MEMORY, "no memory for settings");
    settings->in_secrets[settings->in_secrets_count++] = (struct setting_secret){name, setting};
    return true;
}

static bool read_secret(const struct option_row *row, struct settings *settings, struct arena *arena, struct err *err)
{
    const char **setting = (const char **)((char *)settings + row->offset);
    struct secret value;
    if (!secrets_in(*setting))
        return true;
    if (!note_secret(settings, row->name, *setting, arena, err))
        return false;
    if (is_late(row))
        return true;
    secret_init(&value);
    bool ok = secrets_read(settings->secrets, *setting, false, &value, err);
    struct str copy = ok ? arena_str(arena, buf_str(&value.text)) : STR("");
    *setting = copy.p;
    secret_dispose(&value);
    return ok ? copy.p || ERR(err, ERR_MEMORY, "no memory for settings")
              : err_context(err, "the setting %s", row->name);
}

/* Those are read when something is sent. */
static bool note_channels(struct settings *settings, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < settings->alerts.channel_count; i++) {
        const struct alert_channel *c = &settings->alerts.channels[i];
        const struct {
            const char *name, *value;
        } texts[] = {{"url", c->url}, {"key", c->key}, {"server", c->server}, {"user", c->user},
            {"password", c->password}, {"topic", c->topic}};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            char *name =
                secrets_in(texts[k].value) ? arena_printf(arena, "alerts.%s.%s", c->name, texts[k].name) : NULL;
            if (secrets_in(texts[k].value) && (!name || !note_secret(settings, name, texts[k].value, arena, err)))
                return name ? false : ERR(err, ERR_MEMORY, "no memory for settings");
        }
    }
    return true;
}

static bool is_text(const struct option_row *row)
{
    return row->kind == OPTION_TEXT || row->kind == OPTION_PATH;
}

static bool read_secrets(struct settings *settings, struct arena *arena, struct err *err)
{
    settings->secrets = secrets_new();
    if (!settings->secrets || !arena_closer(arena, close_secrets, settings->secrets)) {
        secrets_free(settings->secrets);
        return ERR(err, ERR_MEMORY, "no memory for settings");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !settings->help && !settings->version; i++) {
        if (is_text(&rows[i]) && !read_secret(&rows[i], settings, arena, err))
            return false;
    }
    return note_channels(settings, arena, err);
}

bool settings_parse(int argc, char **argv, const struct option_set *extra, struct settings *settings,
    struct option_list *rest, struct arena *arena, struct err *err)
{
    struct option_set sets[2] = {OPTION_SET(rows, settings)};
    size_t count = extra ? 2 : 1;
    const char *config;
    *settings = (struct settings){0};
    *rest = (struct option_list){0};
    if (extra)
        sets[1] = *extra;
    if (!find_config(sets, count, argc, argv, settings, arena, err))
        return false;
    config = settings->config;
    *settings = (struct settings){.config = config, .help = settings->help, .version = settings->version};
    if (extra)
        forget(extra);
    for (size_t i = 0; i < count; i++)
        if (!options_defaults(&sets[i], arena, err))
            return false;
    /* Help is given whatever the files say. */
    if (!settings->help && !settings->version && !read_files(&sets[0], settings, arena, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!options_environment(&sets[i], "SLUICE_", arena, err))
            return false;
    return options_arguments(argc, argv, sets, count, rest, arena, err) && read_secrets(settings, arena, err) &&
           (settings->config_dir || set_config_dir(settings, arena, err)) && choose_datasets(settings, arena, err);
}

int settings_command(int argc, char **argv)
{
    struct settings unused;
    const struct option_set set = OPTION_SET(rows, &unused);
    return options_command(argc, argv, &set);
}

void settings_help(struct buf *out)
{
    struct settings unused;
    const struct option_set set = OPTION_SET(rows, &unused);
    options_help(&set, out);
}
