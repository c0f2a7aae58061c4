/* The return pack as two files: the rejected rows as their producer sent them, and the reasons. */
#include "tui/app/print.h"

#include "shared/base64.h"
#include "shared/fs.h"
#include "shared/ulid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct out {
    int fd;
    char path[PATH_MAX], unfinished[PATH_MAX]; /* empty: standard output */
};

static bool is_file_name(const char *name)
{
    return name && *name && *name != '.' && !strchr(name, '/');
}

static bool out_open(struct out *out, const char *folder, const char *name, struct err *err)
{
    out->fd = -1;
    if (!is_file_name(name))
        return ERR(err, ERR_CORRUPT, "the agent names a file that is none");
    int n = snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    int m = snprintf(out->unfinished, sizeof out->unfinished, "%s/.%s.%ld.part", folder, name, (long)getpid());
    if (n < 0 || m < 0 || (size_t)n >= sizeof out->path || (size_t)m >= sizeof out->unfinished)
        return ERR(err, ERR_USAGE, "the folder's name is too long");
    out->fd = open(out->unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return out->fd >= 0 || ERR_ERRNO(err, "cannot create %s", out->unfinished);
}

static bool out_finish(struct out *out, struct err *err)
{
    if (!fs_sync_fd(out->fd, out->unfinished, err))
        return false;
    if (rename(out->unfinished, out->path) != 0)
        return ERR_ERRNO(err, "cannot create %s", out->path);
    out->unfinished[0] = '\0';
    return true;
}

static void out_close(struct out *out)
{
    if (out->fd > STDERR_FILENO)
        close(out->fd);
    if (out->fd >= 0 && out->unfinished[0])
        unlink(out->unfinished);
}

static bool write_coded(struct out *out, const char *text, size_t n, struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, n);
    bool ok = base64_decode(&bytes, (struct str){text, n}) || ERR(err, ERR_CORRUPT, "the agent's answer is not base64");
    ok = ok && fs_write_all(out->fd, bytes.p, bytes.n, out->path, err);
    buf_dispose(&bytes);
    return ok;
}

static bool write_part(
    struct out *out, const json_t *page, const char *text_name, const char *coded_name, struct err *err)
{
    const json_t *text = json_object_get(page, text_name), *coded = json_object_get(page, coded_name);
    if (json_is_string(coded))
        return write_coded(out, json_string_value(coded), json_string_length(coded), err);
    return fs_write_all(out->fd, json_string_value(text), json_string_length(text), out->path, err);
}

static bool begin(struct out *rows, struct out *why, const char *folder, const json_t *page, struct err *err)
{
    if (strcmp(folder, "-") == 0) {
        rows->fd = STDOUT_FILENO;
        snprintf(rows->path, sizeof rows->path, "standard output");
        return true;
    }
    return fs_make_dirs(folder, err) && out_open(rows, folder, json_string_value(json_object_get(page, "name")), err) &&
           out_open(why, folder, json_string_value(json_object_get(page, "reasons_name")), err);
}

static bool write_page(struct out *rows, struct out *why, const json_t *page, struct err *err)
{
    return write_part(rows, page, "text", "base64", err) &&
           (why->fd < 0 || write_part(why, page, "reasons", "reasons_base64", err));
}

static bool finish(struct out *rows, struct out *why, struct err *err)
{
    return why->fd < 0 || (out_finish(why, err) && out_finish(rows, err));
}

static json_t *ask_page(struct link *link, json_t *params, const char *next, struct err *err)
{
    json_t *own = json_copy(params);
    if (next)
        json_object_set_new(own, "after", json_string(next));
    return link_call(link, "export", own, err);
}

/* What stands on disk now has gone to its producer, or will: it waits for nobody here. */
static bool mark_returned(struct link *link, const json_t *params, struct err *err)
{
    char client[ULID_SIZE];
    ulid_new(client);
    json_t *call = json_pack("{s:O, s:O*, s:O*, s:s}", "run", json_object_get(params, "run"), "cause",
        json_object_get(params, "cause"), "reason", json_object_get(params, "reason"), "client", client);
    json_t *run = link_call(link, "returned", call, err);
    json_decref(run);
    return run != NULL;
}

json_t *pack_fetch(struct link *link, json_t *params, const struct verb_input *input, struct err *err)
{
    struct out rows = {.fd = -1}, why = {.fd = -1};
    const char *folder = input->output ? input->output : ".";
    json_int_t count = 0;
    if (input->mark_returned && !input->reason) {
        json_decref(params);
        ERR(err, ERR_USAGE, "--mark-returned needs a reason");
        return NULL;
    }
    json_t *page = ask_page(link, params, NULL, err), *summary = NULL;
    bool ok = page && begin(&rows, &why, folder, page, err);
    while (ok) {
        const char *next = json_string_value(json_object_get(page, "next"));
        count += json_integer_value(json_object_get(page, "rows"));
        ok = write_page(&rows, &why, page, err);
        if (!ok || !next)
            break;
        json_t *more = ask_page(link, params, next, err);
        json_decref(page);
        page = more;
        ok = page != NULL;
    }
    ok = ok && finish(&rows, &why, err) && (!input->mark_returned || mark_returned(link, params, err));
    if (ok)
        summary = why.fd < 0 ? json_object()
                             : json_pack("{s:O, s:I, s:s, s:s}", "run_id", json_object_get(page, "run_id"), "rows",
                                   count, "file", rows.path, "reasons", why.path);
    out_close(&rows);
    out_close(&why);
    json_decref(page);
    json_decref(params);
    return summary;
}

void print_pack(struct paper *paper, const json_t *result)
{
    if (!json_object_size(result))
        return;
    table_cell(&paper->out, CELL_NUMBER, json_object_get(result, "rows"));
    buf_add_cstr(&paper->out, " rows in ");
    table_cell(&paper->out, CELL_TEXT, json_object_get(result, "file"));
    buf_add_cstr(&paper->out, "\nreasons in ");
    table_cell(&paper->out, CELL_TEXT, json_object_get(result, "reasons"));
    buf_add_byte(&paper->out, '\n');
}
