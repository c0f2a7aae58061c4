#include "worker/notify/render.h"

#include "shared/base64.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

enum { ENCODED_WORD = 42, BASE64_LINE = 57 };

/* ---- in words ---- */

static void add_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buf_add_byte(out, ',');
        buf_add_byte(out, digits[i]);
    }
    buf_printf(out, " %s", count == 1 ? one : many);
}

/* "2026-11-27 20:31 UTC" */
static void add_time(struct buf *out, int64_t at)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(at, text);
    buf_printf(out, "%.10s %.5s UTC", text, text + 11);
}

static void add_title(struct buf *out, const struct alert_item *item)
{
    if (item->resolved)
        buf_add_cstr(out, "RESOLVED");
    else
        for (size_t i = 0; i < item->severity.n; i++)
            buf_add_byte(out, (char)toupper((unsigned char)item->severity.p[i]));
    buf_add_byte(out, ' ');
    utf8_sanitise(out, item->title);
}

/* How much, and since when. */
static void add_extent(struct buf *out, const struct alert_item *item)
{
    if (item->files) {
        add_count(out, item->files, "file", "files");
        buf_add_cstr(out, item->whole_file ? " quarantined, " : ", ");
    }
    if (item->rows) {
        add_count(out, item->rows, "row", "rows");
        buf_add_cstr(out, " rejected, ");
    }
    buf_add_cstr(out, "since ");
    add_time(out, item->opened_at);
    if (item->resolved) {
        buf_add_cstr(out, " until ");
        add_time(out, item->resolved_at);
    }
}

static size_t shown(const struct rendering *r)
{
    return r->items->count < RENDER_SHOWN ? r->items->count : RENDER_SHOWN;
}

void render_subject(const struct rendering *r, struct buf *out)
{
    buf_add_cstr(out, "[sluice ");
    utf8_sanitise(out, str_of(r->environment));
    buf_add_cstr(out, "] ");
    add_title(out, &r->items->list[0]);
    if (r->items->count > 1)
        buf_printf(out, ", and %zu more", r->items->count - 1);
}

void render_command(const struct rendering *r, const struct alert_item *item, struct buf *out)
{
    buf_add_cstr(out, r->console);
    if (str_eq(item->kind, STR("request")))
        buf_printf(out, " approve " STR_FMT, STR_ARG(item->subject));
    else if (item->run_id.n)
        buf_printf(out, " --go '%s " STR_FMT "'", item->whole_file ? "reason" : "rows", STR_ARG(item->run_id));
}

static void add_item(const struct rendering *r, const struct alert_item *item, struct buf *out)
{
    add_title(out, item);
    buf_add_cstr(out, "\n  ");
    add_extent(out, item);
    buf_add_byte(out, '\n');
    if (item->resolved)
        return;
    if (item->sample.n) {
        buf_add_cstr(out, "  for example: ");
        utf8_sanitise(out, item->sample);
        buf_add_byte(out, '\n');
    }
    buf_add_cstr(out, "  ");
    render_command(r, item, out);
    buf_add_byte(out, '\n');
}

void render_text(const struct rendering *r, struct buf *out)
{
    for (size_t i = 0; i < shown(r); i++) {
        buf_add_cstr(out, i ? "\n" : "");
        add_item(r, &r->items->list[i], out);
    }
    if (r->items->count > shown(r))
        buf_printf(out, "\nand %zu more: %s --go alerts\n", r->items->count - shown(r), r->console);
}

/* ---- JSON ---- */

/* What Slack would take for a mention, a link or an entity. */
static void escape_slack(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        switch (text.p[i]) {
        case '&':
            buf_add_cstr(out, "&amp;");
            break;
        case '<':
            buf_add_cstr(out, "&lt;");
            break;
        case '>':
            buf_add_cstr(out, "&gt;");
            break;
        default:
            buf_add_byte(out, text.p[i]);
        }
}

void render_slack(const struct rendering *r, struct buf *out)
{
    struct buf text, escaped;
    struct json json;
    buf_init(&text, RENDER_MAX);
    buf_init(&escaped, 5 * RENDER_MAX);
    render_subject(r, &text);
    buf_add_cstr(&text, "\n");
    escape_slack(&escaped, buf_str(&text));
    /* a block of code: nothing in it is markup, so a backquote must not end it */
    buf_reset(&text);
    render_text(r, &text);
    for (size_t i = 0; i < text.n; i++)
        text.p[i] = text.p[i] == '`' ? '\'' : text.p[i];
    buf_add_cstr(&escaped, "```\n");
    escape_slack(&escaped, buf_str(&text));
    buf_add_cstr(&escaped, "```");
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    jsonw_put_string(&json, "text", buf_str(&escaped));
    jsonw_object_end(&json);
    out->failed = out->failed || text.failed || escaped.failed;
    buf_dispose(&text);
    buf_dispose(&escaped);
}

static void add_block(struct json *json, struct str text, bool heading)
{
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "type", "TextBlock");
    jsonw_put_string(json, "text", text);
    jsonw_put_bool(json, "wrap", true);
    if (heading)
        jsonw_put_cstring(json, "weight", "bolder");
    else
        jsonw_put_cstring(json, "fontType", "monospace");
    jsonw_object_end(json);
}

