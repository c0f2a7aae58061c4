/*
 * First wins. A row is the winner of its keys only if it is valid in all of them, so a row is first looked up in each
 * set and then, unless it repeats one, added to all.
 */
#include "worker/shape/key_table.h"
#include "worker/shape/shape.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Of a set's memory: while the first pass runs, its two filters; then the flags and the table. */
enum { SEEN_SHARE = 2, TWICE_SHARE = 8, MAX_KEY_BYTES = 1 << 30 };
/* Rows whose keys are read ahead, so that the memory behind them is on its way when they are looked up. */
enum { BLOCK_ROWS = 32 };

struct key {
    struct str bytes; /* canonical: equal values, equal bytes */
    struct key_hash hash;
    bool present, flagged; /* the row has a key here; one that may occur twice */
};

struct key_set {
    const uint32_t *fields;
    uint32_t field_count;
    bool primary;
    struct key_filter seen, twice; /* of the first pass; lines 0: it did not run */
    struct key_table table;
    struct key keys[BLOCK_ROWS];
    struct buf made; /* the bytes of keys that don't lie in a vector as they are */
};

struct unique {
    const struct contract *contract;
    struct key_set *sets;
    size_t set_count, memory;
    uint32_t *fields;
    char *spill_dir;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the keys seen so far");
}

/* A field that is the primary key by itself is judged as such. */
static bool is_own_set(const struct contract *contract, uint32_t field)
{
    bool is_key = contract->primary_key_count == 1 && contract->primary_key[0] == field;
    return contract->fields[field].constraints.unique && !is_key;
}

static size_t count_sets(const struct contract *contract)
{
    size_t count = contract->primary_key_count != 0;
    for (uint32_t f = 0; f < contract->field_count; f++)
        count += is_own_set(contract, f);
    return count;
}

static bool make_sets(struct unique *unique)
{
    const struct contract *contract = unique->contract;
    unique->sets = calloc(unique->set_count, sizeof *unique->sets);
    unique->fields = calloc(contract->field_count, sizeof *unique->fields);
    if (!unique->sets || !unique->fields)
        return false;
    size_t n = 0;
    if (contract->primary_key_count)
        unique->sets[n++] = (struct key_set){
            .fields = contract->primary_key, .field_count = contract->primary_key_count, .primary = true};
    for (uint32_t f = 0; f < contract->field_count; f++) {
        unique->fields[f] = f;
        if (is_own_set(contract, f))
            unique->sets[n++] = (struct key_set){.fields = &unique->fields[f], .field_count = 1};
    }
    for (size_t i = 0; i < n; i++) {
        buf_init(&unique->sets[i].made, MAX_KEY_BYTES);
        key_table_init(&unique->sets[i].table, unique->memory / n, unique->spill_dir);
    }
    return true;
}

struct unique *unique_new(const struct contract *contract, size_t memory, const char *spill_dir, struct err *err)
{
    size_t count = count_sets(contract);
    err_clear(err);
    if (!count)
        return NULL;
    struct unique *unique = calloc(1, sizeof *unique);
    if (unique) {
        *unique = (struct unique){.contract = contract, .set_count = count, .memory = memory};
        unique->spill_dir = strdup(spill_dir);
    }
    if (unique && unique->spill_dir && make_sets(unique))
        return unique;
    unique_free(unique);
    no_memory(err);
    return NULL;
}

void unique_free(struct unique *unique)
{
    if (!unique)
        return;
    for (size_t i = 0; unique->sets && i < unique->set_count; i++) {
        key_filter_dispose(&unique->sets[i].seen);
        key_filter_dispose(&unique->sets[i].twice);
        key_table_dispose(&unique->sets[i].table);
        buf_dispose(&unique->sets[i].made);
    }
    free(unique->sets);
    free(unique->fields);
    free(unique->spill_dir);
    free(unique);
}

bool unique_wants_first_pass(const struct unique *unique, uint64_t file_bytes)
{
    /* a record of 40 bytes makes an entry of some 48 in each set's table */
    return file_bytes / 40 * 48 * unique->set_count > unique->memory;
}

/* Equal values, equal bytes: parts of variable length carry theirs, but the last. */
static void add_part(struct buf *key, const struct vector *vector, uint32_t row, bool last)
{
    if (vector->type.kind == TYPE_STRING) {
        struct str text = vector->str[row];
        uint32_t n = (uint32_t)text.n;
        if (!last)
            buf_add(key, &n, sizeof n);
        buf_add_str(key, text);
        return;
    }
    if (vector->type.kind == TYPE_DOUBLE) {
        double value = vector->f64[row];
        value = isnan(value) ? (double)NAN : value == 0 ? 0 : value;
        buf_add(key, &value, sizeof value);
        return;
    }
    buf_add(key, vector_at(vector, row), type_size(vector->type));
}

