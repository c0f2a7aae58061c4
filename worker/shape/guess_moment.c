#include "worker/shape/guess.h"

/* Two of the same look, day and month changed over, stand beside each other and name each other as twin. */
static const struct {
    const char *pattern;
    int twin; /* -1: none */
} dates[] = {
    {"%d/%m/%Y", 1},
    {"%m/%d/%Y", 0},
    {"%d-%m-%Y", 3},
    {"%m-%d-%Y", 2},
    {"%d/%m/%y", 5},
    {"%m/%d/%y", 4},
    {"%d-%m-%y", 7},
    {"%m-%d-%y", 6},
    {"%d.%m.%Y", -1},
    {"%d.%m.%y", -1},
    {"%Y/%m/%d", -1},
    {"%Y.%m.%d", -1},
    {"%d %b %Y", -1},
    {"%d-%b-%Y", -1},
    {"%d-%b-%y", -1},
    {"%b %d, %Y", -1},
    {"%b %d %Y", -1},
};
static const char *const times[] = {
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S"};

enum { DATES = sizeof dates / sizeof *dates, TIMES = sizeof times / sizeof *times, MAX_FORMATS = 8 };

static uint128 bit(uint32_t form)
{
    return (uint128)1 << form;
}

bool guess_forms_init(struct guess_forms *forms, struct arena *arena, struct err *err)
{
    forms->list = ARENA_ARRAY(arena, struct moment_format, 1 + DATES * TIMES);
    if (!forms->list)
        return ERR(err, ERR_MEMORY, "no memory to look at the file's columns");
    forms->list[0].kind = MOMENT_ISO;
    forms->count = 1;
    for (int d = 0; d < DATES; d++)
        for (int t = 0; t < TIMES; t++) {
            const char *pattern = arena_printf(arena, "%s%s", dates[d].pattern, times[t]);
            if (!pattern)
                return ERR(err, ERR_MEMORY, "no memory to look at the file's columns");
            forms->list[forms->count++] = (struct moment_format){MOMENT_PATTERN, str_of(pattern)};
        }
    return true;
}

/* Of the forms in among, those that read the text. */
static uint128 fitting(const struct guess_forms *forms, uint128 among, struct str text)
{
    uint128 mask = 0;
    int64_t value;
    for (uint32_t i = 0; i < forms->count; i++)
        if ((among & bit(i)) && value_parse_timestamp_with(text, &forms->list[i], NULL, &value) == VALUE_OK)
            mask |= bit(i);
    return mask;
}

/* Forms that fitted before are tried first, and all only where none of them does: the others have met a value that they
 * don't fit, and can come back only as the one form that fits another. */
void guess_moment_add(struct guess *guess, const struct guess_forms *forms, struct str text)
{
    uint128 mask = fitting(forms, guess->active, text);
    if (!mask)
        mask = fitting(forms, ~(uint128)0, text);
    guess->active |= mask;
    uint32_t i = 0;
    while (i < guess->mask_count && guess->masks[i] != mask)
        i++;
    if (i == guess->mask_count && guess->mask_count < GUESS_MASKS)
        guess->masks[guess->mask_count++] = mask;
    else if (i == guess->mask_count)
        mask = 0;
    guess->moment = mask != 0;
    guess->colon |= str_find_byte(text, ':') < text.n;
}

/* All forms with this date. */
static uint128 with_date(int date)
{
    return (((uint128)1 << TIMES) - 1) << (1 + date * TIMES);
}

/* Takes the losing twins out of *allowed; false: nothing decides, or the file contradicts itself. */
static bool settle_twins(const struct guess *guess, uint128 *allowed, struct guess_result *result)
{
    for (int d = 0; d < DATES; d++) {
        uint128 own = with_date(d), other = dates[d].twin < 0 ? 0 : with_date(dates[d].twin);
        bool only = false, only_other = false, both = false;
        for (uint32_t i = 0; i < guess->mask_count; i++) {
            bool a = (guess->masks[i] & own) != 0, b = (guess->masks[i] & other) != 0;
            only |= a && !b;
            only_other |= b && !a;
            both |= a && b;
        }
        if (!both && !(only && only_other))
            continue;
        if (only == only_other) {
            result->remark = only ? "day and month come in both orders: set the type and formats, with the producer"
                                  : "day and month could be either way round: set the type and formats";
            return false;
        }
        if (only_other)
            *allowed &= ~own;
    }
    return true;
}

static uint32_t count_covered(const struct guess *guess, uint128 form, const bool *covered)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < guess->mask_count; i++)
        count += !covered[i] && (guess->masks[i] & form);
    return count;
}

/* Few forms that fit all values: always the one that fits most of those left. */
static bool choose_forms(
    const struct guess *guess, const struct guess_forms *forms, uint128 allowed, struct guess_result *result)
{
    bool covered[GUESS_MASKS] = {false};
    for (uint32_t left = guess->mask_count; left;) {
        uint32_t best = 0, most = 0;
        for (uint32_t f = 0; f < forms->count; f++) {
            uint32_t count = allowed & bit(f) ? count_covered(guess, bit(f), covered) : 0;
            if (count > most) {
                best = f;
                most = count;
            }
        }
        if (!most || result->moment_count == MAX_FORMATS)
            return false;
        result->moments[result->moment_count++] = &forms->list[best];
        for (uint32_t i = 0; i < guess->mask_count; i++)
            covered[i] |= (guess->masks[i] & bit(best)) != 0;
        left -= most;
    }
    return true;
}

bool guess_moment_settle(const struct guess *guess, const struct guess_forms *forms, struct guess_result *result)
{
    uint128 allowed = ~(uint128)0;
    if (!guess->moment || !settle_twins(guess, &allowed, result) || !choose_forms(guess, forms, allowed, result))
        return false;
    result->remark = NULL;
    result->kind = guess->colon ? TYPE_TIMESTAMP : TYPE_DATE;
    return true;
}
