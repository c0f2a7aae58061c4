#include "shared/json.h"

#include "shared/base64.h"
#include "shared/clock.h"
#include "shared/utf8.h"

#include <math.h>
#include <stdio.h>

void jsonw_init(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out, .first = 1};
}

static void separate(struct json *json)
{
    uint64_t bit = 1ull << (json->depth & 63);
    if (json->after_key)
        json->after_key = false;
    else if (json->first & bit)
        json->first &= ~bit;
    else if (json->depth)
        buf_add_byte(json->out, ',');
}

static void open(struct json *json, char bracket)
{
    separate(json);
    buf_add_byte(json->out, bracket);
    json->depth++;
    json->first |= 1ull << (json->depth & 63);
}

static void close(struct json *json, char bracket)
{
    json->depth--;
    buf_add_byte(json->out, bracket);
}

void jsonw_object_begin(struct json *json)
{
    open(json, '{');
}

void jsonw_object_end(struct json *json)
{
    close(json, '}');
}

void jsonw_array_begin(struct json *json)
{
    open(json, '[');
}

void jsonw_array_end(struct json *json)
{
    close(json, ']');
}

static void write_escaped(struct buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(out, "\\\"", 2);
        break;
    case '\\':
        buf_add(out, "\\\\", 2);
        break;
    case '\n':
        buf_add(out, "\\n", 2);
        break;
    case '\r':
        buf_add(out, "\\r", 2);
        break;
    case '\t':
        buf_add(out, "\\t", 2);
        break;
    default:
        buf_printf(out, "\\u%04x", c);
    }
}

static void write_string(struct buf *out, struct str value)
{
    buf_add_byte(out, '"');
    size_t from = 0, at = 0;
    while (at < value.n) {
        unsigned char c = (unsigned char)value.p[at];
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            at++;
            continue;
        }
        uint32_t code_point;
        size_t n = c < 0x80 ? 0 : utf8_decode((struct str){value.p + at, value.n - at}, &code_point);
        if (n) {
            at += n;
            continue;
        }
        buf_add(out, value.p + from, at - from);
        if (c < 0x80)
            write_escaped(out, c);
        else
            buf_add(out, "\xEF\xBF\xBD", 3);
        from = ++at;
    }
    buf_add(out, value.p + from, value.n - from);
    buf_add_byte(out, '"');
}

void jsonw_key_str(struct json *json, struct str key)
{
    separate(json);
    write_string(json->out, key);
    buf_add_byte(json->out, ':');
    json->after_key = true;
}

void jsonw_key(struct json *json, const char *key)
{
    jsonw_key_str(json, str_of(key));
}

void jsonw_string(struct json *json, struct str value)
{
    separate(json);
    write_string(json->out, value);
}

void jsonw_cstring(struct json *json, const char *value)
{
    if (value)
        jsonw_string(json, str_of(value));
    else
        jsonw_null(json);
}

void jsonw_int(struct json *json, int64_t value)
{
    separate(json);
    buf_add_i64(json->out, value);
}

void jsonw_uint(struct json *json, uint64_t value)
{
    separate(json);
    buf_add_u64(json->out, value);
}

void jsonw_double(struct json *json, double value)
{
    separate(json);
    size_t before = json->out->n;
    if (!isfinite(value)) {
        buf_add_cstr(json->out, "null");
        return;
    }
    buf_printf(json->out, "%.17g", value);
    for (size_t i = before; i < json->out->n; i++)
        if (json->out->p[i] == ',') /* a program that speaks the user's locale still writes JSON */
            json->out->p[i] = '.';
}

void jsonw_bool(struct json *json, bool value)
{
    separate(json);
    buf_add_cstr(json->out, value ? "true" : "false");
}

void jsonw_null(struct json *json)
{
    separate(json);
    buf_add_cstr(json->out, "null");
}

void jsonw_base64(struct json *json, struct str bytes)
{
    separate(json);
    buf_add_byte(json->out, '"');
    base64_encode(json->out, bytes);
    buf_add_byte(json->out, '"');
}

void jsonw_raw(struct json *json, struct str text)
{
    separate(json);
    buf_add_str(json->out, text);
}

void jsonw_put_string(struct json *json, const char *key, struct str value)
{
    jsonw_key(json, key);
    jsonw_string(json, value);
}

void jsonw_strings(struct json *json, const struct str *values, size_t count)
{
    jsonw_array_begin(json);
    for (size_t i = 0; i < count; i++)
        jsonw_string(json, values[i]);
    jsonw_array_end(json);
}

void jsonw_put_strings(struct json *json, const char *key, const struct str *values, size_t count)
{
    jsonw_key(json, key);
    jsonw_strings(json, values, count);
}

void jsonw_put_cstring(struct json *json, const char *key, const char *value)
{
    jsonw_key(json, key);
    jsonw_cstring(json, value);
}

void jsonw_put_int(struct json *json, const char *key, int64_t value)
{
    jsonw_key(json, key);
    jsonw_int(json, value);
}

void jsonw_put_uint(struct json *json, const char *key, uint64_t value)
{
    jsonw_key(json, key);
    jsonw_uint(json, value);
}

void jsonw_put_bool(struct json *json, const char *key, bool value)
{
    jsonw_key(json, key);
    jsonw_bool(json, value);
}

void jsonw_put_null(struct json *json, const char *key)
{
    jsonw_key(json, key);
    jsonw_null(json);
}

void jsonw_put_time(struct json *json, const char *key, int64_t micros)
{
    char text[CLOCK_TEXT_SIZE];
    jsonw_put_cstring(json, key, clock_format(micros, text));
}
