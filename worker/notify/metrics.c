#include "worker/notify/metrics.h"

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/log.h"
#include "worker/journal/alert.h"
#include "worker/journal/metric.h"

#include <stdio.h>

#define SECOND INT64_C(1000000)

enum { LINE_MAX_BYTES = 16 * 1024, FILE_MAX_BYTES = 16 * 1024 * 1024, EVERY_S = 60 };

/* What Prometheus is told of a dataset: sums since the start, and what is so now. */
struct sums {
    struct str dataset;
    uint64_t runs, failed, quarantined, rows, rejected;
    int64_t duration, lag; /* of all; of the last */
    uint64_t waiting;
    int64_t oldest; /* how long it has waited */
};

struct metrics {
    struct metrics_options options;
    struct arena *arena;
    struct sums *list;
    size_t count, capacity;
    int64_t after; /* runs that ended until then are told of */
    int64_t mark[2], next;
};

struct metrics *metrics_new(const struct metrics_options *options, bool *wanted)
{
    *wanted = options->emf || options->file;
    struct arena *arena = *wanted ? arena_new(0) : NULL;
    struct metrics *metrics = arena ? ARENA_NEW(arena, struct metrics) : NULL;
    if (!metrics) {
        arena_free(arena);
        return NULL;
    }
    metrics->arena = arena;
    metrics->options = *options;
    metrics->after = clock_now() - SECOND;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics)
        arena_free(metrics->arena);
}

static struct sums *find(struct metrics *m, struct str dataset)
{
    for (size_t i = 0; i < m->count; i++)
        if (str_eq(m->list[i].dataset, dataset))
            return &m->list[i];
    struct str copy = arena_str(m->arena, dataset);
    if (!copy.p || !arena_reserve(m->arena, (void **)&m->list, m->count, &m->capacity, sizeof *m->list))
        return NULL;
    m->list[m->count] = (struct sums){.dataset = copy};
    return &m->list[m->count++];
}

/* ---- EMF ---- */

struct value {
    const char *name, *unit;
    int64_t value;
};

static void emit(
    const struct metrics *m, struct str dataset, const struct metric_run *run, const struct value *values, size_t count)
{
    struct buf line;
    struct json json;
    buf_init(&line, LINE_MAX_BYTES);
    jsonw_init(&json, &line);
    jsonw_object_begin(&json);
    jsonw_key(&json, "_aws");
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "Timestamp", (run ? run->finished_at : clock_now()) / 1000);
    jsonw_key(&json, "CloudWatchMetrics");
    jsonw_raw(&json, STR("[{\"Namespace\":\"sluice\",\"Dimensions\":[[\"environment\",\"dataset\"]],\"Metrics\":["));
    for (size_t i = 0; i < count; i++)
        buf_printf(&line, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", i ? "," : "", values[i].name, values[i].unit);
    buf_add_cstr(&line, "]}]");
    jsonw_object_end(&json);
    jsonw_put_cstring(&json, "environment", m->options.environment);
    jsonw_put_string(&json, "dataset", dataset);
    if (run) {
        jsonw_put_string(&json, "run", run->run_id);
        jsonw_put_string(&json, "outcome", run->outcome);
    }
    for (size_t i = 0; i < count; i++)
        jsonw_put_int(&json, values[i].name, values[i].value);
    jsonw_object_end(&json);
    if (!line.failed)
        fprintf(stderr, "%s\n", line.p);
    buf_dispose(&line);
}

static bool take_run(void *context, const struct metric_run *run)
{
    struct metrics *m = context;
    struct sums *sums = find(m, run->dataset);
    if (sums) {
        sums->runs++;
        sums->failed += str_eq(run->outcome, STR("failed"));
        sums->quarantined += str_eq(run->outcome, STR("quarantined"));
        sums->rows += run->rows;
        sums->rejected += run->rejected;
        sums->duration += run->duration;
        sums->lag = run->lag;
    }
    const struct value values[] = {{"rows", "Count", (int64_t)run->rows}, {"rejects", "Count", (int64_t)run->rejected},
        {"duration", "Milliseconds", run->duration / 1000}, {"lag", "Milliseconds", run->lag / 1000}};
    if (m->options.emf)
        emit(m, run->dataset, run, values, sizeof values / sizeof *values);
    m->after = run->finished_at;
    return sums != NULL;
}

