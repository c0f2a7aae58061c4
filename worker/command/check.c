/* sluiced check: every mistake of contracts as file:line:column: message. */
#include "worker/command/workplace.h"

#include <stdio.h>

struct check_own {
    const char *against;
};

static const struct option_row rows[] = {
    {.name = "against",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct check_own, against),
        .flag_only = true,
        .value = "PREFIX",
        .help = "show which contract takes each file of the lake below it, e.g. raw/"},
};

static bool show(void *context, const struct storage_object *object)
{
    const struct contract *contract = contracts_match(context, object->key);
    printf(STR_FMT ": " STR_FMT "\n", STR_ARG(object->key), STR_ARG(contract ? contract->dataset : STR("no contract")));
    return true;
}

static int check(struct workplace *place, const char *path, const char *against, struct err *err)
{
    struct contracts contracts = {0};
    struct findings findings = {.arena = place->arena};
    if (!contracts_load(path, &contracts, &findings, err))
        return complain(err);
    findings_print(&findings);
    for (size_t i = 0; i < contracts.count && !findings.errors; i++) {
        const struct contract *c = contracts.list[i];
        printf(STR_FMT ": " STR_FMT ", %u field%s, takes " STR_FMT "\n", STR_ARG(c->path), STR_ARG(c->dataset),
            c->field_count, c->field_count == 1 ? "" : "s", STR_ARG(c->match));
        if (c->warehouse.given)
            printf(STR_FMT ": its warehouse is only checked: this version loads none%s\n", STR_ARG(c->path),
                c->warehouse.export_key.n ? "; its export is made of the lake's gold" : "");
    }
    bool listed = !against || place->storage->driver->list(place->storage, str_of(against), show, &contracts, err);
    int code = !listed ? complain(err) : findings.errors ? 2 : 0;
    contracts_free(&contracts);
    return code;
}

static int run(int argc, char **argv)
{
    struct check_own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_check, &extra, 1, NEED_LAKE, &code))
        return code;
    code = check(&place, place.rest.count ? place.rest.items[0] : place.settings.datasets, own.against, &err);
    workplace_close(&place);
    return code;
}

const struct command command_check = {
    .name = "check",
    .arguments = "[FILE|DIR]",
    .summary = "names every mistake of the contracts",
    .run = run,
};
