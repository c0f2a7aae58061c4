#include "worker/shape/label.h"
#include "worker/shape/suggest.h"

#include "shared/suggest.h"
#include "worker/format/csv/reader.h"

enum { SAMPLE_ROWS = 1000, SAMPLE_MEMORY = 64 << 20, MAX_OVERRIDES = 2 };

struct attempt {
    const struct contract *contract;
    struct str sample;
    bool whole;
    struct arena *arena;
    struct remedies *out;
    struct err *err;
};

/* A header as it would be read with some overrides. */
struct view {
    const struct contract *contract;
    struct sniff sniff;
    struct binding binding;
    struct remedy_override overrides[MAX_OVERRIDES];
    size_t override_count;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for suggestions");
}

struct count {
    uint64_t passing, tried;
    uint64_t fitting; /* rows in which the mapped field converts */
};

static bool judge_batch(struct attempt *attempt, const struct view *view, struct batch *batch)
{
    struct rule_counts counts = {ARENA_ARRAY(attempt->arena, uint64_t, view->contract->rule_count)};
    struct converter *converter =
        converter_new(view->contract, &view->binding, &view->sniff.dialect, attempt->arena, attempt->err);
    if (!converter || !counts.failed)
        return no_memory(attempt->err);
    return converter_decide(converter, batch, attempt->err) && convert_batch(converter, batch, attempt->err) &&
           rules_batch(converter, batch, &counts, attempt->err);
}

static bool count_batch(
    struct attempt *attempt, const struct view *view, uint32_t field, struct batch *batch, struct count *count)
{
    if (batch->n < SAMPLE_ROWS && !attempt->whole && batch->n > 1)
        batch->n--; /* the sample's end cuts its last record */
    while (batch->error_count && batch->errors[batch->error_count - 1].row >= batch->n)
        batch->error_count--;
    if (!judge_batch(attempt, view, batch))
        return false;
    count->tried = batch->n;
    for (uint32_t row = 0; row < batch->n; row++) {
        count->passing += batch->marks[row] == MARK_GOOD || batch->marks[row] == MARK_FILTERED;
        count->fitting += batch->columns[field].state[row] != VALUE_FAILED;
    }
    return true;
}

/* Rows of the sample that would pass under a view that binds. A faulty sample gives none, which is an answer too. */
static bool count_rows(struct attempt *attempt, const struct view *view, uint32_t field, struct count *count)
{
    struct err fault = {0};
    const struct dialect *dialect = &view->sniff.dialect;
    struct segment whole = {dialect->first_data_offset, UINT64_MAX, 1, dialect->first_data_line, {0}};
    struct reader_options options = {.dialect = dialect,
        .width = view->sniff.width,
        .blank_tail = view->binding.blank_tail,
        .max_rows = SAMPLE_ROWS};
    struct stream *stream = stream_memory(attempt->sample, &fault);
    struct reader *reader = stream ? reader_open(stream, &whole, 1, &options, &fault) : NULL;
    struct batch *batch = batch_new(SAMPLE_MEMORY);
    bool ok = batch || no_memory(attempt->err);
    *count = (struct count){0};
    if (ok && reader && reader_next(reader, batch, &fault) == READER_BATCH)
        ok = count_batch(attempt, view, field, batch, count);
    batch_free(batch);
    reader_close(reader);
    stream_close(stream);
    return ok && (fault.kind != ERR_MEMORY || no_memory(attempt->err));
}

/* The view with one column bound to a field that was missing. */
static bool map_column(
    struct attempt *attempt, const struct view *view, uint32_t column, uint32_t field, struct view *mapped, bool *bound)
{
    struct err fault = {0};
    struct contract *contract = ARENA_NEW(attempt->arena, struct contract);
    struct field *fields = ARENA_ARRAY(attempt->arena, struct field, view->contract->field_count);
    if (!contract || !fields)
        return no_memory(attempt->err);
    *contract = *view->contract;
    memcpy(fields, contract->fields, contract->field_count * sizeof *fields);
    fields[field].label = view->binding.labels[column];
    fields[field].position = 0;
    contract->fields = fields;
    *mapped = *view;
    mapped->contract = contract;
    mapped->overrides[mapped->override_count++] =
        (struct remedy_override){.key = STR("map"), .label = view->binding.labels[column], .value = fields[field].name};
    *bound = binding_make(contract, &view->sniff, &mapped->binding, attempt->arena, &fault);
    return *bound || fault.kind == ERR_FILE || no_memory(attempt->err);
}

static const char *why_of(struct attempt *attempt, const struct view *view)
{
    const struct remedy_override *first = &view->overrides[0], *last = &view->overrides[view->override_count - 1];
    if (view->override_count == 2)
        return arena_printf(attempt->arena,
            "with the delimiter \"" STR_FMT "\" the header is found, and \"" STR_FMT
            "\" is the one column whose values fit " STR_FMT,
            STR_ARG(first->value), STR_ARG(last->label), STR_ARG(last->value));
    if (first->label.n)
        return arena_printf(attempt->arena, "\"" STR_FMT "\" is the one unknown column whose values fit " STR_FMT,
            STR_ARG(first->label), STR_ARG(first->value));
    return arena_printf(
        attempt->arena, "with the delimiter \"" STR_FMT "\" the header has all columns", STR_ARG(first->value));
}

