/* sluiced fsck: the balance sheet again, from the outputs themselves. */
#include "worker/run/fsck.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "worker/command/workplace.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_JSON = 64 * 1024 * 1024 };

struct fsck_own {
    int64_t since;
    uint64_t sample;
    bool json;
};

static const struct option_row rows[] = {
    {.name = "since",
        .kind = OPTION_DURATION,
        .offset = offsetof(struct fsck_own, since),
        .flag_only = true,
        .lowest = 0,
        .highest = INT64_C(365000) * 86400 * 1000,
        .value = "TIME",
        .help = "only runs of the last 7d, 12h …"},
    {.name = "sample",
        .kind = OPTION_COUNT,
        .offset = offsetof(struct fsck_own, sample),
        .flag_only = true,
        .lowest = 0,
        .highest = 1000000,
        .value = "N",
        .help = "look into one output in N; missing ones are found anyway"},
    {.name = "json",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct fsck_own, json),
        .flag_only = true,
        .help = "one JSON object"},
};

static void print_json(const struct fsck_report *report)
{
    struct buf out;
    struct json json;
    buf_init(&out, MAX_JSON);
    jsonw_init(&json, &out);
    jsonw_object_begin(&json);
    jsonw_put_bool(&json, "balanced", report->difference_count == 0);
    jsonw_put_uint(&json, "runs", report->runs);
    jsonw_put_uint(&json, "outputs", report->outputs);
    jsonw_put_uint(&json, "unfinished", report->unfinished);
    jsonw_key(&json, "datasets");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < report->sheet_count; i++) {
        const struct fsck_sheet *sheet = &report->sheets[i];
        jsonw_object_begin(&json);
        jsonw_put_string(&json, "dataset", sheet->dataset);
        jsonw_put_uint(&json, "runs", sheet->runs);
        jsonw_put_uint(&json, "delivered", sheet->delivered);
        jsonw_put_uint(&json, "good", sheet->found_good);
        jsonw_put_uint(&json, "rejected", sheet->found_rejects);
        jsonw_put_uint(&json, "filtered", sheet->filtered);
        jsonw_object_end(&json);
    }
    jsonw_array_end(&json);
    jsonw_put_strings(&json, "differences", report->differences, report->difference_count);
    jsonw_object_end(&json);
    printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    buf_dispose(&out);
}

static void print_text(const struct fsck_report *report)
{
    printf("%-24s %6s %12s %12s %12s %12s %8s\n", "DATASET", "RUNS", "DELIVERED", "GOOD", "REJECTED", "FILTERED",
        "BALANCE");
    for (size_t i = 0; i < report->sheet_count; i++) {
        const struct fsck_sheet *s = &report->sheets[i];
        int64_t balance = (int64_t)s->delivered - (int64_t)(s->found_good + s->found_rejects + s->filtered);
        printf("%-24.*s %6" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %8" PRId64 "\n",
            STR_ARG(s->dataset), s->runs, s->delivered, s->found_good, s->found_rejects, s->filtered, balance);
    }
    for (size_t i = 0; i < report->difference_count; i++)
        printf("difference: " STR_FMT "\n", STR_ARG(report->differences[i]));
    if (report->unfinished)
        printf("%" PRIu64 " runs are unfinished: 'sluiced run' finishes them\n", report->unfinished);
    printf("%s: %" PRIu64 " runs, %" PRIu64 " outputs\n", report->difference_count ? "NOT balanced" : "balanced",
        report->runs, report->outputs);
}

static int check(struct workplace *place, const struct fsck_own *own, struct err *err)
{
    struct fsck_options options = {.since = own->since ? clock_now() - own->since : 0, .sample = (uint32_t)own->sample};
    struct fsck_report report = {.arena = place->arena};
    if (!place->journal) {
        ERR(err, ERR_NOT_FOUND, "the lake %s has no journal", place->settings.lake);
        err_hint(err, "--lake DIR names another lake; 'sluiced run' makes its journal.");
        return complain(err);
    }
    if (!fsck(place->storage, place->journal, &options, &report, err) ||
        (place->pg && !fsck_warehouse(place->pg, place->journal, &options, &report, err)))
        return complain(err);
    if (own->json)
        print_json(&report);
    else
        print_text(&report);
    return report.difference_count ? 1 : 0;
}

static int run(int argc, char **argv)
{
    struct fsck_own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(
            &place, argc, argv, &command_fsck, &extra, 0, NEED_LAKE | NEED_JOURNAL_READ | NEED_WAREHOUSE, &code))
        return code;
    code = check(&place, &own, &err);
    workplace_close(&place);
    return code;
}

const struct command command_fsck = {
    .name = "fsck",
    .arguments = "",
    .summary = "computes the balance sheet again from the outputs and the warehouse, names every difference",
    .run = run,
};
