#include "worker/expr/expr.h"

#include "worker/expr/decimal.h"
#include "worker/expr/resolve.h"
#include "worker/expr/run.h"

struct expr {
    const struct node *root;
    uint32_t *slots, slot_count;
};

static void mark_slots(const struct node *node, uint8_t *used)
{
    if (node->form == FORM_SLOT)
        used[node->slot] = 1;
    for (uint32_t i = 0; i < node->arg_count; i++)
        mark_slots(node->args[i], used);
}

static bool collect_slots(struct expr *expr, uint32_t count, struct arena *arena)
{
    uint8_t *used = arena_calloc(arena, count + 1, 1);
    expr->slots = ARENA_ARRAY(arena, uint32_t, count + 1);
    if (!used || !expr->slots)
        return false;
    mark_slots(expr->root, used);
    for (uint32_t i = 0; i < count; i++) {
        if (used[i])
            expr->slots[expr->slot_count++] = i;
    }
    return true;
}

const struct expr *expr_parse(struct str text, const struct expr_scope *scope, struct arena *arena,
    struct expr_fault *fault, struct buf *warnings)
{
    *fault = (struct expr_fault){0};
    struct resolver resolver = {scope, arena, fault, warnings};
    struct expr *expr = ARENA_NEW(arena, struct expr);
    struct ast *ast = expr ? parse_text(text, arena, fault) : NULL;
    const struct node *root = ast ? resolve(&resolver, ast, false) : NULL;
    if (root && root->type.kind == KIND_UNKNOWN)
        root = coerce(&resolver, root, (struct kind_type){.kind = KIND_TEXT});
    if (root) {
        expr->root = root;
        if (collect_slots(expr, scope->count, arena))
            return expr;
    }
    if (!fault->message[0])
        expr_fault_set(fault, 0, "out of memory");
    return NULL;
}

static struct type decimal_type(const struct kind_type *from)
{
    bool narrow = !from->wide && from->scale <= DECIMAL_NARROW_PRECISION;
    return TYPE_DEC(narrow ? DECIMAL_NARROW_PRECISION : DECIMAL_MAX_PRECISION, from->scale);
}

bool expr_storable_type(const struct expr *expr, struct type *type, struct expr_fault *fault)
{
    static const enum type_kind kinds[] = {[KIND_BOOL] = TYPE_BOOLEAN,
        [KIND_INT] = TYPE_INTEGER,
        [KIND_DOUBLE] = TYPE_DOUBLE,
        [KIND_TEXT] = TYPE_STRING,
        [KIND_DATE] = TYPE_DATE,
        [KIND_TIME] = TYPE_TIME,
        [KIND_TSTZ] = TYPE_TIMESTAMP};
    const struct node *root = expr->root;
    switch (root->type.kind) {
    case KIND_NUM:
        return expr_fault_set(fault, root->offset, "the number of decimals is not fixed: wrap it in round(x, n)");
    case KIND_INTERVAL:
        return expr_fault_set(
            fault, root->offset, "an interval cannot be stored: use extract(epoch from x), or subtract dates");
    case KIND_TS:
        return expr_fault_set(fault, root->offset,
            "a timestamp without time zone cannot be stored: add \"at time zone 'UTC'\", or cast it to date");
    case KIND_DEC:
        if (root->type.scale > DECIMAL_MAX_PRECISION)
            return expr_fault_set(
                fault, root->offset, "%d decimals are too many: wrap it in round(x, n)", root->type.scale);
        *type = decimal_type(&root->type);
        return true;
    default:
        *type = TYPE(kinds[root->type.kind]);
        return true;
    }
}

bool expr_is_boolean(const struct expr *expr)
{
    return expr->root->type.kind == KIND_BOOL;
}

const uint32_t *expr_slots(const struct expr *expr, uint32_t *count)
{
    *count = expr->slot_count;
    return expr->slots;
}

void expr_print_sql(const struct expr *expr, struct buf *out)
{
    node_print(expr->root, out);
}

static void fail_row(struct run *run, struct vector *out, uint32_t i, const char *message)
{
    struct vec row = {.mask = UINT32_MAX, .state = out->state + run->base};
    run_fail(run, &row, i, message);
}

