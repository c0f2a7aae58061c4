#include "tui/core/targets.h"

#include "shared/fs.h"
#include "shared/suggest.h"
#include "shared/yaml.h"

#include <stdlib.h>
#include <unistd.h>

static const char *own_settings(struct arena *arena)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg && *xdg)
        return arena_printf(arena, "%s/sluice/sluice.yaml", xdg);
    return arena_printf(arena, "%s/.config/sluice/sluice.yaml", home ? home : "");
}

/* *targets NULL: the file is not there, or names none. */
static bool read_targets(const char *path, const struct yaml_node **targets, struct arena *arena, struct err *err)
{
    struct buf text;
    struct yaml_fault fault = {0};
    *targets = NULL;
    buf_init(&text, YAML_MAX_BYTES);
    bool there = fs_read(path, &text, err);
    const struct yaml_node *root = there ? yaml_parse(buf_str(&text), arena, &fault) : NULL;
    buf_dispose(&text);
    if (!there)
        return err->kind == ERR_NOT_FOUND;
    if (!root)
        return ERR(err, ERR_CONFIG, "%s:%d:%d: %s", path, fault.line, fault.column, fault.message);
    *targets = yaml_get(root, "targets");
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
    if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || access(name, F_OK) == 0)
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
