/* The only source of chance: the same seed gives the same expressions over the same rows. */
#ifndef TESTS_ORACLE_DICE_H
#define TESTS_ORACLE_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = (dice->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 0 … n - 1 */
static inline uint32_t dice_below(struct dice *dice, uint32_t n)
{
    return (uint32_t)((dice_next(dice) >> 32) * n >> 32);
}

static inline int dice_percent(struct dice *dice, uint32_t percent)
{
    return dice_below(dice, 100) < percent;
}

#define DICE_PICK(dice, list) ((list)[dice_below((dice), (uint32_t)(sizeof(list) / sizeof *(list)))])

#endif
