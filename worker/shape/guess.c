#include "worker/shape/guess.h"

#include "shared/str.h"

const struct guess_token guess_tokens[GUESS_TOKENS] = {
    {STR("NULL"), false},
    {STR("null"), false},
    {STR("Null"), false},
    {STR("N/A"), false},
    {STR("n/a"), false},
    {STR("#N/A"), false},
    {STR("\\N"), false},
    {STR("nil"), false},
    {STR("Nil"), false},
    {STR("NIL"), false},
    {STR("(null)"), false},
    {STR("<NA>"), false},
    {STR("-"), true},
    {STR("--"), true},
    {STR("NA"), true},
    {STR("na"), true},
    {STR("None"), true},
    {STR("none"), true},
    {STR("NaN"), true},
    {STR("nan"), true},
    {STR("?"), true},
    {STR("."), true},
    {STR("missing"), true},
    {STR("unknown"), true},
};

static const struct {
    struct str yes, no;
} words[] = {{STR("true"), STR("false")}, {STR("yes"), STR("no")}, {STR("y"), STR("n")}, {STR("t"), STR("f")},
    {STR("on"), STR("off")}};
enum { PAIRS = sizeof words / sizeof *words };

void guess_init(struct guess *guess)
{
    *guess = (struct guess){.readings = (1u << GUESS_READINGS) - 1,
        .boolean = true,
        .pairs = (1u << PAIRS) - 1,
        .moment = true,
        .clock = true};
}

static bool add_spelling(struct guess *guess, struct str text, bool yes, struct arena *arena, struct err *err)
{
    for (uint32_t i = 0; i < guess->spelling_count; i++)
        if (str_eq(guess->spellings[i], text))
            return true;
    if (guess->spelling_count == GUESS_SPELLINGS) {
        guess->boolean = false;
        return true;
    }
    struct str kept = arena_str(arena, text);
    guess->spelling_true[guess->spelling_count] = yes;
    guess->spellings[guess->spelling_count++] = kept;
    return kept.p || ERR(err, ERR_MEMORY, "no memory to look at the file's columns");
}

static bool add_boolean(struct guess *guess, struct str text, struct arena *arena, struct err *err)
{
    for (int i = 0; i < PAIRS; i++) {
        bool yes = str_eq_nocase_ascii(text, words[i].yes), no = str_eq_nocase_ascii(text, words[i].no);
        if (!yes && !no)
            continue;
        guess->pairs &= 1u << i;
        guess->boolean = guess->pairs != 0;
        return add_spelling(guess, text, yes, arena, err);
    }
    guess->boolean = false;
    return true;
}

bool guess_add(
    struct guess *guess, const struct guess_forms *forms, struct str text, struct arena *arena, struct err *err)
{
    int64_t micros;
    if (!text.n) {
        guess->empty_seen = true;
        return true;
    }
    for (int i = 0; i < GUESS_TOKENS && text.n <= 7; i++)
        if (str_eq(text, guess_tokens[i].text)) {
            guess->token_seen[i] = true;
            return true;
        }
    guess->values++;
    if (guess->readings)
        guess_number_add(guess, text);
    if (guess->moment)
        guess_moment_add(guess, forms, text);
    if (guess->clock)
        guess->clock = value_parse_time(text, NULL, &micros) == VALUE_OK;
    return !guess->boolean || add_boolean(guess, text, arena, err);
}

static bool is_standard(struct str word)
{
    static const struct str standard[] = {
        STR("true"), STR("True"), STR("TRUE"), STR("false"), STR("False"), STR("FALSE")};
    for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
        if (str_eq(word, standard[i]))
            return true;
    return false;
}

/* Both words of a pair must have been seen, or a column of one letter would do. */
static bool settle_boolean(const struct guess *guess, struct guess_result *result, struct arena *arena, struct err *err)
{
    uint32_t n = guess->spelling_count, counts[2] = {0, 0};
    bool standard = true;
    struct str *lists[2] = {ARENA_ARRAY(arena, struct str, n), ARENA_ARRAY(arena, struct str, n)};
    if (!lists[0] || !lists[1])
        return ERR(err, ERR_MEMORY, "no memory to look at the file's columns");
    for (uint32_t i = 0; i < n; i++) {
        int yes = guess->spelling_true[i];
        lists[yes][counts[yes]++] = guess->spellings[i];
        standard &= is_standard(guess->spellings[i]);
    }
    if (!counts[0] || !counts[1])
        return true;
    result->kind = TYPE_BOOLEAN;
    if (standard)
        return true;
    result->format.true_values = lists[1];
    result->format.true_count = counts[1];
    result->format.false_values = lists[0];
    result->format.false_count = counts[0];
    return true;
}

bool guess_settle(const struct guess *guess, const struct guess_forms *forms, struct guess_result *result,
    struct arena *arena, struct err *err)
{
    *result = (struct guess_result){.kind = TYPE_STRING, .missing = guess->empty_seen};
    bool settled = !guess->values;
    if (guess->values && guess->boolean) {
        if (!settle_boolean(guess, result, arena, err))
            return false;
        settled = result->kind == TYPE_BOOLEAN;
    }
    settled = settled || guess_number_settle(guess, result) || guess_moment_settle(guess, forms, result);
    if (!settled && guess->clock)
        result->kind = TYPE_TIME;
    for (int i = 0; i < GUESS_TOKENS; i++)
        result->missing |= guess->token_seen[i] && (!guess_tokens[i].weak || result->kind != TYPE_STRING);
    return true;
}
