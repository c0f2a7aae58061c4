#include "tests/oracle/words.h"

#include "shared/utf8.h"

static const char *const characters[] = {"a", "b", "Z", "x", "T", "f", "0", "1", "9", "7", " ", " ", "  ", "%", "_",
    "-", "+", ".", ",", ":", "'", "\"", "\\", "/", "$", "\t", "\n", "\r", "\v", "\f", "\x01", "\x1f", "\x7f", "ß", "ẞ",
    "ä", "Ä", "É", "e\u0301", "ø", "İ", "ı", "ſ", "K", "Å", "Σ", "σ", "ς", "ǆ", "ǅ", "Ǆ", "ﬁ", "Я", "я", "Ж", "א", "ع",
    "漢", "字", "か", "한", "🙂", "👩‍👩", "𐐀", "𐐨", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200d", "\ufeff",
    "\ufffd", "\U0010fffd", "\u0345", "ᾳ", "ᾼ", "ŉ", "ª", "²", "½", "Ⅷ", "ⅷ", "٣", "Ⓐ", "ⓐ", "Ა", "ა", "Ꭰ", "ꭰ",
    "_", "A", "t", "e", "s", "T", "X"};

static const char *const forms[] = {"true", "FALSE", "t", "yes", "no", "on", "of", "off", "1", "0", "null", "NaN",
    "Infinity", "-inf", "+infinity", "12", " -7 ", "+5", "3.14", "-0.50", ".5", "5.", "1e3", "1E-7", "-1.5e+2", "0x10",
    "1_000", "1,000", "1e400", "1e-400", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001", "2026-02-28", "2026-02-30",
    "2024-2-9", "20260228", " 2026-01-31 ", "0000-01-01", "10000-01-01", "2026-01-31 10:20:30", "2026-01-31T10:20:30Z",
    "2026-01-31 10:20:30.1234567+05:30", "2026-06-01 24:00:00", "2026-06-30 23:59:60", "2026-01-31 25:00", "10:20",
    "10:20:30.5", "24:00", "23:59:60", "1:2:3", "01/02/2026", "Jan 5 2026", "today", "now", "epoch", "infinity",
    "-infinity", "1 day", "-1 mon 3 days", "1:02:03", "2 years 3 mons", "1.5 hours", "1.5 days", "1 fortnight", "P1Y2M",
    "1 day ago", "hello world", "HELLO", "a,b,,c", "x_y", "10%", "TX0042", "tx_9", "foo.bar@example.com", "aaa", "aab",
    "abab", "line\nbreak", "J", "BC", "2026-01-01 BC", "2026-01-31 10:20 Europe/Berlin", "t ", "+", "-", ".", "e5",
    "1e", "--1", "1 2"};

void words_text(struct dice *dice, struct buf *out)
{
    if (dice_percent(dice, 35)) {
        buf_add_cstr(out, DICE_PICK(dice, forms));
        return;
    }
    if (dice_percent(dice, 8))
        return;
    for (uint32_t n = 1 + dice_below(dice, dice_percent(dice, 10) ? 40 : 7); n > 0; n--) {
        char bytes[4];
        uint32_t code = 0;
        if (!dice_percent(dice, 8)) {
            buf_add_cstr(out, DICE_PICK(dice, characters));
            continue;
        }
        do
            code = 1 + dice_below(dice, dice_percent(dice, 70) ? 0x3000 : 0x10FFFF);
        while (code >= 0xD800 && code < 0xE000);
        buf_add(out, bytes, utf8_encode(code, bytes));
    }
}