static bool is_present(const struct key_set *set, const struct batch *batch, uint32_t row)
{
    bool present = true;
    for (uint32_t i = 0; i < set->field_count; i++)
        present &= batch->columns[set->fields[i]].state[row] == VALUE_PRESENT;
    return present;
}

/* The bytes of one value, where they lie in its vector; .p NULL: they have to be made. */
static struct str bytes_in_place(const struct vector *vector, uint32_t row)
{
    if (vector->type.kind == TYPE_STRING)
        return vector->str[row];
    if (vector->type.kind == TYPE_DOUBLE)
        return (struct str){0};
    return (struct str){vector_at(vector, row), type_size(vector->type)};
}

/* Keys and hashes of up to BLOCK_ROWS rows. */
static bool read_keys(struct key_set *set, const struct batch *batch, uint32_t from, uint32_t n, struct err *err)
{
    const struct vector *first = &batch->columns[set->fields[0]];
    buf_reset(&set->made);
    for (uint32_t i = 0; i < n; i++) {
        struct key *key = &set->keys[i];
        key->present = is_present(set, batch, from + i);
        key->bytes = key->present && set->field_count == 1 ? bytes_in_place(first, from + i) : (struct str){0};
        if (!key->present || key->bytes.p)
            continue;
        size_t start = set->made.n;
        for (uint32_t f = 0; f < set->field_count; f++)
            add_part(&set->made, &batch->columns[set->fields[f]], from + i, f + 1 == set->field_count);
        key->bytes.n = set->made.n - start;
    }
    if (!buf_ok(&set->made, "the keys of a batch", err))
        return false;
    const char *made = set->made.p ? set->made.p : "";
    for (uint32_t i = 0; i < n; i++) {
        struct key *key = &set->keys[i];
        if (key->present && !key->bytes.p) {
            key->bytes.p = made;
            made += key->bytes.n;
        }
        if (!key->present)
            continue;
        XXH128_hash_t hash = XXH3_128bits(key->bytes.p, key->bytes.n);
        key->hash = (struct key_hash){hash.low64, hash.high64};
    }
    return true;
}

static bool begin_first_pass(struct unique *unique, struct err *err)
{
    for (size_t i = 0; i < unique->set_count; i++) {
        struct key_set *set = &unique->sets[i];
        size_t memory = unique->memory / unique->set_count;
        if (!set->seen.lines &&
            (!key_filter_init(&set->seen, memory / SEEN_SHARE) || !key_filter_init(&set->twice, memory / TWICE_SHARE)))
            return no_memory(err);
        set->table.budget = memory - memory / TWICE_SHARE;
    }
    return true;
}

static void note_keys(struct key_set *set, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (set->keys[i].present)
            __builtin_prefetch(key_filter_bits(&set->seen, set->keys[i].hash).line, 1);
    for (uint32_t i = 0; i < n; i++) {
        if (!set->keys[i].present)
            continue;
        bool seen = key_filter_has(&set->seen, set->keys[i].hash);
        key_filter_add(seen ? &set->twice : &set->seen, set->keys[i].hash);
    }
}

bool unique_first_pass(struct unique *unique, const struct batch *batch, struct err *err)
{
    if (!unique->sets[0].seen.lines && !begin_first_pass(unique, err))
        return false;
    for (size_t i = 0; i < unique->set_count; i++) {
        for (uint32_t from = 0; from < batch->n; from += BLOCK_ROWS) {
            uint32_t n = batch->n - from < BLOCK_ROWS ? batch->n - from : BLOCK_ROWS;
            if (!read_keys(&unique->sets[i], batch, from, n, err))
                return false;
            note_keys(&unique->sets[i], n);
        }
    }
    return true;
}

uint32_t unique_fields(const struct unique *unique, uint32_t *fields)
{
    uint32_t count = 0;
    for (uint32_t field = 0; field < unique->contract->field_count; field++) {
        bool is_in_key = false;
        for (size_t i = 0; i < unique->set_count; i++)
            for (uint32_t f = 0; f < unique->sets[i].field_count; f++)
                is_in_key |= unique->sets[i].fields[f] == field;
        if (is_in_key)
            fields[count++] = field;
    }
    return count;
}

static bool add_loaded(struct key_set *set, const struct key *key, uint64_t row, struct err *err)
{
    uint64_t winner;
    if (!key->present || !key_filter_has(&set->seen, key->hash))
        return true;
    key_filter_add(&set->twice, key->hash);
    return key_table_find(&set->table, key->hash, key->bytes, &winner, err) &&
           (winner || key_table_add(&set->table, key->hash, key->bytes, row, err));
}

