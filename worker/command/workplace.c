#include "worker/command/workplace.h"

#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/log.h"
#include "worker/journal/seal.h"

#include <stdio.h>
#include <unistd.h>

static const struct storage_driver *const drivers[] = {&storage_dir, &storage_s3, NULL};

enum { WORK_LEFT = 3 }; /* the exit code of a fault that may pass */
enum { LOCK_US = 60 * 1000000, BRIEF_US = 3000000, PATIENCE_US = 30000000, MAX_OWNER = 512, MAX_HELP = 64 * 1024 };

int complain(const struct err *err)
{
    fprintf(stderr, "sluiced: %s\n", err->message);
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
    return err_exit_code(err);
}

void findings_print(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        printf(STR_FMT ":%d:%d: %s" STR_FMT "\n", STR_ARG(f->file), f->line, f->column, f->warning ? "warning: " : "",
            STR_ARG(f->message));
    }
}

static int help(const struct command *command, const struct option_set *extra)
{
    struct buf text;
    buf_init(&text, MAX_HELP);
    buf_printf(&text, "usage: sluiced %s%s%s [options]\n%s\n\n", command->name, command->arguments[0] ? " " : "",
        command->arguments, command->summary);
    if (extra)
        options_help(extra, &text);
    settings_help(&text);
    fwrite(text.p, 1, text.n, stdout);
    buf_dispose(&text);
    return 0;
}

const char *workplace_journal(struct workplace *place, struct err *err)
{
    const char *path = place->settings.journal;
    if (!path)
        path = arena_printf(place->arena, STR_FMT "/journal.db", STR_ARG(place->storage->local));
    if (!path)
        ERR(err, ERR_MEMORY, "no memory for a path");
    return path;
}

static bool open_journal(struct workplace *place, bool read_only, struct err *err)
{
    const char *path = workplace_journal(place, err);
    bool exists = true;
    if (!path)
        return false;
    if (read_only && !fs_exists(path, &exists, err))
        return false;
    if (!exists)
        return true;
    if (!read_only && !fs_make_parent(path, err))
        return false;
    place->journal = journal_open(path, read_only, err);
    return place->journal && (read_only || journal_owner(&place->owner, err));
}

bool workplace_reload(struct workplace *place, struct contracts *contracts)
{
    struct err err;
    struct findings findings = {.arena = place->arena};
    bool there, ok = fs_exists(place->settings.datasets, &there, &err);
    if (ok && !there) {
        log_event(LOG_WARN, "no-contracts", "datasets", place->settings.datasets, "hint",
            "every file stays unmatched; 'sluiced infer FILE' prints a first contract", NULL);
        *contracts = (struct contracts){0};
        return true;
    }
    ok = ok && contracts_load(place->settings.datasets, contracts, &findings, &err);
    if (!ok)
        complain(&err);
    if (findings.errors) {
        for (size_t i = 0; i < findings.count; i++) {
            const struct finding *f = &findings.list[i];
            fprintf(stderr, STR_FMT ":%d:%d: %s" STR_FMT "\n", STR_ARG(f->file), f->line, f->column,
                f->warning ? "warning: " : "", STR_ARG(f->message));
        }
    }
    return ok && !findings.errors;
}

/* The lake and the journal know each other by the lake's id. */
static bool pair(struct workplace *place, struct err *err)
{
    struct str known;
    struct str here = str_of(place->storage->lake_id);
    if (!journal_meta_get(place->journal, "lake_id", &known, place->arena, err))
        return false;
    if (!known.n)
        return journal_meta_set(place->journal, "lake_id", here, err);
    if (str_eq(known, here))
        return true;
    ERR(err, ERR_UNAVAILABLE, "the journal is of lake " STR_FMT ", but " STR_FMT " is another", STR_ARG(known),
        STR_ARG(place->storage->url));
    return err_hint(err, "Is the lake mounted? Else name its own journal with --journal.");
}

/* code: so that it is what lies there that is waited for */
static bool read_secret(const struct settings *settings, const char *setting, const char *code, bool fresh,
    struct secret *url, struct err *err)
{
    if (secrets_read(settings->secrets, setting, fresh, url, err))
        return true;
    err->code = code;
    return err_context(err, "the setting %s", code);
}

static bool read_address(void *context, bool fresh, struct secret *url, struct err *err)
{
    const struct settings *settings = context;
    return read_secret(settings, settings->warehouse, PG_ERROR, fresh, url, err);
}

static bool read_coordinator(void *context, bool fresh, struct secret *url, struct err *err)
{
    const struct settings *settings = context;
    return read_secret(settings, settings->coordinator, FLEET_ERROR, fresh, url, err);
}

