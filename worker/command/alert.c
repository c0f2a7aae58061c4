/* sluiced alert test [CHANNEL]: a message that says that it is a test, by every channel or one. */
#include "worker/command/workplace.h"
#include "worker/notify/notify.h"

#include <stdio.h>

static bool test_one(struct notify *notify, const struct alert_channel *channel)
{
    struct err err;
    bool ok = notify_test(notify, channel, &err);
    printf("%s  %s (%s)%s%s\n", ok ? "sent  " : "FAILED", channel->name, alert_types[channel->type], ok ? "" : ": ",
        ok ? "" : err.message);
    if (!ok && err.hint[0])
        printf("        %s\n", err.hint);
    return ok;
}

static int test(struct workplace *place, const char *name, struct err *err)
{
    const struct alerts *alerts = &place->settings.alerts;
    const struct notify_options options = {.alerts = alerts,
        .secrets = place->settings.secrets,
        .environment = place->settings.environment,
        .lake = place->settings.lake};
    size_t found = 0, failed = 0;
    bool wanted;
    struct notify *notify = notify_new(&options, &wanted, err);
    if (!notify && wanted)
        return complain(err);
    for (size_t i = 0; i < alerts->channel_count; i++)
        if (!name || strcmp(alerts->channels[i].name, name) == 0) {
            found++;
            failed += !test_one(notify, &alerts->channels[i]);
        }
    notify_free(notify);
    if (found)
        return failed ? 1 : 0;
    if (name)
        ERR(err, ERR_USAGE, "the settings have no channel '%s'", name);
    else
        ERR(err, ERR_CONFIG, "the settings have no channel to send alerts by");
    err_hint(err, "alerts: in sluice.yaml names them: docs/alerts.md.");
    return complain(err);
}

static int run(int argc, char **argv)
{
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_alert, NULL, 2, 0, &code))
        return code;
    if (place.rest.count && strcmp(place.rest.items[0], "test") == 0)
        code = test(&place, place.rest.count > 1 ? place.rest.items[1] : NULL, &err);
    else {
        ERR(&err, ERR_USAGE, "usage: sluiced alert test [CHANNEL]");
        code = complain(&err);
    }
    workplace_close(&place);
    return code;
}

const struct command command_alert = {
    .name = "alert",
    .arguments = "test [CHANNEL]",
    .summary = "sends a test by the channels that alerts go by",
    .run = run,
};
