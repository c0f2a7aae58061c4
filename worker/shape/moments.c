#include "worker/shape/moments.h"

#include "shared/buf.h"

struct str moment_name(const struct moment_format *moment)
{
    static const char *const names[] = {[MOMENT_ISO] = "iso",
        [MOMENT_ANY] = "any",
        [MOMENT_ANY_DAY_FIRST] = "any, day first",
        [MOMENT_ANY_MONTH_FIRST] = "any, month first",
        [MOMENT_EPOCH_S] = "epoch",
        [MOMENT_EPOCH_MS] = "epoch_ms"};
    return moment->kind == MOMENT_PATTERN ? moment->pattern : str_of(names[moment->kind]);
}

enum { PROBES = 2, PROBE_BYTES = 256 };

/* Two moments by directive. Days up to 12 in years up to 12: whatever can be taken for one another is. */
static const struct {
    char directive;
    const char *texts[PROBES];
} probes[] = {
    {'Y', {"2026", "2011"}},
    {'y', {"26", "11"}},
    {'m', {"03", "10"}},
    {'d', {"04", "12"}},
    {'e', {" 4", "12"}},
    {'j', {"063", "285"}},
    {'H', {"05", "08"}},
    {'I', {"05", "08"}},
    {'M', {"06", "09"}},
    {'S', {"07", "01"}},
    {'f', {"500000", "250000"}},
    {'z', {"+0000", "+0000"}},
    {'Z', {"UTC", "UTC"}},
    {'p', {"AM", "AM"}},
    {'b', {"Mar", "Oct"}},
    {'B', {"March", "October"}},
    {'a', {"Wed", "Wed"}},
    {'A', {"Wednesday", "Wednesday"}},
    {'T', {"05:06:07", "08:09:01"}},
    {'F', {"2026-03-04", "2011-10-12"}},
    {'D', {"03/04/26", "10/12/11"}},
};

static void print_directive(char directive, int probe, struct buf *out)
{
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        if (probes[i].directive == directive)
            buf_add_cstr(out, probes[i].texts[probe]);
    if (directive == '%')
        buf_add_byte(out, '%');
}

static void print_pattern(struct str pattern, int probe, struct buf *out)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '%' && i + 1 < pattern.n)
            print_directive(pattern.p[++i], probe, out);
        else
            buf_add_byte(out, pattern.p[i]);
    }
}

static bool conflict_on(struct str text, const struct value_format *a, const struct value_format *b, struct type type)
{
    _Alignas(16) char left[sizeof(int128)] = {0}, right[sizeof(int128)] = {0};
    return value_parse(text, type, a, left) == VALUE_OK && value_parse(text, type, b, right) == VALUE_OK &&
           memcmp(left, right, type_size(type)) != 0;
}

static bool conflict_printed(
    struct str pattern, const struct value_format *a, const struct value_format *b, struct type type)
{
    bool conflict = false;
    for (int probe = 0; probe < PROBES && !conflict; probe++) {
        struct buf text;
        buf_init(&text, PROBE_BYTES);
        print_pattern(pattern, probe, &text);
        conflict = text.n && !text.failed && conflict_on(buf_str(&text), a, b, type);
        buf_dispose(&text);
    }
    return conflict;
}

static bool conflict_printed_by(const struct value_format *printer, const struct value_format *other, struct type type)
{
    static const struct str iso[] = {STR("%Y-%m-%d"), STR("%Y-%m-%d %H:%M"), STR("%Y-%m-%dT%H:%M:%S")};
    if (printer->moments[0].kind == MOMENT_PATTERN)
        return conflict_printed(printer->moments[0].pattern, printer, other, type);
    if (printer->moments[0].kind != MOMENT_ISO)
        return false;
    for (size_t i = 0; i < sizeof iso / sizeof *iso; i++)
        if (conflict_printed(iso[i], printer, other, type))
            return true;
    return false;
}

bool moments_conflict(const struct value_format *a, const struct value_format *b, struct type type)
{
    if (a == b)
        return false;
    enum moment_kind first = a->moments[0].kind, second = b->moments[0].kind;
    bool epochs = (first == MOMENT_EPOCH_S && second == MOMENT_EPOCH_MS) ||
                  (first == MOMENT_EPOCH_MS && second == MOMENT_EPOCH_S);
    return epochs || conflict_printed_by(a, b, type) || conflict_printed_by(b, a, type);
}
