#include "worker/run/standing.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/run/rules.h"

enum { MAX_LABEL = 1024 * 1024 };

/* ---- which stand ---- */

/* A contract that does not load by itself is being edited: that is not the override's fault. */
static bool loads_plain(const struct rules_request *overridden, struct arena *arena)
{
    char hash[SHA256_TEXT_SIZE];
    struct err err;
    struct rules_request request = *overridden;
    request.overrides = NULL;
    struct contract *contract = rules_load(&request, hash, arena, &err);
    contract_free(contract);
    return contract != NULL;
}

static bool end_it(struct file_run *run, const struct standing *standing, const struct err *why, struct err *err)
{
    char *message = arena_printf(
        run->arena, "the contract no longer takes the override of request %s: %s", standing->redrive_id, why->message);
    if (!message)
        return ERR(err, ERR_MEMORY, "no memory for an incident");
    log_err(LOG_WARN, "override-void", why);
    return journal_standing_void(run->worker->journal, standing, str_of(message), clock_now(), err);
}

static bool load_one(struct file_run *run, const struct standing *standing, struct err *err)
{
    char base[SHA256_TEXT_SIZE];
    struct err why = {0};
    struct overrides *overrides = ARENA_NEW(run->arena, struct overrides);
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!overrides_read(overrides, standing->overrides, run->arena, err))
        return false;
    struct rules_request request = {.storage = run->worker->storage,
        .journal = run->worker->journal,
        .contracts = run->worker->contracts,
        .overrides = overrides,
        .dataset = run->claim.file.dataset};
    struct contract *contract = rules_load(&request, base, run->arena, &why);
    if (!contract && why.kind == ERR_CONFIG)
        return !loads_plain(&request, run->arena) || end_it(run, standing, &why, err);
    if (!contract) {
        *err = why;
        return false;
    }
    run->standing[run->standing_count++] = (struct file_run_standing){
        .contract = contract, .overrides = overrides, .redrive_id = arena_cstr(run->arena, standing->redrive_id)};
    return run->standing[run->standing_count - 1].redrive_id || ERR(err, ERR_MEMORY, "no memory for an override");
}

bool file_run_standing_load(struct file_run *run, struct err *err)
{
    struct standing_list list;
    if (!journal_standing_list(run->worker->journal, run->claim.file.dataset, clock_now(), &list, run->arena, err))
        return false;
    if (list.count)
        run->standing = ARENA_ARRAY(run->arena, struct file_run_standing, list.count);
    if (list.count && !run->standing)
        return ERR(err, ERR_MEMORY, "no memory for standing overrides");
    for (size_t i = 0; i < list.count; i++)
        if (!load_one(run, &list.list[i], err))
            return false;
    return true;
}

void file_run_standing_free(struct file_run *run)
{
    for (size_t i = 0; i < run->standing_count; i++)
        contract_free(run->standing[i].contract);
    run->standing_count = 0;
}

/* ---- which fits ---- */

static uint32_t bound_fields(const struct reading *reading)
{
    uint32_t bound = 0;
    for (uint32_t f = 0; reading->bound && f < reading->contract->field_count; f++)
        bound += reading->binding.column_of_field[f] >= 0;
    return bound;
}

static bool is_label(struct str label, struct str wanted)
{
    struct buf one, two;
    if (str_eq(str_trim(label), str_trim(wanted)))
        return true;
    buf_init(&one, MAX_LABEL);
    buf_init(&two, MAX_LABEL);
    label_normalise(label, &one);
    label_normalise(wanted, &two);
    bool same = one.n && !one.failed && !two.failed && str_eq(buf_str(&one), buf_str(&two));
    buf_dispose(&one);
    buf_dispose(&two);
    return same;
}

static bool maps_found(const struct reading *reading, const struct overrides *overrides)
{
    for (size_t i = 0; i < overrides->count; i++) {
        bool found = !overrides->list[i].map;
        for (uint32_t c = 0; !found && c < reading->binding.width; c++)
            found = is_label(reading->binding.labels[c], overrides->list[i].key);
        if (!found)
            return false;
    }
    return true;
}

bool file_run_standing_settle(struct file_run *run, struct reading *plain, bool *used, struct err *err)
{
    uint32_t least = bound_fields(plain);
    *used = false;
    for (size_t i = 0; i < run->standing_count; i++) {
        const struct file_run_standing *one = &run->standing[i];
        struct reading reading;
        struct err why;
        if (!reading_make(run, one->contract, &reading, &why)) {
            if (err_action(&why) == ERR_ACTION_REJECT)
                continue;
            *err = why;
            return false;
        }
        if (bound_fields(&reading) < least || !maps_found(&reading, one->overrides))
            continue;
        *plain = reading;
        *used = true;
        run->contract = one->contract;
        run->standing_id = one->redrive_id;
        return true;
    }
    return true;
}
