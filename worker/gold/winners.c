#include "worker/gold/winners.h"

#include "worker/gold/keymap.h"

struct decision {
    struct sources *sources;
    const struct winners_options *options;
    uint32_t *columns; /* the key's, _row_number, gold.latest */
    uint32_t column_count;
    struct keymap *table;
    struct key_batch *keys; /* of the present slice */
    struct part part;
};

enum pass_result { PASS_DONE, PASS_TOO_LARGE, PASS_FAILED };

static int128 order_of(const struct vector *vector, uint32_t i)
{
    const int128 least = (int128)((uint128)1 << 127);
    if (vector->state[i] != VALUE_PRESENT)
        return least;
    switch (vector->type.kind) {
    case TYPE_DOUBLE: {
        /* The bits of a double order as integers do, those of negative ones the other way round; NaN is the greatest.
         */
        int64_t bits;
        if (vector->f64[i] != vector->f64[i])
            return INT64_MAX;
        memcpy(&bits, &vector->f64[i], sizeof bits);
        return bits < 0 ? INT64_MIN - (int128)bits : bits;
    }
    case TYPE_DATE:
        return vector->i32[i];
    case TYPE_BOOLEAN:
        return vector->u8[i];
    default:
        return type_is_wide(vector->type) ? vector->i128[i] : (int128)vector->i64[i];
    }
}

struct candidate {
    uint32_t source;
    uint64_t row;
    int64_t row_number;
    const struct vector *latest; /* NULL: none */
    uint32_t i;
};

/* As the tuple (latest, delivery, row number, run); sources are in the order of deliveries, then runs. */
static bool beats(const struct decision *d, const struct candidate *c, const struct key_entry *winner)
{
    if (c->latest && c->latest->type.kind == TYPE_STRING) {
        bool present = c->latest->state[c->i] == VALUE_PRESENT;
        int order = present && winner->text.p ? str_cmp(c->latest->str[c->i], winner->text)
                                              : (int)present - (winner->text.p != NULL);
        if (order)
            return order > 0;
    } else if (c->latest) {
        int128 order = order_of(c->latest, c->i);
        if (order != winner->order)
            return order > winner->order;
    }
    uint32_t delivery = d->sources->list[c->source].delivery, other = d->sources->list[winner->source].delivery;
    if (delivery != other)
        return delivery > other;
    if (c->row_number != winner->row_number)
        return c->row_number > winner->row_number;
    return c->source > winner->source;
}

/* False: its text does not fit. */
static bool crown(struct decision *d, const struct candidate *c, struct key_entry *entry)
{
    entry->source = c->source;
    entry->row = c->row;
    entry->row_number = c->row_number;
    if (c->latest && c->latest->type.kind == TYPE_STRING) {
        bool present = c->latest->state[c->i] == VALUE_PRESENT;
        entry->text = present ? keymap_keep(d->table, c->latest->str[c->i]) : (struct str){0};
        if (present && !entry->text.p)
            return false;
    } else if (c->latest) {
        entry->order = order_of(c->latest, c->i);
    }
    source_set(&d->sources->list[c->source], c->row, true);
    return true;
}

static bool add_row(struct decision *d, const struct scan *scan, uint32_t source, uint32_t i)
{
    uint32_t key_count = d->options->key_count;
    struct str key = key_batch_key(d->keys, d->table, i);
    uint64_t hash = d->keys->hashes[i];
    bool is_new;
    if (!part_has(d->part, hash))
        return true;
    struct key_entry *entry = keymap_add(d->table, key, hash, &is_new);
    if (!entry)
        return false;
    struct candidate candidate = {.source = source,
        .row = scan->row + i,
        .row_number = scan->vectors[key_count]->i64[i],
        .latest = d->options->latest == UINT32_MAX ? NULL : scan->vectors[key_count + 1],
        .i = i};
    if (is_new)
        return crown(d, &candidate, entry);
    if (!beats(d, &candidate, entry))
        return true;
    source_set(&d->sources->list[entry->source], entry->row, false);
    return crown(d, &candidate, entry);
}

static bool next_slice(struct decision *d, struct scan *scan, bool *ok, struct err *err)
{
    *ok = scan_next(scan, err) && key_batch_fill(d->keys, scan->vectors, d->options->key_count, scan->n, err);
    return *ok && scan->n;
}

