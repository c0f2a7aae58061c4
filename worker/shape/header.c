#include "worker/shape/label.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

/* One text by which a field may be found in the header. */
struct key {
    uint32_t field;
    struct str exact, normal;
};

struct binder {
    const struct contract *contract;
    struct binding *binding;
    struct str *normal; /* by column */
    bool *fixed;        /* by column: claimed by position */
    bool *by_label;     /* by field: position or label settled it, names don't count any more */
    struct key *labels, *names;
    size_t label_count, name_count;
    struct arena *arena;
    struct err *err;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to bind the header");
}

static bool is_blank(struct str label)
{
    for (size_t at = 0; at < label.n;) {
        uint32_t c;
        size_t n = utf8_decode((struct str){label.p + at, label.n - at}, &c);
        if (!n)
            return false;
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
        if (category != UTF8PROC_CATEGORY_ZS && category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF)
            return false;
        at += n;
    }
    return true;
}

static void claim(struct binding *binding, uint32_t field, uint32_t column)
{
    binding->column_of_field[field] = (int32_t)column;
    binding->field_of_column[column] = (int32_t)field;
}

static bool prepare(struct binder *b, const struct sniff *sniff)
{
    struct binding *binding = b->binding;
    uint32_t fields = b->contract->field_count, width = sniff->width;
    size_t names = fields;
    *binding = (struct binding){.width = width};
    for (uint32_t f = 0; f < fields; f++)
        names += b->contract->fields[f].alias_count;
    binding->column_of_field = ARENA_ARRAY(b->arena, int32_t, fields);
    binding->field_of_column = ARENA_ARRAY(b->arena, int32_t, width);
    binding->labels = ARENA_ARRAY(b->arena, struct str, width);
    binding->missing = ARENA_ARRAY(b->arena, uint32_t, fields);
    binding->unknown = ARENA_ARRAY(b->arena, uint32_t, width);
    binding->notes = ARENA_ARRAY(b->arena, struct str, (size_t)fields + width);
    b->normal = ARENA_ARRAY(b->arena, struct str, width);
    b->fixed = ARENA_ARRAY(b->arena, bool, width);
    b->by_label = ARENA_ARRAY(b->arena, bool, fields);
    b->labels = ARENA_ARRAY(b->arena, struct key, fields);
    b->names = ARENA_ARRAY(b->arena, struct key, names);
    if (!binding->column_of_field || !binding->field_of_column || !binding->labels || !binding->missing ||
        !binding->unknown || !binding->notes || !b->normal || !b->fixed || !b->by_label || !b->labels || !b->names)
        return no_memory(b->err);
    for (uint32_t f = 0; f < fields; f++)
        binding->column_of_field[f] = -1;
    for (uint32_t c = 0; c < width; c++) {
        binding->field_of_column[c] = -1;
        binding->labels[c] = sniff->labels ? sniff->labels[c] : (struct str){0};
        if (!label_normalised(binding->labels[c], b->arena, &b->normal[c]))
            return no_memory(b->err);
    }
    return true;
}

static bool add_key(struct binder *b, struct key *list, size_t *count, uint32_t field, struct str text)
{
    struct key *key = &list[(*count)++];
    *key = (struct key){.field = field, .exact = str_trim(text)};
    return label_normalised(text, b->arena, &key->normal) || no_memory(b->err);
}

static bool make_keys(struct binder *b)
{
    for (uint32_t f = 0; f < b->contract->field_count; f++) {
        const struct field *field = &b->contract->fields[f];
        if (field->label.n && !add_key(b, b->labels, &b->label_count, f, field->label))
            return false;
        if (!add_key(b, b->names, &b->name_count, f, field->name))
            return false;
        for (size_t i = 0; i < field->alias_count; i++)
            if (!add_key(b, b->names, &b->name_count, f, field->aliases[i]))
                return false;
    }
    return true;
}

static void claim_positions(struct binder *b)
{
    for (uint32_t f = 0; f < b->contract->field_count; f++) {
        int32_t position = b->contract->fields[f].position;
        if (position <= 0)
            continue;
        b->by_label[f] = true;
        if ((uint32_t)position > b->binding->width || b->fixed[position - 1])
            continue;
        b->fixed[position - 1] = true;
        claim(b->binding, f, (uint32_t)position - 1);
    }
}

static void measure_blank_tail(struct binder *b)
{
    struct binding *binding = b->binding;
    uint32_t end = binding->width;
    while (end && !b->fixed[end - 1] && is_blank(binding->labels[end - 1]))
        end--;
    binding->blank_tail = binding->width - end;
}

static bool reject_blanks(struct binder *b)
{
    const struct binding *binding = b->binding;
    for (uint32_t c = 0; c + binding->blank_tail < binding->width; c++) {
        if (b->fixed[c] || !is_blank(binding->labels[c]))
            continue;
        ERR_REJECT(b->err, "blank-label", "column %u of %u has no label in the header", c + 1, binding->width);
        return err_hint(b->err, "give the column a label, or bind it in the contract by position: %u", c + 1);
    }
    return true;
}

