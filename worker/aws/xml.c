#include "worker/aws/xml.h"

#include "shared/utf8.h"

static struct str skip(struct str s, size_t n)
{
    return n < s.n ? (struct str){s.p + n, s.n - n} : (struct str){NULL, 0};
}

static size_t find(struct str s, struct str what)
{
    for (size_t i = 0; i + what.n <= s.n; i++)
        if (memcmp(s.p + i, what.p, what.n) == 0)
            return i;
    return s.n;
}

static struct str local_name(struct str tag)
{
    size_t n = 0;
    while (n < tag.n && !strchr(" \t\r\n/>", tag.p[n]))
        n++;
    struct str name = {tag.p, n};
    size_t colon = str_find_byte(name, ':');
    return colon < n ? skip(name, colon + 1) : name;
}

/* "<?…?>", "<!--…-->", "<!…>": nothing of ours. */
static bool skip_other(struct str *s)
{
    if (str_starts(*s, STR("<?")))
        *s = skip(*s, find(*s, STR("?>")) + 2);
    else if (str_starts(*s, STR("<!--")))
        *s = skip(*s, find(*s, STR("-->")) + 3);
    else if (str_starts(*s, STR("<!")))
        *s = skip(*s, str_find_byte(*s, '>') + 1);
    else
        return false;
    return true;
}

/* Tags open and close by turns; which names they carry need not be looked at in what a server made. */
static struct str until_closed(struct str *s)
{
    const char *from = s->p;
    for (int depth = 1; s->n;) {
        *s = skip(*s, str_find_byte(*s, '<'));
        if (!s->n || skip_other(s))
            continue;
        size_t end = str_find_byte(*s, '>');
        const char *at = s->p;
        if (end >= s->n)
            break;
        bool closes = at[1] == '/', empty = at[end - 1] == '/';
        *s = skip(*s, end + 1);
        if (closes && --depth == 0)
            return (struct str){from, (size_t)(at - from)};
        depth += !closes && !empty;
    }
    return (struct str){NULL, 0};
}

bool xml_next(struct xml *xml, struct str *name, struct str *content)
{
    struct str *s = &xml->rest;
    do
        *s = skip(*s, str_find_byte(*s, '<'));
    while (s->n && skip_other(s));
    size_t end = str_find_byte(*s, '>');
    if (end >= s->n || s->p[1] == '/')
        return false;
    bool empty = s->p[end - 1] == '/';
    *name = local_name((struct str){s->p + 1, end - 1});
    *s = skip(*s, end + 1);
    *content = empty ? STR("") : until_closed(s);
    return content->p != NULL;
}

struct str xml_child(struct str content, const char *wanted)
{
    struct xml xml = {content};
    struct str name, inside;
    while (xml_next(&xml, &name, &inside))
        if (str_eq(name, str_of(wanted)))
            return inside;
    return STR("");
}

/* ---- text ---- */

static uint32_t number(struct str digits)
{
    uint32_t value = 0, base = digits.n && (digits.p[0] == 'x' || digits.p[0] == 'X') ? 16 : 10;
    for (size_t i = base == 16; i < digits.n && value < 0x110000; i++) {
        char c = digits.p[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 0;
        value = value * base + digit;
    }
    return value;
}

static void add_entity(struct buf *out, struct str entity)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    char bytes[4];
    if (entity.n > 1 && entity.p[0] == '#') {
        buf_add(out, bytes, utf8_encode(number(skip(entity, 1)), bytes));
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(entity, str_of(known[i].name)))
            buf_add_byte(out, known[i].c);
}

void xml_text(struct buf *out, struct str content)
{
    while (content.n) {
        size_t n = str_find_byte(content, '&');
        buf_add(out, content.p, n);
        content = skip(content, n);
        if (!content.n)
            return;
        size_t end = str_find_byte(content, ';');
        add_entity(out, (struct str){content.p + 1, end < content.n ? end - 1 : 0});
        content = skip(content, end + 1);
    }
}

void xml_escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        switch (text.p[i]) {
        case '&':
            buf_add_cstr(out, "&amp;");
            break;
        case '<':
            buf_add_cstr(out, "&lt;");
            break;
        case '>':
            buf_add_cstr(out, "&gt;");
            break;
        case '"':
            buf_add_cstr(out, "&quot;");
            break;
        default:
            buf_add_byte(out, text.p[i]);
        }
}
