#include "worker/config/alerts.h"

#include "shared/quantity.h"
#include "shared/suggest.h"
#include "worker/value/value.h"

#include <stdio.h>
#include <stdlib.h>

enum { MINUTE = 60000000, DAY_MINUTES = 24 * 60, RATE = 20, GROUP_S = 30, SECOND = 1000000 };

const char *const alert_severities[] = {"warning", "error", "critical", NULL};
const char *const alert_types[] = {"webhook", "slack", "teams", "email", "sns", NULL};

struct reading {
    const char *path;
    struct arena *arena;
    struct err *err;
    struct alerts *alerts;
};

static bool wrong(const struct reading *r, const struct yaml_node *node, const char *message)
{
    return ERR(r->err, ERR_CONFIG, "%s:%d:%d: %s", r->path, node->line, node->column, message);
}

static bool no_memory(const struct reading *r)
{
    return ERR(r->err, ERR_MEMORY, "no memory for settings");
}

/* ---- values ---- */

typedef bool take(const struct reading *r, const struct yaml_node *node, void *to);

static bool take_text(const struct reading *r, const struct yaml_node *node, void *to)
{
    const char **text = to;
    if (node->kind != YAML_TEXT || !node->text.n)
        return wrong(r, node, "a text is wanted");
    *text = arena_str(r->arena, node->text).p;
    return *text || no_memory(r);
}

static bool take_word(const struct reading *r, const struct yaml_node *node, const char *const *words, int *to)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, node->text);
    for (*to = 0; node->kind == YAML_TEXT && words[*to]; (*to)++) {
        if (str_eq(node->text, str_of(words[*to])))
            return true;
        suggest_offer(&suggestion, str_of(words[*to]));
    }
    wrong(r, node, "one of these is wanted:");
    for (size_t i = 0; words[i]; i++) {
        size_t n = strlen(r->err->message);
        snprintf(r->err->message + n, sizeof r->err->message - n, " %s", words[i]);
    }
    return suggestion.best.n ? err_hint(r->err, "did you mean '" STR_FMT "'?", STR_ARG(suggestion.best)) : false;
}

static bool take_severity(const struct reading *r, const struct yaml_node *node, void *to)
{
    int word;
    bool ok = take_word(r, node, alert_severities, &word);
    *(enum alert_severity *)to = ok ? (enum alert_severity)word : ALERT_WARNING;
    return ok;
}

static bool take_type(const struct reading *r, const struct yaml_node *node, void *to)
{
    int word;
    bool ok = take_word(r, node, alert_types, &word);
    *(enum alert_type *)to = ok ? (enum alert_type)word : ALERT_WEBHOOK;
    return ok;
}

static bool take_texts(const struct reading *r, const struct yaml_node *node, void *to)
{
    struct option_list *list = to;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    list->items = ARENA_ARRAY(r->arena, const char *, count ? count : 1);
    if (!list->items)
        return no_memory(r);
    for (; list->count < count; list->count++)
        if (!take_text(r, node->kind == YAML_LIST ? &node->items[list->count] : node, &list->items[list->count]))
            return false;
    return true;
}

static bool take_rate(const struct reading *r, const struct yaml_node *node, void *to)
{
    char *end = NULL;
    unsigned long long rate = node->kind == YAML_TEXT && node->text.n < 8 ? strtoull(node->text.p, &end, 10) : 0;
    *(uint64_t *)to = rate;
    return (rate && end == node->text.p + node->text.n) || wrong(r, node, "a number of messages an hour is wanted");
}

static bool take_duration(const struct reading *r, const struct yaml_node *node, void *to)
{
    return (node->kind == YAML_TEXT && quantity_duration(node->text, to) && *(int64_t *)to >= 0) ||
           wrong(r, node, "a time is wanted: 30s, 5m");
}

static bool read_minutes(struct str *text, int *minutes)
{
    int hour = 0, minute = 0, used = 0;
    char clock[6] = "";
    if (text->n < 5)
        return false;
    memcpy(clock, text->p, 5);
    if (sscanf(clock, "%2d:%2d%n", &hour, &minute, &used) != 2 || used != 5 || hour < 0 || hour > 24 || minute < 0 ||
        minute > 59)
        return false;
    *minutes = (hour * 60 + minute) % DAY_MINUTES;
    *text = (struct str){text->p + 5, text->n - 5};
    return true;
}

