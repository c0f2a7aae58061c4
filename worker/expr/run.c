#include "worker/expr/run.h"

enum { CHUNK = 1 << 17, TEXT_PIECE = 1 << 16 };

size_t kind_size(enum kind kind, enum lane lane)
{
    switch (kind) {
    case KIND_BOOL:
        return 1;
    case KIND_DEC:
    case KIND_NUM:
        return lane == LANE_64 ? sizeof(int64_t) : lane == LANE_128 ? sizeof(int128) : sizeof(struct numeric);
    case KIND_UNKNOWN:
    case KIND_TEXT:
        return sizeof(struct str);
    case KIND_INTERVAL:
        return sizeof(struct interval);
    default:
        return sizeof(int64_t);
    }
}

static void *out_of_memory(struct run *run)
{
    run->out_of_memory = true;
    return NULL;
}

void *run_alloc(struct run *run, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    while (run->chunk && run->chunk->size - run->chunk->used < size) {
        if (!run->chunk->next)
            break;
        run->chunk = run->chunk->next;
        run->chunk->used = 0;
    }
    if (!run->chunk || run->chunk->size - run->chunk->used < size) {
        size_t room = run->n <= 1 ? size : size > CHUNK ? size : CHUNK;
        struct run_chunk *chunk = ARENA_NEW(run->scratch, struct run_chunk);
        char *p = chunk ? arena_alloc(run->scratch, room) : NULL;
        if (!p)
            return out_of_memory(run);
        *chunk = (struct run_chunk){NULL, room, 0, p};
        if (run->chunk)
            run->chunk->next = chunk;
        else
            run->first = chunk;
        run->chunk = chunk;
    }
    void *p = run->chunk->p + run->chunk->used;
    run->chunk->used += size;
    return p;
}

char *run_text(struct run *run, size_t size)
{
    if (!run->text || run->text_left < size) {
        size_t room = run->n <= 1 || size > TEXT_PIECE ? size : TEXT_PIECE;
        run->text_left = 0;
        run->text = arena_alloc(run->scratch, room ? room : 1);
        if (!run->text)
            return out_of_memory(run);
        run->text_left = room;
    }
    char *p = run->text;
    run->text += size;
    run->text_left -= size;
    return p;
}

void run_text_return(struct run *run, size_t size)
{
    run->text -= size;
    run->text_left += size;
}

void run_block_end(struct run *run)
{
    run->chunk = run->first;
    if (run->chunk)
        run->chunk->used = 0;
}

bool run_data(struct run *run, struct vec *vec)
{
    vec->data = run_alloc(run, kind_size(vec->kind, vec->lane) * (vec->mask ? run->n : 1));
    return vec->data != NULL;
}

static bool own_state(struct run *run, struct vec *out)
{
    if (out->state)
        return true;
    out->state = run_alloc(run, run->n);
    if (out->state)
        memset(out->state, VALUE_PRESENT, run->n);
    return out->state != NULL;
}

void run_fail(struct run *run, struct vec *out, uint32_t i, const char *message)
{
    if (!own_state(run, out))
        return;
    out->state[i] = VALUE_FAILED;
    if (run->scalar) {
        run->scalar_fault = message;
        return;
    }
    struct expr_errors *errors = run->errors;
    void *list = errors->list;
    if (!arena_reserve(run->scratch, &list, errors->count, &errors->capacity, sizeof *errors->list)) {
        run->out_of_memory = true;
        return;
    }
    errors->list = list;
    errors->list[errors->count++] = (struct expr_error){run->base + i, message};
}

void run_null(struct run *run, struct vec *out, uint32_t i)
{
    if (own_state(run, out))
        out->state[i] = VALUE_NULL;
}

/* Reading a column: the block's part of it, dates widened to 64 bits. */
static bool read_values(struct run *run, const struct vector *column, struct vec *out)
{
    char *data = vector_at(column, run->base);
    out->data = data;
    if (out->kind != KIND_DATE)
        return true;
    const int32_t *days = column->i32 + run->base;
    if (!run_data(run, out))
        return false;
    for (uint32_t i = 0; i < run->n; i++)
        out->i64[i] = days[i];
    return true;
}

/* The rows outside active fail without an error. */
static bool apply_active(struct run *run, const uint8_t *active, const uint8_t *state, struct vec *out)
{
    out->state = run_alloc(run, run->n);
    if (!out->state)
        return false;
    for (uint32_t i = 0; i < run->n; i++)
        out->state[i] = active[i] ? (state ? state[i] : (uint8_t)VALUE_PRESENT) : (uint8_t)VALUE_FAILED;
    return true;
}

