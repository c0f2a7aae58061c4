#include "worker/storage/storage.h"

#include "shared/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_MAX = 1024, PART_MAX = 255, BASE_NAME_MAX = 180 };

/* ---- names ---- */

static bool unsafe(struct err *err, struct str key, const char *why)
{
    struct buf shown;
    buf_init(&shown, 1024);
    utf8_sanitise(&shown, key.n > 200 ? (struct str){key.p, 200} : key);
    ERR_REJECT(err, "unsafe-name", "the name %.*s %s", STR_ARG(buf_str(&shown)), why);
    err_hint(err, "rename it and deliver it again");
    buf_dispose(&shown);
    return false;
}

static bool has_control(struct str key)
{
    for (size_t i = 0; i < key.n; i++) {
        unsigned char c = (unsigned char)key.p[i];
        bool is_c1 = c == 0xC2 && i + 1 < key.n && (unsigned char)key.p[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || is_c1)
            return true;
    }
    return false;
}

static const char *part_fault(struct str part)
{
    if (!part.n)
        return "has an empty part, or begins or ends with '/'";
    if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
        return "has a part that is . or ..";
    return part.n > PART_MAX ? "has a part of more than 255 bytes" : NULL;
}

bool storage_key_ok(struct str key, struct err *err)
{
    if (!key.n)
        return ERR_REJECT(err, "unsafe-name", "an empty name");
    if (key.n > KEY_MAX)
        return unsafe(err, key, "is longer than 1024 bytes");
    if (has_control(key))
        return unsafe(err, key, "has control characters");
    if (!utf8_valid(key))
        return unsafe(err, key, "is not UTF-8");
    for (struct str rest = key;;) {
        size_t n = str_find_byte(rest, '/');
        const char *fault = part_fault((struct str){rest.p, n});
        if (fault)
            return unsafe(err, key, fault);
        if (n == rest.n)
            return true;
        rest = (struct str){rest.p + n + 1, rest.n - n - 1};
    }
}

/* The list of Hive's FileUtils, and C1 controls, which our own keys may not have. */
static bool must_escape(struct str value, size_t i)
{
    static const char listed[] = "\"#%'*/:=?\\{[]^\x7F";
    unsigned char c = (unsigned char)value.p[i];
    if (c < 0x20 || (c < 0x80 && strchr(listed, c)))
        return true;
    if (c == 0xC2 && i + 1 < value.n)
        return (unsigned char)value.p[i + 1] < 0xA0;
    return c >= 0x80 && c < 0xA0 && i > 0 && (unsigned char)value.p[i - 1] == 0xC2;
}

static const struct str no_value = STR("__HIVE_DEFAULT_PARTITION__");

void storage_hive_escape(struct buf *out, struct str value)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!value.n)
        buf_add_str(out, no_value);
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (must_escape(value, i)) {
            const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_add(out, escaped, sizeof escaped);
        } else
            buf_add_byte(out, value.p[i]);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static void hive_unescape(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        int high = value.p[i] == '%' && i + 2 < value.n ? hex_digit(value.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(value.p[i + 2]) : -1;
        buf_add_byte(out, low >= 0 ? (char)(high * 16 + low) : value.p[i]);
        i += low >= 0 ? 2 : 0;
    }
}

bool storage_hive_value(struct buf *out, struct str path, struct str name)
{
    for (size_t at = 0; at < path.n;) {
        struct str part = {path.p + at, path.n - at};
        part.n = str_find_byte(part, '/');
        at += part.n + 1;
        if (!str_starts(part, name) || part.n <= name.n || part.p[name.n] != '=')
            continue;
        struct str value = {part.p + name.n + 1, part.n - name.n - 1};
        if (!str_eq(value, no_value))
            hive_unescape(out, value);
        return true;
    }
    return false;
}

struct str storage_base_name(struct str key)
{
    size_t from = key.n;
    while (from && key.p[from - 1] != '/')
        from--;
    struct str name = {key.p + from, key.n - from};
    if (name.n <= BASE_NAME_MAX)
        return name;
    /* From the front: what a name ends with says what it holds. */
    size_t cut = name.n - BASE_NAME_MAX;
    while (cut < name.n && ((unsigned char)name.p[cut] & 0xC0) == 0x80)
        cut++;
    return (struct str){name.p + cut, name.n - cut};
}

bool storage_is_hidden(struct str name)
{
    return str_starts(name, STR(".")) || str_ends(name, STR(".tmp")) || str_ends(name, STR(".part"));
}

/* ---- opening ---- */

static struct str scheme_of(struct str *url)
{
    for (size_t i = 0; i + 2 < url->n && url->p[i] != '/'; i++)
        if (memcmp(url->p + i, "://", 3) == 0) {
            struct str scheme = {url->p, i};
            *url = (struct str){url->p + i + 3, url->n - i - 3};
            return scheme;
        }
    return STR("file");
}

bool storage_open(struct str url, const struct storage_driver *const *drivers, struct arena *arena,
    struct storage **storage, struct err *err)
{
    struct str path = url, scheme = scheme_of(&path);
    bool is_dir = str_eq(scheme, STR("file"));
    struct storage *made = ARENA_NEW(arena, struct storage);
    if (!made)
        return ERR(err, ERR_MEMORY, "no memory for a lake");
    made->drivers = drivers;
    for (; *drivers; drivers++)
        if (str_eq(is_dir ? STR("dir") : scheme, str_of((*drivers)->scheme)))
            made->driver = *drivers;
    if (!made->driver)
        return ERR(err, ERR_USAGE, "no lake is known by %.*s://", STR_ARG(scheme));
    made->url = arena_str(arena, url);
    if (!made->url.p)
        return ERR(err, ERR_MEMORY, "no memory for the name of the lake");
    if (!made->driver->open(made, path, arena, err))
        return false;
    *storage = made;
    return true;
}

/* ---- several calls at once ---- */

bool storage_each(const struct storage *storage, struct crew *crew, uint32_t n,
    bool (*task)(void *context, uint32_t i, struct err *err), void *context, struct err *err)
{
    unsigned wanted = n < storage->driver->at_once ? n : storage->driver->at_once;
    if (wanted <= (crew ? crew_threads(crew) : 1))
        return crew_each(crew, n, task, context, err);
    struct crew *own = crew_new(wanted, err);
    bool ok = own && crew_each(own, n, task, context, err);
    crew_free(own);
    return ok;
}

/* ---- what is on its way ---- */

bool storage_open_early(
    struct storage *storage, struct str key, int *fd, struct storage_arrival **arrival, struct err *err)
{
    *arrival = NULL;
    return storage->driver->open_early ? storage->driver->open_early(storage, key, fd, arrival, err)
                                       : storage->driver->open_fd(storage, key, fd, err);
}

bool storage_await(const struct storage *storage, struct storage_arrival *arrival, uint64_t upto, struct err *err)
{
    return !arrival || storage->driver->await(arrival, upto, err);
}

void storage_abandon(const struct storage *storage, struct storage_arrival *arrival)
{
    if (arrival)
        storage->driver->abandon(arrival);
}