bool workplace_fleet(struct workplace *place, int64_t patience_us, struct err *err)
{
    struct fleet_options options = {
        .url = place->settings.coordinator, .lake_id = place->storage->lake_id, .patience_us = patience_us};
    if (!options.url || place->fleet)
        return true;
    if (secrets_in(options.url)) {
        options.address = read_coordinator;
        options.address_context = &place->settings;
    }
    place->fleet = fleet_new(&options, err);
    if (place->fleet && !place->settings.journal && (place->storage->driver->features & STORAGE_FILES))
        log_event(LOG_WARN, "journal-in-the-lake", "hint",
            "workers on other machines need a journal each, on a disk of their own: --journal FILE", NULL);
    return place->fleet != NULL;
}

void workplace_stop(struct workplace *place, const volatile sig_atomic_t *stop)
{
    fleet_stop_flag(place->fleet, stop);
}

/* Before it is read: this machine's copy is of when a worker last looked. */
static bool look_at_fleet(struct workplace *place, struct err *err)
{
    struct err why;
    if (!place->settings.coordinator)
        return true;
    if (!place->storage->driver->probe(place->storage, err) || !workplace_fleet(place, BRIEF_US, err))
        return false;
    if (open_journal(place, false, &why)) {
        journal_close(place->journal);
        place->journal = NULL;
        buf_reset(&place->owner);
        return true;
    }
    if (why.kind == ERR_UNAVAILABLE) {
        log_err(LOG_WARN, "coordinator-lost", &why);
        return true;
    }
    *err = why;
    return false;
}

static bool open_warehouse(struct workplace *place, struct err *err)
{
    struct pg_options options = {
        .url = place->settings.warehouse, .statement_us = place->settings.warehouse_timeout, .lock_us = LOCK_US};
    if (!options.url)
        return true;
    if (secrets_in(options.url)) {
        options.address = read_address;
        options.address_context = &place->settings;
    }
    place->pg = pg_new(&options, err);
    return place->pg != NULL;
}

static bool open_all(struct workplace *place, unsigned needs, struct err *err)
{
    if ((needs & NEED_WAREHOUSE) && !open_warehouse(place, err))
        return false;
    needs &= ~(unsigned)NEED_WAREHOUSE;
    if (needs && (!storage_open(str_of(place->settings.lake), drivers, place->arena, &place->storage, err)))
        return false;
    int64_t patience = needs & NEED_PATIENCE ? FLEET_FOR_EVER : PATIENCE_US;
    if ((needs & NEED_JOURNAL) &&
        (!place->storage->driver->probe(place->storage, err) || !workplace_fleet(place, patience, err) ||
            !open_journal(place, false, err) || !pair(place, err)))
        return false;
    place->seals = needs & NEED_JOURNAL;
    return !(needs & NEED_JOURNAL_READ) || (look_at_fleet(place, err) && open_journal(place, true, err));
}

bool workplace_open(struct workplace *place, int argc, char **argv, const struct command *command,
    const struct option_set *extra, size_t most, unsigned needs, int *exit_code)
{
    struct err err;
    *place = (struct workplace){.arena = arena_new(0)};
    buf_init(&place->owner, MAX_OWNER);
    *exit_code = 0;
    bool ok = place->arena || ERR(&err, ERR_MEMORY, "no memory to start");
    ok = ok && settings_parse(argc - 1, argv + 1, extra, &place->settings, &place->rest, place->arena, &err);
    if (ok && place->settings.help) {
        *exit_code = help(command, extra);
        workplace_close(place);
        return false;
    }
    if (ok && place->rest.count > most) {
        ok = ERR(&err, ERR_USAGE, "%s: unexpected argument '%s'", command->name, place->rest.items[most]);
        err_hint(&err, "usage: sluiced %s %s", command->name, command->arguments);
    }
    if (ok) {
        log_set_level((enum log_level)place->settings.log_level);
        ok = open_all(place, needs, &err);
    }
    if (ok && (needs & NEED_CONTRACTS) && !workplace_reload(place, &place->contracts)) {
        fprintf(stderr, "sluiced: the contracts in %s have mistakes\n", place->settings.datasets);
        *exit_code = 2;
    } else if (!ok)
        *exit_code = complain(&err);
    else
        return true;
    workplace_close(place);
    return false;
}

int workplace_end(struct workplace *place, int code)
{
    struct err err;
    if (place->journal && place->seals && !journal_seal(place->journal, place->storage, &err)) {
        log_err(LOG_WARN, "journal-not-sealed", &err);
        code = code > WORK_LEFT ? code : WORK_LEFT;
    }
    place->seals = false;
    workplace_close(place);
    return code;
}

void workplace_close(struct workplace *place)
{
    contracts_free(&place->contracts);
    if (place->journal && place->seals)
        journal_seal_quietly(place->journal, place->storage);
    journal_close(place->journal);
    fleet_free(place->fleet);
    pg_free(place->pg);
    buf_dispose(&place->owner);
    arena_free(place->arena);
    *place = (struct workplace){0};
}
