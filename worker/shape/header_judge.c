#include "worker/shape/label.h"

enum { LIST_BYTES = 130, MAX_NAMED = 5 };

bool field_required(const struct contract *contract, uint32_t field)
{
    bool required = contract->fields[field].constraints.required;
    for (uint32_t i = 0; i < contract->primary_key_count; i++)
        required |= contract->primary_key[i] == field;
    return required;
}

/* "; expected a, b; found x, y" as both sides of the header have it. */
static void add_sides(struct buf *out, const struct contract *contract, const struct binding *binding, bool labelled)
{
    struct buf names;
    buf_init(&names, 1 << 20);
    buf_add_cstr(out, "; expected ");
    for (uint32_t f = 0; f < contract->field_count && names.n < LIST_BYTES; f++)
        buf_printf(&names, "%s" STR_FMT, f ? ", " : "", STR_ARG(contract->fields[f].name));
    if (names.n >= LIST_BYTES)
        buf_printf(&names, ", … (%u in all)", contract->field_count);
    buf_add_str(out, buf_str(&names));
    buf_dispose(&names);
    if (!labelled) {
        buf_printf(out, "; found %u columns without a header", binding->width);
        return;
    }
    buf_add_cstr(out, "; found ");
    label_list(out, binding->labels, binding->width - binding->blank_tail, LIST_BYTES);
}

/* first: a field that is missed. */
static void hint_missing(const struct contract *contract, const struct binding *binding, bool labelled, uint32_t first,
    uint32_t count, struct err *err)
{
    if (labelled && binding->width == 1 && contract->field_count > 1) {
        err_hint(err, "the whole header is one column: the delimiter may be wrong (--set dialect.delimiter=';')");
    } else if (labelled && binding->unknown_count == 1 && count == 1) {
        struct str label = label_cut(binding->labels[binding->unknown[0]]), name = contract->fields[first].name;
        err_hint(err,
            "if \"" STR_FMT "\" is that column: --map '" STR_FMT "=" STR_FMT "', or add it to the field's aliases",
            STR_ARG(label), STR_ARG(label), STR_ARG(name));
    } else {
        err_hint(err, "ask the producer for the column, add the header's label to the field's aliases, "
                      "or make the field optional");
    }
}

/* all: optional fields are missed too. */
static bool judge_missing(
    const struct contract *contract, const struct binding *binding, bool labelled, bool all, struct err *err)
{
    uint32_t first = 0, count = 0;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (uint32_t i = 0; i < binding->missing_count; i++) {
        uint32_t field = binding->missing[i];
        if (!all && !field_required(contract, field))
            continue;
        if (!count)
            first = field;
        if (count++ < MAX_NAMED)
            buf_printf(&text, "%s\"" STR_FMT "\"", text.n ? ", " : "", STR_ARG(contract->fields[field].name));
    }
    if (count > MAX_NAMED)
        buf_printf(&text, " and %u more", count - MAX_NAMED);
    if (count)
        add_sides(&text, contract, binding, labelled);
    if (count && buf_ok(&text, "the message about the header", err)) {
        ERR_REJECT(err, "missing-label", "the file has no column for %s", text.p);
        hint_missing(contract, binding, labelled, first, count, err);
    }
    buf_dispose(&text);
    return !count;
}

static bool judge_extra(const struct contract *contract, const struct binding *binding, bool labelled, struct err *err)
{
    enum fields_match match = contract->fields_match;
    bool allowed = (match == FIELDS_PARTIAL || match == FIELDS_SUBSET) && contract->extra_columns != EXTRA_REJECT;
    if (allowed || !binding->unknown_count)
        return true;
    struct buf text;
    buf_init(&text, 1 << 20);
    if (labelled)
        label_list(&text, &binding->labels[binding->unknown[0]], 1, LIST_BYTES);
    buf_add_cstr(&text, "\"");
    add_sides(&text, contract, binding, labelled);
    if (buf_ok(&text, "the message about the header", err))
        ERR_REJECT(err, "extra-label", "column %u is not in the contract: \"%s", binding->unknown[0] + 1, text.p);
    buf_dispose(&text);
    if (err->kind == ERR_FILE)
        err_hint(err, "add the column to the contract, or set extraColumns: ignore with fieldsMatch: partial");
    return false;
}

static bool judge_order(const struct contract *contract, const struct binding *binding, struct err *err)
{
    if (contract->fields_match != FIELDS_EXACT)
        return true;
    for (uint32_t f = 0; f < contract->field_count; f++) {
        if (binding->column_of_field[f] == (int32_t)f)
            continue;
        struct str name = contract->fields[f].name;
        ERR_REJECT(err, "incorrect-label", "column %u should be \"" STR_FMT "\", but that is column %d", f + 1,
            STR_ARG(name), binding->column_of_field[f] + 1);
        return err_hint(err, "put the columns in the contract's order, or set fieldsMatch: equal");
    }
    return true;
}

bool header_needs_all(const struct contract *contract, const struct binding *binding)
{
    enum fields_match match = contract->fields_match;
    bool none = binding->missing_count == contract->field_count;
    return match == FIELDS_EXACT || match == FIELDS_EQUAL || match == FIELDS_SUBSET ||
           (match == FIELDS_PARTIAL && none);
}

bool header_judge(const struct contract *contract, const struct binding *binding, bool labelled, struct err *err)
{
    bool all = header_needs_all(contract, binding);
    return judge_missing(contract, binding, labelled, all, err) && judge_extra(contract, binding, labelled, err) &&
           judge_order(contract, binding, err);
}