static bool offer(struct attempt *attempt, const struct view *view, struct count count)
{
    struct remedies *out = attempt->out;
    struct remedy_override *kept = ARENA_ARRAY(attempt->arena, struct remedy_override, view->override_count);
    const char *why = why_of(attempt, view);
    if (!kept || !why)
        return no_memory(attempt->err);
    memcpy(kept, view->overrides, view->override_count * sizeof *kept);
    size_t at = out->count < REMEDIES_MAX ? out->count++ : REMEDIES_MAX - 1;
    while (at && out->list[at - 1].would_pass < count.passing) {
        out->list[at] = out->list[at - 1];
        at--;
    }
    out->list[at] = (struct remedy){kept, view->override_count, why, count.passing, count.tried};
    return true;
}

/* The fields without which the file can't be read; *only: the one, if it is one. */
static uint32_t count_needed(const struct view *view, uint32_t *only)
{
    uint32_t count = 0;
    bool all = header_needs_all(view->contract, &view->binding);
    for (uint32_t i = 0; i < view->binding.missing_count; i++) {
        if (!all && !field_required(view->contract, view->binding.missing[i]))
            continue;
        *only = view->binding.missing[i];
        count++;
    }
    return count;
}

/* Pairs the one missing field with the one unknown column whose values convert: where several do, the one with a like
 * name. */
static bool try_map(struct attempt *attempt, const struct view *view)
{
    uint32_t field = 0;
    size_t fitting = 0;
    struct view best = {0};
    struct count best_count = {0};
    if (!view->sniff.labels || count_needed(view, &field) != 1)
        return true;
    struct suggestion like;
    suggest_init(&like, view->contract->fields[field].name);
    for (uint32_t i = 0; i < view->binding.unknown_count; i++)
        suggest_offer(&like, view->binding.labels[view->binding.unknown[i]]);
    for (uint32_t i = 0; i < view->binding.unknown_count; i++) {
        uint32_t column = view->binding.unknown[i];
        struct view mapped;
        struct count count;
        bool bound = false;
        if (!map_column(attempt, view, column, field, &mapped, &bound))
            return false;
        if (!bound)
            continue;
        if (!count_rows(attempt, &mapped, field, &count))
            return false;
        bool is_like = like.best.n && str_eq(like.best, view->binding.labels[column]);
        if (!count.fitting || count.fitting * 10 < count.tried * 9)
            continue;
        fitting++;
        if (is_like || fitting == 1) {
            best = mapped;
            best_count = count;
        }
        if (is_like) {
            fitting = 1;
            break;
        }
    }
    return fitting != 1 || offer(attempt, &best, best_count);
}

static bool try_delimiter(struct attempt *attempt, const struct sniff *seen, struct str delimiter)
{
    struct err fault = {0};
    struct dialect given = attempt->contract->dialect;
    struct view view = {.contract = attempt->contract, .override_count = 1};
    given.delimiter = delimiter;
    if (given.encoding == ENCODING_UNSET) {
        given.encoding = seen->dialect.encoding;
        given.encoding_name = seen->dialect.encoding_name;
    }
    struct sniff_request request = {.sample = attempt->sample, .whole = attempt->whole, .given = &given};
    view.overrides[0] = (struct remedy_override){.key = STR("dialect.delimiter"), .value = delimiter};
    request.expected = header_labels(attempt->contract, attempt->arena, &request.expected_count);
    if (!request.expected)
        return no_memory(attempt->err);
    if (!sniff_csv(&request, &view.sniff, attempt->arena, &fault))
        return fault.kind != ERR_MEMORY || no_memory(attempt->err);
    if (view.sniff.width < 2)
        return true;
    if (binding_make(attempt->contract, &view.sniff, &view.binding, attempt->arena, &fault)) {
        struct count count;
        return count_rows(attempt, &view, 0, &count) && (!count.passing || offer(attempt, &view, count));
    }
    if (fault.kind == ERR_MEMORY)
        return no_memory(attempt->err);
    bool usual = view.binding.missing_count < attempt->contract->field_count;
    return !usual || try_map(attempt, &view);
}

bool suggest_for_header(const struct contract *contract, const struct sniff *sniff, const struct binding *binding,
    struct str sample, bool whole, struct arena *arena, struct remedies *out, struct err *err)
{
    static const struct str delimiters[] = {STR(","), STR(";"), STR("\t"), STR("|")};
    struct attempt attempt = {contract, sample, whole, arena, out, err};
    struct view view = {.contract = contract, .sniff = *sniff, .binding = *binding};
    *out = (struct remedies){0};
    if (!try_map(&attempt, &view))
        return false;
    for (size_t i = 0; i < sizeof delimiters / sizeof *delimiters && !out->count; i++)
        if (!str_eq(delimiters[i], sniff->dialect.delimiter) && !try_delimiter(&attempt, sniff, delimiters[i]))
            return false;
    return true;
}
