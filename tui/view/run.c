/* One run: its funnel, what each loss came from, what it wrote. Enter on a loss opens exactly those rows. */
#include "shared/utf8.h"
#include "tui/view/acts.h"

#include <stdlib.h>

enum { FACT_LINES = 4 };
enum { TAG_RUN, TAG_IDEAS };

static const struct grid_column columns[] = {
    {"STAGE", "stage", CELL_TEXT, 8, 12, false},
    {"ROWS", "rows", CELL_NUMBER, 7, 0, false},
    {"", "bar", CELL_TEXT, 16, 16, false},
    {"LOST", "lost", CELL_NUMBER, 7, 0, false},
    {"WHY", "why", CELL_TEXT, 20, 120, true},
};

enum { COLUMN_STAGE, COLUMN_ROWS, COLUMN_BAR, COLUMN_LOST, COLUMN_WHY };

struct run {
    json_t *lines;
    double most, lost;
};

static bool is_kind(const json_t *item, const char *kind)
{
    const char *text = json_string_value(json_object_get(item, "line"));
    return text && strcmp(text, kind) == 0;
}

/* Nothing of what was lost here waits for anybody. */
static bool is_mended(const json_t *item)
{
    return json_is_true(json_object_get(item, "mended"));
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    struct view *view = context;
    struct run *run = view->state;
    const json_t *value = json_object_get(item, columns[column].key);
    if (column == COLUMN_BAR) {
        cell->part = view_field(item, is_kind(item, "cause") ? "lost" : "rows");
        /* causes are shares of all that was lost, stages of all that was read */
        cell->whole = is_kind(item, "cause") ? run->lost : is_kind(item, "stage") ? run->most : 0;
        cell->style = is_kind(item, "cause") && !is_mended(item) ? ROLE_BAD : ROLE_GOOD;
        return;
    }
    if (column == COLUMN_LOST && json_integer_value(value) > 0)
        buf_add_byte(cell->text, '-');
    if (column != COLUMN_LOST || json_integer_value(value) > 0)
        grid_value(cell->text, columns[column].kind, value);
    bool cause = is_kind(item, "cause");
    cell->style = column == COLUMN_LOST            ? (is_mended(item) ? ROLE_DIM : ROLE_BAD)
                  : column == COLUMN_STAGE         ? (is_kind(item, "stage") ? ROLE_TITLE : ROLE_DIM)
                  : column == COLUMN_WHY && !cause ? ROLE_DIM
                                                   : ROLE_TEXT;
}

static void init(struct view *view)
{
    struct run *run = view->state;
    run->lines = json_array();
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.context = view;
}

static void dispose(struct view *view)
{
    struct run *run = view->state;
    json_decref(run->lines);
}

static void load(struct view *view)
{
    view_ask(view, TAG_RUN, "run", json_pack("{s:s}", "run", view_argument(view, "run")));
}

/* ---- lines ---- */

static void add_words(struct buf *out, const json_t *item, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++) {
        const json_t *value = json_object_get(item, keys[i]);
        if (!json_string_length(value))
            continue;
        buf_add_cstr(out, out->n ? " " : "");
        grid_value(out, CELL_TEXT, value);
    }
}

/* What became of rows that were rejected: of one cause, or of those of a stage; nothing while all are open. */
static const struct {
    const char *key, *words;
} fates[] = {{"recovered", " recovered"}, {"requested", " asked for"}, {"rejected_again", " rejected again"},
    {"discarded", " discarded"}, {"returned", " sent back"}, {"open", " open"}};
enum { RECOVERED, REQUESTED, OPEN = sizeof fates / sizeof *fates - 1, FATES };

struct dealt_with {
    json_int_t rows, of[FATES];
};

static void add_dealt_with(struct dealt_with *sum, const json_t *cause)
{
    json_int_t rows = json_integer_value(json_object_get(cause, "rows"));
    sum->rows += rows;
    for (int i = 0; i < FATES; i++)
        sum->of[i] += json_integer_value(json_object_get(cause, fates[i].key));
    sum->of[OPEN] += json_object_get(cause, "open") ? 0 : rows;
}

static bool all_mended(const struct dealt_with *sum)
{
    return sum->rows && !sum->of[OPEN] && !sum->of[REQUESTED];
}

/* What an id ends with: enough to tell it from its neighbours, and to name it. */
static void add_tail(struct buf *out, const json_t *run)
{
    size_t n = json_string_length(run), tail = n < 8 ? n : 8;
    struct str text = {json_string_value(run) + n - tail, tail};
    if (n)
        utf8_sanitise(out, text);
}

