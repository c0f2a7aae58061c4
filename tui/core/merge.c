#include "tui/core/merge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 3 };

/* By what the lists of the agents are sorted, the greatest first; behind a + the least first. What has no value is
 * last. page: what their pages go on after; NULL: there is one page. */
static const struct order {
    const char *method, *page, *keys[MOST_KEYS];
} orders[] = {
    {"runs", "run_id", {"run_id"}},
    {"requests", "request", {"request"}},
    {"causes", NULL, {"kind", "rows", "files"}},
    {"alerts", NULL, {"+state", "opened_at"}},
    {"workers", NULL, {"+lease_until", "seen_at"}},
    {"audit", "id", {"at"}},
};

static const struct order *order_of(const char *method)
{
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (strcmp(orders[i].method, method) == 0)
            return &orders[i];
    return NULL;
}

struct sorted {
    const struct order *order;
    size_t place;
    json_t *item;
};

static int compare_values(const json_t *left, const json_t *right)
{
    const char *a = json_string_value(left), *b = json_string_value(right);
    if (a && b)
        return strcmp(b, a);
    double x = json_number_value(left), y = json_number_value(right);
    return x < y ? 1 : x > y ? -1 : 0;
}

static int compare_by(const char *key, const json_t *a, const json_t *b)
{
    bool least_first = key[0] == '+';
    const json_t *left = json_object_get(a, key + least_first), *right = json_object_get(b, key + least_first);
    bool no_left = !left || json_is_null(left), no_right = !right || json_is_null(right);
    if (no_left || no_right)
        return no_left - no_right;
    int order = compare_values(left, right);
    return least_first ? -order : order;
}

static int by_order(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    for (size_t i = 0; i < MOST_KEYS && a->order->keys[i]; i++) {
        int order = compare_by(a->order->keys[i], a->item, b->item);
        if (order)
            return order;
    }
    return a->place < b->place ? -1 : a->place > b->place;
}

/* What is not an object stands for itself: its target goes before it. */
static json_t *of_target(json_t *item, const char *target)
{
    if (json_is_string(item))
        return json_sprintf("%s: %s", target, json_string_value(item));
    if (json_is_object(item))
        json_object_set_new(item, "target", json_string(target));
    return json_incref(item);
}

/* Of disks the fuller one is told of; other counts are summed. */
static void join_objects(json_t *whole, const char *name, const json_t *before, json_t *value)
{
    json_t *sum = json_object(), *other;
    const char *key;
    double left = json_number_value(json_object_get(before, "free")),
           all = json_number_value(json_object_get(before, "total"));
    double free_bytes = json_number_value(json_object_get(value, "free"));
    if (all > 0) {
        bool fuller = free_bytes * all < left * json_number_value(json_object_get(value, "total"));
        json_object_set(whole, name, fuller ? value : (json_t *)before);
        json_decref(sum);
        return;
    }
    json_object_update(sum, (json_t *)before);
    json_object_foreach(value, key, other) if (json_is_integer(other)) json_object_set_new(
        sum, key, json_integer(json_integer_value(json_object_get(before, key)) + json_integer_value(other)));
    json_object_set_new(whole, name, sum);
}

/* What is each target's own stays so, as a list. */
static bool is_own(const char *name)
{
    return strcmp(name, "verified") == 0;
}

static void add_member(json_t *whole, const char *target, const char *name, json_t *value)
{
    json_t *before = json_object_get(whole, name), *item;
    size_t i;
    if (is_own(name)) {
        if (!before)
            json_object_set_new(whole, name, before = json_array());
        json_array_append_new(before, of_target(value, target));
    } else if (json_is_array(value)) {
        if (!before)
            json_object_set_new(whole, name, before = json_array());
        json_array_foreach(value, i, item) json_array_append_new(before, of_target(item, target));
    } else if (json_is_object(value) && json_is_object(before))
        join_objects(whole, name, before, value);
    else if (json_is_integer(value) && json_is_integer(before))
        json_object_set_new(whole, name, json_integer(json_integer_value(before) + json_integer_value(value)));
    else if (!before)
        json_object_set(whole, name, value);
}

static json_t *join(const json_t *parts)
{
    json_t *whole = json_object(), *part, *value;
    const char *target, *name;
    json_object_foreach((json_t *)parts, target, part)
    {
        json_object_foreach(part, name, value) if (strcmp(name, "next") != 0) add_member(whole, target, name, value);
    }
    return whole;
}

static void sort(const struct order *order, json_t *items)
{
    size_t count = json_array_size(items);
    struct sorted *list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = (struct sorted){order, i, json_incref(json_array_get(items, i))};
    if (list)
        qsort(list, count, sizeof *list, by_order);
    for (size_t i = 0; list && i < count; i++)
        json_array_set_new(items, i, list[i].item);
    free(list);
}

static const json_t *last_of(const json_t *items)
{
    return json_array_get(items, json_array_size(items) - 1);
}

/* The key down to which every part that has more has told all: what lies below it may have others between. */
static const char *floor_of(const struct order *order, const json_t *parts)
{
    const char *target, *highest = NULL;
    json_t *part;
    json_object_foreach((json_t *)parts, target, part)
    {
        bool more = json_is_string(json_object_get(part, "next"));
        const char *last = json_string_value(json_object_get(last_of(json_object_get(part, "items")), order->keys[0]));
        highest = more && last && (!highest || strcmp(last, highest) > 0) ? last : highest;
    }
    return highest;
}

static void cut(const struct order *order, json_t *items, const char *least)
{
    for (size_t n = json_array_size(items); n > 0; n--) {
        const char *key = json_string_value(json_object_get(json_array_get(items, n - 1), order->keys[0]));
        if (!key || strcmp(key, least) >= 0)
            return;
        json_array_remove(items, n - 1);
    }
}

static const json_t *last_key(const struct order *order, const json_t *items, const char *target)
{
    for (size_t n = json_array_size(items); n > 0; n--) {
        const json_t *item = json_array_get(items, n - 1);
        const char *of = json_string_value(json_object_get(item, "target"));
        if (of && strcmp(of, target) == 0)
            return json_object_get(item, order->page);
    }
    return NULL;
}

static json_t *as_text(const json_t *key)
{
    return json_is_integer(key) ? json_sprintf("%lld", (long long)json_integer_value(key)) : json_incref((json_t *)key);
}

static json_t *go_on_after(const struct order *order, const json_t *parts, const json_t *items, const json_t *after)
{
    json_t *next = json_object(), *part;
    const char *target;
    json_object_foreach((json_t *)parts, target, part)
    {
        const json_t *all = json_object_get(part, "items"), *last = last_key(order, items, target);
        const json_t *least = json_object_get(last_of(all), order->page);
        bool whole = !json_array_size(all) || (last && json_equal(last, least));
        bool asked = after ? json_object_get(after, target) != NULL : json_is_object(part);
        if (!asked || (json_is_object(part) && whole && !json_is_string(json_object_get(part, "next"))))
            continue;
        const json_t *from = last ? last : json_object_get(after, target);
        json_object_set_new(next, target, from ? as_text(from) : json_null());
    }
    return next;
}

json_t *merge_answers(const char *method, const json_t *parts, const json_t *after)
{
    const struct order *order = order_of(method);
    json_t *whole = join(parts), *items = json_object_get(whole, "items");
    if (!order)
        return whole;
    sort(order, items);
    const char *least = order->page ? floor_of(order, parts) : NULL;
    if (least) {
        cut(order, items, least);
        json_object_set_new(whole, "next", go_on_after(order, parts, items, after));
    }
    return whole;
}
