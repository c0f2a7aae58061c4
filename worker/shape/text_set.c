#include "worker/shape/converter.h"

#include <xxhash.h>

enum { LINEAR_COUNT = 6 };

static uint32_t slot_of(const struct text_set *set, struct str text)
{
    return (uint32_t)XXH3_64bits(text.p, text.n) & set->mask;
}

bool text_set_init(struct text_set *set, struct str *list, size_t count, struct arena *arena)
{
    *set = (struct text_set){.list = list, .count = count};
    for (size_t i = 0; i < count; i++)
        set->lengths |= (uint64_t)1 << (list[i].n < 63 ? list[i].n : 63);
    if (count <= LINEAR_COUNT)
        return true;
    uint32_t size = 16;
    while (size < count * 2)
        size *= 2;
    set->mask = size - 1;
    set->slots = ARENA_ARRAY(arena, uint32_t, size);
    if (!set->slots)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = slot_of(set, list[i]);
        while (set->slots[at])
            at = (at + 1) & set->mask;
        set->slots[at] = (uint32_t)i + 1;
    }
    return true;
}

bool text_set_probe(const struct text_set *set, struct str text)
{
    if (!set->slots) {
        for (size_t i = 0; i < set->count; i++)
            if (str_eq(set->list[i], text))
                return true;
        return false;
    }
    for (uint32_t at = slot_of(set, text); set->slots[at]; at = (at + 1) & set->mask)
        if (str_eq(set->list[set->slots[at] - 1], text))
            return true;
    return false;
}