/* "22:00-07:00 Europe/Berlin" */
static bool take_quiet(const struct reading *r, const struct yaml_node *node, void *to)
{
    struct alert_quiet *quiet = to;
    struct str text = str_trim(node->text);
    if (node->kind != YAML_TEXT || !read_minutes(&text, &quiet->from) || !text.n || text.p[0] != '-')
        return wrong(r, node, "hours are wanted: 22:00-07:00 Europe/Berlin");
    text = (struct str){text.p + 1, text.n - 1};
    if (!read_minutes(&text, &quiet->until) || (text.n && text.p[0] != ' '))
        return wrong(r, node, "hours are wanted: 22:00-07:00 Europe/Berlin");
    text = str_trim(text);
    if (!text.n || timezone_load(text, r->arena, &quiet->zone, r->err))
        return true;
    return wrong(r, node, "there is no such time zone");
}

/* ---- maps ---- */

struct key {
    const char *name;
    size_t offset;
    take *take;
};

static bool read_map(
    const struct reading *r, const struct yaml_node *node, const struct key *keys, size_t count, void *to)
{
    struct suggestion suggestion;
    if (node->kind != YAML_MAP)
        return wrong(r, node, "a map is wanted");
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        size_t k = 0;
        suggest_init(&suggestion, pair->key.text);
        for (; k < count && !str_eq(pair->key.text, str_of(keys[k].name)); k++)
            suggest_offer(&suggestion, str_of(keys[k].name));
        if (k == count) {
            wrong(r, &pair->key, "there is no such key");
            return suggestion.best.n ? err_hint(r->err, "did you mean '" STR_FMT "'?", STR_ARG(suggestion.best))
                                     : false;
        }
        if (!keys[k].take(r, &pair->value, (char *)to + keys[k].offset))
            return false;
    }
    return true;
}

#define KEY(type, name, field, how)             \
    {                                           \
        name, offsetof(struct type, field), how \
    }

static const struct key channel_keys[] = {
    KEY(alert_channel, "name", name, take_text),
    KEY(alert_channel, "type", type, take_type),
    KEY(alert_channel, "url", url, take_text),
    KEY(alert_channel, "key", key, take_text),
    KEY(alert_channel, "ca", ca, take_text),
    KEY(alert_channel, "server", server, take_text),
    KEY(alert_channel, "user", user, take_text),
    KEY(alert_channel, "password", password, take_text),
    KEY(alert_channel, "from", from, take_text),
    KEY(alert_channel, "to", to, take_texts),
    KEY(alert_channel, "topic", topic, take_text),
    KEY(alert_channel, "rate", rate, take_rate),
    KEY(alert_channel, "quiet", quiet, take_quiet),
    KEY(alert_channel, "quiet_except", quiet.except, take_severity),
};

static bool judge_channel(const struct reading *r, const struct yaml_node *node, const struct alert_channel *c)
{
    if (!c->name)
        return wrong(r, node, "a channel wants a name");
    for (const char *p = c->name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *p))
            return wrong(r, node, "a channel's name is of letters, digits, _ - .");
    for (size_t i = 0; i < r->alerts->channel_count; i++)
        if (strcmp(r->alerts->channels[i].name, c->name) == 0)
            return wrong(r, node, "there is a channel of this name already");
    switch (c->type) {
    case ALERT_WEBHOOK:
    case ALERT_SLACK:
    case ALERT_TEAMS:
        return c->url || wrong(r, node, "it wants a url");
    case ALERT_EMAIL:
        return (c->server && c->from && c->to.count) || wrong(r, node, "it wants server, from and to");
    case ALERT_SNS:
        return c->topic || wrong(r, node, "it wants a topic");
    }
    return wrong(r, node, "it wants a type");
}

static bool take_channels(const struct reading *r, const struct yaml_node *node, void *to)
{
    struct alerts *alerts = to;
    if (node->kind != YAML_LIST || node->count > ALERT_CHANNELS_MAX)
        return wrong(r, node, "a list of at most 64 channels is wanted");
    alerts->channels = ARENA_ARRAY(r->arena, struct alert_channel, node->count ? node->count : 1);
    if (!alerts->channels)
        return no_memory(r);
    for (size_t i = 0; i < node->count; i++) {
        struct alert_channel *channel = &alerts->channels[i];
        *channel = (struct alert_channel){.rate = RATE, .quiet = {.except = ALERT_CRITICAL}};
        if (!read_map(r, &node->items[i], channel_keys, sizeof channel_keys / sizeof *channel_keys, channel))
            return false;
        if (!yaml_get(&node->items[i], "type"))
            return wrong(r, &node->items[i], "it wants a type");
        if (!judge_channel(r, &node->items[i], channel))
            return false;
        alerts->channel_count++;
    }
    return true;
}

