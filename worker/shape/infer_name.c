#include "worker/shape/infer.h"
#include "worker/shape/label.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

enum { MAX_NAME = 63, SUFFIX = 6 };

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to name the file's columns");
}

bool infer_name(struct str text, struct arena *arena, struct str *name, struct err *err)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &mapped,
        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD |
            UTF8PROC_IGNORE);
    char *out = arena_alloc(arena, MAX_NAME + 1);
    size_t length = 0;
    bool gap = false;
    for (utf8proc_ssize_t i = 0; out && i < n && length < MAX_NAME - SUFFIX; i++) {
        char c = (char)mapped[i];
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (letter || digit) {
            if (gap && length)
                out[length++] = '_';
            if (!length && digit)
                out[length++] = 'c';
            out[length++] = c;
        }
        gap = !letter && !digit;
    }
    free(mapped);
    if (!out)
        return no_memory(err);
    *name = (struct str){out, length};
    return true;
}

static bool is_taken(const struct infer *infer, uint32_t before, struct str name)
{
    for (uint32_t i = 0; i < before; i++)
        if (str_eq(infer->columns[i].name, name))
            return true;
    return str_eq(name, STR("ingest_ts"));
}

static bool name_column(struct infer *infer, uint32_t at, struct err *err)
{
    struct infer_column *column = &infer->columns[at];
    struct str base = {0};
    if (!infer_name(column->label, infer->arena, &base, err))
        return false;
    if (!base.n)
        base = str_of(arena_printf(infer->arena, "column_%u", column->position));
    if (!base.p)
        return no_memory(err);
    column->name = base;
    for (unsigned number = 2; is_taken(infer, at, column->name); number++) {
        column->name = str_of(arena_printf(infer->arena, STR_FMT "_%u", STR_ARG(base), number));
        if (!column->name.p)
            return no_memory(err);
    }
    return true;
}

static bool is_bound_by_name(const struct infer *infer, uint32_t at, const struct str *normal)
{
    if (!str_eq(normal[at], infer->columns[at].name))
        return false;
    for (uint32_t i = 0; i < infer->count; i++)
        if (i != at && str_eq(normal[i], normal[at]))
            return false;
    return true;
}

bool infer_names(struct infer *infer, struct err *err)
{
    struct str *normal = ARENA_ARRAY(infer->arena, struct str, infer->count);
    if (!normal)
        return no_memory(err);
    for (uint32_t i = 0; i < infer->count; i++) {
        struct infer_column *column = &infer->columns[i];
        if (!label_normalised(column->label, infer->arena, &normal[i]))
            return no_memory(err);
        struct str label = str_trim(column->label);
        column->by_position = !label.n || !normal[i].n || !utf8_valid(column->label) || !infer->sniff.labels;
        for (uint32_t k = 0; k < infer->count && !column->by_position; k++)
            column->by_position = k != i && str_eq(label, str_trim(infer->columns[k].label));
        if (!name_column(infer, i, err))
            return false;
    }
    for (uint32_t i = 0; i < infer->count; i++)
        infer->columns[i].by_label = !infer->columns[i].by_position && !is_bound_by_name(infer, i, normal);
    return true;
}
