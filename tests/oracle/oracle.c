/*
 * oracle URL COUNT SEED: COUNT random expressions over random rows, each evaluated by the worker's engine and, printed
 * as SQL, by the PostgreSQL at URL, which is written to (schema "oracle"). Prints each difference; exit code 1 when
 * there was one. The same seed gives the same questions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/oracle/generate.h"
#include "tests/oracle/rows.h"
#include "worker/expr/kernels.h"
#include "worker/expr/moment.h"
#include "worker/pg/pg.h"
#include "worker/value/value.h"

enum { BATCH = 200, FAILURES_ASKED = 2, MAX_SHOWN = 30, MAX_STATEMENT = 256 << 20 };

/* Limits of the engine that PostgreSQL does not have. */
static bool is_beyond(const char *why)
{
    return why &&
           (strcmp(why, NUMERIC_BEYOND) == 0 || strcmp(why, NUMERIC_UNCERTAIN) == 0 || strcmp(why, TEXT_BEYOND) == 0 ||
               strcmp(why, STAMP_BEYOND) == 0 || strcmp(why, APART_BEYOND) == 0);
}

struct question {
    struct str text, sql;
    struct type type;
    struct vector values;
    struct expr_errors errors;
};

struct oracle {
    struct pg *pg;
    struct dice dice;
    uint64_t seed;
    struct arena *arena;
    struct rows rows;
    struct question questions[BATCH];
    uint32_t count;
    uint64_t asked, refused, alike, failed_alike, beyond, different;
    bool statement_refused, verbose;
};

static const char *error_of(const struct question *question, uint32_t row)
{
    for (size_t i = 0; i < question->errors.count; i++) {
        if (question->errors.list[i].row == row)
            return question->errors.list[i].message;
    }
    return NULL;
}

static void difference(
    struct oracle *oracle, const struct question *question, uint32_t row, const char *engine, const char *postgres)
{
    struct buf values;
    if (oracle->different++ >= MAX_SHOWN)
        return;
    buf_init(&values, 1 << 20);
    for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
        buf_printf(&values, " " STR_FMT "=", STR_ARG(oracle->rows.names[c].name));
        rows_print(&oracle->rows, c, row, &values);
    }
    printf("DIFFERENCE (seed %" PRIu64 ")\n  " STR_FMT "\n  SQL:    " STR_FMT
           "\n  row:   %s\n  engine: %s\n  PostgreSQL: %s\n",
        oracle->seed, STR_ARG(question->text), STR_ARG(question->sql), values.p, engine, postgres);
    buf_dispose(&values);
}

/* A column's scale adds zeros, which say nothing. */
static struct str without_zeros(struct str s)
{
    if (s.n && memchr(s.p, '.', s.n)) {
        while (s.p[s.n - 1] == '0')
            s.n--;
        s.n -= s.p[s.n - 1] == '.';
    }
    return s;
}

static bool same(struct type type, struct str a, struct str b)
{
    if (type.kind == TYPE_BOOLEAN)
        return a.n && b.n && a.p[0] == b.p[0];
    return type.kind == TYPE_DECIMAL ? str_eq(without_zeros(a), without_zeros(b)) : str_eq(a, b);
}

static void compare(struct oracle *oracle, const struct question *question, uint32_t row, struct str answer)
{
    struct buf engine, postgres;
    bool null = question->values.state[row] == VALUE_NULL;
    buf_init(&engine, 64 << 20);
    buf_init(&postgres, 64 << 20);
    buf_add_cstr(&engine, "");
    if (!null)
        value_print(&engine, question->type, vector_at(&question->values, row));
    if (null ? !answer.p : answer.p && same(question->type, buf_str(&engine), answer)) {
        oracle->alike++;
    } else {
        buf_printf(&postgres, STR_FMT, STR_ARG(answer.p ? answer : STR("null")));
        difference(oracle, question, row, null ? "null" : engine.p, postgres.p);
    }
    buf_dispose(&engine);
    buf_dispose(&postgres);
}

static bool in_transaction(struct oracle *oracle, const char *sql, struct pg_result **result, struct err *err)
{
    bool unsure;
    *result = NULL;
    if (!pg_begin(oracle->pg, STR("oracle"), err))
        return false;
    if ((*result = pg_query(oracle->pg, sql, NULL, 0, err)) && pg_commit(oracle->pg, &unsure, err))
        return true;
    oracle->statement_refused = pg_state(oracle->pg)[0];
    pg_result_free(*result);
    *result = NULL;
    pg_rollback(oracle->pg);
    return false;
}

static bool run_script(struct oracle *oracle, const char *sql, struct err *err)
{
    bool unsure;
    if (!pg_begin(oracle->pg, STR("oracle"), err))
        return false;
    if (pg_run(oracle->pg, sql, err) && pg_commit(oracle->pg, &unsure, err))
        return true;
    pg_rollback(oracle->pg);
    return false;
}

/* ---- values ---- */

static bool has_failures(const struct question *question)
{
    return memchr(question->values.state, VALUE_FAILED, ROWS_COUNT) != NULL;
}

