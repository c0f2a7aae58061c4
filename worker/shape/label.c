#include "worker/shape/label.h"

#include "shared/utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

enum { MAX_LABEL_BYTES = 64 << 20, SHOWN_BYTES = 60 };

static bool is_name_part(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return true;
    default:
        return false;
    }
}

static void add_name_parts(struct str text, struct buf *out)
{
    bool gap = false;
    size_t start = out->n;
    for (size_t at = 0; at < text.n;) {
        uint32_t c = 0;
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        if (n && is_name_part(c)) {
            if (gap && out->n > start)
                buf_add_byte(out, '_');
            buf_add(out, text.p + at, n);
            gap = false;
        } else {
            gap = true;
        }
        at += n ? n : 1;
    }
}

void label_normalise(struct str label, struct buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)label.p, (utf8proc_ssize_t)label.n, &mapped,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    if (n >= 0)
        add_name_parts((struct str){(const char *)mapped, (size_t)n}, out);
    else
        add_name_parts(label, out); /* not UTF-8: its bad bytes become gaps */
    free(mapped);
}

bool label_normalised(struct str label, struct arena *arena, struct str *out)
{
    struct buf buf;
    buf_init(&buf, MAX_LABEL_BYTES);
    label_normalise(label, &buf);
    *out = buf.failed ? (struct str){0} : arena_str(arena, buf_str(&buf));
    buf_dispose(&buf);
    return out->p != NULL;
}

struct str label_cut(struct str label)
{
    size_t n = label.n < SHOWN_BYTES ? label.n : SHOWN_BYTES;
    while (n && n < label.n && ((unsigned char)label.p[n] & 0xC0) == 0x80)
        n--;
    return (struct str){label.p, n};
}

void label_list(struct buf *out, const struct str *list, size_t count, size_t most_bytes)
{
    size_t start = out->n;
    for (size_t i = 0; i < count; i++) {
        if (i && out->n - start > most_bytes) {
            buf_printf(out, ", … (%zu in all)", count);
            return;
        }
        struct str shown = label_cut(list[i]);
        buf_printf(out, "%s" STR_FMT "%s", i ? ", " : "", STR_ARG(shown), shown.n < list[i].n ? "…" : "");
    }
}

struct str *header_labels(const struct contract *contract, struct arena *arena, size_t *count)
{
    size_t n = 0, most = 0;
    for (uint32_t f = 0; f < contract->field_count; f++)
        most += 2 + contract->fields[f].alias_count;
    struct str *labels = ARENA_ARRAY(arena, struct str, most);
    for (uint32_t f = 0; labels && f < contract->field_count; f++) {
        const struct field *field = &contract->fields[f];
        labels[n++] = field->name;
        if (field->label.n)
            labels[n++] = field->label;
        for (size_t i = 0; i < field->alias_count; i++)
            labels[n++] = field->aliases[i];
    }
    *count = n;
    return labels;
}
