#include "tests/oracle/generate.h"

#include "tests/oracle/words.h"
#include "worker/expr/function.h"

/* Kinds by the letters of the function table. */
static const char kinds[] = "iNdbtDmTZv";

static void expression(struct dice *dice, char kind, int depth, struct buf *out);

static const char *column(struct dice *dice, char kind)
{
    static const char *const integers[] = {"i", "j", "k"}, *const decimals[] = {"p", "q", "r", "w", "z", "rates.rate"},
                             *const doubles[] = {"d", "e"}, *const texts[] = {"s", "u", "v"},
                             *const booleans[] = {"b", "c"}, *const dates[] = {"dt", "da"}, *const times[] = {"tm"},
                             *const stamps[] = {"ts", "at"};
    switch (kind) {
    case 'i':
        return DICE_PICK(dice, integers);
    case 'N':
        return DICE_PICK(dice, decimals);
    case 'd':
        return DICE_PICK(dice, doubles);
    case 't':
        return DICE_PICK(dice, texts);
    case 'b':
        return DICE_PICK(dice, booleans);
    case 'D':
        return DICE_PICK(dice, dates);
    case 'm':
        return DICE_PICK(dice, times);
    case 'Z':
        return DICE_PICK(dice, stamps);
    default:
        return NULL;
    }
}

static const char *type_name(struct dice *dice, char kind)
{
    static const char *const integers[] = {"bigint", "bigint", "integer", "int8"};
    static const char *const decimals[] = {
        "numeric", "numeric", "numeric(18,2)", "numeric(38,6)", "numeric(5)", "decimal(6,3)"};
    switch (kind) {
    case 'i':
        return DICE_PICK(dice, integers);
    case 'N':
        return DICE_PICK(dice, decimals);
    case 'd':
        return "double precision";
    case 't':
        return "text";
    case 'b':
        return "boolean";
    case 'D':
        return "date";
    case 'm':
        return "time";
    case 'T':
        return "timestamp";
    case 'Z':
        return "timestamptz";
    default:
        return "interval";
    }
}

static void quoted(struct dice *dice, void (*word)(struct dice *dice, struct buf *out), struct buf *out)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_add_cstr(&text, "");
    word(dice, &text);
    words_quoted(out, buf_str(&text));
    buf_dispose(&text);
}

/* A literal that names its type, or leaves it to what stands around it. */
static void typed(struct dice *dice, char kind, void (*word)(struct dice *dice, struct buf *out), struct buf *out)
{
    if (dice_percent(dice, 50))
        buf_printf(out, "%s ", kind == 'd' || kind == 'b' ? "" : type_name(dice, kind));
    quoted(dice, word, out);
    if (dice_percent(dice, 30))
        buf_printf(out, "::%s", type_name(dice, kind));
}

static void literal(struct dice *dice, char kind, struct buf *out)
{
    if (dice_percent(dice, 6)) {
        buf_add_cstr(out, "null");
        if (dice_percent(dice, 50))
            buf_printf(out, "::%s", type_name(dice, kind));
        return;
    }
    switch (kind) {
    case 'i':
        words_integer(dice, out);
        break;
    case 'N': {
        int scale = (int)dice_below(dice, 7);
        words_decimal(dice, dice_percent(dice, 85) ? 12 : 30, scale, out);
        if (dice_percent(dice, 5))
            buf_printf(out, "e%d", (int)dice_below(dice, 9) - 4);
        break;
    }
    case 'd':
        quoted(dice, words_double, out);
        buf_add_cstr(out, "::double precision");
        break;
    case 'b':
        buf_add_cstr(out, dice_percent(dice, 50) ? "true" : "false");
        break;
    case 'D':
        typed(dice, kind, words_date, out);
        break;
    case 'm':
        typed(dice, kind, words_time, out);
        break;
    case 'T':
    case 'Z':
        typed(dice, kind, words_stamp, out);
        break;
    case 'v':
        typed(dice, kind, words_interval, out);
        break;
    default:
        quoted(dice, words_text, out);
    }
}

static void leaf(struct dice *dice, char kind, struct buf *out)
{
    const char *name = column(dice, kind);
    if (name && dice_percent(dice, 70))
        buf_add_cstr(out, name);
    else
        literal(dice, kind, out);
}

/* ---- constants that functions look at ---- */

static void regex(struct dice *dice, struct buf *out)
{
    words_regex(dice, 2, out);
}

