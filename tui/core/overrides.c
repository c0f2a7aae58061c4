#include "tui/core/overrides.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <string.h>

/* One argument for a shell. What a screen must not see, a tab among it, is written as the agent takes it, or escaped.
 */
static void add_argument(struct buf *out, const char *option, const char *left, const char *right)
{
    const char *parts[] = {left, "=", strcmp(right, "\t") == 0 ? "\\t" : right};
    struct buf quoted;
    buf_init(&quoted, 1024 * 1024);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *c = parts[i]; *c; c++)
            if (*c == '\'')
                buf_add_cstr(&quoted, "'\\''");
            else
                buf_add_byte(&quoted, *c);
    buf_printf(out, " %s '", option);
    utf8_sanitise(out, buf_str(&quoted));
    buf_add_byte(out, '\'');
    buf_dispose(&quoted);
}

static void add_value(struct buf *out, const char *option, const char *key, const json_t *value)
{
    char *list = json_is_array(value) ? json_dumps(value, JSON_COMPACT) : NULL;
    const char *text = list ? list : json_string_value(value);
    if (text)
        add_argument(out, option, key, text);
    free(list);
}

void overrides_words(struct buf *out, const json_t *overrides)
{
    const json_t *sets = json_object_get(overrides, "set"), *maps = json_object_get(overrides, "map");
    const char *key;
    json_t *value;
    /* reason.json has the settings beside the map */
    json_object_foreach((json_t *)(json_is_object(sets) ? sets : overrides), key, value)
        add_value(out, "--set", key, value);
    json_object_foreach((json_t *)maps, key, value) add_value(out, "--map", key, value);
}

/* "key=value" for each. */
static json_t *pairs(const json_t *object)
{
    const char *key;
    json_t *value, *list = json_array();
    json_object_foreach((json_t *)object, key, value)
    {
        char *text = json_is_array(value) ? json_dumps(value, JSON_COMPACT) : NULL;
        const char *right = text ? text : json_string_value(value);
        if (right)
            json_array_append_new(list, json_sprintf("%s=%s", key, right));
        free(text);
    }
    return list;
}

void overrides_params(const json_t *overrides, json_t *params)
{
    const json_t *sets = json_object_get(overrides, "set");
    json_object_set_new(params, "set", pairs(json_is_object(sets) ? sets : overrides));
    json_object_set_new(params, "map", pairs(json_object_get(overrides, "map")));
}
