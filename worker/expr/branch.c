/* What decides row by row which operand is computed: AND, OR, CASE, COALESCE. */
#include "worker/expr/decimal.h"
#include "worker/expr/run.h"

static bool any_row(const uint8_t *mask, uint32_t n)
{
    return memchr(mask, 1, n) != NULL;
}

/* acc takes the next operand's result where its own does not settle the matter yet. */
static void merge_logic(const struct run *run, bool settles, const struct vec *next, struct vec *acc)
{
    for (uint32_t i = 0; i < run->n; i++) {
        bool settled = acc->state[i] == VALUE_FAILED || (acc->state[i] == VALUE_PRESENT && acc->u8[i] == settles);
        if (settled)
            continue;
        uint8_t state = vec_state(next, i);
        bool decides = state == VALUE_FAILED || (state == VALUE_PRESENT && next->u8[i & next->mask] == settles);
        if (decides || acc->state[i] == VALUE_PRESENT) {
            acc->state[i] = state;
            acc->u8[i] = next->u8[i & next->mask];
        }
    }
}

static const uint8_t *undecided(struct run *run, const uint8_t *active, bool settles, const struct vec *acc)
{
    uint8_t *mask = run_alloc(run, run->n);
    for (uint32_t i = 0; mask && i < run->n; i++)
        mask[i] = (!active || active[i]) && acc->state[i] != VALUE_FAILED &&
                  (acc->state[i] != VALUE_PRESENT || acc->u8[i] != settles);
    return mask;
}

/* Left to right; an operand is computed for the rows that those before it left open. */
bool run_logic(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    bool settles = node->form == FORM_OR;
    *out = (struct vec){.kind = KIND_BOOL, .mask = UINT32_MAX};
    out->state = run_alloc(run, run->n);
    if (!out->state || !run_data(run, out))
        return false;
    memset(out->state, VALUE_PRESENT, run->n);
    memset(out->u8, !settles, run->n);
    for (uint32_t a = 0; a < node->arg_count; a++) {
        const uint8_t *mask = active;
        struct vec next;
        if (a > 0 && node->args[a]->can_fail) {
            mask = undecided(run, active, settles, out);
            if (!mask)
                return false;
            if (!any_row(mask, run->n))
                continue;
        }
        if (!run_node(run, node->args[a], mask, &next))
            return false;
        merge_logic(run, settles, &next, out);
    }
    return true;
}

/* Copies the rows of mask; both are of one kind, decimals are brought to the wider lane first. */
static bool blend(struct run *run, const uint8_t *mask, struct vec *from, struct vec *out)
{
    if (kind_is_decimal(out->kind)) {
        if (from->lane < out->lane && !decimal_widen(run, from, out->lane))
            return false;
        if (out->lane < from->lane && !decimal_widen(run, out, from->lane))
            return false;
    }
    size_t size = kind_size(out->kind, out->lane);
    for (uint32_t i = 0; i < run->n; i++) {
        if (!mask[i])
            continue;
        out->state[i] = vec_state(from, i);
        if (size == sizeof(int64_t))
            out->i64[i] = from->i64[i & from->mask];
        else
            memcpy((char *)out->data + i * size, (const char *)from->data + (i & from->mask) * size, size);
    }
    return true;
}

static bool blend_begin(struct run *run, const struct node *node, struct vec *out)
{
    *out = (struct vec){.kind = node->type.kind, .scale = node->type.scale, .mask = UINT32_MAX};
    out->lane = node->type.kind == KIND_NUM ? LANE_NUMBER : LANE_64;
    out->state = run_alloc(run, run->n);
    if (!out->state || !run_data(run, out))
        return false;
    memset(out->state, VALUE_FAILED, run->n);
    memset(out->data, 0, kind_size(out->kind, out->lane) * run->n);
    return true;
}

/* Of the rows in open, those whose condition is TRUE go to taken; they and those that failed leave open. */
static bool split(struct run *run, const struct node *condition, uint8_t *open, uint8_t *taken)
{
    struct vec test;
    if (!run_node(run, condition, open, &test))
        return false;
    for (uint32_t i = 0; i < run->n; i++) {
        uint8_t state = vec_state(&test, i);
        taken[i] = open[i] && state == VALUE_PRESENT && test.u8[i & test.mask];
        open[i] = open[i] && !taken[i] && state != VALUE_FAILED;
    }
    return true;
}

static bool take(struct run *run, const struct node *node, const uint8_t *mask, struct vec *out)
{
    struct vec value;
    if (!any_row(mask, run->n))
        return true;
    return run_node(run, node, mask, &value) && blend(run, mask, &value, out);
}

static uint8_t *open_rows(struct run *run, const uint8_t *active)
{
    uint8_t *open = run_alloc(run, run->n);
    for (uint32_t i = 0; open && i < run->n; i++)
        open[i] = !active || active[i];
    return open;
}

bool run_case(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    uint8_t *open = open_rows(run, active), *taken = run_alloc(run, run->n);
    if (!open || !taken || !blend_begin(run, node, out))
        return false;
    uint32_t i = 0;
    for (; i + 1 < node->arg_count && any_row(open, run->n); i += 2) {
        if (!split(run, node->args[i], open, taken) || !take(run, node->args[i + 1], taken, out))
            return false;
    }
    return take(run, node->args[node->arg_count - 1], open, out);
}

bool run_coalesce(struct run *run, const struct node *node, const uint8_t *active, struct vec *out)
{
    struct vec first;
    if (!run_node(run, node->args[0], active, &first))
        return false;
    if (!first.state) {
        *out = first;
        return true;
    }
    uint8_t *open = open_rows(run, active);
    if (!open || !blend_begin(run, node, out) || !blend(run, open, &first, out))
        return false;
    for (uint32_t a = 1; a < node->arg_count; a++) {
        for (uint32_t i = 0; i < run->n; i++)
            open[i] = open[i] && out->state[i] == VALUE_NULL;
        if (!take(run, node->args[a], open, out))
            return false;
    }
    return true;
}
