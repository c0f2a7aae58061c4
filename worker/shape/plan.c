#include "worker/shape/converter.h"

#include <ctype.h>

bool convert_no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to convert a batch");
}

/* Could this pattern read a text that begins "2026-03-04"? It needs two dashes for that, from wherever. */
static bool pattern_meets_iso(struct str pattern)
{
    if (str_find_byte(pattern, '-') < pattern.n)
        return true;
    for (size_t i = 0; i + 1 < pattern.n; i++)
        if (pattern.p[i] == '%' && (pattern.p[i + 1] == 'F' || pattern.p[i + 1] == 'z' || pattern.p[i + 1] == 'Z'))
            return true;
    return false;
}

static bool add_digits(struct moment_layout *layout, int8_t *at, uint8_t count)
{
    if (*at >= 0 || layout->length + count > (int)sizeof layout->template)
        return false;
    *at = (int8_t)layout->length;
    memset(layout->template + layout->length, '0', count);
    layout->length = (uint8_t)(layout->length + count);
    return true;
}

static bool add_literal(struct moment_layout *layout, char c)
{
    bool usual = isprint((unsigned char)c) && !isdigit((unsigned char)c);
    if (!usual || layout->length >= sizeof layout->template)
        return false;
    layout->template[layout->length++] = c;
    return true;
}

static bool add_directive(struct moment_layout *layout, char directive)
{
    switch (directive) {
    case 'Y':
        return add_digits(layout, &layout->year, 4);
    case 'm':
        return add_digits(layout, &layout->month, 2);
    case 'd':
        return add_digits(layout, &layout->day, 2);
    case 'H':
        return add_digits(layout, &layout->hour, 2);
    case 'M':
        return add_digits(layout, &layout->minute, 2);
    case 'S':
        return add_digits(layout, &layout->second, 2);
    case 'F':
        return add_directive(layout, 'Y') && add_literal(layout, '-') && add_directive(layout, 'm') &&
               add_literal(layout, '-') && add_directive(layout, 'd');
    case 'T':
        return add_directive(layout, 'H') && add_literal(layout, ':') && add_directive(layout, 'M') &&
               add_literal(layout, ':') && add_directive(layout, 'S');
    default:
        return false;
    }
}

/* length 0 when the pattern has parts of variable length, or no whole date. */
static struct moment_layout layout_of(struct str pattern)
{
    struct moment_layout layout = {.year = -1, .month = -1, .day = -1, .hour = -1, .minute = -1, .second = -1};
    bool fixed = true;
    for (size_t i = 0; i < pattern.n && fixed; i++) {
        if (pattern.p[i] == '%' && i + 1 < pattern.n)
            fixed = add_directive(&layout, pattern.p[++i]);
        else
            fixed = add_literal(&layout, pattern.p[i]);
    }
    if (!fixed || layout.year < 0 || layout.month < 0 || layout.day < 0)
        layout.length = 0;
    return layout;
}

void plan_lanes(struct plan *plan)
{
    const struct value_format *format = &plan->format;
    size_t isos = format->moment_count == 0, patterns = 0, others = 0;
    struct str pattern = {0};
    bool meets = false;
    for (size_t i = 0; i < format->moment_count; i++) {
        const struct moment_format *moment = &format->moments[i];
        isos += moment->kind == MOMENT_ISO;
        others += moment->kind != MOMENT_ISO && moment->kind != MOMENT_PATTERN;
        if (moment->kind != MOMENT_PATTERN)
            continue;
        patterns++;
        pattern = moment->pattern;
        meets |= pattern_meets_iso(pattern);
    }
    plan->bare_is_utc = !format->timezone;
    plan->iso_lane = isos && !others && !meets;
    plan->layout = (struct moment_layout){0};
    if (patterns == 1 && !others && (!isos || !meets))
        plan->layout = layout_of(pattern);
}

/* While it is open whether ',' or '.' is the decimal point, the other one groups, unless the contract says what does.
 */
static bool plan_decimal_auto(struct plan *plan, struct arena *arena)
{
    struct value_format *format = &plan->format, *other = ARENA_NEW(arena, struct value_format);
    if (!other)
        return false;
    bool own_group = format->group_char.n && format->group_char.p[0] != ',' && format->group_char.p[0] != '.';
    struct str group = format->group_char;
    *other = *format;
    format->decimal_char = '.';
    format->group_char = own_group ? group : STR(",");
    other->decimal_char = ',';
    other->group_char = own_group ? group : STR(".");
    plan->other = other;
    plan->decimal_undecided = true;
    return true;
}

bool plan_init(struct plan *plan, const struct contract *contract, uint32_t index, int32_t column, struct arena *arena,
    struct err *err)
{
    const struct field *field = &contract->fields[index];
    bool own = field->missing_own || field->missing_count;
    *plan = (struct plan){.field = field, .index = index, .column = column, .format = field->format};
    plan->required = field->constraints.required;
    for (uint32_t i = 0; i < contract->primary_key_count; i++)
        plan->required |= contract->primary_key[i] == index;
    if (!text_set_init(&plan->missing, own ? field->missing_values : contract->missing_values,
            own ? field->missing_count : contract->missing_count, arena))
        return convert_no_memory(err);
    if (!plan->format.decimal_char)
        plan->format.decimal_char = '.';
    if (field->decimal_auto && !plan_decimal_auto(plan, arena))
        return convert_no_memory(err);
    plan_lanes(plan);
    return plan_words(plan, arena, err) && constraints_plan(plan, arena, err);
}