/* by: the runs that read them again, or NULL. */
static void dealt_with_words(struct buf *out, const struct dealt_with *sum, const json_t *by)
{
    const char *comma = "";
    size_t readers = json_array_size(by);
    for (int i = 0; i < FATES && sum->of[OPEN] != sum->rows; i++) {
        if (!sum->of[i])
            continue;
        buf_add_cstr(out, comma);
        view_number(out, sum->of[i]);
        buf_add_cstr(out, fates[i].words);
        if (i == RECOVERED && readers) {
            buf_add_cstr(out, " by ");
            add_tail(out, json_array_get(by, readers - 1));
            buf_add_cstr(out, readers > 1 ? " and others" : "");
        }
        comma = ", ";
    }
}

static json_t *cause_line(const json_t *cause)
{
    static const char *const keys[] = {"code", "column", "rule", NULL};
    struct buf why;
    struct dealt_with sum = {0};
    add_dealt_with(&sum, cause);
    buf_init(&why, 64 * 1024);
    dealt_with_words(&why, &sum, NULL);
    if (why.n)
        buf_add_cstr(&why, ":");
    add_words(&why, cause, keys);
    json_t *samples = json_object_get(cause, "samples");
    if (json_array_size(samples)) {
        buf_add_cstr(&why, ": ");
        grid_value(&why, CELL_LIST, samples);
    }
    json_t *line = json_pack("{s:s, s:O, s:o, s:O}", "line", "cause", "lost", json_object_get(cause, "rows"), "why",
        json_stringn(why.p ? why.p : "", why.n), "cause", json_object_get(cause, "cause"));
    json_object_set(line, "code", json_object_get(cause, "code"));
    json_object_set_new(line, "mended", json_boolean(all_mended(&sum)));
    json_object_set_new(line, "open", json_integer(acts_open(cause)));
    buf_dispose(&why);
    return line;
}

static void add_causes(struct run *run, const json_t *result, const char *stage)
{
    const json_t *causes = json_object_get(result, "causes");
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const json_t *cause = json_array_get(causes, i);
        const char *of = json_string_value(json_object_get(cause, "stage"));
        if (of && strcmp(of, stage) == 0)
            json_array_append_new(run->lines, cause_line(cause));
    }
}

static struct dealt_with dealt_with_in(const json_t *result, const char *stage)
{
    const json_t *causes = json_object_get(result, "causes");
    struct dealt_with sum = {0};
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const json_t *cause = json_array_get(causes, i);
        const char *of = json_string_value(json_object_get(cause, "stage"));
        if (of && strcmp(of, stage) == 0)
            add_dealt_with(&sum, cause);
    }
    return sum;
}

static void add_stage(struct run *run, const json_t *result, const json_t *stage)
{
    const char *name = json_string_value(json_object_get(stage, "stage"));
    double in = view_field(stage, "rows_in") + view_field(stage, "rows_expanded");
    double lost = view_field(stage, "rows_rejected") + view_field(stage, "rows_duplicate");
    double filtered = view_field(stage, "rows_filtered");
    if (!name || (strcmp(name, "intake") == 0 && in <= 0) || (strcmp(name, "validate") == 0 && in <= 0))
        return;
    struct buf why;
    buf_init(&why, 256);
    if (filtered > 0) {
        view_number(&why, (json_int_t)filtered);
        buf_add_cstr(&why, " filtered, as they are meant to be");
    }
    struct dealt_with sum = dealt_with_in(result, name);
    if (why.n && sum.of[OPEN] != sum.rows)
        buf_add_cstr(&why, "; ");
    dealt_with_words(&why, &sum, json_object_get(result, "reread_by"));
    json_array_append_new(run->lines,
        json_pack("{s:s, s:s, s:I, s:I, s:o, s:b}", "line", "stage", "stage", name, "rows", (json_int_t)in, "lost",
            (json_int_t)lost, "why", json_stringn(why.p ? why.p : "", why.n), "mended", all_mended(&sum)));
    buf_dispose(&why);
    run->most = in > run->most ? in : run->most;
    run->lost += lost;
    add_causes(run, result, name);
}

