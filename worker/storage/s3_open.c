/* s3://bucket/prefix: where it is, by the SDKs' settings, and whether it can be used. */
#include "worker/storage/s3_intern.h"

#include "shared/fs.h"
#include "shared/hash.h"
#include "worker/storage/marker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COPY_MOST_GB = 5, ATTEMPTS = 6, ATTEMPTS_MOST = 100, HASH_SHOWN = 16 };

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the name of the lake");
}

/* ---- opening ---- */

static bool is_bucket(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && !strchr("-._", name.p[i]))
            return false;
    return name.n >= 3 && name.n <= 255;
}

static bool read_path(struct s3 *s3, struct str path, struct err *err)
{
    size_t n = str_find_byte(path, '/');
    struct str bucket = {path.p, n}, prefix = n < path.n ? (struct str){path.p + n + 1, path.n - n - 1} : STR("");
    while (prefix.n && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    if (!is_bucket(bucket)) {
        ERR(err, ERR_USAGE, "'" STR_FMT "' is no name of a bucket", STR_ARG(bucket));
        return err_hint(err, "A lake on S3 is s3://bucket or s3://bucket/prefix.");
    }
    if (prefix.n && !storage_key_ok(prefix, err))
        return false;
    s3->bucket = arena_str(s3->arena, bucket);
    s3->prefix = prefix.n ? str_of(arena_printf(s3->arena, STR_FMT "/", STR_ARG(prefix))) : STR("");
    return (s3->bucket.p && s3->prefix.p) || no_memory(err);
}

/* A bucket's name with dots is under no certificate of AWS's. */
static bool wants_path_style(const struct s3 *s3, bool has_endpoint)
{
    const char *style = profile_get(s3->profile, "s3.addressing_style");
    if (style && strcmp(style, "auto") != 0)
        return strcmp(style, "path") == 0;
    return has_endpoint || memchr(s3->bucket.p, '.', s3->bucket.n) != NULL;
}

static bool set_endpoint(struct s3 *s3, struct err *err)
{
    const char *endpoint = aws_endpoint(s3->profile, "s3", s3->arena), *region = aws_region(s3->profile);
    snprintf(s3->region, sizeof s3->region, "%s", region ? region : "us-east-1");
    s3->path_style = wants_path_style(s3, endpoint != NULL);
    if (!endpoint)
        return true;
    const char *slashes = strstr(endpoint, "://");
    size_t n = strlen(endpoint);
    while (n && endpoint[n - 1] == '/')
        n--;
    if (!slashes || strchr(slashes + 3, '/') != (n < strlen(endpoint) ? endpoint + n : NULL)) {
        ERR(err, ERR_CONFIG, "the endpoint %s is not like https://host:port", endpoint);
        return err_hint(err, "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS profile sets it.");
    }
    int scheme = (int)(slashes + 3 - endpoint), host = (int)(n - (size_t)scheme);
    struct str bucket = s3->path_style ? STR("") : s3->bucket;
    const char *dot = s3->path_style ? "" : ".";
    s3->host = arena_printf(s3->arena, STR_FMT "%s%.*s", STR_ARG(bucket), dot, host, endpoint + scheme);
    s3->scheme_host = s3->host ? arena_printf(s3->arena, "%.*s%s", scheme, endpoint, s3->host) : NULL;
    return s3->scheme_host || no_memory(err);
}

static bool set_local(struct storage *storage, struct s3 *s3, struct err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char hash[SHA256_TEXT_SIZE];
    struct str name = str_of(arena_printf(s3->arena, STR_FMT "/" STR_FMT, STR_ARG(s3->bucket), STR_ARG(s3->prefix)));
    if (!name.p)
        return no_memory(err);
    sha256_of(name, hash);
    bool is_set = state && *state;
    s3->local = arena_printf(s3->arena, "%s%s/sluice/%.*s",
        is_set          ? state
        : home && *home ? home
                        : "/var/tmp",
        is_set ? "" : "/.local/state", HASH_SHOWN, hash);
    storage->local = storage->owned = str_of(s3->local);
    storage->root = storage->url;
    return s3->local || no_memory(err);
}

static void close_s3(void *context)
{
    struct s3 *s3 = context;
    credential_chain_free(s3->chain);
    http_free(s3->http);
    pthread_mutex_destroy(&s3->lock);
}

bool s3_open(struct storage *storage, struct str path, struct arena *arena, struct err *err)
{
    struct s3 *s3 = ARENA_NEW(arena, struct s3);
    const char *attempts = aws_env("AWS_MAX_ATTEMPTS");
    const struct http_options options = {.ca_bundle = aws_env("AWS_CA_BUNDLE")};
    if (!s3)
        return no_memory(err);
    s3->arena = arena;
    pthread_mutex_init(&s3->lock, NULL);
    if (!arena_closer(arena, close_s3, s3))
        return no_memory(err);
    unsigned long wanted = attempts ? strtoul(attempts, NULL, 10) : 0;
    s3->attempts = wanted >= 1 && wanted <= ATTEMPTS_MOST ? (unsigned)wanted : ATTEMPTS;
    storage->state = s3;
    s3->copy_most = (uint64_t)COPY_MOST_GB << 30;
    if (!read_path(s3, path, err) || !profile_load(&s3->profile, arena, err) || !set_endpoint(s3, err) ||
        !set_local(storage, s3, err))
        return false;
    s3->http = http_new(&options);
    s3->chain = s3->http ? credential_chain_new(s3->profile, s3->http) : NULL;
    return s3->chain || no_memory(err);
}

/* ---- probing ---- */

static bool read_marker(struct s3 *s3, char id[ULID_SIZE], struct err *err)
{
    struct buf text;
    bool exists = false;
    id[0] = '\0';
    buf_init(&text, MARKER_MAX);
    bool ok = s3_get(s3, STR(MARKER_KEY), &text, &exists, err) && (!exists || marker_read(buf_str(&text), id, err));
    buf_dispose(&text);
    return ok;
}

static bool write_marker(struct s3 *s3, struct err *err)
{
    char text[128];
    marker_make(text);
    /* Somebody else's first use may have come first: then theirs is the one. */
    return s3_put(s3, STR(MARKER_KEY), str_of(text), true, err) || err->kind == ERR_EXISTS;
}

/* Policies can let read and not write; what was written once tells. */
static bool try_writing(struct s3 *s3, struct err *err)
{
    static const struct str key = {".sluice/probe", 13}; /* one name for all: what a kill leaves, the next removes */
    if (atomic_load(&s3->written))
        return true;
    bool ok = s3_put(s3, key, STR("probe\n"), false, err) && s3_delete(s3, key, NULL, err);
    atomic_store(&s3->written, ok);
    return ok;
}

bool s3_probe(struct storage *storage, struct err *err)
{
    struct s3 *s3 = s3_of(storage);
    char id[ULID_SIZE];
    bool ok = fs_make_dirs(s3->local, err) && read_marker(s3, id, err);
    if (ok && !id[0])
        ok = storage->lake_id[0]
                 ? ERR(err, ERR_UNAVAILABLE, "the lake " STR_FMT " has vanished: its " MARKER_KEY " is gone",
                       STR_ARG(storage->url))
                 : write_marker(s3, err) && read_marker(s3, id, err);
    ok = ok && marker_accept(storage, id, err) && try_writing(s3, err);
    if (ok)
        return true;
    if (err->kind != ERR_CORRUPT && err->kind != ERR_FILE && err->kind != ERR_CONFIG)
        err->kind = ERR_UNAVAILABLE;
    return err_context(err, "the lake " STR_FMT " cannot be used", STR_ARG(storage->url));
}