void words_integer(struct dice *dice, struct buf *out)
{
    static const int64_t edges[] = {0, 1, -1, 2, 3, 5, 7, 10, 12, 100, -100, 1000, 86400, 2147483647, -2147483648LL,
        2147483648LL, -2147483649LL, 4294967296LL, 3037000499LL, 3037000500LL, INT64_MAX, INT64_MIN + 1, INT64_MIN,
        INT64_MAX - 1, 999999999999999999LL, 1000000000000000000LL};
    uint32_t kind = dice_below(dice, 10);
    if (kind < 4)
        buf_add_i64(out, (int64_t)dice_below(dice, 40) - 12);
    else if (kind < 8)
        buf_add_i64(out, DICE_PICK(dice, edges));
    else
        buf_add_i64(out, (int64_t)(dice_next(dice) >> dice_below(dice, 64)) * (dice_percent(dice, 50) ? 1 : -1));
}

void words_decimal(struct dice *dice, int digits, int scale, struct buf *out)
{
    uint32_t kind = dice_below(dice, 10);
    int whole = digits - scale;
    if (dice_percent(dice, 35))
        buf_add_byte(out, '-');
    if (kind < 2) { /* the edge */
        for (int i = 0; i < whole; i++)
            buf_add_byte(out, '9');
    } else {
        int n = kind < 7 ? (int)dice_below(dice, 4) : (int)dice_below(dice, (uint32_t)whole + 1);
        for (int i = 0; i < (n < whole ? n : whole); i++)
            buf_add_byte(out, (char)('0' + (i == 0 ? 1 + dice_below(dice, 9) : dice_below(dice, 10))));
        if (n == 0 || whole == 0)
            buf_add_byte(out, '0');
    }
    if (scale == 0)
        return;
    buf_add_byte(out, '.');
    bool edge = kind < 2 && dice_percent(dice, 60), last = dice_percent(dice, 15), half = dice_percent(dice, 15);
    for (int i = 0; i < scale; i++)
        buf_add_byte(out, edge   ? '9'
                          : half ? (i ? '0' : '5')
                          : last ? (i + 1 < scale ? '0' : '1')
                                 : (char)('0' + dice_below(dice, 10)));
}

void words_double(struct dice *dice, struct buf *out)
{
    static const char *const edges[] = {"0", "-0", "1", "-1", "0.1", "0.5", "-0.5", "1.5", "2.5", "3.5", "-2.5", "1e15",
        "1e16", "123456789012345680", "9.223372036854775e18", "9.3e18", "1e22", "1e23", "1e100", "1e300", "-1e300",
        "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "1e-5", "0.0001", "1e-300", "3.3333333333333335",
        "NaN", "Infinity", "-Infinity", "100", "12345.678", "0.30000000000000004", "4503599627370496.5"};
    if (dice_percent(dice, 60))
        buf_add_cstr(out, DICE_PICK(dice, edges));
    else
        buf_printf(out, "%.17g", (double)(int64_t)dice_next(dice) / (double)(1ULL << dice_below(dice, 63)));
}

void words_date(struct dice *dice, struct buf *out)
{
    static const char *const edges[] = {"2024-02-29", "2023-02-28", "2000-01-01", "1999-12-31", "1970-01-01",
        "1969-12-31", "0001-01-01", "9999-12-31", "1900-03-01", "2026-03-29", "2026-10-25", "2020-12-31", "2021-01-03",
        "2016-01-03", "1582-10-15"};
    if (dice_percent(dice, 60))
        buf_add_cstr(out, DICE_PICK(dice, edges));
    else
        buf_printf(out, "%04u-%02u-%02u", 1 + dice_below(dice, dice_percent(dice, 70) ? 2100 : 9999),
            1 + dice_below(dice, 12), 1 + dice_below(dice, 28));
}

void words_time(struct dice *dice, struct buf *out)
{
    static const char *const edges[] = {
        "00:00:00", "23:59:59.999999", "12:00:00", "00:00:00.000001", "01:30:00", "02:30:00", "23:00:00"};
    if (dice_percent(dice, 40))
        buf_add_cstr(out, DICE_PICK(dice, edges));
    else
        buf_printf(out, "%02u:%02u:%02u.%06u", dice_below(dice, 24), dice_below(dice, 60), dice_below(dice, 60),
            dice_percent(dice, 50) ? 0 : dice_below(dice, 1000000));
}

