#include "tui/view/progress.h"

#include <string.h>

static json_int_t number(const json_t *item, const char *key)
{
    return json_integer_value(json_object_get(item, key));
}

static bool is_open(const json_t *request)
{
    return view_is(request, "state", "approved") || view_is(request, "state", "running");
}

static bool is_paused(const json_t *request)
{
    return is_open(request) && json_is_string(json_object_get(request, "paused_by"));
}

static void add_share(struct buf *out, json_int_t done, json_int_t all, const char *unit)
{
    buf_add_cstr(out, out->n ? ", " : "");
    view_number(out, done);
    buf_add_cstr(out, " of ");
    view_number(out, all);
    buf_printf(out, " %s", unit);
}

static void add_speed(struct buf *out, const json_t *progress, const char *key, const char *unit)
{
    double speed = json_number_value(json_object_get(progress, key));
    if (speed >= 100) {
        buf_add_cstr(out, ", ");
        view_number(out, (json_int_t)speed);
        buf_printf(out, " %s", unit);
    } else if (speed > 0)
        buf_printf(out, speed < 1 ? ", %.2f %s" : ", %.1f %s", speed, unit);
}

static void add_left(struct buf *out, const json_t *progress)
{
    const json_t *eta = json_object_get(progress, "eta_s");
    if (!json_is_number(eta))
        return;
    long long s = (long long)json_number_value(eta);
    if (s >= 86400)
        buf_printf(out, ", %lldd %lldh left", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        buf_printf(out, ", %lld:%02lld:%02lld left", s / 3600, s / 60 % 60, s % 60);
    else
        buf_printf(out, ", %02lld:%02lld left", s / 60, s % 60);
}

void progress_words(struct buf *out, const json_t *request)
{
    const json_t *progress = json_object_get(request, "progress");
    json_int_t files = number(request, "files"), rows = number(progress, "of_rows");
    if (!files || view_is(request, "state", "requested"))
        return;
    add_share(out, number(request, "finished"), files, files == 1 ? "file" : "files");
    add_left(out, progress);
    add_speed(out, progress, "files_per_s", "files/s");
    if (rows)
        add_share(out, number(progress, "rows"), rows, "rows");
    add_speed(out, progress, "rows_per_s", "rows/s");
}

int progress_draw(const json_t *request, struct canvas *canvas, int y, int x)
{
    enum { BAR = 12 };
    struct buf words;
    buf_init(&words, 512);
    progress_words(&words, request);
    if (words.n) {
        canvas_bar(
            canvas, y, x, BAR, ROLE_ACCENT, (double)number(request, "finished"), (double)number(request, "files"));
        canvas_text(canvas, y++, x + BAR + 1, canvas->columns - x - BAR - 2, ROLE_TEXT, buf_str(&words));
        buf_reset(&words);
        progress_pace(&words, request);
    }
    if (words.n)
        canvas_text(canvas, y++, x, canvas->columns - x - 1, ROLE_WARN, buf_str(&words));
    buf_dispose(&words);
    return y;
}

void progress_pace(struct buf *out, const json_t *request)
{
    const char *rate = json_string_value(json_object_get(request, "rate"));
    if (rate)
        buf_printf(out, "at most %s", rate);
    if (!is_paused(request))
        return;
    buf_printf(out, "%spaused by %s, ", rate ? "; " : "", json_string_value(json_object_get(request, "paused_by")));
    view_time(out, json_object_get(request, "paused_at"));
}

void progress_state(struct buf *out, const json_t *request)
{
    const char *state = json_string_value(json_object_get(request, "state"));
    json_int_t files = number(request, "files");
    buf_add_cstr(out, is_paused(request) ? "paused" : state ? state : "");
    if (is_open(request) && files > 1)
        buf_printf(out, " %lld%%", (long long)(100 * number(request, "finished") / files));
}
