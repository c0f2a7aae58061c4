/* What the tests of screens share: a host that keeps what a screen asked for and opened, and the screen as text. */
#ifndef TESTS_UNIT_TUI_VIEW_HOST_H
#define TESTS_UNIT_TUI_VIEW_HOST_H

#include "tui/view/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HOST_HEIGHT = 20, HOST_WIDTH = 80 };

struct host {
    struct view_host host;
    char method[64];
    json_t *params, *opened_arguments;
    const struct view_type *opened;
    char flash[200];
    bool closed;
    struct view *view;
};

static void host_ask(void *context, struct view *view, int tag, const char *method, json_t *params)
{
    struct host *host = context;
    (void)view, (void)tag;
    snprintf(host->method, sizeof host->method, "%s", method);
    json_decref(host->params);
    host->params = params;
}

static void host_open(void *context, const struct view_type *type, json_t *arguments)
{
    struct host *host = context;
    host->opened = type;
    json_decref(host->opened_arguments);
    host->opened_arguments = arguments;
}

static void host_flash(void *context, enum role role, const char *text)
{
    struct host *host = context;
    (void)role;
    snprintf(host->flash, sizeof host->flash, "%s", text);
}

static void host_close(void *context, struct view *view)
{
    struct host *host = context;
    (void)view;
    host->closed = true;
}

static void host_filter(void *context, struct view *view, const char *text)
{
    struct host *host = context;
    (void)view;
    snprintf(host->flash, sizeof host->flash, "filter %s", text);
}

static void host_tell(struct host *host, int tag, const char *text)
{
    json_error_t fault;
    json_t *result = json_loads(text, 0, &fault);
    if (!result)
        fail_msg("%s", fault.text);
    host->view->type->answer(host->view, tag, result);
    json_decref(result);
}

static void host_begin(struct host *host, const struct view_type *type, json_t *arguments)
{
    *host = (struct host){.host = {host, host_ask, host_open, host_flash, host_close, host_filter}};
    setenv("SLUICE_CLOCK", "1795230764000000", 1); /* 2026-11-21T03:12:44Z */
    host->view = view_new(type, &host->host, arguments);
    assert_non_null(host->view);
    type->load(host->view);
}

static void host_end(struct host *host)
{
    view_free(host->view);
    json_decref(host->params);
    json_decref(host->opened_arguments);
}

/* The screen's body in 80 columns, lines without trailing blanks. */
static void host_check(struct host *host, const char *expected)
{
    struct canvas canvas;
    struct err err;
    struct buf text;
    assert_true(canvas_init(&canvas, HOST_HEIGHT, HOST_WIDTH, false, &err));
    buf_init(&text, 65536);
    host->view->type->draw(host->view, &canvas, 0, HOST_HEIGHT);
    size_t end = 0;
    for (int y = 0; y < HOST_HEIGHT; y++) {
        size_t before = text.n;
        canvas_row_text(&canvas, y, &text);
        end = text.n > before ? text.n : end;
        buf_add_byte(&text, '\n');
        end = text.n - 1 == before ? end : text.n;
    }
    text.p[end] = '\0';
    assert_string_equal(text.p, expected);
    buf_dispose(&text);
    canvas_dispose(&canvas);
}

#endif
