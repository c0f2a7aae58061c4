#include "worker/sink/cause.h"

#include <stdlib.h>
#include <xxhash.h>

enum { MAX_RUN_CAUSES = 2000, BUCKETS = 8192, MAX_KEY = 64 * 1024, MAX_SAMPLE_BYTES = 200 };

struct causes {
    const struct sink_run *run;
    struct arena *arena;
    struct sink_cause *list;
    size_t count, capacity;
    uint32_t buckets[BUCKETS]; /* index + 1 */
    struct buf shape;
};

struct causes *causes_new(const struct sink_run *run)
{
    struct causes *causes = calloc(1, sizeof *causes);
    if (!causes)
        return NULL;
    causes->run = run;
    causes->arena = arena_new(0);
    buf_init(&causes->shape, MAX_KEY);
    if (causes->arena)
        return causes;
    free(causes);
    return NULL;
}

void causes_free(struct causes *causes)
{
    if (!causes)
        return;
    arena_free(causes->arena);
    buf_dispose(&causes->shape);
    free(causes);
}

struct str row_error_column(const struct sink_run *run, const struct row_error *error)
{
    if (error->field >= 0)
        return run->contract->fields[error->field].name;
    if (error->code == CODE_EXPRESSION && error->detail) {
        struct str detail = str_of(error->detail);
        return (struct str){detail.p, str_find_byte(detail, ':')};
    }
    if (error->position >= 0 && (uint32_t)error->position < run->binding->width)
        return run->binding->labels ? run->binding->labels[error->position] : STR("");
    return STR("");
}

struct str row_error_rule(const struct sink_run *run, const struct row_error *error)
{
    return error->rule >= 0 ? run->contract->rules[error->rule].id : STR("");
}

static bool any_sensitive(const struct contract *contract)
{
    for (uint32_t i = 0; i < contract->field_count; i++)
        if (contract->fields[i].sensitive)
            return true;
    return false;
}

/* What an unclosed quote runs over may hold any of the columns behind it. */
bool row_error_sensitive(const struct sink_run *run, const struct row_error *error)
{
    int32_t field = error->field;
    if (error->code == CODE_UNTERMINATED_QUOTE || error->code == CODE_ROW_TOO_LONG)
        return any_sensitive(run->contract);
    if (field < 0 && error->position >= 0 && (uint32_t)error->position < run->binding->width)
        field = run->binding->field_of_column[error->position];
    return field >= 0 && run->contract->fields[field].sensitive;
}

static uint64_t hash(const struct sink_cause *key)
{
    uint64_t h = (uint64_t)key->stage * 64 + (uint64_t)key->code;
    h = XXH3_64bits_withSeed(key->column.p, key->column.n, h);
    h = XXH3_64bits_withSeed(key->rule.p, key->rule.n, h);
    return XXH3_64bits_withSeed(key->shape.p, key->shape.n, h);
}

static bool same(const struct sink_cause *a, const struct sink_cause *b)
{
    return a->stage == b->stage && a->code == b->code && str_eq(a->column, b->column) && str_eq(a->rule, b->rule) &&
           str_eq(a->shape, b->shape);
}

static bool append(struct causes *causes, const struct sink_cause *key, struct err *err)
{
    void *list = causes->list;
    struct sink_cause cause = *key;
    cause.column = arena_str(causes->arena, key->column);
    cause.rule = arena_str(causes->arena, key->rule);
    cause.shape = arena_str(causes->arena, key->shape);
    if (!cause.column.p || !cause.rule.p || !cause.shape.p ||
        !arena_reserve(causes->arena, &list, causes->count, &causes->capacity, sizeof cause))
        return ERR(err, ERR_MEMORY, "no memory for %zu causes", causes->count);
    causes->list = list;
    causes->list[causes->count++] = cause;
    return true;
}

static bool find(struct causes *causes, struct sink_cause *key, uint32_t *index, struct err *err)
{
    if (causes->count >= MAX_RUN_CAUSES)
        key->shape = STR("*");
    for (uint64_t at = hash(key);; at++) {
        uint32_t *slot = &causes->buckets[at % BUCKETS];
        if (*slot && !same(&causes->list[*slot - 1], key))
            continue;
        if (!*slot && !append(causes, key, err))
            return false;
        if (!*slot)
            *slot = (uint32_t)causes->count;
        *index = *slot - 1;
        return true;
    }
}

static bool sample(struct causes *causes, struct sink_cause *cause, struct str value, struct err *err)
{
    if (value.n > MAX_SAMPLE_BYTES)
        for (value.n = MAX_SAMPLE_BYTES; value.n && ((unsigned char)value.p[value.n] & 0xC0) == 0x80;)
            value.n--;
    for (unsigned i = 0; i < cause->sample_count; i++)
        if (str_eq(cause->samples[i], value))
            return true;
    struct str copy = arena_str(causes->arena, value);
    if (!copy.p)
        return ERR(err, ERR_MEMORY, "no memory for a sample");
    cause->samples[cause->sample_count++] = copy;
    return true;
}

bool causes_add(struct causes *causes, const struct row_error *first, uint64_t row_number, bool only, uint32_t *index,
    struct err *err)
{
    buf_reset(&causes->shape);
    if (first->value.p && first->code != CODE_PRIMARY_KEY && first->code != CODE_UNIQUE)
        value_shape(&causes->shape, first->value);
    struct sink_cause key = {.stage = first->stage,
        .code = first->code,
        .column = row_error_column(causes->run, first),
        .rule = row_error_rule(causes->run, first),
        .shape = causes->shape.n ? buf_str(&causes->shape) : STR(""),
        .first_row = row_number};
    if (!find(causes, &key, index, err))
        return false;
    struct sink_cause *cause = &causes->list[*index];
    cause->rows++;
    cause->only_rows += only;
    bool full = cause->sample_count == sizeof cause->samples / sizeof *cause->samples;
    if (full || !first->value.p || row_error_sensitive(causes->run, first))
        return true;
    return sample(causes, cause, first->value, err);
}

const struct sink_cause *causes_list(const struct causes *causes, size_t *count)
{
    *count = causes->count;
    return causes->list;
}
