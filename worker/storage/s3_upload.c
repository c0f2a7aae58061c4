/*
 * Outputs: built in files of this machine, brought to the bucket as uploads of parts that nobody sees, completed when
 * the run is published. A ticket is "ULID UPLOAD-ID ETAG…"; the object carries its ULID (x-amz-meta-sluice), by which a
 * repeat knows its own work. Beside each file of the spool a record tells which upload was begun for it, so that
 * whoever clears the run away can abort it.
 */
#include "worker/storage/s3_intern.h"

#include "shared/fs.h"
#include "worker/aws/xml.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 16 * 1024, DOCUMENT_MAX = 2 * 1024 * 1024 };
#define RECORD ".upload"

void s3_local(const struct s3 *s3, struct str key, struct buf *out)
{
    struct str inner = str_starts(key, STR(".sluice/")) ? (struct str){key.p + 8, key.n - 8} : key;
    buf_printf(out, "%s/" STR_FMT, s3->local, STR_ARG(inner));
}

/* ---- records ---- */

static bool record_path(const struct s3 *s3, struct str staged, struct buf *path, struct err *err)
{
    buf_init(path, S3_KEY_MAX);
    s3_local(s3, staged, path);
    buf_add_cstr(path, RECORD);
    return buf_ok(path, "a path", err);
}

/* A line: the target, before anything is begun; then the upload's id, once it is known. It need not outlive the
 * machine. */