static bool take_names(const struct reading *r, const struct yaml_node *node, void *to)
{
    uint64_t *channels = to;
    struct option_list names = {0};
    if (!take_texts(r, node, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        size_t k = 0;
        while (k < r->alerts->channel_count && strcmp(r->alerts->channels[k].name, names.items[i]) != 0)
            k++;
        if (k == r->alerts->channel_count)
            return wrong(r, node->kind == YAML_LIST ? &node->items[i] : node, "there is no channel of this name");
        *channels |= UINT64_C(1) << k;
    }
    return true;
}

static const struct key route_keys[] = {
    KEY(alert_route, "dataset", dataset, take_text),
    KEY(alert_route, "severity", severity, take_severity),
    KEY(alert_route, "channels", channels, take_names),
};

static bool take_routes(const struct reading *r, const struct yaml_node *node, void *to)
{
    struct alerts *alerts = to;
    if (node->kind != YAML_LIST)
        return wrong(r, node, "a list of routes is wanted");
    alerts->routes = ARENA_ARRAY(r->arena, struct alert_route, node->count ? node->count : 1);
    if (!alerts->routes)
        return no_memory(r);
    for (size_t i = 0; i < node->count; i++, alerts->route_count++) {
        alerts->routes[i] = (struct alert_route){.dataset = "*"};
        if (!read_map(r, &node->items[i], route_keys, sizeof route_keys / sizeof *route_keys, &alerts->routes[i]))
            return false;
    }
    return true;
}

static bool take_nothing(const struct reading *r, const struct yaml_node *node, void *to)
{
    (void)r, (void)node, (void)to;
    return true;
}

bool alerts_read(
    const char *path, const struct yaml_node *section, struct alerts *alerts, struct arena *arena, struct err *err)
{
    static const struct key first[] = {KEY(alerts, "console", console, take_text),
        KEY(alerts, "group", group, take_duration), {"channels", 0, take_nothing}, {"routes", 0, take_routes}};
    const struct reading r = {path, arena, err, alerts};
    *alerts = (struct alerts){.group = (int64_t)GROUP_S * SECOND};
    /* routes name channels, wherever they stand */
    const struct yaml_node *channels = yaml_get(section, "channels");
    if (channels && !take_channels(&r, channels, alerts))
        return false;
    return read_map(&r, section, first, sizeof first / sizeof *first, alerts);
}

/* ---- asking ---- */

uint64_t alerts_route(const struct alerts *alerts, struct str dataset, enum alert_severity severity)
{
    uint64_t channels = 0;
    if (!alerts->route_count)
        return alerts->channel_count < 64 ? (UINT64_C(1) << alerts->channel_count) - 1 : UINT64_MAX;
    for (size_t i = 0; i < alerts->route_count; i++)
        if (severity >= alerts->routes[i].severity && str_glob(str_of(alerts->routes[i].dataset), dataset))
            channels |= alerts->routes[i].channels;
    return channels;
}

int64_t alerts_quiet_until(const struct alert_quiet *quiet, enum alert_severity severity, int64_t now)
{
    if (quiet->from == quiet->until || severity >= quiet->except)
        return 0;
    int64_t local = quiet->zone ? timezone_to_local(quiet->zone, now) : now;
    int64_t day = (int64_t)DAY_MINUTES * MINUTE, midnight = local - ((local % day) + day) % day;
    int minute = (int)((local - midnight) / MINUTE);
    bool over_night = quiet->from > quiet->until;
    bool is_quiet =
        over_night ? minute >= quiet->from || minute < quiet->until : minute >= quiet->from && minute < quiet->until;
    if (!is_quiet)
        return 0;
    int64_t end = midnight + (int64_t)quiet->until * MINUTE + (minute >= quiet->until ? day : 0), utc = end;
    if (quiet->zone && timezone_to_utc(quiet->zone, end, &utc) != VALUE_OK)
        utc = now + (end - local); /* a time that the clocks leave out */
    return utc > now ? utc : now + MINUTE;
}
