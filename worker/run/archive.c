#include "worker/run/archive.h"

#include "shared/clock.h"
#include "worker/storage/storage.h"

enum { MAX_KEY = 8192 };

struct str archive_key(
    const struct contract *contract, struct str arrival, int64_t now, const char *run_id, struct arena *arena)
{
    struct buf key;
    char at[CLOCK_TEXT_SIZE];
    struct str pattern = contract->archive_name;
    const struct {
        struct str token, value;
    } parts[] = {
        {STR("{path}"), str_starts(arrival, STR("raw/")) ? (struct str){arrival.p + 4, arrival.n - 4} : arrival},
        {STR("{name}"), storage_base_name(arrival)},
        {STR("{ts}"), str_of(clock_format_compact(now, at))},
        {STR("{run}"), str_of(run_id)},
    };
    buf_init(&key, MAX_KEY);
    buf_add_str(&key, contract->archive_prefix);
    while (pattern.n) {
        size_t i = 0, count = sizeof parts / sizeof *parts;
        while (i < count && !str_starts(pattern, parts[i].token))
            i++;
        size_t used = i < count ? parts[i].token.n : 1;
        buf_add_str(&key, i < count ? parts[i].value : (struct str){pattern.p, 1});
        pattern = (struct str){pattern.p + used, pattern.n - used};
    }
    struct str result = key.failed ? (struct str){0} : arena_str(arena, buf_str(&key));
    buf_dispose(&key);
    return result;
}
