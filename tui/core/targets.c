#include "tui/core/targets.h"

#include "shared/fs.h"
#include "shared/suggest.h"
#include "shared/yaml.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *own_settings(struct arena *arena)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg && *xdg)
        return arena_printf(arena, "%s/sluice/sluice.yaml", xdg);
    return arena_printf(arena, "%s/.config/sluice/sluice.yaml", home ? home : "");
}

/* *root NULL: the file is not there. */
static bool read_settings(const char *path, const struct yaml_node **root, struct arena *arena, struct err *err)
{
    struct buf text;
    struct yaml_fault fault = {0};
    buf_init(&text, YAML_MAX_BYTES);
    bool there = fs_read(path, &text, err);
    *root = there ? yaml_parse(buf_str(&text), arena, &fault) : NULL;
    buf_dispose(&text);
    if (!there)
        return err->kind == ERR_NOT_FOUND;
    return *root || ERR(err, ERR_CONFIG, "%s:%d:%d: %s", path, fault.line, fault.column, fault.message);
}

/* *targets NULL: the file is not there, or names none. */
static bool read_targets(const char *path, const struct yaml_node **targets, struct arena *arena, struct err *err)
{
    const struct yaml_node *root;
    *targets = NULL;
    if (!read_settings(path, &root, arena, err))
        return false;
    *targets = root ? yaml_get(root, "targets") : NULL;
    return !*targets || (*targets)->kind == YAML_MAP ||
           ERR(err, ERR_CONFIG, "%s:%d:%d: targets are names and what they stand for", path, (*targets)->line,
               (*targets)->column);
}

static const char *look_up(
    const struct yaml_node *targets, const char *name, struct suggestion *suggestion, struct arena *arena)
{
    const struct yaml_node *found = yaml_get(targets, name);
    for (size_t i = 0; targets && i < targets->count; i++)
        suggest_offer(suggestion, targets->pairs[i].key.text);
    return found && found->kind == YAML_TEXT && found->text.n ? arena_str(arena, found->text).p : NULL;
}

const char *target_named(const char *name, const char *config, struct arena *arena, struct err *err)
{
    const char *files[] = {config ? config : own_settings(arena), config ? NULL : "/etc/sluice/sluice.yaml"};
    struct suggestion suggestion;
    if (strncmp(name, "unix:", 5) == 0 || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        access(name, F_OK) == 0)
        return name;
    suggest_init(&suggestion, str_of(name));
    for (size_t i = 0; i < sizeof files / sizeof *files && files[i]; i++) {
        const struct yaml_node *targets;
        if (!read_targets(files[i], &targets, arena, err))
            return NULL;
        const char *found = look_up(targets, name, &suggestion, arena);
        if (found)
            return found;
    }
    ERR(err, ERR_USAGE, "there is no target '%.80s'", name);
    if (suggestion.best.n)
        err_hint(err, "Did you mean '" STR_FMT "'?", STR_ARG(suggestion.best));
    else
        err_hint(
            err, "A target is a folder, ssh://[user@]host[:port][/lake], or a name below 'targets' in %s.", files[0]);
    return NULL;
}

const char *target_of_worker(const char *config, struct arena *arena)
{
    const char *files[] = {config ? config : own_settings(arena), config ? NULL : "/etc/sluice/sluice.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof *files && files[i]; i++) {
        const struct yaml_node *root = NULL, *path;
        struct err unread; /* the agent tells what is wrong with the settings */
        struct stat info;
        path = read_settings(files[i], &root, arena, &unread) && root ? yaml_get(root, "socket") : NULL;
        if (!path || path->kind != YAML_TEXT || path->text.p[0] != '/')
            continue;
        const char *text = arena_str(arena, path->text).p;
        bool others = text && stat(text, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_uid != getuid();
        return others ? arena_printf(arena, "unix:%s", text) : NULL;
    }
    return NULL;
}