static void store_decimals(struct run *run, const struct vec *from, struct vector *out)
{
    bool wide = type_is_wide(out->type);
    int128 limit = power_of_ten_wide(out->type.precision);
    const uint8_t *state = out->state + run->base;
    for (uint32_t i = 0; i < run->n; i++) {
        int128 value = 0;
        if (from->lane == LANE_64)
            value = from->i64[i & from->mask];
        else if (from->lane == LANE_128)
            value = from->i128[i & from->mask];
        else if (state[i] == VALUE_PRESENT && !numeric_unscaled(&from->numeric[i & from->mask], &value))
            value = limit;
        if ((value >= limit || value <= -limit) && state[i] == VALUE_PRESENT)
            fail_row(run, out, i, "numeric field overflow");
        if (wide)
            out->i128[run->base + i] = value;
        else
            out->i64[run->base + i] = (int64_t)value;
    }
}

static void store_days(struct run *run, const struct vec *from, struct vector *out)
{
    for (uint32_t i = 0; i < run->n; i++)
        out->i32[run->base + i] = (int32_t)from->i64[i & from->mask];
}

static void store(struct run *run, const struct vec *from, struct vector *out)
{
    size_t size = type_size(out->type);
    for (uint32_t i = 0; i < run->n; i++)
        out->state[run->base + i] = vec_state(from, i);
    if (out->type.kind == TYPE_DECIMAL) {
        store_decimals(run, from, out);
    } else if (out->type.kind == TYPE_DATE) {
        store_days(run, from, out);
    } else if (from->mask) {
        memcpy(vector_at(out, run->base), from->data, size * run->n);
    } else {
        for (uint32_t i = 0; i < run->n; i++)
            memcpy(vector_at(out, run->base + i), from->data, size);
    }
}

/* By row; two operands may fail on one row: the first to fail is its error, so equal rows must not change places. */
static void settle_errors(struct expr_errors *errors, size_t from)
{
    struct expr_error *list = errors->list + from;
    size_t n = errors->count - from, kept = 0;
    for (size_t i = 1; i < n; i++) {
        struct expr_error moving = list[i];
        size_t place = i;
        for (; place > 0 && list[place - 1].row > moving.row; place--)
            list[place] = list[place - 1];
        list[place] = moving;
    }
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || list[kept - 1].row != list[i].row)
            list[kept++] = list[i];
    }
    errors->count = from + kept;
}

/* The rows of the block to compute: a branch that passes by a failed input would say more than is known of the row. */
static const uint8_t *sound_rows(struct run *run, const struct expr *expr, const uint8_t *active)
{
    uint32_t count;
    const uint32_t *slots = expr_slots(expr, &count);
    uint8_t *sound = NULL;
    for (uint32_t s = 0; s < count; s++) {
        const uint8_t *state = run->slots[slots[s]]->state + run->base;
        if (!memchr(state, VALUE_FAILED, run->n))
            continue;
        if (!sound && !(sound = run_alloc(run, run->n)))
            return NULL;
        for (uint32_t i = 0; i < run->n; i++)
            sound[i] = (active ? active[i] : 1) && state[i] != VALUE_FAILED;
        active = sound;
    }
    return active;
}

bool expr_eval(const struct expr *expr, const struct vector *const *slots, uint32_t n, const uint8_t *active,
    struct vector *out, struct expr_errors *errors, struct arena *scratch, struct err *err)
{
    struct type type;
    struct expr_fault fault;
    if (!expr_storable_type(expr, &type, &fault))
        return ERR(err, ERR_BUG, "an expression that cannot be stored was evaluated: %s", fault.message);
    if (!vector_init(out, type, n, scratch))
        return ERR(err, ERR_MEMORY, "no memory for the result of an expression");
    struct run run = {.slots = slots, .scratch = scratch, .errors = errors};
    for (run.base = 0; run.base < n; run.base += RUN_BLOCK) {
        size_t before = errors->count;
        struct vec value;
        run.n = n - run.base < RUN_BLOCK ? n - run.base : RUN_BLOCK;
        const uint8_t *mask = sound_rows(&run, expr, active ? active + run.base : NULL);
        bool done = !run.out_of_memory && run_node(&run, expr->root, mask, &value);
        if (done && !run.out_of_memory)
            store(&run, &value, out);
        if (!done || run.out_of_memory)
            return ERR(err, ERR_MEMORY, "no memory to evaluate an expression");
        for (uint32_t i = 0; mask && i < run.n; i++) {
            if (!mask[i])
                out->state[run.base + i] = VALUE_FAILED;
        }
        settle_errors(errors, before);
        run_block_end(&run);
    }
    return true;
}