/* In a card a line end is a space: a block a line. */
static void add_lines(struct json *json, struct str text)
{
    while (text.n) {
        size_t n = str_find_byte(text, '\n');
        if (n)
            add_block(json, (struct str){text.p, n}, false);
        text = n < text.n ? (struct str){text.p + n + 1, text.n - n - 1} : (struct str){NULL, 0};
    }
}

/* An Adaptive Card in a message, as Teams' workflows and incoming webhooks take it. */
void render_teams(const struct rendering *r, struct buf *out)
{
    struct buf text;
    struct json json;
    buf_init(&text, RENDER_MAX);
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "type", "message");
    jsonw_key(&json, "attachments");
    jsonw_array_begin(&json);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "contentType", "application/vnd.microsoft.card.adaptive");
    jsonw_key(&json, "content");
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    jsonw_put_cstring(&json, "type", "AdaptiveCard");
    jsonw_put_cstring(&json, "version", "1.4");
    jsonw_key(&json, "body");
    jsonw_array_begin(&json);
    render_subject(r, &text);
    add_block(&json, buf_str(&text), true);
    buf_reset(&text);
    render_text(r, &text);
    add_lines(&json, buf_str(&text));
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    jsonw_object_end(&json);
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    out->failed = out->failed || text.failed;
    buf_dispose(&text);
}

static void add_alert(const struct rendering *r, const struct alert_item *item, struct json *json)
{
    struct buf text;
    buf_init(&text, RENDER_MAX);
    jsonw_object_begin(json);
    jsonw_put_int(json, "id", item->message_id);
    jsonw_put_cstring(json, "event", item->resolved ? "resolved" : "opened");
    jsonw_put_string(json, "kind", item->kind);
    jsonw_put_string(json, "subject", item->subject);
    jsonw_put_string(json, "dataset", item->dataset);
    jsonw_put_string(json, "severity", item->severity);
    jsonw_put_string(json, "title", item->title);
    jsonw_put_uint(json, "files", item->files);
    jsonw_put_uint(json, "rows", item->rows);
    jsonw_put_time(json, "since", item->opened_at);
    if (item->resolved)
        jsonw_put_time(json, "resolved_at", item->resolved_at);
    utf8_sanitise(&text, item->sample);
    jsonw_put_string(json, "sample", buf_str(&text));
    buf_reset(&text);
    render_command(r, item, &text);
    jsonw_put_string(json, "command", buf_str(&text));
    jsonw_object_end(json);
    buf_dispose(&text);
}

void render_webhook(const struct rendering *r, struct buf *out)
{
    struct json json;
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "version", 1);
    jsonw_put_cstring(&json, "environment", r->environment);
    jsonw_key(&json, "alerts");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < r->items->count; i++)
        add_alert(r, &r->items->list[i], &json);
    jsonw_array_end(&json);
    jsonw_object_end(&json);
}

/* ---- mail ---- */

/* RFC 2047, in words that break between characters. */
static void add_header(struct buf *out, const char *name, struct str text)
{
    bool plain = text.n < 900;
    for (size_t i = 0; i < text.n; i++)
        plain = plain && text.p[i] >= ' ' && text.p[i] < 127;
    buf_printf(out, "%s: ", name);
    if (plain)
        buf_add_str(out, text);
    for (size_t at = 0; !plain && at < text.n;) {
        size_t n = text.n - at < ENCODED_WORD ? text.n - at : ENCODED_WORD;
        while (at + n < text.n && n > 1 && ((unsigned char)text.p[at + n] & 0xC0) == 0x80)
            n--;
        buf_add_cstr(out, at ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
        base64_encode(out, (struct str){text.p + at, n});
        buf_add_cstr(out, "?=");
        at += n;
    }
    buf_add_cstr(out, "\r\n");
}

static void add_date(struct buf *out, int64_t now)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(now / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
        tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void render_mail(const struct rendering *r, const char *from, const char *const *to, size_t to_count, const char *id,
    int64_t now, struct buf *out)
{
    struct buf text;
    buf_init(&text, RENDER_MAX);
    buf_printf(out, "From: %s\r\nTo: ", from);
    for (size_t i = 0; i < to_count; i++)
        buf_printf(out, "%s%s", i ? ",\r\n " : "", to[i]);
    buf_add_cstr(out, "\r\n");
    render_subject(r, &text);
    add_header(out, "Subject", buf_str(&text));
    add_date(out, now);
    buf_printf(out, "Message-ID: <%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", id);
    buf_add_cstr(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    buf_reset(&text);
    render_text(r, &text);
    for (size_t at = 0; at < text.n; at += BASE64_LINE) {
        base64_encode(out, (struct str){text.p + at, text.n - at < BASE64_LINE ? text.n - at : BASE64_LINE});
        buf_add_cstr(out, "\r\n");
    }
    out->failed = out->failed || text.failed;
    buf_dispose(&text);
}