static bool reject_pair(struct binder *b, uint32_t first, uint32_t second, const char *what)
{
    struct str one = label_cut(b->binding->labels[first]), two = label_cut(b->binding->labels[second]);
    ERR_REJECT(b->err, "duplicate-label", "columns %u \"" STR_FMT "\" and %u \"" STR_FMT "\" %s", first + 1,
        STR_ARG(one), second + 1, STR_ARG(two), what);
    return err_hint(
        b->err, "rename one of them, or bind them in the contract by position: %u and %u", first + 1, second + 1);
}

static int compare_columns(const void *left, const void *right, void *context)
{
    const struct binding *binding = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = str_cmp(str_trim(binding->labels[a]), str_trim(binding->labels[b]));
    return order ? order : (a > b) - (a < b);
}

static bool reject_doubles(struct binder *b)
{
    struct binding *binding = b->binding;
    uint32_t n = 0, *order = ARENA_ARRAY(b->arena, uint32_t, binding->width);
    if (!order)
        return no_memory(b->err);
    for (uint32_t c = 0; c + binding->blank_tail < binding->width; c++)
        if (!b->fixed[c])
            order[n++] = c;
    qsort_r(order, n, sizeof *order, compare_columns, binding);
    for (uint32_t i = 1; i < n; i++)
        if (str_eq(str_trim(binding->labels[order[i - 1]]), str_trim(binding->labels[order[i]])))
            return reject_pair(b, order[i - 1], order[i], "have the same label");
    return true;
}

/* The first key of the list that the column's label meets; exact before normalised. */
static const struct key *find_key(const struct binder *b, const struct key *list, size_t count, uint32_t column)
{
    struct str label = str_trim(b->binding->labels[column]);
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i].exact, label))
            return &list[i];
    for (size_t i = 0; i < count && b->normal[column].n; i++)
        if (str_eq(list[i].normal, b->normal[column]))
            return &list[i];
    return NULL;
}

static bool claim_by(struct binder *b, const struct key *list, size_t count)
{
    struct binding *binding = b->binding;
    for (uint32_t c = 0; c + binding->blank_tail < binding->width; c++) {
        if (binding->field_of_column[c] >= 0)
            continue;
        const struct key *key = find_key(b, list, count, c);
        if (!key || b->by_label[key->field])
            continue;
        int32_t before = binding->column_of_field[key->field];
        if (before >= 0) {
            struct str name = b->contract->fields[key->field].name;
            const char *what = arena_printf(b->arena, "both stand for the field " STR_FMT, STR_ARG(name));
            return what ? reject_pair(b, (uint32_t)before, c, what) : no_memory(b->err);
        }
        claim(binding, key->field, c);
    }
    return true;
}

static bool bind_labels(struct binder *b)
{
    if (!make_keys(b) || !claim_by(b, b->labels, b->label_count))
        return false;
    for (size_t i = 0; i < b->label_count; i++)
        if (b->binding->column_of_field[b->labels[i].field] >= 0)
            b->by_label[b->labels[i].field] = true;
    return claim_by(b, b->names, b->name_count);
}

static void bind_in_order(struct binder *b)
{
    for (uint32_t f = 0; f < b->contract->field_count && f < b->binding->width; f++)
        if (!b->by_label[f] && b->binding->field_of_column[f] < 0)
            claim(b->binding, f, f);
}

static void find_rest(struct binder *b)
{
    struct binding *binding = b->binding;
    for (uint32_t f = 0; f < b->contract->field_count; f++)
        if (binding->column_of_field[f] < 0)
            binding->missing[binding->missing_count++] = f;
    for (uint32_t c = 0; c + binding->blank_tail < binding->width; c++)
        if (binding->field_of_column[c] < 0)
            binding->unknown[binding->unknown_count++] = c;
}

static bool note_rest(struct binder *b)
{
    struct binding *binding = b->binding;
    const char *fate = b->contract->extra_columns == EXTRA_RESCUE ? "kept in _rescued" : "dropped";
    for (uint32_t i = 0; i < binding->unknown_count; i++) {
        uint32_t c = binding->unknown[i];
        binding->notes[binding->note_count++] = str_of(arena_printf(b->arena,
            "column %u '" STR_FMT "' is not in the contract and was %s", c + 1, STR_ARG(binding->labels[c]), fate));
    }
    for (uint32_t i = 0; i < binding->missing_count; i++)
        binding->notes[binding->note_count++] =
            str_of(arena_printf(b->arena, "no column for the optional field " STR_FMT ": NULL in every row",
                STR_ARG(b->contract->fields[binding->missing[i]].name)));
    for (size_t i = 0; i < binding->note_count; i++)
        if (!binding->notes[i].p)
            return no_memory(b->err);
    return true;
}

bool binding_make(const struct contract *contract, const struct sniff *sniff, struct binding *binding,
    struct arena *arena, struct err *err)
{
    struct binder b = {.contract = contract, .binding = binding, .arena = arena, .err = err};
    if (!prepare(&b, sniff))
        return false;
    claim_positions(&b);
    if (!sniff->labels) {
        bind_in_order(&b);
        find_rest(&b);
    } else {
        measure_blank_tail(&b);
        bool bound = reject_blanks(&b) && reject_doubles(&b) && bind_labels(&b);
        find_rest(&b);
        if (!bound)
            return false;
    }
    return header_judge(contract, binding, sniff->labels != NULL, err) && note_rest(&b);
}
