/*
 * What the contract leaves to the file: two forms that can read one text differently ("%d/%m/%Y" and "%m/%d/%Y", or ','
 * as point and as group) are settled by the texts that only one of them can read. Where the file shows none such, or
 * shows both, ambiguous values stay ambiguous.
 */
#include "worker/shape/converter.h"
#include "worker/shape/moments.h"

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to decide on the file's formats");
}

/* The text of a cell that counts, or .p NULL. */
static struct str cell_text(struct batch *batch, const struct plan *plan, uint32_t row)
{
    struct cell cell = batch_cell(batch, row, (uint32_t)plan->column);
    if (batch->marks[row] == MARK_BLANK || (cell.length & CELL_MISSING))
        return (struct str){0};
    struct str text = batch_cell_text(batch, cell);
    return text.p && text_set_has(&plan->missing, text) ? (struct str){0} : text;
}

static bool add_note(struct converter *converter, const char *note, struct err *err)
{
    if (!note)
        return no_memory(err);
    converter->notes[converter->note_count++] = str_of(note);
    return true;
}

static bool decide_decimal(struct converter *converter, struct plan *plan, struct batch *batch, struct err *err)
{
    struct type type = plan->field->type;
    uint64_t points = 0, commas = 0;
    for (uint32_t row = 0; row < batch->n; row++) {
        _Alignas(16) char value[sizeof(int128)];
        struct str text = cell_text(batch, plan, row);
        if (!text.p)
            continue;
        enum value_result as_point = value_parse(text, type, &plan->format, value);
        enum value_result as_comma = value_parse(text, type, plan->other, value);
        points += as_point == VALUE_OK && as_comma == VALUE_BAD;
        commas += as_comma == VALUE_OK && as_point == VALUE_BAD;
    }
    if (!points == !commas)
        return true;
    if (commas)
        plan->format = *plan->other;
    plan->decimal_undecided = false;
    const char *note =
        arena_printf(converter->arena, STR_FMT ": decimal point \"%c\", by %llu values that allow no other",
            STR_ARG(plan->field->name), plan->format.decimal_char, (unsigned long long)(points + commas));
    return plan_words(plan, converter->arena, err) && add_note(converter, note, err);
}

/* only[i * n + j]: values that form i reads and form j does not. */
static void count_evidence(const struct plan *plan, struct batch *batch, const struct value_format *single, size_t n,
    uint64_t *only, bool *reads)
{
    for (uint32_t row = 0; row < batch->n; row++) {
        _Alignas(16) char value[sizeof(int128)];
        struct str text = cell_text(batch, plan, row);
        if (!text.p)
            continue;
        for (size_t i = 0; i < n; i++)
            reads[i] = value_parse(text, plan->field->type, &single[i], value) == VALUE_OK;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                only[i * n + j] += reads[i] && !reads[j];
    }
}

static bool drop_losers(struct converter *converter, struct plan *plan, const struct value_format *single, size_t n,
    const uint64_t *only, struct err *err)
{
    struct moment_format *kept = ARENA_ARRAY(converter->arena, struct moment_format, n);
    size_t count = 0, winner = n;
    uint64_t evidence = 0;
    if (!kept)
        return no_memory(err);
    for (size_t j = 0; j < n; j++) {
        bool lost = false;
        for (size_t i = 0; i < n && !lost; i++) {
            lost = only[i * n + j] && !only[j * n + i] && moments_conflict(&single[i], &single[j], plan->field->type);
            if (lost && only[i * n + j] > evidence) {
                winner = i;
                evidence = only[i * n + j];
            }
        }
        if (!lost)
            kept[count++] = single[j].moments[0];
    }
    if (winner == n)
        return true;
    plan->format.moments = kept;
    plan->format.moment_count = count;
    plan_lanes(plan);
    struct str name = moment_name(&single[winner].moments[0]);
    const char *note = arena_printf(converter->arena,
        STR_FMT ": ambiguous values are read as " STR_FMT ", by %llu values that allow no other form",
        STR_ARG(plan->field->name), STR_ARG(name), (unsigned long long)evidence);
    return plan_words(plan, converter->arena, err) && add_note(converter, note, err);
}

static bool decide_moments(struct converter *converter, struct plan *plan, struct batch *batch, struct err *err)
{
    size_t n = plan->format.moment_count;
    struct value_format *single = ARENA_ARRAY(batch->arena, struct value_format, n);
    uint64_t *only = ARENA_ARRAY(batch->arena, uint64_t, n * n);
    bool *reads = ARENA_ARRAY(batch->arena, bool, n);
    if (!single || !only || !reads)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        single[i] = plan->format;
        single[i].moments = &plan->format.moments[i];
        single[i].moment_count = 1;
    }
    count_evidence(plan, batch, single, n, only, reads);
    return drop_losers(converter, plan, single, n, only, err);
}

/* "any" knows day-first and month-first forms: the file's certain values say which one its uncertain ones are in. */
static bool decide_any(struct converter *converter, struct plan *plan, struct batch *batch, size_t at, struct err *err)
{
    static const struct moment_format orders[2] = {{.kind = MOMENT_ANY_DAY_FIRST}, {.kind = MOMENT_ANY_MONTH_FIRST}};
    struct value_format single[2] = {plan->format, plan->format};
    uint64_t only[4] = {0};
    bool reads[2];
    for (int i = 0; i < 2; i++) {
        single[i].moments = &orders[i];
        single[i].moment_count = 1;
    }
    count_evidence(plan, batch, single, 2, only, reads);
    uint64_t day = only[1], month = only[2];
    if (!day == !month)
        return true;
    struct moment_format *moments = ARENA_ARRAY(converter->arena, struct moment_format, plan->format.moment_count);
    if (!moments)
        return no_memory(err);
    memcpy(moments, plan->format.moments, plan->format.moment_count * sizeof *moments);
    moments[at] = orders[day ? 0 : 1];
    plan->format.moments = moments;
    const char *note = arena_printf(converter->arena,
        STR_FMT ": ambiguous values are read %s first, by %llu values that allow no other order",
        STR_ARG(plan->field->name), day ? "day" : "month", (unsigned long long)(day + month));
    return plan_words(plan, converter->arena, err) && add_note(converter, note, err);
}

static size_t find_any(const struct plan *plan)
{
    size_t at = 0;
    while (at < plan->format.moment_count && plan->format.moments[at].kind != MOMENT_ANY)
        at++;
    return at;
}

bool converter_decide(struct converter *converter, struct batch *batch, struct err *err)
{
    for (uint32_t f = 0; f < converter->contract->field_count; f++) {
        struct plan *plan = &converter->plans[f];
        bool done = true;
        if (plan->column < 0 || (uint32_t)plan->column >= batch->width)
            continue;
        if (plan->decimal_undecided)
            done = decide_decimal(converter, plan, batch, err);
        else if (find_any(plan) < plan->format.moment_count)
            done = decide_any(converter, plan, batch, find_any(plan), err);
        else if (plan->format.moment_count > 1)
            done = decide_moments(converter, plan, batch, err);
        if (!done)
            return false;
    }
    return true;
}
