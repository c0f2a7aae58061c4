#include "worker/run/chosen.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { MEMORY_SHARE = 8, HEAD_BYTES = 256 };

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the rows to read again");
}

/* The head of a reject line is numbers alone, under names of ours (schema/reject.schema.json). */
static bool number_in(const char *head, const char *name, uint64_t *value)
{
    const char *at = strstr(head, name);
    char *end;
    if (!at)
        return false;
    errno = 0;
    *value = strtoull(at + strlen(name), &end, 10);
    return end > at + strlen(name) && !errno;
}

static bool read_head(int fd, uint64_t offset, char head[HEAD_BYTES + 1], struct err *err)
{
    for (;;) {
        ssize_t n = pread(fd, head, HEAD_BYTES, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot read the reject file");
        head[n] = '\0';
        return true;
    }
}

static bool find_place(
    int fd, const struct rejected_row *row, const char *run_id, struct row_place *place, struct err *err)
{
    char head[HEAD_BYTES + 1];
    if (!read_head(fd, row->line_offset, head, err))
        return false;
    if (number_in(head, "\"row_number\":", &place->number) && place->number == row->row &&
        number_in(head, "\"byte_offset\":", &place->offset) && number_in(head, "\"byte_length\":", &place->length))
        return true;
    ERR(err, ERR_CORRUPT, "the reject file of run %s was changed: row %llu is not where it was written", run_id,
        (unsigned long long)row->row);
    return err_hint(err, "'sluiced fsck' names what else differs.");
}

static bool find_places(
    struct storage *storage, struct journal *journal, struct chosen *chosen, struct arena *arena, struct err *err)
{
    struct str key;
    int fd;
    if (!journal_run_output_key(journal, chosen->run_id, "rejects-json", &key, arena, err))
        return false;
    if (!key.n)
        return ERR(err, ERR_CORRUPT, "run %s has no reject file", chosen->run_id);
    if (!storage->driver->open_fd(storage, key, &fd, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < chosen->count; i++)
        ok = find_place(fd, &chosen->rows[i], chosen->run_id, &chosen->places[i], err);
    close(fd);
    return ok;
}

bool chosen_load(struct storage *storage, struct journal *journal, const char *run_id, const struct row_choice *choice,
    enum row_state state, size_t memory, struct chosen *chosen, struct arena *arena, struct err *err)
{
    size_t most = memory / MEMORY_SHARE / (sizeof *chosen->rows + sizeof *chosen->places);
    *chosen = (struct chosen){.run_id = arena_cstr(arena, run_id)};
    if (!chosen->run_id)
        return no_memory(err);
    if (!journal_rows(journal, run_id, choice, state, most, &chosen->rows, &chosen->count, arena, err))
        return false;
    if (!chosen->count) {
        ERR(err, ERR_NOT_FOUND, "run %s has no such rejected row that is %s", run_id, row_state_name(state));
        return err_hint(err, "'sluice rows %s' lists them with their states.", run_id);
    }
    if (choice->row_count && chosen->count != choice->row_count)
        return ERR(err, ERR_EXISTS, "not all of these are %s rejected rows of run %s", row_state_name(state), run_id);
    chosen->places = ARENA_ARRAY(arena, struct row_place, chosen->count);
    return chosen->places ? find_places(storage, journal, chosen, arena, err) : no_memory(err);
}

void chosen_patched(struct chosen *chosen, const struct patch *patch)
{
    for (size_t i = 0; i < chosen->count; i++) {
        const struct patch_edit *edit = patch_of_row(patch, chosen->places[i].number);
        if (edit)
            chosen->places[i].length = edit->after.n;
    }
}
