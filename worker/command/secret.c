/* sluiced secret test [REFERENCE]: can every secret that the settings name be read? What it is never shows. */
#include "worker/command/workplace.h"

#include <stdio.h>

/* false: it cannot be read. */
static bool test_one(struct workplace *place, const char *name, const char *setting)
{
    struct secret value;
    struct err err;
    secret_init(&value);
    bool ok = secrets_read(place->settings.secrets, setting, true, &value, &err);
    if (ok && value.text.n)
        printf("ok      %s: %s (%zu bytes)\n", name, setting, value.text.n);
    else
        printf("FAILED  %s: %s\n", name, ok ? "it is empty" : err.message);
    if (!ok && err.hint[0])
        printf("        %s\n", err.hint);
    ok = ok && value.text.n;
    secret_dispose(&value);
    return ok;
}

static int test_all(struct workplace *place)
{
    const struct settings *settings = &place->settings;
    size_t failed = 0;
    for (size_t i = 0; i < settings->in_secrets_count; i++)
        failed += !test_one(place, settings->in_secrets[i].name, settings->in_secrets[i].setting);
    if (!settings->in_secrets_count)
        puts("no setting names a secret");
    return failed ? 1 : 0;
}

static int run(int argc, char **argv)
{
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_secret, NULL, 2, 0, &code))
        return code;
    const char *what = place.rest.count ? place.rest.items[0] : "";
    const char *reference = place.rest.count > 1 ? place.rest.items[1] : NULL;
    if (strcmp(what, "test") != 0 || (reference && !secrets_in(reference))) {
        ERR(&err, ERR_USAGE,
            "usage: sluiced secret test [secret://aws/ID#FIELD | secret://env/NAME | secret://file/PATH]");
        code = complain(&err);
    } else
        code = reference ? !test_one(&place, "the reference", reference) : test_all(&place);
    workplace_close(&place);
    return code;
}

const struct command command_secret = {
    .name = "secret",
    .arguments = "test [REFERENCE]",
    .summary = "can the secrets that the settings name be read? Without showing them",
    .run = run,
};
