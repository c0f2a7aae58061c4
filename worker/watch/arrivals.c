#include "worker/watch/arrivals.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/watch/event.h"

#define DAY (86400 * INT64_C(1000000))
#define ASIDE "rejected/events/"

enum { REMEMBERED_DAYS = 7, KEY_MAX = 512 };

static const struct str kind = {"events", 6};

bool arrivals_open(struct arrivals *arrivals, const char *url, const struct storage *storage, struct err *err)
{
    *arrivals = (struct arrivals){.works = true};
    if (!url)
        return true;
    struct str path = storage->url;
    if (!str_starts(path, STR("s3://"))) {
        ERR(err, ERR_CONFIG, "events of a queue are about a lake on S3, and " STR_FMT " is none", STR_ARG(path));
        return err_hint(err, "A directory is watched without: leave --events out.");
    }
    path = (struct str){path.p + 5, path.n - 5};
    size_t n = str_find_byte(path, '/');
    arrivals->bucket = (struct str){path.p, n};
    arrivals->prefix = n < path.n ? (struct str){path.p + n + 1, path.n - n - 1} : STR("");
    while (arrivals->prefix.n && arrivals->prefix.p[arrivals->prefix.n - 1] == '/')
        arrivals->prefix.n--;
    arrivals->queue = queue_open(url, err);
    return arrivals->queue != NULL;
}

void arrivals_close(struct arrivals *arrivals)
{
    queue_close(arrivals->queue);
    arrivals->queue = NULL;
}

struct taking {
    struct arrivals *arrivals;
    struct worker *worker;
    struct err *err;
    struct str key; /* of the lake, under way */
    bool found, failed, in_zone;
};

/* ---- one event ---- */

static bool is_in(void *context, struct str prefix)
{
    struct taking *t = context;
    t->in_zone = t->in_zone || str_starts(t->key, prefix);
    return !t->in_zone;
}

/* What sluice itself writes is not what producers drop, even where a contract takes the whole of the lake. */
static bool is_ours(const struct taking *t)
{
    static const char *const zones[] = {
        "validated/", "processed/", "rejected/", "archive/", "gold/", "audit/", ".sluice/"};
    const struct contracts *contracts = t->worker->contracts;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (str_starts(t->key, str_of(zones[i])))
            return true;
    for (size_t i = 0; i < contracts->count; i++)
        if (contracts->list[i]->output_prefix.n && str_starts(t->key, contracts->list[i]->output_prefix))
            return true;
    return false;
}

static bool is_wanted(struct taking *t, const struct event *event)
{
    const struct arrivals *a = t->arrivals;
    t->key = event->key;
    if (!str_eq(event->bucket, a->bucket))
        return false;
    if (a->prefix.n) {
        if (!str_starts(t->key, a->prefix) || t->key.n <= a->prefix.n + 1 || t->key.p[a->prefix.n] != '/')
            return false;
        t->key = (struct str){t->key.p + a->prefix.n + 1, t->key.n - a->prefix.n - 1};
    }
    t->in_zone = false;
    (void)worker_landing_zones(t->worker, is_in, t);
    return t->in_zone && !is_ours(t);
}

static bool take_event(void *context, const struct event *event)
{
    struct taking *t = context;
    char sequencer[65];
    struct err unsafe;
    bool fresh = true;
    if (!is_wanted(t, event))
        return true;
    if (!storage_key_ok(t->key, &unsafe)) {
        log_err(LOG_WARN, "unsafe-name", &unsafe);
        return true;
    }
    event_sequencer(event->sequencer, sequencer);
    bool ok = journal_event(t->worker->journal, t->key, event->sequencer.n ? str_of(sequencer) : STR(""), clock_now(),
                  &fresh, t->err) &&
              (!fresh || worker_register_key(t->worker, t->key, t->err));
    t->failed = !ok;
    t->found = t->found || fresh;
    return ok;
}

/* ---- one message ---- */

static bool set_aside(struct taking *t, const struct queue_message *message, const struct err *why)
{
    struct storage *storage = t->worker->storage;
    struct buf key;
    log_err(LOG_WARN, "message-set-aside", why);
    buf_init(&key, KEY_MAX);
    buf_printf(&key, ASIDE STR_FMT ".json", STR_ARG(message->id));
    bool ok = buf_ok(&key, "a key", t->err) && storage->driver->write(storage, buf_str(&key), message->body, t->err) &&
              journal_incident(t->worker->journal, kind, STR("messages"), str_of(why->message), clock_now(), t->err);
    buf_dispose(&key);
    t->failed = !ok;
    return ok;
}

static bool settle(void *context, const struct queue_message *message)
{
    struct taking *t = context;
    struct journal *journal = t->worker->journal;
    struct err why;
    bool had = t->found;
    if (t->failed)
        return false;
    if (!journal_begin(journal, t->err)) {
        t->failed = true;
        return false;
    }
    if (event_read(message->body, take_event, t, &why)) {
        t->failed = !journal_commit(journal, t->err);
        return !t->failed;
    }
    journal_rollback(journal);
    t->found = had;
    return !t->failed && set_aside(t, message, &why);
}

static bool tell_of_queue(struct arrivals *arrivals, struct worker *worker, struct err *err)
{
    struct err why;
    bool works = queue_works(arrivals->queue, &why);
    if (works == arrivals->works)
        return true;
    if (!works)
        log_err(LOG_ERROR, "queue-down", &why);
    arrivals->works = works;
    return works ? journal_incident_close(worker->journal, kind, STR("queue"), clock_now(), err)
                 : journal_incident(worker->journal, kind, STR("queue"), str_of(why.message), clock_now(), err);
}

bool arrivals_take(struct arrivals *arrivals, struct worker *worker, bool *found, struct err *err)
{
    struct taking t = {.arrivals = arrivals, .worker = worker, .err = err};
    if (!arrivals->queue)
        return true;
    queue_settle(arrivals->queue, settle, &t);
    *found = *found || t.found;
    return !t.failed && tell_of_queue(arrivals, worker, err);
}

/* ---- tidying ---- */

static bool any(void *context, const struct storage_object *object)
{
    (void)object;
    *(bool *)context = true;
    return false;
}

bool arrivals_tidy(struct arrivals *arrivals, struct worker *worker, struct err *err)
{
    struct storage *storage = worker->storage;
    bool left = false;
    if (!arrivals->queue)
        return true;
    return journal_events_forget(worker->journal, clock_now() - REMEMBERED_DAYS * DAY, err) &&
           storage->driver->list(storage, STR(ASIDE), any, &left, err) &&
           (left || journal_incident_close(worker->journal, kind, STR("messages"), clock_now(), err));
}