static void constant(struct dice *dice, const struct function *function, uint32_t arg, struct buf *out)
{
    static const char *const units[] = {"microseconds", "milliseconds", "second", "seconds", "minute", "hour", "day",
        "week", "month", "quarter", "year", "decade", "century", "dow", "isodow", "doy", "isoyear", "epoch", "Month",
        "julian", "millennium", "timezone"};
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia",
        "Australia/Lord_Howe", "Etc/GMT+5", "Africa/Monrovia", "Pacific/Kiritimati", "America/Sao_Paulo", "EST",
        "EST5EDT", "europe/berlin", "Europe/Dublin", "Africa/Casablanca", "+02:00", "PST", "Asia/Tehran",
        "Antarctica/Troll", "GMT"};
    static const char *const formats[] = {
        "YYYY-MM-DD", "DD/MM/YYYY", "MM.DD.YYYY", "YYYYMMDD", "DD MM YYYY", "YYYY", "YY-MM-DD", "YYYY-MM", "DD.MM"};
    static const char *const escapes[] = {"\\", "#", "", "%", "_", "a", "ä", "ab"};
    static const char *const replacements[] = {"", "x", "\\1", "[\\&]", "\\\\", "\\", "$1", "ß", "\\2\\1", "a\\9"};
    static const char *const flags[] = {"g", "i", "gi", "", "g", "n", "x"};
    const char *name = function->name;
    if (name[0] == '~' || name[0] == '!' || (strcmp(name, "regexp_replace") == 0 && arg == 1))
        quoted(dice, regex, out);
    else if (strcmp(name, "regexp_replace") == 0)
        words_quoted(out, str_of(arg == 2 ? DICE_PICK(dice, replacements) : DICE_PICK(dice, flags)));
    else if (strcmp(name, "at time zone") == 0)
        words_quoted(out, str_of(DICE_PICK(dice, zones)));
    else if (strcmp(name, "to_date") == 0)
        words_quoted(out, str_of(DICE_PICK(dice, formats)));
    else if (strstr(name, "like") && arg == 1)
        quoted(dice, words_like, out);
    else if (strstr(name, "like"))
        words_quoted(out, str_of(DICE_PICK(dice, escapes)));
    else if (strcmp(name, "extract") == 0)
        buf_add_cstr(out, DICE_PICK(dice, units));
    else
        words_quoted(out, str_of(DICE_PICK(dice, units)));
}

/* ---- calls ---- */

static void argument(struct dice *dice, const struct function *function, uint32_t arg, int depth, struct buf *out)
{
    const char *letters = function->args;
    size_t n = strcspn(letters, "*");
    char letter = letters[arg < n ? arg : n - 1];
    if (letter == 'c') {
        constant(dice, function, arg, out);
    } else if (letter == 'n') {
        /* megabytes take long to compare */
        bool grows = strstr(function->name, "pad") || strcmp(function->name, "repeat") == 0;
        if (dice_percent(dice, grows ? 97 : 80))
            buf_printf(out, "%d", (int)dice_below(dice, dice_percent(dice, 80) ? 12 : 3000) - 3);
        else
            expression(dice, 'i', depth, out);
    } else if (letter == 'a') {
        expression(dice, kinds[dice_below(dice, sizeof kinds - 1)], depth, out);
    } else {
        expression(dice, letter, depth, out);
    }
}

static void infix(struct dice *dice, const struct function *function, int depth, struct buf *out)
{
    const char *name = function->name;
    buf_add_byte(out, '(');
    argument(dice, function, 0, depth, out);
    if (strcmp(name, "is distinct from") == 0 && dice_percent(dice, 40))
        name = "is not distinct from";
    else if (strstr(name, "like") && dice_percent(dice, 25))
        buf_add_cstr(out, " not");
    buf_printf(out, " %s ", name);
    argument(dice, function, 1, depth, out);
    if (strlen(function->args) == 3) {
        buf_add_cstr(out, " escape ");
        argument(dice, function, 2, depth, out);
    }
    buf_add_byte(out, ')');
}

static void prefix_or_test(struct dice *dice, const struct function *function, int depth, struct buf *out)
{
    bool test = strncmp(function->name, "is ", 3) == 0;
    buf_add_byte(out, '(');
    if (!test)
        buf_printf(out, "%s ",
            strcmp(function->name, "neg") == 0    ? "-"
            : strcmp(function->name, "plus") == 0 ? "+"
                                                  : function->name);
    argument(dice, function, 0, depth, out);
    if (test && dice_percent(dice, 40))
        buf_printf(out, " is not %s", function->name + 3);
    else if (test)
        buf_printf(out, " %s", function->name);
    buf_add_byte(out, ')');
}

static void call(struct dice *dice, const struct function *function, int depth, struct buf *out)
{
    size_t count = strcspn(function->args, "*");
    if (function->flags & FUNCTION_OPERATOR) {
        if (count == 1)
            prefix_or_test(dice, function, depth, out);
        else
            infix(dice, function, depth, out);
        return;
    }
    bool from = strcmp(function->name, "extract") == 0;
    if (function->args[count] == '*')
        count += dice_below(dice, 3);
    buf_printf(out, "%s(", function->name);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_cstr(out, from ? " from " : ", ");
        argument(dice, function, i, depth, out);
    }
    buf_add_byte(out, ')');
}

static bool random_call(struct dice *dice, char kind, int depth, struct buf *out)
{
    for (int tries = 0; tries < 200; tries++) {
        const struct function *function = &functions[dice_below(dice, (uint32_t)function_count)];
        if (function->result == kind) {
            call(dice, function, depth, out);
            return true;
        }
    }
    return false;
}

/* ---- SQL's own forms ---- */

