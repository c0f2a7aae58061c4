#include "worker/run/profile.h"

#include <time.h>

static const char *const names[PROFILE_PARTS] = {
    [PROFILE_HASH] = "hash",
    [PROFILE_KEYS] = "keys",
    [PROFILE_PARSE] = "parse",
    [PROFILE_CONVERT] = "convert",
    [PROFILE_RULES] = "rules",
    [PROFILE_UNIQUE] = "unique",
    [PROFILE_SPLIT] = "split",
    [PROFILE_ENCODE] = "encode",
    [PROFILE_SEAL] = "seal",
};

static int64_t now(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? time.tv_sec * INT64_C(1000000000) + time.tv_nsec : 0;
}

int64_t profile_now(const struct profile *profile)
{
    return profile ? now(CLOCK_THREAD_CPUTIME_ID) : 0;
}

void profile_add(struct profile *profile, enum profile_part part, int64_t since)
{
    if (profile)
        atomic_fetch_add(&profile->cpu_ns[part], now(CLOCK_THREAD_CPUTIME_ID) - since);
}

int64_t profile_all_now(const struct profile *profile)
{
    return profile ? now(CLOCK_PROCESS_CPUTIME_ID) : 0;
}

void profile_add_all(struct profile *profile, enum profile_part part, int64_t since)
{
    if (profile)
        atomic_fetch_add(&profile->cpu_ns[part], now(CLOCK_PROCESS_CPUTIME_ID) - since);
}

void profile_bytes(struct profile *profile, enum profile_part part, uint64_t bytes)
{
    if (profile)
        atomic_fetch_add(&profile->bytes[part], bytes);
}

static void print_part(FILE *out, const char *name, int64_t ns, int64_t all, uint64_t bytes)
{
    double seconds = (double)ns / 1e9;
    fprintf(out, "%-8s %9.3f %5.1f %%", name, seconds, all > 0 ? 100.0 * (double)ns / (double)all : 0.0);
    if (bytes)
        fprintf(out, " %10.1f %8.0f", (double)bytes / 1e6, seconds > 0 ? (double)bytes / 1e6 / seconds : 0.0);
    putc('\n', out);
}

void profile_print(const struct profile *profile, FILE *out)
{
    if (!profile)
        return;
    int64_t all = now(CLOCK_PROCESS_CPUTIME_ID), left = all;
    fprintf(out, "%-8s %9s %7s %10s %8s\n", "part", "CPU s", "", "MB", "MB/CPU s");
    for (int part = 0; part < PROFILE_PARTS; part++) {
        int64_t ns = atomic_load(&profile->cpu_ns[part]);
        left -= ns;
        print_part(out, names[part], ns, all, atomic_load(&profile->bytes[part]));
    }
    print_part(out, "other", left, all, 0);
    print_part(out, "all", all, all, 0);
}