bool unique_loaded(struct unique *unique, const struct batch *batch, struct err *err)
{
    for (size_t i = 0; i < unique->set_count; i++) {
        struct key_set *set = &unique->sets[i];
        for (uint32_t from = 0; set->seen.lines && from < batch->n; from += BLOCK_ROWS) {
            uint32_t n = batch->n - from < BLOCK_ROWS ? batch->n - from : BLOCK_ROWS;
            if (!read_keys(set, batch, from, n, err))
                return false;
            for (uint32_t k = 0; k < n; k++)
                if (!add_loaded(set, &set->keys[k], batch_row_number(batch, from + k), err))
                    return false;
        }
    }
    return true;
}

/* The texts of the key as they stand in the file; none where one of them is sensitive. */
static struct str key_text(const struct unique *unique, const struct key_set *set, const struct batch *batch,
    uint32_t row, struct arena *arena)
{
    struct buf text;
    buf_init(&text, MAX_KEY_BYTES);
    for (uint32_t i = 0; i < set->field_count; i++) {
        const struct vector *vector = &batch->columns[set->fields[i]];
        if (set->field_count > 1 && unique->contract->fields[set->fields[i]].sensitive) {
            buf_dispose(&text);
            return (struct str){0};
        }
        buf_add_cstr(&text, i ? ", " : "");
        value_print(&text, vector->type, vector_at(vector, row));
    }
    struct str out = arena_str(arena, buf_str(&text));
    buf_dispose(&text);
    return out;
}

static bool report(struct unique *unique, const struct key_set *set, struct batch *batch, uint32_t row, uint64_t winner,
    struct err *err)
{
    const char *detail = arena_printf(batch->arena, "repeats row %llu", (unsigned long long)winner);
    struct row_error error = {.row = row,
        .position = -1,
        .field = set->field_count == 1 ? (int32_t)set->fields[0] : -1,
        .rule = -1,
        .stage = STAGE_RULES,
        .code = set->primary ? CODE_PRIMARY_KEY : CODE_UNIQUE,
        .value = key_text(unique, set, batch, row, batch->arena),
        .detail = detail};
    return detail ? batch_error(batch, &error, err) : no_memory(err);
}

static bool read_block(struct unique *unique, const struct batch *batch, uint32_t from, uint32_t n, struct err *err)
{
    for (size_t i = 0; i < unique->set_count; i++) {
        struct key_set *set = &unique->sets[i];
        if (!read_keys(set, batch, from, n, err))
            return false;
        for (uint32_t k = 0; k < n; k++) {
            struct key *key = &set->keys[k];
            key->flagged = key->present && (!set->twice.lines || key_filter_has(&set->twice, key->hash));
            if (key->flagged)
                key_table_prefetch(&set->table, key->hash);
        }
    }
    return true;
}

/* *repeats: the row may not be a winner. at: its place in the block. */
static bool look_up(
    struct unique *unique, struct batch *batch, uint32_t row, uint32_t at, bool *repeats, struct err *err)
{
    *repeats = false;
    for (size_t i = 0; i < unique->set_count; i++) {
        struct key_set *set = &unique->sets[i];
        const struct key *key = &set->keys[at];
        uint64_t winner;
        if (!key->flagged)
            continue;
        if (!key_table_find(&set->table, key->hash, key->bytes, &winner, err))
            return false;
        if (!winner)
            continue;
        *repeats = true;
        if (!report(unique, set, batch, row, winner, err))
            return false;
        if (set->primary)
            return true;
    }
    return true;
}

static bool judge_row(struct unique *unique, struct batch *batch, uint32_t row, uint32_t at, struct err *err)
{
    bool repeats;
    if (batch->marks[row] != MARK_GOOD)
        return true;
    if (!look_up(unique, batch, row, at, &repeats, err))
        return false;
    for (size_t i = 0; !repeats && i < unique->set_count; i++) {
        struct key_set *set = &unique->sets[i];
        const struct key *key = &set->keys[at];
        if (key->flagged && !key_table_add(&set->table, key->hash, key->bytes, batch_row_number(batch, row), err))
            return false;
    }
    return true;
}

bool unique_batch(struct unique *unique, struct batch *batch, struct err *err)
{
    for (size_t i = 0; i < unique->set_count; i++)
        key_filter_dispose(&unique->sets[i].seen);
    for (uint32_t from = 0; from < batch->n; from += BLOCK_ROWS) {
        uint32_t n = batch->n - from < BLOCK_ROWS ? batch->n - from : BLOCK_ROWS;
        if (!read_block(unique, batch, from, n, err))
            return false;
        for (uint32_t i = 0; i < n; i++)
            if (!judge_row(unique, batch, from + i, i, err))
                return false;
    }
    return true;
}