static bool take_waiting(void *context, struct str dataset, uint64_t files, int64_t since)
{
    struct metrics *m = context;
    struct sums *sums = find(m, dataset);
    if (sums) {
        sums->waiting = files;
        sums->oldest = clock_now() - since;
    }
    return sums != NULL;
}

static void emit_waiting(const struct metrics *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct value values[] = {{"waiting", "Count", (int64_t)m->list[i].waiting},
            {"oldest_waiting", "Milliseconds", m->list[i].oldest / 1000}};
        emit(m, m->list[i].dataset, NULL, values, sizeof values / sizeof *values);
    }
}

/* ---- Prometheus ---- */

static double seconds(int64_t micros)
{
    return (double)micros / (double)SECOND;
}

static double value_of(const struct sums *s, size_t which)
{
    const double values[] = {(double)s->runs, (double)s->failed, (double)s->quarantined, (double)s->rows,
        (double)s->rejected, seconds(s->duration), seconds(s->lag), (double)s->waiting, seconds(s->oldest)};
    return values[which];
}

/* A dataset's name is of letters, digits and '_'; the environment's is anybody's. */
static void add_label(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            buf_printf(out, "\\%c", *text);
        else
            buf_add_byte(out, *text == '\n' ? ' ' : *text);
}

static bool write_file(const struct metrics *m, struct err *err)
{
    static const struct {
        const char *name, *type, *help;
    } families[] = {{"sluice_runs_total", "counter", "Runs of files that ended"},
        {"sluice_runs_failed_total", "counter", "Of these, those that a passing fault ended"},
        {"sluice_files_quarantined_total", "counter", "Files that could not be used"},
        {"sluice_rows_total", "counter", "Rows written"}, {"sluice_rows_rejected_total", "counter", "Rows rejected"},
        {"sluice_run_seconds_total", "counter", "Time that runs took"},
        {"sluice_lag_seconds", "gauge", "From the arrival of the last file to the end of its run"},
        {"sluice_files_waiting", "gauge", "Files that wait"},
        {"sluice_oldest_waiting_seconds", "gauge", "How long the oldest of them has waited"}};
    struct buf text;
    buf_init(&text, FILE_MAX_BYTES);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        buf_printf(&text, "# HELP %s %s.\n# TYPE %s %s\n", families[f].name, families[f].help, families[f].name,
            families[f].type);
        for (size_t i = 0; i < m->count; i++) {
            buf_printf(&text, "%s{environment=\"", families[f].name);
            add_label(&text, m->options.environment);
            buf_printf(
                &text, "\",dataset=\"" STR_FMT "\"} %.15g\n", STR_ARG(m->list[i].dataset), value_of(&m->list[i], f));
        }
    }
    bool ok = buf_ok(&text, "metrics", err) && fs_write_atomic(m->options.file, buf_str(&text), err);
    buf_dispose(&text);
    return ok;
}

/* ---- reporting ---- */

static bool report(struct metrics *m, struct journal *journal, struct err *err)
{
    for (size_t i = 0; i < m->count; i++)
        m->list[i].waiting = 0, m->list[i].oldest = 0;
    if (!metric_runs(journal, m->options.owner, m->after, take_run, m, err) ||
        !metric_waiting(journal, take_waiting, m, err))
        return false;
    if (m->options.emf)
        emit_waiting(m);
    return !m->options.file || write_file(m, err);
}

void metrics_report(struct metrics *m, struct journal *journal)
{
    struct err err;
    bool changed = false;
    int64_t now = clock_monotonic();
    if (!m)
        return;
    bool ok = alert_changed(journal, m->mark, &changed, &err);
    if (ok && (changed || now >= m->next)) {
        m->next = now + EVERY_S * SECOND;
        ok = report(m, journal, &err);
    }
    if (!ok)
        log_err(LOG_WARN, "metrics-not-written", &err);
}
