/* The frame around a screen: who and where, the breadcrumb, what was said last, the keys that work here. */
#include "tui/app/state.h"

#include "shared/clock.h"
#include "tui/core/marks.h"

#include <stdlib.h>

static const char *said(const struct site *site, const char *key)
{
    const char *text = json_string_value(json_object_get(site->hello, key));
    return text ? text : "";
}

/* Of the others, the one that has been away the longest. */
static const struct site *lost_longest(const struct console *console, const struct site *but, size_t *count)
{
    const struct site *longest = NULL;
    *count = 0;
    for (size_t i = 0; i < console->site_count; i++) {
        const struct site *site = &console->sites[i];
        if (site == but || !site->lost_at)
            continue;
        ++*count;
        longest = longest && longest->lost_at <= site->lost_at ? longest : site;
    }
    return longest;
}

static int draw_others(const struct console *console, struct canvas *canvas, const struct site *site, int right)
{
    size_t count;
    const struct site *longest = lost_longest(console, site, &count);
    struct buf text;
    if (!longest)
        return 0;
    buf_init(&text, 256);
    buf_printf(
        &text, " %.24s lost %lld s ago", longest->name, (long long)((clock_monotonic() - longest->lost_at) / 1000000));
    if (count > 1)
        buf_printf(&text, ", %zu more", count - 1);
    buf_add_byte(&text, ' ');
    int width = canvas_measure(canvas, buf_str(&text));
    canvas_right(canvas, 0, right - width, width, ROLE_BAD | MARK_REVERSE, buf_str(&text));
    buf_dispose(&text);
    return width + 1;
}

/* Health of the link, at the right: absolute while all is well, so that a quiet screen stays quiet. */
static int draw_health(const struct console *console, struct canvas *canvas, const struct site *site)
{
    struct buf text;
    char clock[CLOCK_TEXT_SIZE];
    unsigned style = ROLE_DIM;
    buf_init(&text, 256);
    if (site->lost_at) {
        buf_printf(&text, " LINK LOST %lld s ago ", (long long)((clock_monotonic() - site->lost_at) / 1000000));
        style = ROLE_BAD | MARK_REVERSE;
    } else if (site->as_of)
        buf_printf(&text, "as of %.8s", clock_format(site->as_of, clock) + 11);
    else
        buf_add_cstr(&text, "connecting");
    int width = (int)text.n;
    canvas_right(canvas, 0, canvas->columns - width - 1, width, style, buf_str(&text));
    buf_dispose(&text);
    return width + 2 + draw_others(console, canvas, site, canvas->columns - width - 2);
}

static void draw_where(const struct console *console, struct canvas *canvas)
{
    const struct site *site = links_site(console, console_top(console));
    const char *environment = json_string_value(json_object_get(json_object_get(site->hello, "environment"), "name"));
    const char *role = said(site, "role");
    int room = canvas->columns - draw_health(console, canvas, site) - 1;
    int x = 1 + canvas_cstr(canvas, 0, 1, room, ROLE_ACCENT, "sluice") + 2;
    if (!site->hello)
        return;
    x += canvas_printf(
             canvas, 0, x, room - x, ROLE_TITLE, "%s@%s", said(site, "operator"), environment ? environment : "?") +
         2;
    x += canvas_cstr(canvas, 0, x, room - x, ROLE_DIM, role) + 1;
    if (strcmp(role, "viewer") == 0)
        x += canvas_cstr(canvas, 0, x, room - x, ROLE_WARN, "[READ-ONLY]") + 2;
    if (room - x > 8)
        canvas_cstr(canvas, 0, x, room - x, ROLE_DIM, said(site, "lake"));
}

static int draw_position(const struct grid *grid, struct canvas *canvas)
{
    struct buf text;
    size_t lines = grid_lines(grid);
    if (!lines)
        return 0;
    buf_init(&text, 64);
    buf_add_byte(&text, ' ');
    view_number(&text, (json_int_t)grid->at + 1);
    buf_add_byte(&text, '/');
    view_number(&text, (json_int_t)lines);
    buf_add_byte(&text, ' ');
    int width = (int)text.n;
    canvas_right(canvas, 1, canvas->columns - width - 1, width, ROLE_DIM, buf_str(&text));
    buf_dispose(&text);
    return width + 2;
}

static int draw_marks(const struct grid *grid, struct canvas *canvas, int x, int width)
{
    struct buf text;
    if (!marks_count(grid))
        return 0;
    buf_init(&text, 64);
    buf_add_byte(&text, ' ');
    view_number(&text, (json_int_t)marks_count(grid));
    buf_add_cstr(&text, " marked ");
    int used = canvas_text(canvas, 1, x, width, ROLE_ACCENT | MARK_REVERSE, buf_str(&text));
    buf_dispose(&text);
    return used;
}