/* The questions whose every row has a value, as columns. */
static bool add_whole(struct oracle *oracle, uint32_t from, uint32_t end, struct buf *sql)
{
    bool any = false;
    buf_add_cstr(sql, "select _row");
    for (uint32_t i = from; i < end; i++) {
        if (has_failures(&oracle->questions[i]))
            continue;
        buf_printf(sql, ", (" STR_FMT ")::text", STR_ARG(oracle->questions[i].sql));
        any = true;
    }
    buf_add_cstr(sql, " from " ROWS_FROM);
    return any;
}

static void judge_whole(struct oracle *oracle, uint32_t from, uint32_t end, const struct pg_result *result)
{
    for (int row = 0; row < pg_rows(result); row++) {
        int column = 0;
        for (uint32_t i = from; i < end; i++) {
            if (!has_failures(&oracle->questions[i]))
                compare(oracle, &oracle->questions[i], (uint32_t)pg_number(result, row, 0),
                    pg_value(result, row, ++column));
        }
    }
}

/* The others, on the rows that have one. */
static bool add_part(struct oracle *oracle, uint32_t from, uint32_t end, struct buf *sql)
{
    for (uint32_t i = from; i < end; i++) {
        const struct question *question = &oracle->questions[i];
        bool any = false;
        for (uint32_t row = 0; row < ROWS_COUNT && has_failures(question); row++) {
            if (question->values.state[row] == VALUE_FAILED)
                continue;
            if (any)
                buf_printf(sql, ", %u", row);
            else
                buf_printf(sql, "%sselect %u, _row, (" STR_FMT ")::text from " ROWS_FROM " where _row in (%u",
                    sql->n ? " union all " : "", i, STR_ARG(question->sql), row);
            any = true;
        }
        buf_add_cstr(sql, any ? ")" : "");
    }
    return sql->n > 0;
}

static void judge_part(struct oracle *oracle, uint32_t from, uint32_t end, const struct pg_result *result)
{
    (void)from;
    (void)end;
    for (int i = 0; i < pg_rows(result); i++)
        compare(oracle, &oracle->questions[pg_number(result, i, 0)], (uint32_t)pg_number(result, i, 1),
            pg_value(result, i, 2));
}

static const struct way {
    bool (*add)(struct oracle *oracle, uint32_t from, uint32_t end, struct buf *sql);
    void (*judge)(struct oracle *oracle, uint32_t from, uint32_t end, const struct pg_result *result);
} whole = {add_whole, judge_whole}, part = {add_part, judge_part};

/* A statement that is refused says that one of its questions is: halves find which. */
static bool ask_values(struct oracle *oracle, const struct way *way, uint32_t from, uint32_t end, struct err *err)
{
    struct buf sql;
    struct pg_result *result;
    buf_init(&sql, MAX_STATEMENT);
    bool any = from < end && way->add(oracle, from, end, &sql);
    bool done = any && buf_ok(&sql, "the questions", err) && in_transaction(oracle, sql.p, &result, err);
    buf_dispose(&sql);
    if (!any)
        return true;
    if (done) {
        way->judge(oracle, from, end, result);
        pg_result_free(result);
        return true;
    }
    if (!oracle->statement_refused)
        return false;
    if (end - from == 1) {
        difference(oracle, &oracle->questions[from], 0, "no error on the rows asked about", err->message);
        return true;
    }
    uint32_t middle = from + (end - from) / 2;
    return ask_values(oracle, way, from, middle, err) && ask_values(oracle, way, middle, end, err);
}

/* ---- failures ---- */

static void add_failure(const struct question *question, uint32_t index, uint32_t row, struct buf *sql)
{
    struct buf one;
    buf_init(&one, MAX_STATEMENT);
    buf_printf(&one, "select (" STR_FMT ")", STR_ARG(question->sql));
    if (question->type.kind == TYPE_DECIMAL)
        buf_printf(&one, "::numeric(%d,%d)", question->type.precision, question->type.scale);
    buf_printf(&one, "::text from " ROWS_FROM " where _row = %u", row);
    buf_printf(sql, "%sselect %u, %u, oracle.try(", sql->n ? " union all " : "", index, row);
    pg_literal(sql, buf_str(&one));
    buf_add_byte(sql, ')');
    buf_dispose(&one);
}

static void judge_failure(struct oracle *oracle, const struct question *question, uint32_t row, struct str answer)
{
    const char *why = error_of(question, row);
    struct buf text;
    bool failed = answer.n && answer.p[0] == 'E';
    if (failed)
        oracle->failed_alike++;
    else if (is_beyond(why))
        oracle->beyond++;
    if (oracle->verbose && failed)
        printf("%s <> " STR_FMT "\n", why ? why : "?", STR_ARG(answer));
    if (failed || is_beyond(why))
        return;
    buf_init(&text, 64 << 20);
    buf_printf(&text, STR_FMT, STR_ARG(answer));
    difference(oracle, question, row, why ? why : "failed without saying why", text.p);
    buf_dispose(&text);
}

