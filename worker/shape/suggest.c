#include "worker/shape/suggest.h"

static void write_overrides(const struct remedy *remedy, struct json *json)
{
    bool maps = false;
    jsonw_object_begin(json);
    for (size_t i = 0; i < remedy->override_count; i++) {
        const struct remedy_override *override = &remedy->overrides[i];
        maps |= override->label.n != 0;
        if (override->label.n)
            continue;
        jsonw_key_str(json, override->key);
        if (override->value.n && override->value.p[0] == '[')
            jsonw_raw(json, override->value);
        else
            jsonw_string(json, override->value);
    }
    if (maps) {
        jsonw_key(json, "map");
        jsonw_object_begin(json);
        for (size_t i = 0; i < remedy->override_count; i++) {
            if (!remedy->overrides[i].label.n)
                continue;
            jsonw_key_str(json, remedy->overrides[i].label);
            jsonw_string(json, remedy->overrides[i].value);
        }
        jsonw_object_end(json);
    }
    jsonw_object_end(json);
}

void remedies_write(const struct remedies *remedies, struct json *json)
{
    jsonw_array_begin(json);
    for (size_t i = 0; i < remedies->count; i++) {
        jsonw_object_begin(json);
        jsonw_key(json, "overrides");
        write_overrides(&remedies->list[i], json);
        jsonw_put_cstring(json, "why", remedies->list[i].why);
        jsonw_put_uint(json, "would_pass", remedies->list[i].would_pass);
        jsonw_object_end(json);
    }
    jsonw_array_end(json);
}

static void add_shell_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            buf_add_cstr(out, "'\\''");
        else
            buf_add_byte(out, text.p[i]);
    }
}

void remedy_command(const struct remedy *remedy, struct buf *out)
{
    for (size_t i = 0; i < remedy->override_count; i++) {
        const struct remedy_override *override = &remedy->overrides[i];
        buf_add_cstr(out, i ? " " : "");
        buf_add_cstr(out, override->label.n ? "--map '" : "--set '");
        add_shell_text(out, override->label.n ? override->label : override->key);
        buf_add_byte(out, '=');
        add_shell_text(out, override->value);
        buf_add_byte(out, '\'');
    }
}
