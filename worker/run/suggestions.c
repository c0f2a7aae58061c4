/* What would mend a file that was refused: tried on its first bytes, or on the values that cost the most rows. */
#include "shared/log.h"
#include "worker/run/file_run.h"
#include "worker/shape/suggest.h"

enum { MOST_FIELDS = 3, MOST_VALUES = 20 };

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

const struct sink_cause *file_run_next_cause(const struct file_run *run, const struct sink_cause *last)
{
    const struct sink_cause *found = NULL;
    for (size_t i = 0; i < run->result.cause_count; i++) {
        const struct sink_cause *cause = &run->result.causes[i];
        bool later = !last || cause->rows < last->rows || (cause->rows == last->rows && cause > last);
        if (later && (!found || cause->rows > found->rows))
            found = cause;
    }
    return found;
}

/* Values of one field, whatever their shapes. */
static size_t values_of(const struct file_run *run, int32_t field, struct str *values)
{
    const struct sink_cause *cause = NULL;
    size_t count = 0;
    while ((cause = file_run_next_cause(run, cause)))
        for (unsigned s = 0; is_about_values(cause) && field_of(run, cause) == field && s < cause->sample_count; s++)
            if (count < MOST_VALUES)
                values[count++] = cause->samples[s];
    return count;
}

static bool for_field(struct file_run *run, int32_t field, struct remedies *out, struct err *err)
{
    struct str values[MOST_VALUES];
    struct remedies more = {0};
    size_t count = values_of(run, field, values);
    if (!suggest_for_values(run->contract, (uint32_t)field, values, count, run->arena, &more, err))
        return false;
    for (size_t r = 0; r < more.count && out->count < REMEDIES_MAX; r++)
        out->list[out->count++] = more.list[r];
    return true;
}

/* The fields whose values cost the most rows come first. */
static bool for_values(struct file_run *run, struct remedies *out, struct err *err)
{
    int32_t seen[MOST_FIELDS];
    size_t fields = 0;
    const struct sink_cause *cause = NULL;
    while (fields < MOST_FIELDS && (cause = file_run_next_cause(run, cause))) {
        int32_t field = is_about_values(cause) ? field_of(run, cause) : -1;
        bool again = field < 0;
        for (size_t i = 0; i < fields; i++)
            again |= seen[i] == field;
        if (again)
            continue;
        seen[fields++] = field;
        if (!for_field(run, field, out, err))
            return false;
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
