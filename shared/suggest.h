/* "Did you mean": the known word nearest to a mistyped one. */
#ifndef SHARED_SUGGEST_H
#define SHARED_SUGGEST_H

#include "shared/str.h"

/* Optimal string alignment distance (insert, delete, replace, swap of neighbours), case-blind; words longer than
 * SUGGEST_MAX are infinitely far. */
size_t suggest_distance(struct str a, struct str b);

enum { SUGGEST_MAX = 48 };

struct suggestion {
    struct str word, best;
    size_t distance;
};

/* Offer known words one by one; best stays empty while none is near enough (a third of the word's length, at least
 * one edit; or one begins with the other). */
void suggest_init(struct suggestion *suggestion, struct str word);
void suggest_offer(struct suggestion *suggestion, struct str known);

#endif
