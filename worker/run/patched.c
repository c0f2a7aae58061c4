#include "worker/run/patched.h"

#include <stdlib.h>

/* Line ends within a record that was replaced: LF, CRLF and lone CR. */
static uint64_t line_ends(struct str text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n' || (text.p[i] == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n'));
    return count;
}

static int by_offset(const void *left, const void *right)
{
    const struct patch_edit *a = *(const struct patch_edit *const *)left, *b = *(const struct patch_edit *const *)right;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* What follows an edit begins with that record's line end: an empty line, which is no record. */
struct segment *patched_segments(
    const struct dialect *dialect, const struct patch *patch, size_t *count, struct arena *arena)
{
    size_t edits = patch ? patch->count : 0, last = 0;
    struct segment *list = ARENA_ARRAY(arena, struct segment, 2 * edits + 1);
    const struct patch_edit **order = ARENA_ARRAY(arena, const struct patch_edit *, edits + 1);
    struct segment rest = {.offset = dialect->first_data_offset,
        .length = UINT64_MAX,
        .first_row = 1,
        .first_line = dialect->first_data_line};
    *count = 0;
    if (!list || !order)
        return NULL;
    for (size_t i = 0; i < edits; i++)
        if (patch_of_row(patch, patch->edits[i].row) == &patch->edits[i])
            order[last++] = &patch->edits[i];
    qsort(order, last, sizeof *order, by_offset);
    for (size_t i = 0; i < last; i++) {
        const struct patch_edit *edit = order[i];
        if (edit->offset > rest.offset) {
            list[*count] = rest;
            list[(*count)++].length = edit->offset - rest.offset;
        }
        list[(*count)++] = (struct segment){.offset = edit->offset,
            .length = edit->length,
            .first_row = edit->row,
            .first_line = edit->line,
            .patch = edit->after};
        rest.offset = edit->offset + edit->length;
        rest.first_row = edit->row + 1;
        rest.first_line = edit->line + line_ends(edit->before);
    }
    list[(*count)++] = rest;
    return list;
}
