#include "worker/redrive/change.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "worker/config/contract_edit.h"
#include "worker/redrive/diff.h"

enum { MAX_TEXT = 8 * 1024 * 1024 };

/* As 'sluiced check' would judge it where it lies. */
static bool loads(struct str path, struct str text, struct arena *arena, struct err *err)
{
    struct findings findings = {.arena = arena};
    const struct contract_variant variant = {.path = path.p, .text = text};
    struct contract *contract = contract_load_variant(&variant, &findings, err);
    bool ok = contract != NULL;
    contract_free(contract);
    if (ok || err->kind != ERR_NONE)
        return ok;
    for (size_t i = 0; i < findings.count; i++)
        if (!findings.list[i].warning)
            return ERR(err, ERR_CONFIG, "the contract so changed does not load: line %d: " STR_FMT,
                findings.list[i].line, STR_ARG(findings.list[i].message));
    return ERR(err, ERR_CONFIG, "the contract so changed does not load");
}

static bool make_diff(struct contract_change *change, struct str before, struct arena *arena, struct err *err)
{
    struct buf out;
    const char *slash = strrchr(change->path.p, '/');
    buf_init(&out, MAX_TEXT);
    bool ok = diff_unified(before, change->text, str_of(slash ? slash + 1 : change->path.p), &out, err);
    change->diff = ok ? arena_str(arena, buf_str(&out)) : STR("");
    buf_dispose(&out);
    if (ok && !change->diff.n)
        return ERR(err, ERR_USAGE, "the contract says so already");
    return ok && (change->diff.p || ERR(err, ERR_MEMORY, "no memory for a difference"));
}

static bool prepare(
    const struct redrive_request *request, struct contract_change *change, struct arena *arena, struct err *err)
{
    const struct contract *now = contracts_find(request->rules.contracts, request->rules.dataset);
    if (!str_trim(request->reason).n)
        return ERR(err, ERR_USAGE, "a change of a contract needs a reason");
    if (!request->rules.overrides->count)
        return ERR(err, ERR_USAGE, "there is nothing to change: give --set or --map");
    if (!now)
        return ERR(err, ERR_NOT_FOUND, "there is no contract " STR_FMT " that loads", STR_ARG(request->rules.dataset));
    change->path = now->path;
    sha256_of(now->text, change->before);
    return contract_edit(now->text, request->rules.overrides, &change->text, arena, err) &&
           loads(now->path, change->text, arena, err) && make_diff(change, now->text, arena, err);
}

bool change_possible(const struct redrive_request *request, struct arena *arena, struct err *err)
{
    struct contract_change change = {0};
    return prepare(request, &change, arena, err);
}

bool change_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err)
{
    struct contract_change change = {0};
    *redrive = (struct redrive){.action = STR("contract"),
        .dataset = request->rules.dataset,
        .reason = request->reason,
        .change = &change,
        .state = STR("requested")};
    bool ok = prepare(request, &change, arena, err) &&
              overrides_text(request->rules.overrides, &redrive->overrides, arena, err) &&
              journal_redrive_request(request->rules.journal, redrive, by, clock_now(), err);
    redrive->change = NULL;
    return ok;
}

/* *written: it is the new text already, by an approval that got no further. */
static bool is_as_asked(const struct contract_change *change, bool *written, struct err *err)
{
    struct buf text;
    char sha256[SHA256_TEXT_SIZE];
    buf_init(&text, MAX_TEXT);
    bool ok = fs_read(change->path.p, &text, err);
    sha256_of(buf_str(&text), sha256);
    *written = ok && str_eq(buf_str(&text), change->text);
    buf_dispose(&text);
    return ok && (*written || strcmp(sha256, change->before) == 0 ||
                     ERR(err, ERR_CONFIG, "the contract " STR_FMT " has changed", STR_ARG(change->path)));
}

/* It would be void, and nobody would have meant that. */
static bool voids_nothing(struct journal *journal, const struct redrive *redrive, struct err *err)
{
    char waiting[ULID_SIZE];
    if (!journal_redrive_waiting(journal, redrive->dataset, clock_now(), waiting, err))
        return false;
    if (!waiting[0])
        return true;
    ERR(err, ERR_EXISTS, "request %s reads files of " STR_FMT " again by the contract as it is: decide on that first",
        waiting, STR_ARG(redrive->dataset));
    return err_hint(err, "sluice approve %s, then this one.", waiting);
}

/* The file is written inside the decision's transaction: whatever ends this process, a second approval finds it either
 * as it was or as it is to be. */
bool change_approve(struct journal *journal, const struct redrive *redrive, const struct decider *by,
    struct arena *arena, struct err *err)
{
    struct contract_change change;
    bool written = false;
    if (clock_now() >= redrive->expires_at) /* what it then says of itself is not to be rolled back */
        return journal_redrive_approve(journal, redrive, by, clock_now(), err);
    if (!voids_nothing(journal, redrive, err) ||
        !journal_change_read(journal, redrive->redrive_id, &change, arena, err) ||
        !is_as_asked(&change, &written, err) || !loads(change.path, change.text, arena, err) ||
        !journal_begin(journal, err))
        return false;
    bool ok = journal_redrive_approve(journal, redrive, by, clock_now(), err) &&
              (written || fs_write_atomic(change.path.p, change.text, err)) &&
              fault_pass("contract-written", NULL, err);
    if (ok)
        return journal_commit(journal, err);
    journal_rollback(journal);
    return false;
}
