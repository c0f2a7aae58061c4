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

/* ---- words, as they are typed ---- */

bool overrides_next_word(struct str *rest, struct buf *word)
{
    char quote = 0;
    buf_reset(word);
    *rest = str_trim(*rest);
    for (; rest->n; rest->p++, rest->n--) {
        char c = *rest->p;
        if (!quote && (c == ' ' || c == '\t'))
            break;
        if (!quote && (c == '\'' || c == '"'))
            quote = c;
        else if (c == quote)
            quote = 0;
        else if (c == '\\' && quote != '\'' && rest->n > 1 && strchr("'\"\\ ", rest->p[1])) {
            buf_add_byte(word, *++rest->p);
            rest->n--;
        } else
            buf_add_byte(word, c);
    }
    return !quote;
}

static bool read_pair(struct str *rest, struct buf *word, json_t *overrides, struct err *err)
{
    enum { OPTION = 5 }; /* "--set", "--map" */
    bool maps = str_starts(buf_str(word), STR("--map")), joined = word->n > OPTION && word->p[OPTION] == '=';
    if (!(maps || str_starts(buf_str(word), STR("--set"))) || (word->n > OPTION && !joined))
        return ERR(err, ERR_USAGE, "overrides are written --set SETTING=VALUE and --map LABEL=COLUMN");
    if (!joined && !overrides_next_word(rest, word))
        return ERR(err, ERR_USAGE, "a quote is not closed");
    struct str pair = joined ? (struct str){word->p + OPTION + 1, word->n - OPTION - 1} : buf_str(word);
    if (str_find_byte(pair, '=') == pair.n)
        return ERR(err, ERR_USAGE, maps ? "--map wants LABEL=COLUMN" : "--set wants SETTING=VALUE");
    json_array_append_new(json_object_get(overrides, maps ? "map" : "set"), json_stringn(pair.p, pair.n));
    return true;
}

json_t *overrides_parse(struct str words, struct err *err)
{
    json_t *overrides = json_pack("{s:[], s:[]}", "set", "map");
    struct str rest = words;
    struct buf word;
    buf_init(&word, 1024 * 1024);
    bool ok = true;
    while (ok && str_trim(rest).n) {
        ok = overrides_next_word(&rest, &word) || ERR(err, ERR_USAGE, "a quote is not closed");
        ok = ok && read_pair(&rest, &word, overrides, err);
    }
    buf_dispose(&word);
    if (ok)
        return overrides;
    json_decref(overrides);
    return NULL;
}
