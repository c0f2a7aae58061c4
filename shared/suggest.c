#include "shared/suggest.h"

#include <stdint.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(struct str a, struct str b)
{
    size_t rows[3][SUGGEST_MAX + 1];
    if (a.n > SUGGEST_MAX || b.n > SUGGEST_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
            now[j] = least(least(now[j - 1], last[j]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && y == lower(a.p[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

void suggest_init(struct suggestion *suggestion, struct str word)
{
    *suggestion = (struct suggestion){.word = word, .distance = word.n / 3 > 1 ? word.n / 3 + 1 : 2};
}

void suggest_offer(struct suggestion *suggestion, struct str known)
{
    struct str word = suggestion->word;
    size_t distance = suggest_distance(word, known);
    size_t shorter = least(word.n, known.n);
    /* min for minimum, level for levels: long edits, but plainly the same word */
    if (distance != SIZE_MAX && shorter >= 3 &&
        suggest_distance((struct str){word.p, shorter}, (struct str){known.p, shorter}) == 0)
        distance = least(distance, 1);
    if (distance < suggestion->distance && known.n > distance) {
        suggestion->distance = distance;
        suggestion->best = known;
    }
}
