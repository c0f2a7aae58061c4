#include "worker/shape/converter.h"
#include "worker/shape/guess.h"
#include "worker/shape/moments.h"
#include "worker/shape/suggest.h"

struct trial {
    const struct contract *contract;
    uint32_t field;
    const struct str *values;
    size_t count;
    struct arena *arena;
    struct remedies *out;
    struct err *err;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for suggestions");
}

/* How many of the values the changed field takes. */
static bool count_passing(struct trial *trial, const struct field *changed, uint64_t *passing)
{
    struct contract contract = *trial->contract;
    struct field *fields = ARENA_ARRAY(trial->arena, struct field, contract.field_count);
    struct plan plan;
    struct matcher matcher;
    if (!fields)
        return no_memory(trial->err);
    memcpy(fields, contract.fields, contract.field_count * sizeof *fields);
    fields[trial->field] = *changed;
    contract.fields = fields;
    if (!plan_init(&plan, &contract, trial->field, 0, trial->arena, trial->err) ||
        !matcher_begin(&matcher, &plan, trial->err))
        return false;
    *passing = 0;
    for (size_t i = 0; i < trial->count; i++) {
        _Alignas(16) char value[sizeof(struct str)];
        if (text_set_has(&plan.missing, trial->values[i]))
            *passing += !plan.required;
        else
            *passing += plan_parse(&plan, trial->values[i], value) == VALUE_OK &&
                        !constraints_broken(&plan, &matcher, trial->values[i], value);
    }
    matcher_end(&matcher);
    return true;
}

static bool better(const struct remedy *a, const struct remedy *b)
{
    if (a->would_pass != b->would_pass)
        return a->would_pass > b->would_pass;
    return a->override_count < b->override_count;
}

static void offer(struct remedies *out, struct remedy remedy)
{
    size_t at = out->count < REMEDIES_MAX ? out->count++ : REMEDIES_MAX;
    if (at == REMEDIES_MAX && !better(&remedy, &out->list[--at]))
        return;
    for (; at && better(&remedy, &out->list[at - 1]); at--)
        out->list[at] = out->list[at - 1];
    out->list[at] = remedy;
}

static bool set(struct trial *trial, struct remedy_override *override, const char *member, struct str value)
{
    const char *key = arena_printf(
        trial->arena, "fields." STR_FMT ".%s", STR_ARG(trial->contract->fields[trial->field].name), member);
    *override = (struct remedy_override){.key = str_of(key), .value = value};
    return key || no_memory(trial->err);
}

/* Tries the field so changed; offers it if it helps. */
static bool try_field(struct trial *trial, const struct field *changed, const struct remedy_override *overrides,
    size_t count, const char *why)
{
    uint64_t passing;
    struct remedy_override *kept = ARENA_ARRAY(trial->arena, struct remedy_override, count);
    if (!kept || !why)
        return no_memory(trial->err);
    if (!count_passing(trial, changed, &passing))
        return false;
    memcpy(kept, overrides, count * sizeof *kept);
    if (passing)
        offer(trial->out, (struct remedy){kept, count, why, passing, trial->count});
    return true;
}

/* ---- numbers ---- */

static const struct {
    char point;
    struct str group;
} number_forms[] = {{'.', {NULL, 0}}, {',', {NULL, 0}}, {'.', STR(",")}, {',', STR(".")}, {'.', STR(" ")},
    {',', STR(" ")}, {'.', STR("'")}};

static const char *const number_flags[] = {NULL, "currency", "percent", "parentheses", "trailingMinus"};

static void set_flag(struct value_format *format, int flag)
{
    format->currency |= flag == 1;
    format->percent |= flag == 2;
    format->parentheses |= flag == 3;
    format->trailing_minus |= flag == 4;
}

static bool try_number(struct trial *trial, size_t form, int flag)
{
    const struct field *field = &trial->contract->fields[trial->field];
    struct field changed = *field;
    struct remedy_override overrides[3];
    size_t count = 0;
    struct str point = number_forms[form].point == '.' ? STR(".") : STR(","), group = number_forms[form].group;
    changed.decimal_auto = false;
    changed.format.decimal_char = point.p[0];
    changed.format.group_char = group;
    set_flag(&changed.format, flag);
    if (field->type.kind == TYPE_INTEGER && point.p[0] != '.' && group.n && group.p[0] != '.')
        return true;
    if ((field->decimal_auto || field->format.decimal_char != point.p[0]) && field->type.kind != TYPE_INTEGER &&
        !set(trial, &overrides[count++], "decimalChar", point))
        return false;
    if (!str_eq(field->format.group_char, group) && !set(trial, &overrides[count++], "groupChar", group))
        return false;
    if (flag && !set(trial, &overrides[count++], number_flags[flag], STR("true")))
        return false;
    if (!count)
        return true;
    const char *why = arena_printf(trial->arena, "the values are numbers with \"%s\" as decimal point%s%.*s%s%s%s",
        point.p, group.n ? " and \"" : "", (int)group.n, group.n ? group.p : "", group.n ? "\" between groups" : "",
        flag ? ", and " : "", flag ? number_flags[flag] : "");
    return try_field(trial, &changed, overrides, count, why);
}

static bool try_numbers(struct trial *trial)
{
    for (int flag = 0; flag < (int)(sizeof number_flags / sizeof *number_flags); flag++) {
        for (size_t form = 0; form < sizeof number_forms / sizeof *number_forms; form++)
            if (!try_number(trial, form, flag))
                return false;
        /* a sign is only worth trying where no plain form explains all */
        if (trial->out->count && trial->out->list[0].would_pass == trial->count)
            return true;
    }
    return true;
}

