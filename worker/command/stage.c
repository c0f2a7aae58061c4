/* sluiced stage: bronze, silver or gold of the warehouse again, from the stage before. */
#include "worker/run/stage.h"

#include "shared/json.h"
#include "worker/command/make_worker.h"
#include "worker/gold/warehouse.h"
#include "worker/journal/silver.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

enum { MAX_JSON = 16 * 1024 * 1024 };

struct stage_own {
    const char *dataset, *run;
    bool json;
};

static const struct option_row rows[] = {
    {.name = "dataset",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct stage_own, dataset),
        .flag_only = true,
        .value = "NAME",
        .help = "of all that stands of this dataset"},
    {.name = "run",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct stage_own, run),
        .flag_only = true,
        .value = "ID",
        .help = "of the file that this run read; any part of its id that no other has"},
    {.name = "json",
        .kind = OPTION_FLAG,
        .offset = offsetof(struct stage_own, json),
        .flag_only = true,
        .help = "one JSON object"},
};

/* ---- what is asked for ---- */

static bool stage_of(struct str name, enum stage *stage, struct err *err)
{
    if (str_eq(name, STR("bronze")) || str_eq(name, STR("silver")) || str_eq(name, STR("gold"))) {
        *stage = str_eq(name, STR("bronze")) ? STAGE_BRONZE : str_eq(name, STR("silver")) ? STAGE_SILVER : STAGE_GOLD;
        return true;
    }
    ERR(err, ERR_USAGE, STR_FMT " is no stage that can be made again", STR_ARG(name));
    if (str_eq(name, STR("raw")))
        return err_hint(err, "raw comes from the file itself: 'sluice reprocess' reads it again.");
    return err_hint(err, "usage: sluiced stage bronze|silver|gold --run ID | --dataset NAME");
}

static const struct contract *find_contract(struct workplace *place, struct str dataset, struct err *err)
{
    const struct contract *contract = contracts_find(&place->contracts, dataset);
    if (!contract)
        ERR(err, ERR_USAGE, "no contract of a dataset " STR_FMT " in %s", STR_ARG(dataset), place->settings.datasets);
    else if (!contract->warehouse.given)
        ERR(err, ERR_USAGE, "the contract of " STR_FMT " has no warehouse section", STR_ARG(dataset));
    return contract && contract->warehouse.given ? contract : NULL;
}

/* *run_id: of which file; empty: of all. */
static const struct contract *choose(
    struct workplace *place, const struct stage_own *own, struct str *run_id, struct err *err)
{
    struct str dataset = own->dataset ? str_of(own->dataset) : STR("");
    *run_id = STR("");
    if (!own->run == !own->dataset) {
        ERR(err, ERR_USAGE, "stage: say which: --run ID or --dataset NAME");
        return NULL;
    }
    if (!place->pg) {
        ERR(err, ERR_CONFIG, "there is no warehouse");
        err_hint(err, "Say which: --warehouse URL, or warehouse: in sluice.yaml.");
        return NULL;
    }
    if (own->run && !journal_run_find(place->journal, str_of(own->run), run_id, &dataset, place->arena, err))
        return NULL;
    return find_contract(place, dataset, err);
}

/* ---- what came of it ---- */

static void print_json(const struct stage_report *report, enum stage stage, const struct warehouse_gold *gold)
{
    const struct again_counts *c = &report->counts;
    struct buf out;
    struct json json;
    buf_init(&out, MAX_JSON);
    jsonw_init(&json, &out);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "stage", stage_name(stage));
    jsonw_put_uint(&json, "files", report->files);
    jsonw_put_uint(&json, "made", report->made);
    jsonw_put_uint(&json, "rows_in", c->rows);
    jsonw_put_uint(&json, "rows_out", c->out);
    jsonw_put_uint(&json, "rows_rejected", c->rejected);
    jsonw_put_uint(&json, "rows_duplicate", c->duplicate);
    jsonw_put_uint(&json, "rows_filtered", c->filtered);
    jsonw_put_uint(&json, "rows_merged", c->merged);
    jsonw_put_uint(&json, "newly_rejected", c->fresh);
    jsonw_put_uint(&json, "newly_passing", report->recovered);
    jsonw_key(&json, "gold_rows");
    if (gold->made)
        jsonw_uint(&json, gold->rows);
    else
        jsonw_null(&json);
    jsonw_key(&json, "refused");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < report->complaint_count; i++) {
        const struct stage_complaint *complaint = &report->complaints[i];
        jsonw_object_begin(&json);
        jsonw_put_string(&json, "run_id", complaint->run_id);
        jsonw_put_cstring(&json, "message", complaint->why.message);
        jsonw_put_cstring(&json, "hint", complaint->why.hint);
        jsonw_object_end(&json);
    }
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    buf_dispose(&out);
}

