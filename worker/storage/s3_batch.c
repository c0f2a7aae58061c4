/* DeleteObjects: up to a thousand at once. What one object was refused is told in the answer, whose status is 200. */
#include "worker/storage/s3_intern.h"

#include "worker/aws/xml.h"

enum { KEYS_MOST = 1000, KEYS_BYTES = KEYS_MOST * 1100, DOCUMENT_MAX = 8 * 1024 * 1024, MD5_TEXT_MAX = 64 };

void s3_batch_init(struct s3_batch *batch)
{
    batch->count = 0;
    buf_init(&batch->keys, KEYS_BYTES);
}

void s3_batch_dispose(struct s3_batch *batch)
{
    buf_dispose(&batch->keys);
}

static struct str next_key(struct str *rest)
{
    size_t n = str_find_byte(*rest, '\0');
    struct str key = {rest->p, n};
    *rest = (struct str){rest->p + n + 1, rest->n - n - 1};
    return key;
}

static void write_document(const struct s3 *s3, struct str keys, struct buf *out)
{
    buf_add_cstr(out, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
    while (keys.n) {
        buf_add_cstr(out, "<Object><Key>");
        xml_escape(out, s3->prefix);
        xml_escape(out, next_key(&keys));
        buf_add_cstr(out, "</Key></Object>");
    }
    buf_add_cstr(out, "</Delete>");
}

/* Of a quiet answer all that is told is what went wrong. */
static bool read_errors(const struct http_response *response, struct err *err)
{
    struct xml xml = {s3_root(response, "DeleteResult")};
    struct str name, content;
    while (xml_next(&xml, &name, &content))
        if (str_eq(name, STR("Error"))) {
            struct str code = xml_child(content, "Code"), key = xml_child(content, "Key");
            ERR(err, ERR_UNAVAILABLE, "s3:DeleteObject of " STR_FMT ": " STR_FMT, STR_ARG(key), STR_ARG(code));
            return err_hint(err, "Allow s3:DeleteObject on what is below the lake's prefix.");
        }
    return true;
}

static bool send(struct s3 *s3, struct str keys, bool *known, struct err *err)
{
    struct buf document, digest;
    struct http_response response;
    struct s3_call call = {
        .method = "POST", .action = "s3:DeleteObject", .may_hide_error = true, .takes = S3_TAKES_501};
    buf_init(&document, DOCUMENT_MAX);
    buf_init(&digest, MD5_TEXT_MAX);
    write_document(s3, keys, &document);
    bool ok = buf_ok(&document, "a list of keys", err) && s3_md5(buf_str(&document), &digest, err);
    s3_query(&call, "delete", STR(""));
    s3_add_header(&call, "content-md5", buf_str(&digest));
    call.body = (struct http_body){.bytes = buf_str(&document), .size = document.n};
    http_response_init(&response);
    ok = ok && s3_send(s3, &call, &response, NULL, err);
    *known = ok && response.status != 501;
    ok = ok && (!*known || read_errors(&response, err));
    http_response_dispose(&response);
    buf_dispose(&document);
    buf_dispose(&digest);
    return ok;
}

bool s3_batch_send(struct s3 *s3, struct s3_batch *batch, struct err *err)
{
    struct str keys = buf_str(&batch->keys);
    bool known = false, ok = buf_ok(&batch->keys, "a list of keys", err);
    if (ok && batch->count > 1)
        ok = send(s3, keys, &known, err);
    while (ok && !known && keys.n)
        ok = s3_delete(s3, next_key(&keys), NULL, err);
    buf_reset(&batch->keys);
    batch->count = 0;
    return ok;
}

bool s3_batch_add(struct s3 *s3, struct s3_batch *batch, struct str key, struct err *err)
{
    buf_add_str(&batch->keys, key);
    buf_add_byte(&batch->keys, '\0');
    return ++batch->count < KEYS_MOST || s3_batch_send(s3, batch, err);
}