static void cast(struct dice *dice, char kind, int depth, struct buf *out)
{
    bool word = dice_percent(dice, 30);
    char from = dice_percent(dice, 45) ? 't' : kinds[dice_below(dice, sizeof kinds - 1)];
    buf_add_cstr(out, word ? "cast(" : "(");
    expression(dice, from, depth, out);
    if (word)
        buf_printf(out, " as %s)", type_name(dice, kind));
    else
        buf_printf(out, ")::%s", type_name(dice, kind));
}

static void branch(struct dice *dice, char kind, int depth, struct buf *out)
{
    char subject = kinds[dice_below(dice, sizeof kinds - 1)];
    bool simple = dice_percent(dice, 30);
    buf_add_cstr(out, "case ");
    if (simple)
        expression(dice, subject, depth, out);
    for (uint32_t n = 1 + dice_below(dice, 2); n > 0; n--) {
        buf_add_cstr(out, " when ");
        expression(dice, simple ? subject : 'b', depth, out);
        buf_add_cstr(out, " then ");
        expression(dice, kind, depth, out);
    }
    if (dice_percent(dice, 70)) {
        buf_add_cstr(out, " else ");
        expression(dice, kind, depth, out);
    }
    buf_add_cstr(out, " end");
}

static void choice(struct dice *dice, char kind, int depth, struct buf *out)
{
    static const char *const names[] = {"coalesce", "nullif", "greatest", "least"};
    const char *name = DICE_PICK(dice, names);
    uint32_t count = strcmp(name, "nullif") == 0 ? 2 : 1 + dice_below(dice, 3);
    buf_printf(out, "%s(", name);
    for (uint32_t i = 0; i < count; i++) {
        buf_add_cstr(out, i ? ", " : "");
        expression(dice, kind, depth, out);
    }
    buf_add_byte(out, ')');
}

static void logic(struct dice *dice, int depth, struct buf *out)
{
    char kind = kinds[dice_below(dice, sizeof kinds - 1)];
    buf_add_byte(out, '(');
    switch (dice_below(dice, 4)) {
    case 0:
    case 1:
        expression(dice, 'b', depth, out);
        buf_add_cstr(out, dice_percent(dice, 50) ? " and " : " or ");
        expression(dice, 'b', depth, out);
        break;
    case 2:
        expression(dice, kind, depth, out);
        buf_add_cstr(out, dice_percent(dice, 30) ? " not between " : " between ");
        expression(dice, kind, depth, out);
        buf_add_cstr(out, " and ");
        expression(dice, kind, depth, out);
        break;
    default:
        expression(dice, kind, depth, out);
        buf_add_cstr(out, dice_percent(dice, 30) ? " not in (" : " in (");
        for (uint32_t n = 1 + dice_below(dice, 3); n > 0; n--) {
            expression(dice, kind, depth, out);
            buf_add_cstr(out, n > 1 ? ", " : ")");
        }
    }
    buf_add_byte(out, ')');
}

static void words_of_sql(struct dice *dice, int depth, struct buf *out)
{
    static const char *const sides[] = {"", "leading ", "trailing ", "both "};
    if (dice_percent(dice, 50)) {
        buf_printf(out, "trim(%s", DICE_PICK(dice, sides));
        expression(dice, 't', depth, out);
        buf_add_cstr(out, " from ");
        expression(dice, 't', depth, out);
    } else {
        buf_add_cstr(out, "substring(");
        expression(dice, 't', depth, out);
        if (dice_percent(dice, 70))
            buf_printf(out, " from %d", (int)dice_below(dice, 6) - 1);
        buf_printf(out, " for %d", (int)dice_below(dice, 6));
    }
    buf_add_byte(out, ')');
}

static void expression(struct dice *dice, char kind, int depth, struct buf *out)
{
    if (dice_percent(dice, 3))
        kind = kinds[dice_below(dice, sizeof kinds - 1)];
    uint32_t form = dice_below(dice, 100);
    if (depth <= 0 || form < 12)
        leaf(dice, kind, out);
    else if (form < 24)
        cast(dice, kind, depth - 1, out);
    else if (form < 31)
        branch(dice, kind, depth - 1, out);
    else if (form < 38)
        choice(dice, kind, depth - 1, out);
    else if (form < 55 && kind == 'b')
        logic(dice, depth - 1, out);
    else if (form < 43 && kind == 't')
        words_of_sql(dice, depth - 1, out);
    else if (!random_call(dice, kind, depth - 1, out))
        leaf(dice, kind, out);
}

void generate(struct dice *dice, struct buf *out)
{
    char kind = kinds[dice_below(dice, sizeof kinds - 1)];
    int depth = 1 + (int)dice_below(dice, 4);
    bool rounded = kind == 'N' && dice_percent(dice, 60),
         text = dice_percent(dice, kind == 'T' || kind == 'v' ? 70 : 15);
    buf_add_cstr(out, rounded ? "round(" : text ? "(" : "");
    expression(dice, kind, depth, out);
    if (rounded)
        buf_printf(out, ", %d)", (int)dice_below(dice, 9) - 1);
    else if (text)
        buf_add_cstr(out, ")::text");
    else if (kind == 'T')
        buf_add_cstr(out, " at time zone 'UTC'");
}