static void print_text(const struct stage_report *report, enum stage stage, const struct warehouse_gold *gold)
{
    const struct again_counts *c = &report->counts;
    for (size_t i = 0; i < report->complaint_count; i++) {
        const struct stage_complaint *complaint = &report->complaints[i];
        fprintf(stderr, "run " STR_FMT ": %s.%s%s\n", STR_ARG(complaint->run_id), complaint->why.message,
            complaint->why.hint[0] ? " " : "", complaint->why.hint);
    }
    if (stage != STAGE_GOLD)
        fprintf(stderr, "%s of %" PRIu64 " of %" PRIu64 " files: %" PRIu64 " rows of %" PRIu64 "\n", stage_name(stage),
            report->made, report->files, c->out, c->rows);
    if (stage == STAGE_SILVER)
        fprintf(stderr,
            "%" PRIu64 " rejected, %" PRIu64 " duplicate, %" PRIu64 " filtered, %" PRIu64
            " read again since; newly rejected: %" PRIu64 ", newly passing: %" PRIu64 "\n",
            c->rejected, c->duplicate, c->filtered, c->merged, c->fresh, report->recovered);
    if (gold->made)
        fprintf(stderr, "gold in the warehouse: %" PRIu64 " rows\n", gold->rows);
}

/* The weightiest: what may pass, what will not, what was refused. */
static int code_of(const struct stage_report *report)
{
    int code = 0;
    for (size_t i = 0; i < report->complaint_count; i++) {
        int own = err_exit_code(&report->complaints[i].why);
        own = own == 2 ? 1 : own;
        code = own == 3 || (own == 4 && code != 3) || !code ? own : code;
    }
    return code;
}

static bool work(struct workplace *place, const struct contract *contract, enum stage stage, struct str run_id,
    struct stage_report *report, struct warehouse_gold *gold, struct err *err)
{
    struct worker worker = make_worker(place);
    if (!worker_recover(&worker, err))
        return false;
    if (stage != STAGE_GOLD && !stage_again(&worker, contract, stage, run_id, report, err))
        return false;
    if (stage == STAGE_GOLD && !contract->warehouse.gold_sql.n)
        return ERR(err, ERR_USAGE, "the contract of " STR_FMT " has no gold_sql", STR_ARG(contract->dataset));
    return stage == STAGE_BRONZE || (stage == STAGE_GOLD && !warehouse_gold_forget(&worker, contract, err))
               ? stage == STAGE_BRONZE
               : warehouse_gold(&worker, contract, gold, err);
}

static int run(int argc, char **argv)
{
    struct stage_own own = {0};
    struct option_set extra = OPTION_SET(rows, &own);
    struct workplace place;
    struct warehouse_gold gold = {0};
    struct err err;
    enum stage stage = STAGE_GOLD;
    struct str run_id = STR("");
    int code;
    if (!workplace_open(&place, argc, argv, &command_stage, &extra, 1,
            NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS | NEED_WAREHOUSE, &code))
        return code;
    struct stage_report report = {.arena = place.arena};
    bool ok = stage_of(place.rest.count ? str_of(place.rest.items[0]) : STR("nothing"), &stage, &err);
    const struct contract *contract = ok ? choose(&place, &own, &run_id, &err) : NULL;
    ok = contract && work(&place, contract, stage, run_id, &report, &gold, &err);
    code = ok ? code_of(&report) : complain(&err);
    if (ok)
        (own.json ? print_json : print_text)(&report, stage, &gold);
    return workplace_end(&place, code);
}

const struct command command_stage = {
    .name = "stage",
    .arguments = "bronze|silver|gold --run ID | --dataset NAME",
    .summary = "makes a stage of the warehouse again from the one before, by the contract as it is now",
    .run = run,
};