/* The kind, the partition, the size; the whole key is shown on Enter. */
static json_t *output_words(const json_t *output)
{
    const char *key = json_string_value(json_object_get(output, "key"));
    const char *kind = json_string_value(json_object_get(output, "kind"));
    const char *partition = key ? strstr(key, "/date=") : NULL;
    struct buf words;
    buf_init(&words, 4096);
    buf_add_cstr(&words, kind ? kind : "");
    if (partition)
        buf_printf(&words, " %.*s", (int)strcspn(partition + 1, "/"), partition + 1);
    buf_add_cstr(&words, ", ");
    grid_value(&words, CELL_BYTES, json_object_get(output, "bytes"));
    json_t *value = json_stringn(words.p ? words.p : "", words.n);
    buf_dispose(&words);
    return value;
}

static void add_outputs(struct run *run, const json_t *result)
{
    const json_t *outputs = json_object_get(result, "outputs");
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *output = json_array_get(outputs, i);
        json_array_append_new(run->lines,
            json_pack("{s:s, s:s, s:O, s:O, s:o}", "line", "output", "stage", i ? "" : "written", "rows",
                json_object_get(output, "rows"), "key", json_object_get(output, "key"), "why", output_words(output)));
    }
}

static bool is_quarantined(const struct view *view)
{
    const char *outcome = json_string_value(json_object_get(view->result, "outcome"));
    return outcome && strcmp(outcome, "quarantined") == 0;
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct run *run = view->state;
    const json_t *stages = json_object_get(result, "stages");
    if (tag == TAG_IDEAS) {
        acts_suggest(view, json_string_value(json_object_get(view->result, "run_id")), result);
        return;
    }
    bool first = !view->loaded;
    view_keep(view, result);
    json_array_clear(run->lines);
    run->most = run->lost = 0;
    for (size_t i = 0; i < json_array_size(stages); i++)
        add_stage(run, result, json_array_get(stages, i));
    if (is_quarantined(view))
        json_array_append_new(run->lines, json_pack("{s:s, s:s, s:O?}", "line", "reason", "stage", "rejected", "why",
                                              json_object_get(result, "error_message")));
    add_outputs(run, result);
    grid_set(&view->grid, run->lines, 0, json_array_size(run->lines));
    /* the cursor begins on the largest loss: that is what one came for */
    size_t best = 0;
    double lost = 0;
    for (size_t i = 0; i < json_array_size(run->lines); i++) {
        const json_t *line = json_array_get(run->lines, i);
        if (is_kind(line, "cause") && view_field(line, "lost") > lost) {
            lost = view_field(line, "lost");
            best = i;
        }
    }
    if (first)
        grid_go(&view->grid, best);
}

/* ---- drawing ---- */

static void add_dialect(struct buf *out, const json_t *dialect)
{
    const char *encoding = json_string_value(json_object_get(dialect, "encoding"));
    const char *delimiter = json_string_value(json_object_get(dialect, "delimiter"));
    const char *quote = json_string_value(json_object_get(dialect, "quoteChar"));
    if (!encoding && !delimiter)
        return;
    buf_printf(out, "%s", encoding ? encoding : "");
    if (delimiter)
        buf_printf(out, "  '%s'", strcmp(delimiter, "\t") == 0 ? "tab" : delimiter);
    if (quote)
        buf_printf(out, "  %s", quote);
    if (!json_is_true(json_object_get(dialect, "header")))
        buf_add_cstr(out, "  no header");
}

static void draw_facts(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *run = view->result;
    const char *outcome = json_string_value(json_object_get(run, "outcome"));
    const char *state = json_string_value(json_object_get(run, "state"));
    int width = canvas->columns - 2;
    int x = 1 + canvas_cstr(canvas, y, 1, width, (unsigned)view_outcome_role(run) | MARK_BOLD,
                    outcome ? outcome
                    : state ? state
                            : "");
    view_fact(canvas, y, x + 2, width - x - 1, "run", CELL_TEXT, json_object_get(run, "run_id"));
    view_fact(canvas, y, x + 35, width - x - 34, "dataset", CELL_TEXT, json_object_get(run, "dataset"));
    view_fact(canvas, y + 1, 1, width, "file", CELL_TEXT, json_object_get(run, "file"));
    view_fact(canvas, y + 2, 1, 28, "started", CELL_TIME, json_object_get(run, "started_at"));
    struct buf took;
    buf_init(&took, 64);
    view_duration(&took, json_object_get(run, "seconds"));
    if (took.n)
        canvas_printf(canvas, y + 2, 30, 16, ROLE_TEXT, "in %s", took.p);
    buf_dispose(&took);
    view_fact(canvas, y + 2, 42, 16, "size", CELL_BYTES, json_object_get(run, "bytes"));
    struct buf dialect;
    buf_init(&dialect, 4096);
    add_dialect(&dialect, json_object_get(run, "dialect"));
    if (dialect.n)
        canvas_text(canvas, y + 2, 60, canvas->columns - 61, ROLE_DIM, buf_str(&dialect));
    buf_dispose(&dialect);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    if (!view->loaded)
        return;
    draw_facts(view, canvas, y);
    grid_draw(&view->grid, canvas, y + FACT_LINES, 1, height - FACT_LINES, canvas->columns - 2);
}