static enum pass_result add_source(struct decision *d, uint32_t source, struct err *err)
{
    struct scan scan;
    enum pass_result result = PASS_DONE;
    bool ok = scan_open(&scan, d->sources, &d->sources->list[source], d->columns, d->column_count, err);
    while (ok && result == PASS_DONE && next_slice(d, &scan, &ok, err))
        for (uint32_t i = 0; i < scan.n && result == PASS_DONE; i++)
            if (!add_row(d, &scan, source, i))
                result = PASS_TOO_LARGE;
    scan_close(&scan);
    return ok ? result : PASS_FAILED;
}

static bool tell_losers(struct decision *d, uint32_t source, struct err *err)
{
    struct scan scan;
    const struct winners_options *options = d->options;
    struct source *own = &d->sources->list[source];
    bool ok = scan_open(&scan, d->sources, own, d->columns, d->column_count, err);
    while (ok && next_slice(d, &scan, &ok, err))
        for (uint32_t i = 0; i < scan.n; i++) {
            if (source_wins(own, scan.row + i))
                continue;
            struct str key = key_batch_key(d->keys, d->table, i);
            uint64_t hash = d->keys->hashes[i];
            const struct key_entry *winner = part_has(d->part, hash) ? keymap_find(d->table, key, hash) : NULL;
            if (winner)
                options->lost(options->context, scan.vectors, i, own, scan.vectors[options->key_count]->i64[i],
                    &d->sources->list[winner->source], winner->row_number);
        }
    scan_close(&scan);
    return ok;
}

/* Of a pass that proves too large nothing need be taken back: its rows come again in the same order, and whoever won
 * for a while wins for that while again. */
static enum pass_result decide_part(struct decision *d, struct err *err)
{
    enum pass_result result = PASS_DONE;
    keymap_reset(d->table);
    for (uint32_t s = 0; s < d->sources->count && result == PASS_DONE; s++)
        if (!d->sources->list[s].is_superseded)
            result = add_source(d, s, err);
    for (uint32_t s = 0; result == PASS_DONE && d->options->lost && s < d->sources->count; s++)
        if (!d->sources->list[s].is_superseded && !tell_losers(d, s, err))
            result = PASS_FAILED;
    return result;
}

static bool decide_parts(struct decision *d, struct arena *arena, struct err *err)
{
    struct parts parts;
    if (!parts_begin(&parts, arena, err))
        return false;
    while (parts_pop(&parts, &d->part)) {
        enum pass_result result = decide_part(d, err);
        if (result == PASS_FAILED || (result == PASS_TOO_LARGE && !parts_split(&parts, d->part, err)))
            return false;
    }
    return true;
}

static void count_winners(struct sources *sources)
{
    for (uint32_t s = 0; s < sources->count; s++) {
        struct source *source = &sources->list[s];
        source->kept = 0;
        for (uint64_t byte = 0; byte <= source->rows / 8; byte++)
            source->kept += (uint64_t)__builtin_popcount(source->wins[byte]);
    }
}

bool winners_decide(struct sources *sources, const struct winners_options *options, struct err *err)
{
    struct decision d = {.sources = sources, .options = options};
    struct arena *arena = options->key_count ? arena_new(0) : NULL;
    bool ok = true;
    if (!options->key_count) {
        for (uint32_t s = 0; s < sources->count; s++)
            for (uint64_t row = 0; row < sources->list[s].rows && !sources->list[s].is_superseded; row++)
                source_set(&sources->list[s], row, true);
        count_winners(sources);
        return true;
    }
    d.table = keymap_new(options->memory);
    d.keys = arena ? ARENA_NEW(arena, struct key_batch) : NULL;
    if (d.keys)
        key_batch_init(d.keys);
    d.columns = arena ? ARENA_ARRAY(arena, uint32_t, options->key_count + 2) : NULL;
    if (!d.table || !d.columns || !d.keys)
        ok = ERR(err, ERR_MEMORY, "no memory for the keys of a partition");
    if (ok) {
        memcpy(d.columns, options->key, options->key_count * sizeof *options->key);
        d.column_count = options->key_count;
        d.columns[d.column_count++] = options->row_number;
        if (options->latest != UINT32_MAX)
            d.columns[d.column_count++] = options->latest;
        ok = decide_parts(&d, arena, err);
    }
    count_winners(sources);
    keymap_free(d.table);
    if (d.keys)
        key_batch_dispose(d.keys);
    arena_free(arena);
    return ok;
}
