#include "worker/redrive/withdraw.h"

#include "shared/clock.h"
#include "worker/redrive/past.h"

enum { MAX_KEYS = 64 * 1024 * 1024 };

/* What is there to be taken back, so that whoever approves takes back no more and no less. */
static bool hash_published(
    struct journal *journal, int64_t file_id, char hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err)
{
    struct str *keys;
    size_t count;
    struct buf list;
    if (!journal_published(journal, file_id, &keys, &count, arena, err))
        return false;
    buf_init(&list, MAX_KEYS);
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, STR_FMT "\n", STR_ARG(keys[i]));
    bool ok = buf_ok(&list, "the outputs of a file", err);
    if (ok)
        sha256_of(buf_str(&list), hash);
    buf_dispose(&list);
    return ok;
}

static bool fill(
    struct journal *journal, const struct past *past, struct redrive_file *file, struct arena *arena, struct err *err)
{
    const struct journal_file *known = &past->file;
    *file = (struct redrive_file){.file_id = known->file_id,
        .from_state = FILE_SUCCEEDED,
        .arrival_key = known->arrival_key,
        .location = known->location,
        .base_ruleset = past->ruleset_hash};
    memcpy(file->run_id, past->run_id, sizeof file->run_id);
    memcpy(file->former_run_id, past->run_id, sizeof file->former_run_id);
    memcpy(file->sha256, known->sha256.p, sizeof file->sha256);
    memcpy(file->ruleset_hash, past->ruleset_hash.p, sizeof file->ruleset_hash);
    return hash_published(journal, known->file_id, file->rehearsal_hash, arena, err);
}

bool withdraw_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err)
{
    static const struct overrides none;
    struct journal *journal = request->rules.journal;
    struct redrive_file *file = ARENA_NEW(arena, struct redrive_file);
    struct past *past = ARENA_NEW(arena, struct past);
    *redrive = (struct redrive){
        .action = STR("withdraw"), .same_rules = true, .reason = request->reason, .state = STR("requested")};
    if (!file || !past)
        return ERR(err, ERR_MEMORY, "no memory for a request");
    if (!str_trim(request->reason).n) {
        ERR(err, ERR_USAGE, "withdrawing needs a reason");
        return err_hint(err, "--reason 'the producer sent another month': whoever looks later will want to know.");
    }
    if (!past_read(journal, request->run_id, past, arena, err))
        return false;
    if (past->file.state != FILE_SUCCEEDED || !str_eq(past->outcome, STR("loaded"))) {
        ERR(err, ERR_EXISTS, STR_FMT " is %s: there is nothing to take back", STR_ARG(past->file.arrival_key),
            file_state_name(past->file.state));
        return err_hint(err, "Only what was loaded can be withdrawn.");
    }
    redrive->dataset = past->file.dataset;
    redrive->files = file;
    redrive->file_count = redrive->file_capacity = 1;
    return fill(journal, past, file, arena, err) && overrides_text(&none, &redrive->overrides, arena, err) &&
           journal_redrive_request(journal, redrive, by, clock_now(), err);
}

bool withdraw_holds(struct journal *journal, const struct redrive_file *file, struct arena *arena, struct err *err)
{
    char hash[SHA256_TEXT_SIZE];
    return hash_published(journal, file->file_id, hash, arena, err) &&
           (strcmp(hash, file->rehearsal_hash) == 0 ||
               ERR(err, ERR_CONFIG, "what is published of " STR_FMT " has changed", STR_ARG(file->arrival_key)));
}