static bool run_slot(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    const struct vector *column = run->slots[node->slot];
    uint8_t *state = column->state + run->base, any = 0;
    *out = (struct vec){.kind = node->type.kind, .scale = node->type.scale, .mask = UINT32_MAX};
    out->lane = type_is_wide(column->type) ? LANE_128 : LANE_64;
    for (uint32_t i = 0; i < run->n; i++)
        any |= state[i];
    out->state = any ? state : NULL;
    if (active && !apply_active(run, active, out->state, out))
        return false;
    return read_values(run, column, out);
}

static bool run_bound(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    const struct run_binding *binding = run->bound;
    while (binding->let != node->let)
        binding = binding->outer;
    *out = binding->value;
    return !active || out->mask == 0 || apply_active(run, active, out->state, out);
}

static bool run_let(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    struct run_binding binding = {.let = node, .outer = run->bound};
    if (!run_node(run, node->args[0], active, &binding.value))
        return false;
    run->bound = &binding;
    bool done = run_node(run, node->args[1], active, out);
    run->bound = binding.outer;
    return done;
}

/* FAILED beats NULL beats PRESENT: the larger state of all arguments. */
static bool combine_states(struct run *run, const struct vec *args, uint32_t count, struct vec *out)
{
    uint32_t rows = out->mask ? run->n : 1;
    bool owned = false;
    for (uint32_t a = 0; a < count; a++) {
        const uint8_t *state = args[a].state;
        if (!state)
            continue;
        if (!owned) {
            if (!(out->state = run_alloc(run, rows)))
                return false;
            for (uint32_t i = 0; i < rows; i++)
                out->state[i] = state[i & args[a].mask];
            owned = true;
            continue;
        }
        for (uint32_t i = 0; i < rows; i++) {
            uint8_t other = state[i & args[a].mask];
            out->state[i] = out->state[i] > other ? out->state[i] : other;
        }
    }
    return true;
}

static void call_scalar(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    uint32_t n = run->n;
    bool outer = run->scalar;
    run->n = 1;
    run->scalar = true;
    run->scalar_fault = outer ? run->scalar_fault : NULL;
    node->function->run(run, node, args, out);
    run->n = n;
    run->scalar = outer;
}

/* A constant that fails does so on each row that asks for it. */
static bool fail_rows(struct run *run, const uint8_t *active, const char *why, struct vec *out)
{
    out->mask = UINT32_MAX;
    out->state = run_alloc(run, run->n);
    if (!run_data(run, out) || !out->state)
        return false;
    memset(out->state, VALUE_FAILED, run->n);
    for (uint32_t i = 0; i < run->n; i++) {
        if (!active || active[i])
            run_fail(run, out, i, why);
    }
    return true;
}

enum { FEW_ARGS = 4 };

static bool run_call(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    struct vec few[FEW_ARGS], *args = few;
    if (node->arg_count > FEW_ARGS && !(args = run_alloc(run, node->arg_count * sizeof *args)))
        return false;
    *out = (struct vec){.kind = node->type.kind, .scale = node->type.scale};
    out->lane = node->type.kind == KIND_NUM ? LANE_NUMBER : LANE_64;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (!run_node(run, node->args[i], active, &args[i]))
            return false;
        out->mask |= args[i].mask;
    }
    if (!(node->function->flags & FUNCTION_NULLS)) {
        if (!combine_states(run, args, node->arg_count, out))
            return false;
        if (!kind_is_decimal(out->kind) && !run_data(run, out))
            return false;
    }
    if (out->mask == 0) {
        call_scalar(run, node, args, out);
        if (!run->scalar && run->scalar_fault)
            return fail_rows(run, active, run->scalar_fault, out);
    } else {
        node->function->run(run, node, args, out);
    }
    return !run->out_of_memory;
}

bool run_node(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    switch (node->form) {
    case FORM_CONST:
        *out = node->value;
        return true;
    case FORM_SLOT:
        return run_slot(run, node, active, out);
    case FORM_CALL:
        return run_call(run, node, active, out);
    case FORM_AND:
    case FORM_OR:
        return run_logic(run, node, active, out);
    case FORM_CASE:
        return run_case(run, node, active, out);
    case FORM_COALESCE:
        return run_coalesce(run, node, active, out);
    case FORM_LET:
        return run_let(run, node, active, out);
    case FORM_BOUND:
        return run_bound(run, node, active, out);
    }
    return false;
}

bool run_constant(const struct node *node, struct arena *arena, struct vec *out, const char **fault)
{
    struct expr_errors errors = {0};
    struct run run = {.n = 1, .scratch = arena, .errors = &errors, .scalar = true};
    if (!run_node(&run, node, NULL, out) || run.out_of_memory)
        return false;
    out->mask = 0; /* of one row */
    *fault = run.scalar_fault;
    return true;
}
