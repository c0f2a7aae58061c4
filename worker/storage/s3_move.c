/* What a directory does by rename: copy on the server, then delete. A producer may write to the source meanwhile: then
 * what was copied is what was there, and what came since stays as a delivery of its own. */
#include "worker/storage/s3_intern.h"

struct moving {
    struct storage *storage;
    struct s3 *s3;
    struct str from, to;
    struct s3_head source, target;
    const char *version; /* NULL: whatever the source is */
};

/* Which it was copied from is told by the ETag, which a copy in one piece keeps; one in parts has a mark of it. */
static bool is_copy_of(const struct s3_head *target, struct str etag)
{
    char mark[ULID_SIZE];
    s3_copy_mark(etag, mark);
    return str_eq(etag, str_of(target->etag)) || (mark[0] && strcmp(target->sealed, mark) == 0);
}

static bool is_copy(const struct moving *m)
{
    return m->source.size == m->target.size && is_copy_of(&m->target, str_of(m->source.etag));
}

/* "ETAG-TIME" */
static bool is_copy_of_version(const struct moving *m)
{
    const char *dash = m->version ? strrchr(m->version, '-') : NULL;
    return dash && is_copy_of(&m->target, (struct str){m->version, (size_t)(dash - m->version)});
}

static bool is_wanted(const struct moving *m)
{
    char version[64];
    s3_version(m->source.etag, m->source.modified, version);
    return !m->version || strcmp(m->version, version) == 0;
}

static bool changed(const struct moving *m, const char *when, struct err *err)
{
    return ERR(err, ERR_CHANGED, STR_FMT " changed %s it was moved", STR_ARG(m->from), when);
}

static bool copy(struct moving *m, struct err *err)
{
    bool same = true;
    bool ok = m->source.size > m->s3->copy_most ? s3_copy_parts(m->storage, m->from, m->to, &m->source, &same, err)
                                                : s3_copy(m->s3, m->from, m->to, &m->source, &same, err);
    return ok && (same || changed(m, "while", err));
}

/* A server may not look at what a copy was asked to match. */
static bool check_copy(struct moving *m, struct err *err)
{
    struct s3_head now;
    if (!s3_stat(m->s3, m->to, &m->target, err) || !s3_stat(m->s3, m->from, &now, err))
        return false;
    bool differs = now.exists && (strcmp(now.etag, m->source.etag) != 0 || now.modified != m->source.modified);
    if (m->target.exists && m->target.size == m->source.size && (!differs || is_copy(m)))
        return !differs ? s3_delete(m->s3, m->from, m->source.etag, err) : true;
    if (!s3_delete(m->s3, m->to, NULL, err))
        return false;
    return changed(m, "while", err);
}

static bool move(struct moving *m, bool *already, struct err *err)
{
    *already = m->target.exists && !m->source.exists;
    if (!m->source.exists)
        return m->target.exists || ERR(err, ERR_NOT_FOUND, STR_FMT " is not there to be moved to " STR_FMT,
                                       STR_ARG(m->from), STR_ARG(m->to));
    if (!is_wanted(m))
        return (m->target.exists && is_copy_of_version(m)) || changed(m, "before", err);
    if (m->target.exists && !is_copy(m))
        return ERR(err, ERR_EXISTS, STR_FMT " is there already: " STR_FMT " is not moved over it", STR_ARG(m->to),
            STR_ARG(m->from));
    if (m->target.exists)
        return s3_delete(m->s3, m->from, m->source.etag, err);
    return copy(m, err) && check_copy(m, err);
}

static bool look(struct moving *m, struct err *err)
{
    return storage_key_ok(m->from, err) && storage_key_ok(m->to, err) && s3_stat(m->s3, m->from, &m->source, err) &&
           s3_stat(m->s3, m->to, &m->target, err);
}

bool s3_move(
    struct storage *storage, struct str from, struct str to, const char *version, bool *already, struct err *err)
{
    struct moving m = {.storage = storage, .s3 = s3_of(storage), .from = from, .to = to, .version = version};
    return look(&m, err) && move(&m, already, err);
}

void s3_move_ahead(struct storage *storage, struct str from, struct str to, const char *version)
{
    struct moving m = {.storage = storage, .s3 = s3_of(storage), .from = from, .to = to, .version = version};
    struct err ignored; /* the move itself will say so */
    if (!look(&m, &ignored) || !m.source.exists || m.target.exists || !is_wanted(&m) || !copy(&m, &ignored))
        return;
}