/* ---- dates ---- */

static const char *format_list(const struct moment_format *moments, size_t count, struct arena *arena)
{
    struct buf text;
    struct json json;
    buf_init(&text, 1 << 16);
    jsonw_init(&json, &text);
    jsonw_array_begin(&json);
    for (size_t i = 0; i < count; i++)
        jsonw_string(&json, moment_name(&moments[i]));
    jsonw_array_end(&json);
    const char *list = text.failed ? NULL : arena_str(arena, buf_str(&text)).p;
    buf_dispose(&text);
    return list;
}

static bool try_form(struct trial *trial, const struct moment_format *form, bool alone)
{
    struct field changed = trial->contract->fields[trial->field];
    size_t before = alone ? 0 : changed.format.moment_count;
    bool implied = !alone && !before;
    struct moment_format *moments = ARENA_ARRAY(trial->arena, struct moment_format, before + 2);
    struct remedy_override override;
    if (!moments)
        return no_memory(trial->err);
    memcpy(moments, changed.format.moments ? changed.format.moments : moments, before * sizeof *moments);
    if (implied)
        moments[before++].kind = MOMENT_ISO;
    moments[before++] = *form;
    changed.format.moments = moments;
    changed.format.moment_count = before;
    const char *list = format_list(moments, before, trial->arena);
    struct str name = moment_name(form);
    const char *why = arena_printf(trial->arena, "the values are written as " STR_FMT, STR_ARG(name));
    return (list || no_memory(trial->err)) && set(trial, &override, "formats", str_of(list)) &&
           try_field(trial, &changed, &override, 1, why);
}

static bool reads_all(const struct trial *trial, const struct moment_format *form)
{
    struct value_format format = {.moments = form, .moment_count = 1};
    _Alignas(16) char value[sizeof(int128)];
    for (size_t i = 0; i < trial->count; i++)
        if (value_parse(trial->values[i], trial->contract->fields[trial->field].type, &format, value) != VALUE_OK)
            return false;
    return true;
}

static bool try_moments(struct trial *trial)
{
    struct guess_forms forms;
    const struct value_format *format = &trial->contract->fields[trial->field].format;
    if (!guess_forms_init(&forms, trial->arena, trial->err))
        return false;
    /* of several known forms that contradict each other, one alone */
    for (size_t i = 0; i < format->moment_count && format->moment_count > 1; i++)
        if (reads_all(trial, &format->moments[i]) && !try_form(trial, &format->moments[i], true))
            return false;
    for (uint32_t i = 0; i < forms.count && !trial->out->count; i++) {
        const struct moment_format *twin = &forms.list[i];
        if (!reads_all(trial, twin))
            continue;
        for (uint32_t k = i; k < forms.count; k++)
            if (reads_all(trial, &forms.list[k]) && !try_form(trial, &forms.list[k], false))
                return false;
    }
    return true;
}

/* ---- words for "no value" ---- */

static bool is_token(struct str value)
{
    for (int i = 0; i < GUESS_TOKENS; i++)
        if (str_eq_nocase_ascii(value, guess_tokens[i].text))
            return true;
    return !str_trim(value).n;
}

static bool try_missing(struct trial *trial)
{
    const struct contract *contract = trial->contract;
    struct field changed = contract->fields[trial->field];
    bool own = changed.missing_own || changed.missing_count;
    size_t before = own ? changed.missing_count : contract->missing_count, count = before;
    struct str *list = ARENA_ARRAY(trial->arena, struct str, before + trial->count);
    struct remedy_override override;
    if (!list)
        return no_memory(trial->err);
    for (size_t i = 0; i < before; i++)
        list[i] = own ? changed.missing_values[i] : contract->missing_values[i];
    for (size_t i = 0; i < trial->count; i++) {
        bool known = !is_token(trial->values[i]);
        for (size_t k = 0; k < count && !known; k++)
            known = str_eq(list[k], trial->values[i]);
        if (!known)
            list[count++] = trial->values[i];
    }
    if (count == before)
        return true;
    changed.missing_values = list;
    changed.missing_count = count;
    changed.missing_own = true;
    struct buf text;
    struct json json;
    buf_init(&text, 1 << 20);
    jsonw_init(&json, &text);
    jsonw_strings(&json, list, count);
    struct str value = text.failed ? (struct str){0} : arena_str(trial->arena, buf_str(&text));
    buf_dispose(&text);
    const char *why = arena_printf(trial->arena, "\"" STR_FMT "\" stands for no value", STR_ARG(list[before]));
    return (value.p || no_memory(trial->err)) && set(trial, &override, "missingValues", value) &&
           try_field(trial, &changed, &override, 1, why);
}

/* Of those that read the same values, the ones that change least; what reads fewer explains less. */
static void prune(struct remedies *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (out->list[i].would_pass == out->list[0].would_pass &&
            out->list[i].override_count == out->list[0].override_count)
            out->list[kept++] = out->list[i];
    out->count = kept;
}

static bool try_forms(struct trial *trial)
{
    switch (trial->contract->fields[trial->field].type.kind) {
    case TYPE_INTEGER:
    case TYPE_DECIMAL:
    case TYPE_DOUBLE:
        return try_numbers(trial);
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
        return try_moments(trial);
    default:
        return true;
    }
}

bool suggest_for_values(const struct contract *contract, uint32_t field, const struct str *values, size_t count,
    struct arena *arena, struct remedies *out, struct err *err)
{
    struct trial trial = {contract, field, values, count, arena, out, err};
    *out = (struct remedies){0};
    if (!count)
        return true;
    if (!try_forms(&trial))
        return false;
    prune(out);
    return try_missing(&trial);
}