static void draw_breadcrumb(const struct console *console, struct canvas *canvas)
{
    const struct view *top = console_top(console);
    canvas_line(canvas, 1, 0, canvas->columns);
    int room = canvas->columns - 2 - (top ? draw_position(&top->grid, canvas) : 0), x = 2;
    canvas_fill(canvas, 1, 1, 1, ROLE_TEXT);
    for (size_t i = 0; i < console->depth; i++) {
        const struct view *view = console->views[i];
        const char *title = view_argument(view, "title");
        unsigned style = i + 1 == console->depth ? ROLE_TITLE : ROLE_DIM;
        if (i) {
            canvas_fill(canvas, 1, x, 3, ROLE_DIM);
            canvas_glyph(canvas, 1, x + 1, ROLE_DIM, GLYPH_ARROW);
            x += 3;
        }
        x += canvas_cstr(canvas, 1, x, room - x, style, view->type->name);
        if (title)
            x += canvas_printf(canvas, 1, x, room - x < 34 ? room - x : 34, style, " %s", title);
    }
    canvas_fill(canvas, 1, x++, 1, ROLE_TEXT);
    if (top && top->grid.filter.n)
        x += canvas_printf(canvas, 1, x, room - x, ROLE_WARN | MARK_REVERSE, " filter: %s ", top->grid.filter.p);
    if (top && top->frozen)
        x += canvas_cstr(canvas, 1, x, room - x, ROLE_WARN | MARK_REVERSE, " frozen ");
    if (top)
        x += draw_marks(&top->grid, canvas, x, room - x);
    if (top && top->grid.sort >= 0)
        canvas_printf(canvas, 1, x, room - x, ROLE_ACCENT | MARK_REVERSE, " by %s%s ",
            top->grid.columns[top->grid.sort].title, top->grid.reverse ? ", last first" : "");
}

static void draw_message(const struct console *console, struct canvas *canvas, int y)
{
    const struct view *top = console_top(console);
    if (console->prompt) {
        int x = 1 + canvas_cstr(canvas, y, 1, 40, ROLE_ACCENT, prompt_title(console->prompt));
        struct str text = buf_str(&console->input);
        int room = canvas->columns - x - 2, columns = canvas_measure(canvas, text);
        while (columns > room && text.n) {
            text.p++, text.n--;
            columns = canvas_measure(canvas, text);
        }
        x += canvas_text(canvas, y, x, room, ROLE_TEXT, text);
        canvas->cursor_y = y;
        canvas->cursor_x = x;
    } else if (console->flash.n)
        canvas_text(canvas, y, 1, canvas->columns - 2, console->flash_role, buf_str(&console->flash));
    else if (links_waits(console, top) && !links_site(console, top)->lost_at)
        canvas_cstr(canvas, y, 1, 20, ROLE_DIM, "asking the agent");
}

static struct str key_name(const struct keymap_row *row)
{
    return (struct str){row->name, strcspn(row->name, ",")};
}

static int key_width(const struct keymap_row *row)
{
    return (int)key_name(row).n + 1 + (int)strlen(row->label);
}

static int draw_key(struct canvas *canvas, int y, int x, const struct keymap_row *row)
{
    x += canvas_text(canvas, y, x, 20, ROLE_ACCENT, key_name(row)) + 1;
    return x + canvas_cstr(canvas, y, x, 20, ROLE_DIM, row->label) + 2;
}

/* Help has the rest of them, so it always has its place. */
static void draw_keys(const struct console *console, struct canvas *canvas, int y)
{
    const struct view *top = console_top(console);
    size_t count;
    const struct keymap_row *rows = keymap_rows(&count), *help = NULL;
    uint64_t works = REQUESTS_ALWAYS | (top ? top->type->requests : 0);
    for (size_t i = 0; i < count; i++)
        help = rows[i].request == REQUEST_HELP ? &rows[i] : help;
    int x = 1, room = canvas->columns - 1 - (help ? key_width(help) + 2 : 0);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].label || &rows[i] == help || !(works & REQUEST_BIT(rows[i].request)))
            continue;
        if (x + key_width(&rows[i]) > room)
            break;
        x = draw_key(canvas, y, x, &rows[i]);
    }
    if (help)
        draw_key(canvas, y, x, help);
}

static void draw_small(struct canvas *canvas)
{
    canvas_printf(canvas, 0, 0, canvas->columns, ROLE_WARN, "sluice needs %d x %d; this is %d x %d.", LEAST_COLUMNS,
        LEAST_ROWS, canvas->columns, canvas->rows);
    canvas_cstr(canvas, 1, 0, canvas->columns, ROLE_TEXT, "Make it larger; i: go on all the same.");
    canvas_cstr(canvas, 2, 0, canvas->columns, ROLE_DIM, "Q: quit");
}

/* Nothing of what is shown comes from a target that is there. Lists of several grey the rows of the lost ones. */
static bool is_stale(const struct console *console, const struct view *view)
{
    size_t others;
    const struct site *site = links_site(console, view);
    lost_longest(console, site, &others);
    return site->lost_at && (!view || !view_is_of_all(view) || others + 1 == console->site_count);
}

void frame_draw(struct console *console)
{
    struct canvas *canvas = &console->canvas;
    struct view *top = console_top(console);
    canvas_clear(canvas);
    if (!console->small_ignored && (canvas->rows < LEAST_ROWS || canvas->columns < LEAST_COLUMNS)) {
        draw_small(canvas);
        return;
    }
    draw_where(console, canvas);
    draw_breadcrumb(console, canvas);
    if (top && canvas->rows > 4)
        top->type->draw(top, canvas, 2, canvas->rows - 4);
    for (int y = 2; is_stale(console, top) && y < canvas->rows - 2; y++)
        canvas_restyle(canvas, y, 0, canvas->columns, ROLE_DIM);
    draw_message(console, canvas, canvas->rows - 2);
    draw_keys(console, canvas, canvas->rows - 1);
}