static void open_rows(struct view *view, const json_t *line)
{
    json_t *cause = json_object_get(line, "cause"), *stage = cause ? NULL : json_object_get(line, "stage");
    const char *why = json_string_value(cause ? json_object_get(line, "code") : stage);
    view_open(view, &view_rows,
        json_pack("{s:O, s:O*, s:O*, s:s}", "run", json_object_get(view->result, "run_id"), "cause", cause, "stage",
            stage, "title", why ? why : "rejected rows"));
}

static bool enter(struct view *view)
{
    const json_t *line = grid_item(&view->grid);
    if (!line)
        return true;
    if (is_quarantined(view))
        view_open(view, &view_reason,
            json_pack("{s:O, s:s}", "run", json_object_get(view->result, "run_id"), "title", "reason"));
    else if (is_kind(line, "cause") || (is_kind(line, "stage") && view_field(line, "lost") > 0))
        open_rows(view, line);
    else
        view_flash(view, ROLE_DIM,
            is_kind(line, "output") ? json_string_value(json_object_get(line, "key")) : "nothing was lost here");
    return true;
}

/* ---- acting: on the rows of a cause, or on the file ---- */

/* The cause whose line the cursor is on; 0: none is. */
static json_int_t cause_here(const struct view *view)
{
    const json_t *line = grid_item(&view->grid);
    return is_kind(line, "cause") ? json_integer_value(json_object_get(line, "cause")) : 0;
}

static const char *disabled(const struct view *view, enum request request)
{
    bool of_rows = cause_here(view) && !is_quarantined(view);
    if (request == REQUEST_ACKNOWLEDGE)
        return cause_here(view) ? NULL : "this is the line of no cause";
    if (of_rows && (request == REQUEST_REDRIVE || request == REQUEST_SUGGEST || request == REQUEST_DISCARD))
        return view_field(grid_item(&view->grid), "open") > 0 ? NULL : "no row of this cause is open any more";
    return acts_disabled(view->result, request);
}

static bool act_on_cause(struct view *view, enum request request)
{
    const json_t *line = grid_item(&view->grid);
    const char *run = json_string_value(json_object_get(view->result, "run_id"));
    struct redrive_subject subject = {
        .run = run, .cause = cause_here(view), .rows = true, .count = (json_int_t)view_field(line, "open")};
    if (request == REQUEST_REDRIVE)
        dialog_redrive(view, &subject, 1, NO_IDEA);
    else if (request == REQUEST_DISCARD)
        dialog_discard_rows(view, run, subject.cause, NULL, subject.count);
    else if (request == REQUEST_ACKNOWLEDGE)
        dialog_acknowledge(view, "cause", subject.cause, json_string_value(json_object_get(line, "code")));
    else
        return false;
    return true;
}

static bool request(struct view *view, enum request request)
{
    if (request == REQUEST_ENTER)
        return enter(view);
    if (request == REQUEST_SUGGEST) {
        acts_ask_ideas(view, TAG_IDEAS, view->result, cause_here(view));
        return true;
    }
    bool whole = is_quarantined(view) && request != REQUEST_ACKNOWLEDGE;
    return (cause_here(view) && !whole && act_on_cause(view, request)) || acts_on_run(view, view->result, request) ||
           grid_request(&view->grid, request);
}

const struct view_type view_run = {
    .name = "Run",
    .help = "one run: the funnel and what each loss came from",
    .follows = true,
    .requests = (REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_REDRIVE) |
                    REQUEST_BIT(REQUEST_SUGGEST) | REQUEST_BIT(REQUEST_DISCARD) | REQUEST_BIT(REQUEST_WITHDRAW) |
                    REQUEST_BIT(REQUEST_ACKNOWLEDGE) | REQUEST_BIT(REQUEST_EDIT) | REQUEST_BIT(REQUEST_ORIGINAL)) &
                ~(REQUEST_BIT(REQUEST_SORT) | REQUEST_BIT(REQUEST_REVERSE)),
    .size = sizeof(struct run),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .disabled = disabled,
    .request = request,
};