static bool record(const struct s3 *s3, struct str staged, struct str line, struct err *err)
{
    struct buf path, text;
    buf_init(&text, RECORD_MAX);
    buf_printf(&text, STR_FMT "\n", STR_ARG(line));
    bool ok = record_path(s3, staged, &path, err) && buf_ok(&text, "a record", err);
    int fd = ok ? open(path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (ok && fd < 0)
        ok = ERR_ERRNO(err, "cannot create %s", path.p);
    ok = ok && fs_write_all(fd, text.p, text.n, path.p, err);
    if (fd >= 0 && close(fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", path.p);
    buf_dispose(&path);
    buf_dispose(&text);
    return ok;
}

/* ---- an upload ---- */

struct upload {
    struct s3 *s3;
    struct str staged, to;
    int fd;
    uint64_t size;
    char token[ULID_SIZE];
    struct buf id;
    bool uncertain; /* one more may have been begun */
};

bool s3_create(struct s3 *s3, struct str to, const char *mark, struct buf *id, bool *again, struct err *err)
{
    struct s3_call call = {.method = "POST", .action = "s3:PutObject", .key = to};
    struct http_response response;
    s3_query(&call, "uploads", STR(""));
    s3_add_header(&call, "x-amz-meta-sluice", str_of(mark));
    http_response_init(&response);
    bool ok = s3_send(s3, &call, &response, again, err);
    if (ok)
        xml_text(id, xml_child(s3_root(&response, "InitiateMultipartUploadResult"), "UploadId"));
    http_response_dispose(&response);
    return ok && (id->n || ERR(err, ERR_UNAVAILABLE, "the server gives no id for an upload"));
}

static bool send_part(
    struct upload *u, unsigned number, uint64_t offset, uint64_t size, struct buf *ticket, struct err *err)
{
    char text[16];
    struct http_response response;
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = u->to,
        .body = {.from_file = true, .fd = u->fd, .offset = offset, .size = size}};
    snprintf(text, sizeof text, "%u", number);
    s3_query(&call, "partNumber", str_of(text));
    s3_query(&call, "uploadId", buf_str(&u->id));
    http_response_init(&response);
    bool ok = s3_send(u->s3, &call, &response, NULL, err);
    struct str etag = http_header(&response, "etag");
    if (ok && !etag.n)
        ok = ERR(err, ERR_UNAVAILABLE, "the server gives no ETag for a part");
    buf_add_byte(ticket, ' ');
    buf_add_str(ticket, etag);
    http_response_dispose(&response);
    return ok;
}

static bool send_parts(struct upload *u, struct buf *ticket, struct err *err)
{
    uint64_t size = s3_part_size(u->size), done = 0;
    buf_printf(ticket, "%s " STR_FMT, u->token, STR_ARG(buf_str(&u->id)));
    /* A file of nothing is one part of nothing. */
    for (unsigned number = 1; number == 1 || done < u->size; number++) {
        uint64_t part = u->size - done < size ? u->size - done : size;
        if (!send_part(u, number, done, part, ticket, err))
            return false;
        done += part;
    }
    return true;
}

static bool upload(struct upload *u, struct buf *ticket, struct err *err)
{
    ulid_new(u->token);
    return record(u->s3, u->staged, u->to, err) && s3_create(u->s3, u->to, u->token, &u->id, &u->uncertain, err) &&
           (u->uncertain || record(u->s3, u->staged, buf_str(&u->id), err)) && send_parts(u, ticket, err);
}

/* Kept under its own key, seen by nobody who does not look into .sluice/. */
static bool keep(struct upload *u, struct err *err)
{
    struct http_response response;
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = u->to,
        .body = {.from_file = true, .fd = u->fd, .size = u->size}};
    http_response_init(&response);
    bool ok = s3_send(u->s3, &call, &response, NULL, err);
    http_response_dispose(&response);
    return ok;
}

bool s3_seal(struct storage *storage, struct str staged, struct str to, struct buf *ticket, struct err *err)
{
    struct upload u = {.s3 = s3_of(storage), .staged = staged, .to = to, .fd = -1};
    struct stat status;
    struct buf path;
    buf_init(&path, S3_KEY_MAX);
    buf_init(&u.id, S3_ID_MAX);
    s3_local(u.s3, staged, &path);
    bool ok = storage_key_ok(staged, err) && storage_key_ok(to, err) && buf_ok(&path, "a path", err);
    u.fd = ok ? open(path.p, O_RDONLY | O_CLOEXEC) : -1;
    if (ok && (u.fd < 0 || fstat(u.fd, &status) != 0))
        ok = ERR_ERRNO(err, "cannot open %s", path.p);
    if (ok) {
        u.size = (uint64_t)status.st_size;
        ok = str_eq(staged, to) ? keep(&u, err) : upload(&u, ticket, err);
    }
    if (u.fd >= 0)
        close(u.fd);
    buf_dispose(&u.id);
    buf_dispose(&path);
    return ok;
}

/* ---- publishing ---- */

static struct str next_word(struct str *rest)
{
    size_t n = str_find_byte(*rest, ' ');
    struct str word = {rest->p, n};
    *rest = n < rest->n ? (struct str){rest->p + n + 1, rest->n - n - 1} : STR("");
    return word;
}

static void write_parts(struct buf *out, struct str etags)
{
    buf_add_cstr(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (unsigned number = 1; etags.n; number++) {
        buf_printf(out, "<Part><PartNumber>%u</PartNumber><ETag>", number);
        xml_escape(out, next_word(&etags));
        buf_add_cstr(out, "</ETag></Part>");
    }
    buf_add_cstr(out, "</CompleteMultipartUpload>");
}

bool s3_complete(
    struct s3 *s3, struct str to, struct str id, struct str etags, bool only_new, int *status, struct err *err)
{
    struct buf document;
    struct http_response response;
    struct s3_call call = {.method = "POST",
        .action = "s3:PutObject",
        .key = to,
        .may_hide_error = true,
        .takes = S3_TAKES_404 | S3_TAKES_412 | S3_TAKES_501};
    buf_init(&document, DOCUMENT_MAX);
    write_parts(&document, etags);
    s3_query(&call, "uploadId", id);
    if (only_new)
        s3_add_header(&call, "if-none-match", STR("*"));
    call.body = (struct http_body){.bytes = buf_str(&document), .size = document.n};
    http_response_init(&response);
    bool ok = buf_ok(&document, "a list of parts", err) && s3_send(s3, &call, &response, NULL, err);
    *status = response.status;
    http_response_dispose(&response);
    buf_dispose(&document);
    return ok;
}

/* What lies at the target: nothing, ours, or somebody else's. */
enum found { FOUND_NOTHING, FOUND_OURS, FOUND_OTHER, FOUND_FAULT };

static enum found look(struct s3 *s3, struct str to, struct str token, struct err *err)
{
    struct s3_head head;
    if (!s3_stat(s3, to, &head, err))
        return FOUND_FAULT;
    return !head.exists ? FOUND_NOTHING : str_eq(str_of(head.sealed), token) ? FOUND_OURS : FOUND_OTHER;
}

static bool taken(struct str to, struct err *err)
{
    return ERR(err, ERR_EXISTS, STR_FMT " is there already: nothing is published over it", STR_ARG(to));
}

static bool publish(struct s3 *s3, struct str ticket, struct str to, bool over, bool *already, struct err *err)
{
    struct str token = next_word(&ticket), id = next_word(&ticket);
    bool asks = !over && !atomic_load(&s3->no_conditions);
    int status = 0;
    enum found found = look(s3, to, token, err);
    *already = found == FOUND_OURS;
    if (found == FOUND_FAULT || *already)
        return *already;
    /* Servers that do not know the condition pass it over, or refuse it: between this look and the completion only the
     * run's fence keeps others away. */
    if (found == FOUND_OTHER && !over)
        return taken(to, err);
    if (!s3_complete(s3, to, id, ticket, asks, &status, err))
        return false;
    if (status == 501) {
        atomic_store(&s3->no_conditions, true);
        if (!s3_complete(s3, to, id, ticket, false, &status, err))
            return false;
    }
    if (status / 100 == 2)
        return true;
    /* Somebody was faster; it may have been this call, whose answer was lost. */
    found = look(s3, to, token, err);
    *already = found == FOUND_OURS;
    if (found == FOUND_FAULT || *already)
        return *already;
    return status == 412
               ? taken(to, err)
               : ERR(err, ERR_NOT_FOUND, "the upload that was to become " STR_FMT " is no longer there", STR_ARG(to));
}

/* ---- undoing ---- */

static bool abort_upload(struct s3 *s3, struct str to, struct str id, struct err *err)
{
    struct http_response response;
    struct s3_call call = {.method = "DELETE", .action = "s3:AbortMultipartUpload", .key = to, .takes = S3_TAKES_404};
    s3_query(&call, "uploadId", id);
    http_response_init(&response);
    bool ok = s3_send(s3, &call, &response, NULL, err);
    http_response_dispose(&response);
    return ok;
}

bool s3_abort_all(struct s3 *s3, struct str to, struct err *err)
{
    struct http_response response;
    struct s3_call call = {.method = "GET", .action = "s3:ListBucketMultipartUploads"};
    struct buf key, text, id;
    struct str name, content;
    buf_init(&key, S3_KEY_MAX);
    buf_init(&text, S3_TEXT_MAX);
    buf_init(&id, S3_ID_MAX);
    buf_add_str(&key, s3->prefix);
    buf_add_str(&key, to);
    s3_query(&call, "uploads", STR(""));
    s3_query(&call, "prefix", buf_str(&key));
    http_response_init(&response);
    bool ok = buf_ok(&key, "a key", err) && s3_send(s3, &call, &response, NULL, err);
    struct xml xml = {ok ? s3_root(&response, "ListMultipartUploadsResult") : STR("")};
    while (ok && xml_next(&xml, &name, &content)) {
        if (!str_eq(name, STR("Upload")))
            continue;
        buf_reset(&text);
        buf_reset(&id);
        xml_text(&text, xml_child(content, "Key"));
        xml_text(&id, xml_child(content, "UploadId"));
        if (str_eq(buf_str(&text), buf_str(&key)))
            ok = buf_ok(&id, "an upload's id", err) && abort_upload(s3, to, buf_str(&id), err);
    }
    http_response_dispose(&response);
    buf_dispose(&key);
    buf_dispose(&text);
    buf_dispose(&id);
    return ok;
}

/* A line that was cut short is none. */
static struct str next_line(struct str *rest)
{
    size_t n = str_find_byte(*rest, '\n');
    struct str line = {rest->p, n < rest->n ? n : 0};
    *rest = n < rest->n ? (struct str){rest->p + n + 1, rest->n - n - 1} : STR("");
    return line;
}

static bool abort_recorded(struct s3 *s3, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, RECORD_MAX);
    bool ok = fs_read(path, &text, err);
    struct str rest = buf_str(&text), to = next_line(&rest), id = next_line(&rest);
    if (ok && to.n)
        ok = id.n ? abort_upload(s3, to, id, err) : s3_abort_all(s3, to, err);
    buf_dispose(&text);
    return ok;
}

/* It is published; but where it is not known which upload that was, another may have been begun by an attempt whose
 * answer was lost. */
static bool settle(struct s3 *s3, struct str staged, struct err *err)
{
    struct buf path, text;
    bool exists = false;
    buf_init(&text, RECORD_MAX);
    bool ok = record_path(s3, staged, &path, err) && fs_exists(path.p, &exists, err);
    ok = ok && (!exists || fs_read(path.p, &text, err));
    struct str rest = buf_str(&text), to = next_line(&rest), id = next_line(&rest);
    if (ok && to.n && !id.n)
        ok = s3_abort_all(s3, to, err);
    if (ok && exists)
        unlink(path.p);
    buf_dispose(&path);
    buf_dispose(&text);
    return ok;
}

bool s3_publish(struct storage *storage, struct str staged, struct str ticket, struct str to, bool over, bool *already,
    struct err *err)
{
    struct s3 *s3 = s3_of(storage);
    return storage_key_ok(to, err) && publish(s3, ticket, to, over, already, err) && settle(s3, staged, err);
}

bool s3_abort_below(struct s3 *s3, struct str prefix, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct buf folder;
    char **names = NULL;
    size_t count = 0;
    bool exists = false;
    buf_init(&folder, S3_KEY_MAX);
    s3_local(s3, prefix, &folder);
    bool ok = arena ? buf_ok(&folder, "a path", err) : ERR(err, ERR_MEMORY, "no memory to tidy up");
    ok = ok && fs_exists(folder.p, &exists, err) && (!exists || fs_list(folder.p, arena, &names, &count, err));
    for (size_t i = 0; ok && i < count; i++) {
        if (!str_ends(str_of(names[i]), STR(RECORD)))
            continue;
        char *path = arena_printf(arena, "%s/%s", folder.p, names[i]);
        ok = path ? abort_recorded(s3, path, err) : ERR(err, ERR_MEMORY, "no memory for a path");
    }
    buf_dispose(&folder);
    arena_free(arena);
    return ok;
}
