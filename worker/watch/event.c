#include "worker/watch/event.h"

#include <ctype.h>
#include <jansson.h>

enum { KEY_MAX = 4096, SEQUENCER_MAX = 64, SNS_DEPTH = 2 };

struct reading {
    event_each *each;
    void *context;
    struct err *why;
};

static bool is_none(const struct reading *r, const char *what)
{
    return ERR(r->why, ERR_CONFIG, "a message of the queue is no event of S3: %s", what);
}

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return (struct str){json_string_value(value), json_string_length(value)};
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* As forms are: '+' is a space. */
static void decode(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        int high = i + 2 < text.n && text.p[i] == '%' ? hex(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex(text.p[i + 2]) : -1;
        if (low >= 0) {
            buf_add_byte(out, (char)(high << 4 | low));
            i += 2;
        } else
            buf_add_byte(out, text.p[i] == '+' ? ' ' : text.p[i]);
    }
}

static bool tell(const struct reading *r, const json_t *where, bool encoded)
{
    const json_t *object = json_object_get(where, "object");
    struct event event = {.bucket = text_of(json_object_get(where, "bucket"), "name"),
        .key = text_of(object, "key"),
        .sequencer = text_of(object, "sequencer")};
    struct buf key;
    if (!event.bucket.n || !event.key.n)
        return is_none(r, "it names no bucket or no key");
    buf_init(&key, KEY_MAX);
    if (encoded) {
        decode(event.key, &key);
        event.key = buf_str(&key);
    }
    bool ok = key.failed ? is_none(r, "its key is too long") : r->each(r->context, &event);
    buf_dispose(&key);
    return ok;
}

/* "ObjectCreated:Put", of Ceph "s3:ObjectCreated:Put"; whose keys come as they are. */
static bool read_record(const struct reading *r, const json_t *record)
{
    struct str name = text_of(record, "eventName"), source = text_of(record, "eventSource");
    if (!name.n)
        return is_none(r, "a record has no eventName");
    if (str_starts(name, STR("s3:")))
        name = (struct str){name.p + 3, name.n - 3};
    return !str_starts(name, STR("ObjectCreated:")) ||
           tell(r, json_object_get(record, "s3"), !str_starts(source, STR("ceph:")));
}

static bool read_message(const struct reading *r, struct str body, int depth)
{
    json_error_t fault;
    json_t *root = json_loadb(body.p, body.n, 0, &fault);
    const json_t *records = json_object_get(root, "Records");
    struct str inner = text_of(root, "Message");
    bool ok = true;
    if (!json_is_object(root))
        ok = is_none(r, "it is no JSON object");
    else if (json_is_array(records))
        for (size_t i = 0; ok && i < json_array_size(records); i++)
            ok = read_record(r, json_array_get(records, i));
    else if (str_eq(text_of(root, "Event"), STR("s3:TestEvent")))
        ok = true;
    else if (str_eq(text_of(root, "source"), STR("aws.s3")) && json_object_get(root, "detail-type"))
        ok = !str_eq(text_of(root, "detail-type"), STR("Object Created")) ||
             tell(r, json_object_get(root, "detail"), false);
    else if (str_eq(text_of(root, "Type"), STR("Notification")) && inner.n && depth < SNS_DEPTH)
        ok = read_message(r, inner, depth + 1);
    else
        ok = is_none(r, "it has no Records, is no test, nor EventBridge's");
    json_decref(root);
    return ok;
}

bool event_read(struct str body, event_each *each, void *context, struct err *why)
{
    const struct reading r = {each, context, why};
    return read_message(&r, body, 0);
}

void event_sequencer(struct str sequencer, char out[65])
{
    size_t n = sequencer.n < SEQUENCER_MAX ? sequencer.n : SEQUENCER_MAX;
    for (size_t i = 0; i < SEQUENCER_MAX; i++)
        out[i] = i < n ? (char)toupper((unsigned char)sequencer.p[i]) : '0';
    out[SEQUENCER_MAX] = '\0';
}
