#include "tui/app/seen.h"

#include "shared/fs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TARGETS = 500, MOST_BYTES = 1024 * 1024 };

static bool place(char path[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = state && *state ? snprintf(path, PATH_MAX, "%s/sluice/seen.json", state)
            : home && *home ? snprintf(path, PATH_MAX, "%s/.local/state/sluice/seen.json", home)
                            : -1;
    return n > 0 && n < PATH_MAX;
}

const char *seen_key(const struct link_options *options, char folder[PATH_MAX])
{
    const char *environment = getenv("SLUICE_LAKE");
    const char *lake = options->target ? options->target
                       : options->lake ? options->lake
                       : environment   ? environment
                                       : ".";
    return realpath(lake, folder) ? folder : lake;
}

json_t *seen_read(void)
{
    char path[PATH_MAX];
    struct buf text;
    struct err unread; /* then nothing is new */
    buf_init(&text, MOST_BYTES);
    json_t *looks = place(path) && fs_read(path, &text, &unread) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    buf_dispose(&text);
    if (json_is_object(looks))
        return looks;
    json_decref(looks);
    return json_object();
}

static void drop_oldest(json_t *looks)
{
    const char *target, *oldest = NULL, *least = NULL;
    json_t *at;
    json_object_foreach(looks, target, at)
    {
        const char *time = json_string_value(at);
        if (!oldest || !time || (least && strcmp(time, least) < 0)) {
            oldest = target;
            least = time ? time : "";
        }
    }
    if (oldest)
        json_object_del(looks, oldest);
}

void seen_write(const json_t *looks)
{
    char path[PATH_MAX];
    struct err unwritten;
    json_t *all = seen_read();
    json_object_update(all, (json_t *)looks);
    while (json_object_size(all) > MOST_TARGETS)
        drop_oldest(all);
    char *text = json_dumps(all, JSON_INDENT(1));
    if (text && place(path) && fs_make_parent(path, &unwritten) && !fs_replace(path, str_of(text), &unwritten))
        err_clear(&unwritten);
    free(text);
    json_decref(all);
}
