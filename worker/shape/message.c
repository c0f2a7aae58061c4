#include "worker/shape/shape.h"

#include "shared/utf8.h"

enum { SHOWN_BYTES = 80 };

static void add_value(struct buf *out, const struct field *field, struct str value)
{
    if (field && field->sensitive) {
        buf_add_cstr(out, "***");
        return;
    }
    size_t n = value.n < SHOWN_BYTES ? value.n : SHOWN_BYTES;
    while (n < value.n && n && ((unsigned char)value.p[n] & 0xC0) == 0x80)
        n--;
    buf_add_byte(out, '"');
    utf8_sanitise(out, (struct str){value.p, n});
    buf_add_cstr(out, n < value.n ? "…\"" : "\"");
}

static void add_column(
    struct buf *out, const struct contract *contract, const struct binding *binding, const struct row_error *error)
{
    if (error->field >= 0)
        buf_add_str(out, contract->fields[error->field].name);
    else if (error->position >= 0 && (uint32_t)error->position < binding->width && binding->labels &&
             binding->labels[error->position].n)
        utf8_sanitise(out, binding->labels[error->position]);
    else if (error->position >= 0)
        buf_printf(out, "column %d", error->position + 1);
    else
        buf_add_cstr(out, "the row");
}

static void add_constraint(struct buf *out, const struct field *field, const struct row_error *error)
{
    const char *detail = error->detail ? error->detail : "";
    if (strcmp(detail, "required") == 0) {
        buf_add_cstr(out, "a value is required");
        return;
    }
    bool stated = strncmp(detail, "not one of", 10) == 0;
    add_value(out, field, error->value);
    buf_printf(out, stated ? " is %s" : " breaks %s", detail);
}

static void add_key_names(struct buf *out, const struct contract *contract)
{
    for (uint32_t i = 0; i < contract->primary_key_count; i++) {
        buf_add_cstr(out, i ? ", " : "");
        buf_add_str(out, contract->fields[contract->primary_key[i]].name);
    }
}

static void add_rule(struct buf *out, const struct contract *contract, const struct row_error *error)
{
    buf_add_cstr(out, "the rule ");
    if (error->rule >= 0)
        buf_add_str(out, contract->rules[error->rule].id);
    buf_add_cstr(out, " does not hold");
    if (error->detail)
        buf_printf(out, ": %s", error->detail);
}

static const char *code_words(enum row_code code)
{
    switch (code) {
    case CODE_MISSING_CELL:
        return "the record ends before this column";
    case CODE_EXTRA_CELL:
        return "a cell more than the header has columns";
    case CODE_BLANK_ROW:
        return "all cells are empty";
    case CODE_UNTERMINATED_QUOTE:
        return "a quote is opened and never closed";
    case CODE_ROW_TOO_LONG:
        return "the record is longer than the limit";
    case CODE_NULL_BYTE:
        return "holds a NUL byte";
    case CODE_ENCODING:
        return "holds bytes that are not UTF-8";
    default:
        return row_code_name(code);
    }
}

/* Errors that are about a value: "name: value words". */
static void add_value_error(struct buf *out, const struct field *field, const struct row_error *error)
{
    if (error->code == CODE_CONSTRAINT) {
        add_constraint(out, field, error);
        return;
    }
    add_value(out, field, error->value);
    if (error->code == CODE_FOREIGN_KEY)
        buf_printf(out, " is %s", error->detail ? error->detail : "not in the reference");
    else
        buf_printf(out, " %s", error->detail ? error->detail : code_words(error->code));
}

void row_error_message(
    const struct contract *contract, const struct binding *binding, const struct row_error *error, struct buf *out)
{
    const struct field *field = error->field >= 0 ? &contract->fields[error->field] : NULL;
    switch (error->code) {
    case CODE_ROW_CONSTRAINT:
        add_rule(out, contract, error);
        return;
    case CODE_EXPRESSION:
    case CODE_PARTITION:
        buf_add_cstr(out, error->detail ? error->detail : row_code_name(error->code));
        return;
    case CODE_PRIMARY_KEY:
        buf_add_cstr(out, "the key (");
        add_key_names(out, contract);
        buf_printf(out, ") %s", error->detail ? error->detail : "repeats an earlier row");
        return;
    default:
        break;
    }
    add_column(out, contract, binding, error);
    buf_add_cstr(out, ": ");
    switch (error->code) {
    case CODE_TYPE:
    case CODE_CONSTRAINT:
    case CODE_UNIQUE:
    case CODE_FOREIGN_KEY:
    case CODE_AMBIGUOUS:
    case CODE_ENCODING:
        add_value_error(out, field, error);
        return;
    default:
        buf_add_cstr(out, code_words(error->code));
        if (error->detail)
            buf_printf(out, " (%s)", error->detail);
    }
}
