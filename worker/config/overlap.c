/*
 * Can one key match two patterns? Each pattern is a small automaton whose states are its positions; a breadth-first
 * walk over pairs of states finds a shortest common key, if there is one.
 */
#include "worker/config/load.h"

/* What position i of a pattern is: "**" takes two positions, its entry and its loop. */
enum step { STEP_END, STEP_BYTE, STEP_ONE, STEP_STAR, STEP_DEEP, STEP_DEEP_LOOP };

struct automaton {
    struct str pattern;
    enum step *steps;
};

static bool automaton_init(struct automaton *a, struct str pattern, struct arena *arena)
{
    a->pattern = pattern;
    a->steps = ARENA_ARRAY(arena, enum step, pattern.n + 1);
    for (size_t i = 0; a->steps && i < pattern.n; i++) {
        char c = pattern.p[i];
        a->steps[i] = c == '?' ? STEP_ONE : c == '*' ? STEP_STAR : STEP_BYTE;
        if (c == '*' && i + 1 < pattern.n && pattern.p[i + 1] == '*') {
            a->steps[i++] = STEP_DEEP;
            a->steps[i] = STEP_DEEP_LOOP;
        }
    }
    return a->steps != NULL;
}

/* States reached without a byte; at most two. */
static unsigned free_moves(const struct automaton *a, size_t at, size_t to[2])
{
    unsigned n = 0;
    switch (a->steps[at]) {
    case STEP_STAR:
    case STEP_DEEP_LOOP:
        to[n++] = at + 1;
        break;
    case STEP_DEEP:
        to[n++] = at + 1;
        if (at + 2 < a->pattern.n && a->pattern.p[at + 2] == '/')
            to[n++] = at + 3;
        break;
    default:
        break;
    }
    return n;
}

/* The bytes a state takes: one (>= 0), ANY_BUT_SLASH or ANY; NO_BYTE. */
enum { NO_BYTE = -1, ANY_BUT_SLASH = -2, ANY = -3 };

static int byte_move(const struct automaton *a, size_t at, size_t *to)
{
    *to = at + (a->steps[at] == STEP_BYTE || a->steps[at] == STEP_ONE);
    switch (a->steps[at]) {
    case STEP_BYTE:
        return (unsigned char)a->pattern.p[at];
    case STEP_ONE:
    case STEP_STAR:
        return ANY_BUT_SLASH;
    case STEP_DEEP_LOOP:
        return ANY;
    default:
        return NO_BYTE;
    }
}

/* A byte both take, or NO_BYTE. */
static int common_byte(int a, int b)
{
    if (a == NO_BYTE || b == NO_BYTE)
        return NO_BYTE;
    if (a >= 0 && b >= 0)
        return a == b ? a : NO_BYTE;
    if (a < 0 && b < 0)
        return 'x';
    int byte = a >= 0 ? a : b, set = a >= 0 ? b : a;
    return set == ANY || byte != '/' ? byte : NO_BYTE;
}

struct walk {
    struct automaton a, b;
    size_t columns;
    uint32_t *from; /* by state pair: the pair before + 1; 0: not seen */
    char *byte;     /* taken on the way here; 0: none */
    uint32_t *queue;
    size_t head, tail;
};

static void visit(struct walk *w, size_t a, size_t b, size_t from, int byte)
{
    size_t at = a * w->columns + b;
    if (w->from[at])
        return;
    w->from[at] = (uint32_t)from + 1;
    w->byte[at] = (char)byte;
    w->queue[w->tail++] = (uint32_t)at;
}

static void visit_next(struct walk *w, size_t at)
{
    size_t a = at / w->columns, b = at % w->columns, to[2], to_a, to_b;
    for (unsigned i = free_moves(&w->a, a, to); i-- > 0;)
        visit(w, to[i], b, at, 0);
    for (unsigned i = free_moves(&w->b, b, to); i-- > 0;)
        visit(w, a, to[i], at, 0);
    int byte_a = byte_move(&w->a, a, &to_a), byte_b = byte_move(&w->b, b, &to_b);
    int byte = common_byte(byte_a, byte_b);
    if (byte != NO_BYTE)
        visit(w, to_a, to_b, at, byte);
}

static struct str spell(const struct walk *w, size_t at, struct arena *arena)
{
    size_t n = 0;
    for (size_t i = at; i; i = w->from[i] - 1)
        n += w->byte[i] != 0;
    char *p = arena_alloc(arena, n + 1);
    struct str text = {p, n};
    if (p)
        p[n] = 0;
    for (size_t i = at; p && i; i = w->from[i] - 1)
        if (w->byte[i])
            p[--n] = w->byte[i];
    return text;
}

bool globs_overlap(struct str a, struct str b, struct arena *arena, struct str *witness)
{
    size_t pairs = (a.n + 1) * (b.n + 1);
    struct walk w = {.columns = b.n + 1};
    *witness = (struct str){NULL, 0};
    if (a.n > GLOB_MAX || b.n > GLOB_MAX)
        return false;
    w.from = ARENA_ARRAY(arena, uint32_t, pairs);
    w.byte = ARENA_ARRAY(arena, char, pairs);
    w.queue = ARENA_ARRAY(arena, uint32_t, pairs);
    /* Without memory nothing was shown: say so by an overlap without a witness. */
    if (!w.from || !w.byte || !w.queue || !automaton_init(&w.a, a, arena) || !automaton_init(&w.b, b, arena))
        return true;
    visit(&w, 0, 0, 0, 0);
    while (w.head < w.tail) {
        size_t at = w.queue[w.head++];
        if (at == pairs - 1) {
            *witness = spell(&w, at, arena);
            return true;
        }
        visit_next(&w, at);
    }
    return false;
}