void words_stamp(struct dice *dice, struct buf *out)
{
    words_date(dice, out);
    buf_add_byte(out, ' ');
    words_time(dice, out);
}

void words_interval(struct dice *dice, struct buf *out)
{
    static const char *const units[] = {"year", "years", "mon", "months", "day", "days", "hours", "minutes", "secs",
        "weeks", "milliseconds", "microseconds"};
    for (uint32_t n = 1 + dice_below(dice, 3); n > 0; n--)
        buf_printf(out, "%s%u %s ", dice_percent(dice, 30) ? "-" : "",
            dice_percent(dice, 80) ? dice_below(dice, 40) : dice_below(dice, 3000000), DICE_PICK(dice, units));
    if (dice_percent(dice, 40))
        buf_printf(out, "%s%02u:%02u:%02u.%u", dice_percent(dice, 30) ? "-" : "", dice_below(dice, 50),
            dice_below(dice, 60), dice_below(dice, 60), dice_below(dice, 1000));
}

void words_like(struct dice *dice, struct buf *out)
{
    static const char *const parts[] = {"%", "%", "_", "\\", "\\%", "\\_", "\\\\", "a", "A", "b", "T", "x", "1", "ä",
        "Ä", "ß", "漢", "🙂", " ", "σ", "Σ", "#", "#%", "hello", "t", "s"};
    for (uint32_t n = dice_below(dice, 6); n > 0; n--)
        buf_add_cstr(out, DICE_PICK(dice, parts));
}

void words_regex(struct dice *dice, int depth, struct buf *out)
{
    static const char *const atoms[] = {"a", "b", "x", "T", "t", "1", "ä", "Ä", "ß", "漢", ".", ".", "\\d", "\\w",
        "\\s", "\\D", "\\W", "\\S", "[a-c]", "[^a-c]", "[0-9A-F]", "[[:alpha:]]", "[[:digit:]_]", "[[:space:]]",
        "[^[:upper:]]", "[[:punct:]]", "[[:alnum:]]", "[]a]", "[a\\]b]", "[\\w-]", "[äö]", "\\.", "\\\\", "\\%", "\\m",
        "\\M", "\\y", "\\Y", "\\A", "\\Z", "^", "$", "\\t", "\\n", "é", "σ", "Σ", "ſ", "k", "\\b", "\\x41", "[[:<:]]",
        "[[.a.]]", "-", "_", "@", ",", " ", "{", "}", "]", "", "\\u0041", "[\\d]", "[z-a]", "(?i)", "***:", "/"};
    static const char *const quantifiers[] = {
        "*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "??", "{1,2}?", "{,2}", "{2,1}", "{300}", "++"};
    for (uint32_t n = 1 + dice_below(dice, 4); n > 0; n--) {
        uint32_t kind = dice_below(dice, 12);
        if (kind == 0 && depth > 0) {
            static const char *const opens[] = {"(", "(?:", "(?=", "(?!"};
            buf_add_cstr(out, DICE_PICK(dice, opens));
            words_regex(dice, depth - 1, out);
            buf_add_byte(out, ')');
        } else if (kind == 1 && depth > 0) {
            buf_add_byte(out, '(');
            words_regex(dice, depth - 1, out);
            buf_add_byte(out, '|');
            words_regex(dice, depth - 1, out);
            buf_add_byte(out, ')');
        } else if (kind == 2 && dice_percent(dice, 20)) {
            buf_add_cstr(out, "\\1");
        } else {
            buf_add_cstr(out, DICE_PICK(dice, atoms));
        }
        if (dice_percent(dice, 25))
            buf_add_cstr(out, DICE_PICK(dice, quantifiers));
    }
}

void words_quoted(struct buf *out, struct str text)
{
    buf_add_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            buf_add_byte(out, '\'');
        buf_add_byte(out, text.p[i]);
    }
    buf_add_byte(out, '\'');
}
