/* What would mend a file that was refused: tried on its first bytes, or on the values that cost the most rows. */
#include "shared/log.h"
#include "worker/run/file_run.h"
#include "worker/shape/suggest.h"

enum { MOST_CAUSES = 3 };

static bool for_header(struct file_run *run, struct remedies *out, struct err *err)
{
    return suggest_for_header(
        run->contract, &run->sniff, &run->binding, run->sample, run->sample_is_whole, run->arena, out, err);
}

static int32_t field_of(const struct file_run *run, const struct sink_cause *cause)
{
    for (uint32_t i = 0; i < run->contract->field_count; i++)
        if (str_eq(run->contract->fields[i].name, cause->column))
            return (int32_t)i;
    return -1;
}

static bool is_about_values(const struct sink_cause *cause)
{
    return (cause->code == CODE_TYPE || cause->code == CODE_AMBIGUOUS) && cause->sample_count;
}

/* The next largest cause below bound rows; equal ones in their order. */
static const struct sink_cause *next_cause(const struct file_run *run, const struct sink_cause *last)
{
    const struct sink_cause *found = NULL;
    for (size_t i = 0; i < run->result.cause_count; i++) {
        const struct sink_cause *cause = &run->result.causes[i];
        bool later = !last || cause->rows < last->rows || (cause->rows == last->rows && cause > last);
        if (later && is_about_values(cause) && (!found || cause->rows > found->rows))
            found = cause;
    }
    return found;
}

static bool for_values(struct file_run *run, struct remedies *out, struct err *err)
{
    const struct sink_cause *cause = NULL;
    *out = (struct remedies){0};
    for (int i = 0; i < MOST_CAUSES && (cause = next_cause(run, cause)); i++) {
        struct remedies more = {0};
        int32_t field = field_of(run, cause);
        if (field >= 0 && !suggest_for_values(run->contract, (uint32_t)field, cause->samples, cause->sample_count,
                              run->arena, &more, err))
            return false;
        for (size_t r = 0; r < more.count && out->count < REMEDIES_MAX; r++)
            out->list[out->count++] = more.list[r];
    }
    return true;
}

void file_run_suggest(struct file_run *run, struct json *json)
{
    struct remedies remedies = {0};
    struct err err;
    bool ok = true;
    if (run->stage > STAGE_VALIDATE)
        ok = for_values(run, &remedies, &err);
    else if (run->stage == STAGE_VALIDATE && run->sniff.labels && run->binding.labels)
        ok = for_header(run, &remedies, &err);
    if (!ok) /* the reason matters more than a good idea */
        log_err(LOG_WARN, "no-suggestions", &err);
    remedies_write(&remedies, json);
}
