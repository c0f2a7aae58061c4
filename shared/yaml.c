#include "shared/yaml.h"

#include "shared/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

struct builder {
    yaml_parser_t parser;
    struct str text;
    struct arena *arena;
    struct yaml_fault *fault;
    size_t line_at, line; /* the byte offset of a 0-based line already found: marks only go forward */
};

static bool fault_at(struct builder *b, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fault_at(struct builder *b, yaml_mark_t mark, const char *format, ...)
{
    va_list args;
    b->fault->line = (int)mark.line + 1;
    b->fault->column = (int)mark.column + 1;
    va_start(args, format);
    vsnprintf(b->fault->message, sizeof b->fault->message, format, args);
    va_end(args);
    return false;
}

static bool out_of_memory(struct builder *b)
{
    *b->fault = (struct yaml_fault){.message = "memory is out"};
    return false;
}

static bool next_event(struct builder *b, yaml_event_t *event)
{
    if (yaml_parser_parse(&b->parser, event))
        return true;
    if (b->parser.error == YAML_MEMORY_ERROR)
        return out_of_memory(b);
    const char *problem = b->parser.problem ? b->parser.problem : "not YAML";
    if (b->parser.error == YAML_READER_ERROR) {
        size_t lines = 0, start = 0, end = b->parser.problem_offset;
        for (size_t i = 0; i < end && i < b->text.n; i++)
            if (b->text.p[i] == '\n')
                lines++, start = i + 1;
        return fault_at(b, (yaml_mark_t){.line = lines, .column = end > start ? end - start : 0}, "%s", problem);
    }
    const char *context = b->parser.context ? b->parser.context : "";
    return fault_at(b, b->parser.problem_mark, "%s%s%s", context, *context ? ", " : "", problem);
}

/* libyaml counts characters; texts are cut by bytes. */
static size_t byte_of(struct builder *b, yaml_mark_t mark)
{
    if (mark.line < b->line)
        b->line = 0, b->line_at = 0;
    while (b->line < mark.line && b->line_at < b->text.n)
        if (b->text.p[b->line_at++] == '\n')
            b->line++;
    size_t at = b->line_at;
    for (size_t i = 0; i < mark.column && at < b->text.n; i++) {
        uint32_t code;
        size_t n = utf8_decode((struct str){b->text.p + at, b->text.n - at}, &code);
        at += n ? n : 1;
    }
    return at;
}

static bool build_text(struct builder *b, const yaml_event_t *event, struct yaml_node *node)
{
    struct str value = {(const char *)event->data.scalar.value, event->data.scalar.length};
    size_t from = byte_of(b, event->start_mark), to = byte_of(b, event->end_mark);
    node->kind = YAML_TEXT;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.tag)
        return fault_at(b, event->start_mark, "tags are not supported");
    if (memchr(value.p, 0, value.n))
        return fault_at(b, event->start_mark, "a NUL character is not allowed");
    node->text = arena_str(b->arena, value);
    node->raw = arena_str(b->arena, (struct str){b->text.p + from, to - from});
    if (!node->text.p || !node->raw.p)
        return out_of_memory(b);
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; node->plain && i < sizeof nothing / sizeof *nothing; i++)
        if (str_eq(node->text, str_of(nothing[i])))
            node->kind = YAML_NOTHING;
    return true;
}

static bool build(struct builder *b, const yaml_event_t *event, int depth, struct yaml_node *node);

static bool build_next(struct builder *b, int depth, yaml_event_type_t end, bool *ended, struct yaml_node *node)
{
    yaml_event_t event;
    if (!next_event(b, &event))
        return false;
    *ended = event.type == end;
    bool ok = *ended || build(b, &event, depth, node);
    yaml_event_delete(&event);
    return ok;
}

static bool build_list(struct builder *b, int depth, struct yaml_node *node)
{
    size_t capacity = 0;
    node->kind = YAML_LIST;
    for (;;) {
        struct yaml_node item = {0};
        bool ended;
        if (!build_next(b, depth + 1, YAML_SEQUENCE_END_EVENT, &ended, &item))
            return false;
        if (ended)
            return true;
        if (!arena_reserve(b->arena, (void **)&node->items, node->count, &capacity, sizeof item))
            return out_of_memory(b);
        node->items[node->count++] = item;
    }
}

static bool key_ok(struct builder *b, const struct yaml_node *map, const struct yaml_node *key)
{
    yaml_mark_t mark = {.line = (size_t)key->line - 1, .column = (size_t)key->column - 1};
    if (key->kind != YAML_TEXT)
        return fault_at(b, mark, "a key must be text");
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->pairs[i].key.text, key->text))
            return fault_at(b, mark, "key '%.*s' stands twice, first in line %d",
                (int)(key->text.n < 60 ? key->text.n : 60), key->text.p, map->pairs[i].key.line);
    return true;
}

enum { MAX_KEYS = 20000 }; /* keys are compared pair by pair */

static bool build_map(struct builder *b, int depth, struct yaml_node *node)
{
    size_t capacity = 0;
    node->kind = YAML_MAP;
    for (;;) {
        struct yaml_pair pair = {0};
        bool ended;
        if (!build_next(b, depth + 1, YAML_MAPPING_END_EVENT, &ended, &pair.key))
            return false;
        if (ended)
            return true;
        if (!key_ok(b, node, &pair.key) || !build_next(b, depth + 1, YAML_NO_EVENT, &ended, &pair.value))
            return false;
        if (node->count == MAX_KEYS)
            return fault_at(b, b->parser.mark, "more than %d keys in one map", MAX_KEYS);
        if (!arena_reserve(b->arena, (void **)&node->pairs, node->count, &capacity, sizeof pair))
            return out_of_memory(b);
        node->pairs[node->count++] = pair;
    }
}

