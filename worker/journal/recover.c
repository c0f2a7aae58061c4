#include "worker/journal/internal.h"

#include "shared/buf.h"
#include "shared/fs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROC_MAX = 4096, HOST_MAX = 256 };

/* proc(5): the 22nd field of /proc/pid/stat, counted from behind the name, which may hold anything. 0: no such process.
 */
static unsigned long long start_time(long pid)
{
    char path[64];
    struct buf stat;
    struct err ignored; /* a process that is gone is the answer */
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    buf_init(&stat, PROC_MAX);
    unsigned long long start = 0;
    const char *at = fs_read(path, &stat, &ignored) && stat.n ? strrchr(stat.p, ')') : NULL;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at)
        start = strtoull(at + 1, NULL, 10);
    buf_dispose(&stat);
    return start;
}

static void add_boot(struct buf *out)
{
    struct buf boot;
    struct err ignored; /* without it the host's name has to do */
    buf_init(&boot, PROC_MAX);
    if (fs_read("/proc/sys/kernel/random/boot_id", &boot, &ignored) && boot.n >= 8)
        buf_printf(out, "/%.8s", boot.p);
    buf_dispose(&boot);
}

bool journal_owner(struct buf *out, struct err *err)
{
    char host[HOST_MAX] = "", namespace[64];
    if (gethostname(host, sizeof host - 1) != 0)
        return ERR_ERRNO(err, "cannot ask for the name of this host");
    buf_add_cstr(out, host);
    add_boot(out);
    ssize_t n = readlink("/proc/self/ns/pid", namespace, sizeof namespace); /* "pid:[4026531836]" */
    if (n > 6)
        buf_printf(out, "/%.*s", (int)(n - 6), namespace + 5);
    buf_printf(out, ":%ld:%llu", (long)getpid(), start_time(getpid()));
    return buf_ok(out, "the name of this process", err);
}

/* "host:pid:start"; host is "name/boot/pid-namespace" where journal_owner() made it. */
struct owner {
    struct str host, boot, space;
    long pid;
    unsigned long long start;
    bool ok;
};

static struct str part(struct str *rest, char c)
{
    size_t n = str_find_byte(*rest, c);
    struct str head = {rest->p, n};
    *rest = n < rest->n ? (struct str){rest->p + n + 1, rest->n - n - 1} : (struct str){rest->p + n, 0};
    return head;
}

static bool number(struct str digits, unsigned long long *value)
{
    *value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || i >= 19)
            return false;
        *value = *value * 10 + (unsigned)(digits.p[i] - '0');
    }
    return digits.n > 0;
}

static struct owner parse_owner(struct str text)
{
    struct owner owner = {0};
    unsigned long long pid;
    struct str host = part(&text, ':');
    owner.ok = number(part(&text, ':'), &pid) && number(text, &owner.start);
    owner.pid = owner.ok ? (long)pid : 0;
    owner.host = part(&host, '/');
    owner.boot = part(&host, '/');
    owner.space = host;
    return owner;
}

/* Only where it is sure: another machine's process, or another container's, may well live. */
static bool is_dead(struct str holder, struct str us)
{
    struct owner other = parse_owner(holder), self = parse_owner(us);
    if (!other.ok || !self.ok || !str_eq(other.host, self.host))
        return false;
    if (!str_eq(other.boot, self.boot))
        return true;
    return str_eq(other.space, self.space) && start_time(other.pid) != other.start;
}

static bool find_orphan(struct journal *journal, struct str owner, int64_t now, struct claim *claim,
    enum run_state *state, bool *found, struct arena *arena, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT r.run_id, r.fence, r.state, r.owner, r.lease_until, r.dataset, " FILE_COLUMNS
        " FROM run r INDEXED BY run_leased LEFT JOIN file f USING (file_id) WHERE r.lease_until IS NOT NULL "
        "ORDER BY r.lease_until",
        err);
    *found = false;
    while (!*found && query_step(&query) == STEP_ROW) {
        struct str holder = query_column(&query, 3);
        if (query_column_int(&query, 4) > now && (str_eq(holder, owner) || !is_dead(holder, owner)))
            continue;
        *found = true;
        snprintf(claim->run_id, sizeof claim->run_id, "%.*s", STR_ARG(query_column(&query, 0)));
        claim->fence = query_column_int(&query, 1);
        *state = run_state_of(query_column(&query, 2));
        file_from_row(&query, 6, arena, &claim->file);
        claim->file.dataset = query_column_copy(&query, 5, arena);
    }
    query_close(&query);
    return query.ok;
}

static bool take_run(struct journal *journal, const struct claim *claim, struct str owner, int64_t now,
    int64_t lease_us, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE run SET fence = ?2, owner = ?3, heartbeat_at = ?4, lease_until = ?5 WHERE run_id = ?1", err);
    query_str(&query, str_of(claim->run_id));
    query_int(&query, claim->fence);
    query_str(&query, owner);
    query_int(&query, now);
    query_int(&query, now + lease_us);
    if (!query_run(&query))
        return false;
    query_open(&query, journal, "UPDATE file SET fence = ?2 WHERE file_id = ?1", err);
    query_int(&query, claim->file.file_id);
    query_int(&query, claim->fence);
    return query_run(&query);
}

bool journal_take_over(struct journal *journal, struct str owner, int64_t now, int64_t lease_us, struct claim *claim,
    enum run_state *state, bool *found, struct arena *arena, struct err *err)
{
    *claim = (struct claim){0};
    if (!unit_begin(journal, err))
        return false;
    bool ok = find_orphan(journal, owner, now, claim, state, found, arena, err);
    if (ok && *found) {
        claim->fence++;
        if (claim->file.file_id)
            claim->file.fence = claim->fence;
        ok = take_run(journal, claim, owner, now, lease_us, err);
    }
    return unit_end(journal, ok, err);
}

bool journal_deaths(struct journal *journal, int64_t file_id, int64_t *deaths, struct err *err)
{
    struct query query;
    bool found;
    query_open(&query, journal, "SELECT count(*) FROM run WHERE file_id = ? AND error_code = '" JOURNAL_DIED "'", err);
    query_int(&query, file_id);
    return query_run_int(&query, deaths, &found);
}
