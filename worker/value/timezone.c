#include "worker/value/lane.h"
#include "worker/value/zone.h"

#include "shared/fs.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum { MAX_FILE = 1 << 20, MAX_NAME = 100, NEIGHBOURS = 2 };

/* No zone is, or jumps, further than this from UTC; a transition further away does not matter. */
#define FARTHEST (2 * LANE_DAY)
#define CYCLE (146097 * LANE_DAY) /* 400 years */

bool zone_add(struct timezone_rules *rules, int64_t at, int64_t offset, struct arena *arena)
{
    void *list = rules->transitions;
    if (!arena_reserve(arena, &list, rules->count, &rules->capacity, sizeof *rules->transitions))
        return false;
    rules->transitions = list;
    rules->transitions[rules->count++] = (struct zone_transition){at, offset};
    return true;
}

/* A contract names zones; nothing it says may lead to another file. */
static bool name_is_safe(struct str name)
{
    if (!name.n || name.n > MAX_NAME || !scan_is_alpha(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!scan_is_alpha(c) && !scan_is_digit(c) && c != '/' && c != '_' && c != '-' && c != '+')
            return false;
    }
    return true;
}

static bool unknown(struct str name, struct err *err)
{
    ERR(err, ERR_CONFIG, "unknown time zone \"" STR_FMT "\"", STR_ARG(name));
    return err_hint(
        err, "Use an IANA name such as Europe/Berlin; they are read from " ZONE_FOLDER " (package tzdata).");
}

static bool load(struct str name, struct buf *file, struct timezone_rules *rules, struct arena *arena, struct err *err)
{
    struct str footer;
    char *path = arena_printf(arena, ZONE_FOLDER STR_FMT, STR_ARG(name));
    if (!path)
        return ERR(err, ERR_MEMORY, "no memory for time zone " STR_FMT, STR_ARG(name));
    if (!fs_read(path, file, err))
        return err->kind == ERR_MEMORY ? false : unknown(name, err);
    if (!zone_read_tzif(buf_str(file), rules, &footer, arena, err) || !zone_apply_footer(footer, rules, arena, err))
        return err_context(err, "%s", path);
    return true;
}

bool timezone_load(struct str name, struct arena *arena, const struct timezone_rules **out, struct err *err)
{
    struct buf file;
    *out = NULL;
    if (str_eq(name, STR("UTC")))
        return true;
    if (!name_is_safe(name))
        return unknown(name, err);
    struct timezone_rules *rules = ARENA_NEW(arena, struct timezone_rules);
    if (!rules)
        return ERR(err, ERR_MEMORY, "no memory for time zone " STR_FMT, STR_ARG(name));
    buf_init(&file, MAX_FILE);
    bool ok = load(name, &file, rules, arena, err);
    buf_dispose(&file);
    if (ok)
        *out = rules;
    return ok;
}

/* How far to move an instant (or local time) back so that the list covers it with its neighbours. */
static int64_t cycles_before(const struct timezone_rules *rules, int64_t at)
{
    return at < rules->repeat_from ? 0 : ((at - rules->repeat_from) / CYCLE + 1) * CYCLE;
}

/* The number of transitions at or before `at`. */
static size_t find(const struct timezone_rules *rules, int64_t at)
{
    size_t low = 0, n = rules->count;
    while (n) {
        size_t half = n / 2;
        bool passed = rules->transitions[low + half].at <= at;
        low = passed ? low + half + 1 : low;
        n = passed ? n - half - 1 : half;
    }
    return low;
}

/* Interval i lies between transitions i - 1 and i. */
static int64_t interval_offset(const struct timezone_rules *rules, size_t i)
{
    return i ? rules->transitions[i - 1].offset : rules->first_offset;
}

static int64_t interval_begin(const struct timezone_rules *rules, size_t i)
{
    return i ? rules->transitions[i - 1].at : INT64_MIN;
}

static int64_t interval_end(const struct timezone_rules *rules, size_t i)
{
    return i < rules->count ? rules->transitions[i].at : INT64_MAX;
}

int64_t timezone_to_local(const struct timezone_rules *rules, int64_t utc)
{
    if (!rules)
        return utc;
    return utc + interval_offset(rules, find(rules, utc - cycles_before(rules, utc)));
}

enum value_result timezone_to_utc(const struct timezone_rules *rules, int64_t local, int64_t *utc)
{
    if (!rules) {
        *utc = local;
        return VALUE_OK;
    }
    int64_t moved = cycles_before(rules, local), at = local - moved;
    size_t i = find(rules, at);
    bool far_begin = !i || at - interval_begin(rules, i) > FARTHEST;
    if (far_begin && (i == rules->count || interval_end(rules, i) - at > FARTHEST)) {
        *utc = local - interval_offset(rules, i);
        return VALUE_OK;
    }
    size_t found = 0, last = i + NEIGHBOURS < rules->count ? i + NEIGHBOURS : rules->count;
    for (size_t k = i > NEIGHBOURS ? i - NEIGHBOURS : 0; k <= last; k++) {
        int64_t candidate = at - interval_offset(rules, k);
        if (candidate < interval_begin(rules, k) || candidate >= interval_end(rules, k))
            continue;
        *utc = candidate + moved;
        found++;
    }
    return found == 0 ? VALUE_RANGE : found == 1 ? VALUE_OK : VALUE_AMBIGUOUS;
}