static bool build(struct builder *b, const yaml_event_t *event, int depth, struct yaml_node *node)
{
    node->line = (int)event->start_mark.line + 1;
    node->column = (int)event->start_mark.column + 1;
    if (depth > YAML_MAX_DEPTH)
        return fault_at(b, event->start_mark, "nested deeper than %d", YAML_MAX_DEPTH);
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fault_at(b, event->start_mark, "aliases are not supported: write the value out");
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor)
            break;
        return build_text(b, event, node);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor)
            break;
        return event->data.sequence_start.tag ? fault_at(b, event->start_mark, "tags are not supported")
                                              : build_list(b, depth, node);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor)
            break;
        return event->data.mapping_start.tag ? fault_at(b, event->start_mark, "tags are not supported")
                                             : build_map(b, depth, node);
    default:
        return fault_at(b, event->start_mark, "a value was expected");
    }
    return fault_at(b, event->start_mark, "anchors are not supported: write the value out");
}

static bool build_document(struct builder *b, struct yaml_node *root)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    bool seen = false;
    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!next_event(b, &event))
            return false;
        type = event.type;
        bool ok = true;
        if (type == YAML_DOCUMENT_START_EVENT && seen)
            ok = fault_at(b, event.start_mark, "a second document: one file holds one");
        else if (type == YAML_DOCUMENT_START_EVENT)
            seen = true;
        else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT && type != YAML_DOCUMENT_END_EVENT)
            ok = build(b, &event, 0, root);
        yaml_event_delete(&event);
        if (!ok)
            return false;
    }
    return true;
}

static bool surrogate(const char *p, size_t n, unsigned first, unsigned *value)
{
    *value = 0;
    if (n < 6 || p[0] != '\\' || p[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++) {
        char c = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        *value = *value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return *value >= first && *value < first + 0x400;
}

/* JSON writes what lies beyond U+FFFF as two escapes, which YAML does not know: they become the character itself. */
static bool join_surrogates(struct str text, struct arena *arena, struct str *out)
{
    unsigned high, low;
    size_t n = 0;
    char *p = arena_alloc(arena, text.n + 1);
    for (size_t i = 0; p && i < text.n; i++) {
        bool escape = text.p[i] == '\\' && i + 1 < text.n;
        if (escape && surrogate(text.p + i, text.n - i, 0xD800, &high) &&
            surrogate(text.p + i + 6, text.n - i - 6, 0xDC00, &low)) {
            n += utf8_encode(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), p + n);
            i += 11;
            continue;
        }
        p[n++] = text.p[i];
        if (escape)
            p[n++] = text.p[++i];
    }
    *out = (struct str){p, n};
    return p != NULL;
}

struct yaml_node *yaml_parse(struct str text, struct arena *arena, struct yaml_fault *fault)
{
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = (struct str){text.p + 3, text.n - 3};
    if (memmem(text.p, text.n, "\\ud", 3) || memmem(text.p, text.n, "\\uD", 3)) {
        *fault = (struct yaml_fault){.message = "memory is out"};
        if (!join_surrogates(text, arena, &text))
            return NULL;
    }
    struct builder b = {.text = text, .arena = arena, .fault = fault};
    struct yaml_node *root = ARENA_NEW(arena, struct yaml_node);
    *fault = (struct yaml_fault){0};
    if (!root || !yaml_parser_initialize(&b.parser)) {
        out_of_memory(&b);
        return NULL;
    }
    root->line = root->column = 1;
    bool ok = text.n <= YAML_MAX_BYTES || fault_at(&b, (yaml_mark_t){0}, "larger than %d bytes", YAML_MAX_BYTES);
    if (ok) {
        yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.p, text.n);
        ok = build_document(&b, root);
    }
    yaml_parser_delete(&b.parser);
    return ok ? root : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
    for (size_t i = 0; node && node->kind == YAML_MAP && i < node->count; i++)
        if (str_eq(node->pairs[i].key.text, str_of(key)))
            return &node->pairs[i].value;
    return NULL;
}

bool yaml_bool(const struct yaml_node *node, bool *value)
{
    static const char *const names[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; node->kind == YAML_TEXT && node->plain && i < 6; i++)
        if (str_eq(node->text, str_of(names[i]))) {
            *value = i < 3;
            return true;
        }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Content and document are walked side by side: white space matches white space of any length (folding), every other
 * byte is looked for in what is left, which passes over quotes, backslashes and indentation.
 */
void yaml_locate(const struct yaml_node *node, size_t offset, int *line, int *column)
{
    struct str raw = node->raw, text = node->text;
    size_t at = 0;
    if (raw.n && (raw.p[0] == '|' || raw.p[0] == '>'))
        at = str_find_byte(raw, '\n');
    else if (raw.n && (raw.p[0] == '\'' || raw.p[0] == '"'))
        at = 1;
    for (size_t i = 0; i < text.n && i <= offset; i++) {
        size_t seek = at;
        if (is_space(text.p[i])) {
            if (i == offset)
                break;
            at += at < raw.n && is_space(raw.p[at]) ? 1 : 0;
            continue;
        }
        while (seek < raw.n && raw.p[seek] != text.p[i])
            seek++;
        if (seek == raw.n)
            break;
        at = i == offset ? seek : seek + 1;
    }
    *line = node->line;
    *column = node->column;
    for (size_t i = 0; i < at && i < raw.n; i++) {
        if (raw.p[i] == '\n')
            ++*line, *column = 1;
        else if ((raw.p[i] & 0xC0) != 0x80)
            ++*column;
    }
}