static bool ask_failures(struct oracle *oracle, struct err *err)
{
    struct buf sql;
    struct pg_result *result;
    buf_init(&sql, MAX_STATEMENT);
    for (uint32_t i = 0; i < oracle->count; i++) {
        const struct question *question = &oracle->questions[i];
        uint32_t first = dice_below(&oracle->dice, ROWS_COUNT), asked = 0;
        for (uint32_t k = 0; k < ROWS_COUNT && asked < FAILURES_ASKED; k++) {
            uint32_t row = (first + k) % ROWS_COUNT;
            if (question->values.state[row] != VALUE_FAILED)
                continue;
            add_failure(question, i, row, &sql);
            asked++;
        }
    }
    bool none = sql.n == 0;
    bool done = none || (buf_ok(&sql, "the questions", err) && in_transaction(oracle, sql.p, &result, err));
    buf_dispose(&sql);
    if (none || !done)
        return done;
    for (int i = 0; i < pg_rows(result); i++)
        judge_failure(oracle, &oracle->questions[pg_number(result, i, 0)], (uint32_t)pg_number(result, i, 1),
            pg_value(result, i, 2));
    pg_result_free(result);
    return true;
}

/* ---- questions ---- */

static bool prepare(struct oracle *oracle, struct question *question, bool *refused, struct err *err)
{
    struct buf text;
    struct expr_fault fault;
    *question = (struct question){.text = {NULL, 0}};
    buf_init(&text, MAX_STATEMENT);
    generate(&oracle->dice, &text);
    question->text = arena_str(oracle->arena, buf_str(&text));
    const struct expr *expr = expr_parse(question->text, &oracle->rows.scope, oracle->arena, &fault, NULL);
    *refused = !expr || !expr_storable_type(expr, &question->type, &fault);
    if (*refused && oracle->verbose)
        printf("REFUSED %s\n", fault.message);
    buf_reset(&text);
    if (!*refused) {
        expr_print_sql(expr, &text);
        question->sql = arena_str(oracle->arena, buf_str(&text));
    }
    bool ok = buf_ok(&text, "an expression", err);
    buf_dispose(&text);
    return ok && (*refused || expr_eval(expr, oracle->rows.slots, ROWS_COUNT, NULL, &question->values,
                                  &question->errors, oracle->arena, err));
}

static bool ask_batch(struct oracle *oracle, uint64_t count, struct err *err)
{
    struct buf sql;
    arena_reset(oracle->arena);
    buf_init(&sql, MAX_STATEMENT);
    bool ok = rows_fill(&oracle->rows, &oracle->dice, oracle->arena, &sql) && run_script(oracle, sql.p, err);
    buf_dispose(&sql);
    oracle->count = 0;
    for (uint64_t i = 0; ok && i < count; i++) {
        bool refused = false;
        ok = prepare(oracle, &oracle->questions[oracle->count], &refused, err);
        oracle->asked++;
        oracle->refused += refused;
        oracle->count += !refused;
    }
    return ok && ask_values(oracle, &whole, 0, oracle->count, err) &&
           ask_values(oracle, &part, 0, oracle->count, err) && ask_failures(oracle, err);
}

static bool open_oracle(struct oracle *oracle, const char *url, struct err *err)
{
    static const char try_function[] =
        "; create function oracle.try(sql text) returns text language plpgsql as $$ declare v text; begin execute sql "
        "into v; return coalesce('V' || v, 'N'); exception when others then return 'E' || sqlerrm; end $$";
    struct pg_options options = {.url = url, .statement_us = 600 * 1000000LL, .lock_us = 60 * 1000000LL};
    struct buf sql;
    oracle->pg = pg_new(&options, err);
    oracle->arena = arena_new(0);
    if (!oracle->pg || !oracle->arena)
        return false;
    buf_init(&sql, 1 << 16);
    buf_add_cstr(&sql, "drop schema if exists oracle cascade; create schema oracle; ");
    rows_table(&sql);
    buf_add_cstr(&sql, try_function);
    bool ok = run_script(oracle, sql.p, err);
    buf_dispose(&sql);
    return ok;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (argc != 4 || !oracle) {
        fputs("usage: oracle URL COUNT SEED\n", stderr);
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10);
    oracle->seed = oracle->dice.state = strtoull(argv[3], NULL, 10);
    oracle->verbose = getenv("ORACLE_VERBOSE") != NULL;
    bool ok = open_oracle(oracle, argv[1], &err);
    while (ok && oracle->asked < count) {
        uint64_t left = count - oracle->asked;
        ok = ask_batch(oracle, left < BATCH ? left : BATCH, &err);
    }
    if (!ok)
        fprintf(stderr, "oracle: %s\n", err.message);
    printf("seed %" PRIu64 ": %" PRIu64 " expressions, %" PRIu64 " refused; %" PRIu64 " values and %" PRIu64
           " failures alike, %" PRIu64 " beyond limits, %" PRIu64 " different\n",
        oracle->seed, oracle->asked, oracle->refused, oracle->alike, oracle->failed_alike, oracle->beyond,
        oracle->different);
    int code = !ok ? 3 : oracle->different ? 1 : 0;
    pg_free(oracle->pg);
    arena_free(oracle->arena);
    free(oracle);
    return code;
}
