#include "worker/notify/amiss.h"

#include "shared/utf8.h"
#include "worker/journal/alert.h"

#include <jansson.h>

enum { TITLE_MAX = 300, SAMPLE_MAX = 80, TEXT_MAX = 4096 };

struct kept {
    struct alert_found found;
    enum alert_severity severity;
    struct str title, sample;
};

struct collecting {
    const struct amiss_options *options;
    struct arena *arena;
    struct kept *list;
    size_t count, capacity;
};

/* ---- what it is called ---- */

/* Whole characters of it. */
static struct str cut(struct str text, size_t most)
{
    if (text.n <= most)
        return text;
    while (most && ((unsigned char)text.p[most] & 0xC0) == 0x80)
        most--;
    return (struct str){text.p, most};
}

static struct str clean(struct str text, size_t most, struct arena *arena)
{
    struct buf out;
    buf_init(&out, TEXT_MAX * 8);
    utf8_sanitise(&out, cut(text, TEXT_MAX));
    struct str copy = arena_str(arena, cut(buf_str(&out), most));
    buf_dispose(&out);
    return copy;
}

static struct str title_of(const struct alert_found *f, struct arena *arena)
{
    char *text = NULL;
    const char *colon = f->dataset.n ? ": " : "";
    if (strcmp(f->kind, "incident") == 0)
        text = arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(f->word), STR_ARG(f->message));
    else if (strcmp(f->kind, "request") == 0)
        text = arena_printf(arena, STR_FMT "%s" STR_FMT " asks for approval: " STR_FMT, STR_ARG(f->dataset), colon,
            STR_ARG(f->word), STR_ARG(f->message));
    else
        text = arena_printf(arena, STR_FMT "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(f->dataset),
            colon, STR_ARG(f->word), f->message.n ? " in " : "", STR_ARG(f->message), f->rule.n ? ", rule " : "",
            STR_ARG(f->rule), f->shape.n ? ", values like " : "", STR_ARG(f->shape));
    return text ? clean(str_of(text), TITLE_MAX, arena) : (struct str){NULL, 0};
}

/* ---- how bad it is ---- */

static enum alert_severity severity_of(const struct alert_found *f)
{
    static const struct {
        const char *kind;
        enum alert_severity severity;
    } incidents[] = {{"dependency", ALERT_CRITICAL}, {"warehouse", ALERT_CRITICAL}, {"recovery", ALERT_CRITICAL},
        {"watch", ALERT_WARNING}, {"overdue", ALERT_WARNING}, {"rows", ALERT_WARNING}};
    if (strcmp(f->kind, "cause") == 0)
        return f->whole_file ? ALERT_ERROR : ALERT_WARNING;
    if (strcmp(f->kind, "request") == 0)
        return ALERT_WARNING;
    for (size_t i = 0; i < sizeof incidents / sizeof *incidents; i++)
        if (str_eq(f->word, str_of(incidents[i].kind)))
            return incidents[i].severity;
    return ALERT_ERROR;
}

/* An incident's subject is a dataset, or begins with one: "sales/date=2026-11-21". */
static struct str dataset_of(const struct collecting *c, const struct alert_found *f)
{
    struct str name = {f->dataset.p, str_find_byte(f->dataset, '/')};
    if (strcmp(f->kind, "incident") != 0)
        return f->dataset;
    name.n = str_find_byte(name, ' ');
    return contracts_find(c->options->contracts, name) ? name : STR("");
}

/* ---- a value ---- */

static bool may_show(const struct collecting *c, const struct alert_found *f)
{
    const struct contract *contract = contracts_find(c->options->contracts, f->dataset);
    for (uint32_t i = 0; contract && i < contract->field_count; i++)
        if (str_eq(contract->fields[i].name, f->message))
            return !contract->fields[i].sensitive;
    return false;
}

static struct str sample_of(const struct collecting *c, const struct alert_found *f)
{
    struct str sample = STR("");
    if (!f->samples.n || !may_show(c, f))
        return sample;
    json_t *list = json_loadb(f->samples.p, f->samples.n, 0, NULL), *first = json_array_get(list, 0);
    if (json_is_string(first))
        sample = clean((struct str){json_string_value(first), json_string_length(first)}, SAMPLE_MAX, c->arena);
    json_decref(list);
    return sample;
}

/* ---- collecting ---- */

static bool keep(void *context, const struct alert_found *found, struct err *err)
{
    struct collecting *c = context;
    if (!arena_reserve(c->arena, (void **)&c->list, c->count, &c->capacity, sizeof *c->list))
        return ERR(err, ERR_MEMORY, "no memory for alerts");
    struct kept *kept = &c->list[c->count++];
    *kept = (struct kept){.found = *found,
        .severity = severity_of(found),
        .title = title_of(found, c->arena),
        .sample = sample_of(c, found)};
    kept->found.subject = arena_str(c->arena, found->subject);
    kept->found.dataset = arena_str(c->arena, dataset_of(c, found));
    return (kept->title.p && kept->found.subject.p && kept->found.dataset.p) ||
           ERR(err, ERR_MEMORY, "no memory for alerts");
}

static bool tell(struct journal *journal, const struct amiss_options *options, const struct kept *kept,
    int64_t alert_id, int64_t now, struct err *err)
{
    const struct alerts *alerts = options->alerts;
    uint64_t channels = alerts_route(alerts, kept->found.dataset, kept->severity);
    int64_t due = now + (options->at_once ? 0 : alerts->group);
    for (size_t i = 0; i < alerts->channel_count; i++)
        if ((channels >> i & 1) && !alert_tell(journal, alert_id, alerts->channels[i].name, due, err))
            return false;
    return true;
}

static bool write_all(struct journal *journal, const struct collecting *c, int64_t now, struct err *err)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct kept *kept = &c->list[i];
        int64_t id;
        bool is_new;
        if (!alert_raise(journal, &kept->found, alert_severities[kept->severity], kept->title, kept->sample, &id,
                &is_new, err) ||
            (is_new && !tell(journal, c->options, kept, id, now, err)))
            return false;
    }
    return alert_settle(journal, now, err);
}

bool amiss_collect(struct journal *journal, const struct amiss_options *options, int64_t now, struct err *err)
{
    struct collecting c = {.options = options, .arena = arena_new(0)};
    if (!c.arena)
        return ERR(err, ERR_MEMORY, "no memory for alerts");
    if (!journal_begin(journal, err)) {
        arena_free(c.arena);
        return false;
    }
    bool ok = alert_find(journal, options->since, keep, &c, err) && write_all(journal, &c, now, err);
    arena_free(c.arena);
    if (ok)
        return journal_commit(journal, err);
    journal_rollback(journal);
    return false;
}
