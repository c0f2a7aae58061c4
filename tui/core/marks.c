#include "tui/core/marks.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_TEXT = PATH_MAX + 64 };

static const char behind[] = "@"; /* stands between an item's id and its target */

/* Numbers so that they sort as numbers. */
static const char *id_text(const struct grid *grid, const json_t *item, char out[ID_TEXT])
{
    const json_t *id = grid->id ? json_object_get(item, grid->id) : NULL;
    const char *target = grid_target(grid, item), *at = target ? behind : "";
    if (json_is_string(id))
        snprintf(out, ID_TEXT, "%s%s%s", json_string_value(id), at, target ? target : "");
    else if (json_is_integer(id))
        snprintf(out, ID_TEXT, "%020lld%s%s", (long long)json_integer_value(id), at, target ? target : "");
    else
        return NULL;
    return out;
}

static bool is_like(const struct grid *grid, const json_t *item)
{
    return grid->like && item && json_equal(json_object_get(item, grid->like), grid->like_value);
}

bool marks_has(const struct grid *grid, const json_t *item)
{
    char text[ID_TEXT];
    return is_like(grid, item) ||
           (grid->marks && id_text(grid, item, text) && json_object_get(grid->marks, text) != NULL);
}

bool marks_in_range(const struct grid *grid, size_t line)
{
    size_t first = grid->anchor < grid->at ? grid->anchor : grid->at;
    return grid->ranging && line >= first && line - first <= (grid->anchor > first ? grid->anchor : grid->at) - first;
}

size_t marks_count(const struct grid *grid)
{
    return json_object_size(grid->marks) + grid->like_count;
}

static void drop_like(struct grid *grid)
{
    json_decref(grid->like_value);
    grid->like_value = NULL;
    grid->like = NULL;
    grid->like_count = 0;
}

void marks_add(struct grid *grid, const json_t *item)
{
    char text[ID_TEXT];
    if (is_like(grid, item) || !id_text(grid, item, text))
        return;
    if (!grid->marks)
        grid->marks = json_object();
    json_object_set(grid->marks, text, json_object_get(item, grid->id));
}

void marks_clear(struct grid *grid)
{
    json_decref(grid->marks);
    grid->marks = NULL;
    drop_like(grid);
    grid->ranging = false;
}

void marks_like(struct grid *grid, const char *member, const json_t *item, size_t count)
{
    marks_clear(grid);
    grid->like = member;
    grid->like_value = json_incref(json_object_get(item, member));
    grid->like_count = count;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *target_of(const char *name)
{
    const char *at = strstr(name, behind);
    return at ? at + 1 : NULL;
}

json_t *marks_ids(const struct grid *grid, const char *target)
{
    size_t count = json_object_size(grid->marks), n = 0;
    const char **names = calloc(count + 1, sizeof *names), *name, *of;
    json_t *ids = json_array(), *id;
    if (!names)
        return ids;
    json_object_foreach(grid->marks, name, id)
    {
        of = target_of(name);
        if (!target || !of || strcmp(of, target) == 0)
            names[n++] = name;
    }
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++)
        json_array_append(ids, json_object_get(grid->marks, names[i]));
    free(names);
    return ids;
}

json_t *marks_targets(const struct grid *grid)
{
    json_t *targets = json_array(), *lost, *id;
    const char *target, *name, *of;
    json_object_foreach((json_t *)grid->targets, target, lost)
    {
        bool any = false;
        json_object_foreach(grid->marks, name, id)
        {
            of = target_of(name);
            any = any || (of && strcmp(of, target) == 0);
        }
        if (any)
            json_array_append_new(targets, json_string(target));
    }
    return targets;
}

static void mark_range(struct grid *grid)
{
    for (size_t line = 0; line < grid_lines(grid); line++) {
        if (!marks_in_range(grid, line))
            continue;
        const json_t *item = grid_item_at(grid, line);
        if (item)
            marks_add(grid, item);
    }
    grid->ranging = false;
}

static void unmark(struct grid *grid)
{
    char text[ID_TEXT];
    const json_t *item = grid_item(grid);
    if (is_like(grid, item))
        drop_like(grid);
    else if (grid->marks && id_text(grid, item, text))
        json_object_del(grid->marks, text);
    grid->ranging = false;
}

bool marks_request(struct grid *grid, enum request request)
{
    switch (request) {
    case REQUEST_MARK:
        marks_add(grid, grid_item(grid));
        grid->ranging = false;
        return grid_request(grid, REQUEST_DOWN);
    case REQUEST_RANGE:
        if (grid->ranging) {
            mark_range(grid);
            return true;
        }
        grid->ranging = true;
        grid->anchor = grid->at;
        return true;
    case REQUEST_UNMARK:
        unmark(grid);
        return true;
    case REQUEST_UNMARK_ALL:
        marks_clear(grid);
        return true;
    default:
        return false;
    }
}
