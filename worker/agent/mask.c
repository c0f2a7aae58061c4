#include "worker/agent/mask.h"

#include "worker/agent/cells.h"

enum { MOST_CELLS = 2048 };

static const char hidden[] = "***";

bool mask_init(struct mask *mask, struct call *call, struct err *err)
{
    mask->dialect = cells_dialect(call, err);
    mask->columns = json_object_get(mask->dialect, "sensitive");
    if (mask->dialect)
        cells_grammar(mask->dialect, &mask->grammar);
    return mask->dialect != NULL;
}

void mask_dispose(struct mask *mask)
{
    json_decref(mask->dialect);
}

bool mask_wanted(const struct mask *mask)
{
    return json_array_size(mask->columns) > 0;
}

static bool is_sensitive(const struct mask *mask, json_int_t column)
{
    for (size_t i = 0; i < json_array_size(mask->columns); i++)
        if (json_integer_value(json_array_get(mask->columns, i)) == column)
            return true;
    return false;
}

/* column_index of an error counts from 1; -1: it is about the whole row. */
static json_int_t column_of(const json_t *error)
{
    const json_t *index = json_object_get(error, "column_index");
    return json_is_integer(index) ? json_integer_value(index) - 1 : -1;
}

static bool is_uneven(const json_t *errors)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const char *code = json_string_value(json_object_get(json_array_get(errors, i), "code"));
        if (code && (strcmp(code, "missing-cell") == 0 || strcmp(code, "extra-cell") == 0 ||
                        strcmp(code, "unterminated-quote") == 0 || strcmp(code, "row-too-long") == 0))
            return true;
    }
    return false;
}

static bool is_named(const json_t *errors, json_int_t column)
{
    for (size_t i = 0; i < json_array_size(errors); i++)
        if (column_of(json_array_get(errors, i)) == column)
            return true;
    return false;
}

static bool is_hidden(const struct mask *mask, const json_t *errors, bool uneven, json_int_t column)
{
    return is_sensitive(mask, column) || (uneven && !is_named(errors, column));
}

/* raw with the hidden cells' content replaced; NULL when a cell does not lie in it as it stands. */
static json_t *mask_raw(const struct mask *mask, struct str raw, const json_t *errors, struct arena *arena)
{
    struct buf out;
    struct text text = {
        .p = arena_alloc(arena, 2 * raw.n + 64), .n = raw.n, .final = true, .tail = raw.n, .tail_end = 2 * raw.n + 64};
    struct record record = {.cells = ARENA_ARRAY(arena, struct cell, MOST_CELLS), .width = MOST_CELLS};
    bool uneven = is_uneven(errors);
    if (!text.p || !record.cells)
        return NULL;
    memcpy(text.p, raw.p, raw.n);
    if (record_read(&mask->grammar, &text, &record) != RECORD_DONE || record.count > MOST_CELLS)
        return NULL;
    size_t at = 0;
    buf_init(&out, 2 * raw.n + sizeof hidden * (size_t)record.count);
    for (uint32_t i = 0; i < record.count; i++) {
        size_t offset = record.cells[i].offset, length = record.cells[i].length & CELL_LENGTH;
        if (offset < at || offset + length > raw.n) {
            buf_dispose(&out);
            return NULL;
        }
        if (!is_hidden(mask, errors, uneven, i) || !length)
            continue;
        buf_add(&out, raw.p + at, offset - at);
        buf_add_cstr(&out, hidden);
        at = offset + length;
    }
    buf_add(&out, raw.p + at, raw.n - at);
    json_t *masked = out.failed ? NULL : json_stringn(out.p ? out.p : "", out.n);
    buf_dispose(&out);
    return masked;
}

static void mask_errors(const struct mask *mask, json_t *errors)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        json_t *error = json_array_get(errors, i);
        const char *code = json_string_value(json_object_get(error, "code"));
        bool runs_over = code && (strcmp(code, "unterminated-quote") == 0 || strcmp(code, "row-too-long") == 0);
        if ((runs_over || is_sensitive(mask, column_of(error))) && json_is_string(json_object_get(error, "value")))
            json_object_set_new(error, "value", json_string(hidden));
    }
}

void mask_row(const struct mask *mask, json_t *reject, struct arena *arena)
{
    json_t *errors = json_object_get(reject, "errors");
    const json_t *raw = json_object_get(reject, "raw");
    struct str text = {json_string_value(raw), json_string_length(raw)};
    json_t *masked = json_is_string(raw) ? mask_raw(mask, text, errors, arena) : NULL;
    json_object_del(reject, "raw_base64");
    json_object_set_new(reject, "raw", masked ? masked : json_string(hidden));
    mask_errors(mask, errors);
}
