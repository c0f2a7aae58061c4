#include "worker/shape/key_filter.h"

#include <stdlib.h>

enum { LINE_BYTES = 64 };

bool key_filter_init(struct key_filter *filter, size_t bytes)
{
    filter->lines = 1;
    while (filter->lines * 2 * LINE_BYTES <= bytes)
        filter->lines *= 2;
    filter->words = aligned_alloc(LINE_BYTES, filter->lines * LINE_BYTES);
    if (!filter->words) {
        filter->lines = 0;
        return false;
    }
    for (uint64_t i = 0; i < filter->lines * 8; i++)
        filter->words[i] = 0;
    return true;
}

void key_filter_dispose(struct key_filter *filter)
{
    free(filter->words);
    *filter = (struct key_filter){0};
}
