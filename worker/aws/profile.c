#include "worker/aws/profile.h"

#include "shared/fs.h"

#include <ctype.h>
#include <stdlib.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

struct entry {
    char *section, *key, *value;
};

struct profile {
    char *name;
    struct arena *arena;
    struct entry *entries;
    size_t count, capacity;
};

const char *aws_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* ---- reading ---- */

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for a profile");
}

static bool add(struct profile *p, const char *section, const char *parent, struct str key, struct str value)
{
    void *entries = p->entries;
    if (!arena_reserve(p->arena, &entries, p->count, &p->capacity, sizeof *p->entries))
        return false;
    p->entries = entries;
    struct entry *entry = &p->entries[p->count++];
    entry->section = arena_cstr(p->arena, section);
    entry->key = parent ? arena_printf(p->arena, "%s." STR_FMT, parent, STR_ARG(key))
                        : arena_printf(p->arena, STR_FMT, STR_ARG(key));
    entry->value = arena_printf(p->arena, STR_FMT, STR_ARG(value));
    return entry->section && entry->key && entry->value;
}

/* "[profile x]" of the config file is "[x]" of the credentials file. */
static char *section_name(struct str line, struct arena *arena)
{
    size_t end = str_find_byte(line, ']');
    struct str name = str_trim((struct str){line.p + 1, end ? end - 1 : 0});
    if (str_starts(name, STR("profile ")))
        name = str_trim((struct str){name.p + 8, name.n - 8});
    return arena_printf(arena, STR_FMT, STR_ARG(name));
}

static bool is_comment(struct str line)
{
    return !line.n || line.p[0] == '#' || line.p[0] == ';';
}

/* A line that is indented belongs to the table whose name stood alone before it: "s3 =". */
static bool read_lines(struct profile *p, struct str text)
{
    const char *section = "", *parent = NULL;
    while (text.n) {
        size_t end = str_find_byte(text, '\n');
        struct str raw = {text.p, end}, line = str_trim(raw);
        bool indented = raw.n && isspace((unsigned char)raw.p[0]);
        text = end < text.n ? (struct str){text.p + end + 1, text.n - end - 1} : (struct str){NULL, 0};
        if (is_comment(line))
            continue;
        if (line.p[0] == '[') {
            section = section_name(line, p->arena);
            parent = NULL;
            if (!section)
                return false;
            continue;
        }
        size_t equals = str_find_byte(line, '=');
        struct str key = str_trim((struct str){line.p, equals});
        struct str value = equals < line.n ? str_trim((struct str){line.p + equals + 1, line.n - equals - 1}) : STR("");
        if (!indented)
            parent = NULL;
        if (!add(p, section, parent, key, value))
            return false;
        if (!indented && !value.n)
            parent = p->entries[p->count - 1].key;
    }
    return true;
}

static bool read_file(struct profile *p, const char *variable, const char *usual, struct err *err)
{
    const char *path = aws_env(variable), *home = getenv("HOME");
    struct buf text;
    struct err fault;
    if (!path && !home)
        return true;
    path = path ? path : arena_printf(p->arena, "%s/.aws/%s", home, usual);
    if (!path)
        return no_memory(err);
    buf_init(&text, FILE_MAX);
    bool ok = fs_read(path, &text, &fault);
    if (!ok && fault.kind == ERR_NOT_FOUND)
        ok = true;
    else if (!ok) {
        *err = fault;
        err->kind = ERR_CONFIG;
    } else
        ok = read_lines(p, buf_str(&text)) || no_memory(err);
    buf_dispose(&text);
    return ok;
}

static const char *find(const struct profile *p, const char *section, const char *key)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->entries[i].section, section) == 0 && (!key || strcmp(p->entries[i].key, key) == 0))
            return p->entries[i].value;
    return NULL;
}

bool profile_load(struct profile **profile, struct arena *arena, struct err *err)
{
    const char *named = aws_env("AWS_PROFILE");
    struct profile *p = ARENA_NEW(arena, struct profile);
    if (!p)
        return no_memory(err);
    p->arena = arena;
    p->name = arena_cstr(arena, named ? named : "default");
    if (!p->name)
        return no_memory(err);
    if (!read_file(p, "AWS_SHARED_CREDENTIALS_FILE", "credentials", err) ||
        !read_file(p, "AWS_CONFIG_FILE", "config", err))
        return false;
    if (named && !find(p, p->name, NULL)) {
        ERR(err, ERR_CONFIG, "there is no AWS profile %s", named);
        return err_hint(err, "AWS_PROFILE names it; ~/.aws/config and ~/.aws/credentials are where it would stand.");
    }
    *profile = p;
    return true;
}

/* ---- asking ---- */

const char *profile_name(const struct profile *p)
{
    return p->name;
}

const char *profile_get(const struct profile *p, const char *key)
{
    const char *value = find(p, p->name, key);
    return value && *value ? value : NULL;
}

/* Of the section that a key of the profile names. */
static const char *of_section(const struct profile *p, const char *kind, const char *named_by, const char *key)
{
    const char *name = profile_get(p, named_by);
    char *section = name ? arena_printf(p->arena, "%s %s", kind, name) : NULL;
    const char *value = section ? find(p, section, key) : NULL;
    return value && *value ? value : NULL;
}

const char *profile_service(const struct profile *p, const char *key)
{
    return of_section(p, "services", "services", key);
}

const char *profile_session(const struct profile *p, const char *key)
{
    return of_section(p, "sso-session", "sso_session", key);
}

const char *aws_region(const struct profile *p)
{
    const char *region = aws_env("AWS_REGION");
    region = region ? region : aws_env("AWS_DEFAULT_REGION");
    return region ? region : profile_get(p, "region");
}

const char *aws_endpoint(const struct profile *p, const char *service, struct arena *arena)
{
    char *variable = arena_printf(arena, "AWS_ENDPOINT_URL_%s", service);
    char *key = arena_printf(arena, "%s.endpoint_url", service);
    const char *ignored = aws_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (!variable || !key || (ignored && strcmp(ignored, "true") == 0))
        return NULL;
    for (char *c = variable; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    const char *url = aws_env(variable);
    url = url ? url : aws_env("AWS_ENDPOINT_URL");
    url = url ? url : profile_service(p, key);
    return url ? url : profile_get(p, "endpoint_url");
}
