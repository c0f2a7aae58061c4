/* The links to the targets: questions go out, answers come back to the screens that asked. What is asked of all targets
 * is one answer to a screen: each time another target has answered, of those that can. */
#include "tui/app/state.h"

#include "shared/clock.h"
#include "tui/app/seen.h"
#include "tui/core/merge.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000000, LONGEST_RETRY = 30 * SECOND, TAG_TEXT = 16 };

bool links_is_fleet(const struct console *console)
{
    return console->site_count > 1;
}

static struct site *site_named(const struct console *console, const char *name)
{
    for (size_t i = 0; name && i < console->site_count; i++)
        if (strcmp(console->sites[i].name, name) == 0)
            return &console->sites[i];
    return &console->sites[0];
}

struct site *links_site(const struct console *console, const struct view *view)
{
    return site_named(console, view ? view_target(view) : NULL);
}

static bool is_live(const struct site *site)
{
    return site->link.open && site->greeted;
}

bool links_waits(const struct console *console, const struct view *view)
{
    for (size_t i = 0; i < console->waiting_count; i++)
        if (console->waiting[i].view == view && (is_live(console->waiting[i].site) || !links_is_fleet(console)))
            return true;
    return false;
}

void links_forget(struct console *console, const struct view *view)
{
    for (size_t i = 0; i < console->waiting_count; i++)
        if (console->waiting[i].view == view)
            console->waiting[i].view = NULL;
}

/* ---- what all were asked ---- */

static const char *tag_text(int tag, char out[TAG_TEXT])
{
    snprintf(out, TAG_TEXT, "%d", tag);
    return out;
}

/* What each target has answered under a tag, in the targets' order; the first page's stay until there are others. */
static json_t *parts_of(const struct console *console, struct view *view, int tag, const json_t *after)
{
    char text[TAG_TEXT];
    json_t *asked = json_object_get(view->parts, tag_text(tag, text));
    if (!view->parts)
        view->parts = json_object();
    if (!asked || after) {
        asked = json_pack("{s:{}, s:O?}", "parts", "after", after);
        for (size_t i = 0; i < console->site_count; i++)
            json_object_set_new(json_object_get(asked, "parts"), console->sites[i].name, json_null());
        json_object_set_new(view->parts, text, asked);
    }
    return asked;
}

static bool any_answered(const json_t *parts)
{
    const char *target;
    json_t *part;
    json_object_foreach((json_t *)parts, target, part)
    {
        if (json_is_object(part))
            return true;
    }
    return false;
}

static void deliver(struct console *console, struct view *view, int tag, const char *method)
{
    char text[TAG_TEXT];
    for (size_t i = 0; i < console->waiting_count; i++) {
        const struct waiting *other = &console->waiting[i];
        if (other->view == view && other->tag == tag && other->of_all && is_live(other->site))
            return;
    }
    const json_t *asked = json_object_get(view->parts, tag_text(tag, text));
    const json_t *after = json_object_get(asked, "after"), *parts = json_object_get(asked, "parts");
    if (!any_answered(parts))
        return;
    json_t *whole = merge_answers(method, parts, json_is_object(after) ? after : NULL);
    view->type->answer(view, tag, whole);
    json_decref(whole);
    console->dirty = true;
}

static void take_part(struct console *console, const struct waiting *found, json_t *result)
{
    char text[TAG_TEXT];
    json_t *asked = json_object_get(found->view->parts, tag_text(found->tag, text));
    json_object_set(json_object_get(asked, "parts"), found->site->name, result);
    deliver(console, found->view, found->tag, found->of_all);
}

/* ---- asking ---- */

static void refuse(struct console *console, const struct waiting *asked, const struct err *why)
{
    if (asked->view && asked->of_all)
        deliver(console, asked->view, asked->tag, asked->of_all);
    else if (asked->view && asked->view->type->refused)
        asked->view->type->refused(asked->view, asked->tag, why);
}

static void ask(struct console *console, struct waiting question, const char *method, json_t *params)
{
    struct err err;
    if (question.site->seen && strcmp(method, "overview") == 0) {
        params = params ? params : json_object();
        json_object_set_new(params, "seen", json_string(question.site->seen));
    }
    if (question.site->link.open && console->waiting_count < MOST_WAITING)
        question.id = async_link_ask(&question.site->link, method, params);
    else
        json_decref(params);
    if (question.id)
        console->waiting[console->waiting_count++] = question;
    else {
        (void)ERR(&err, ERR_UNAVAILABLE, "the agent was not asked: there is no link to it now");
        refuse(console, &question, &err);
    }
}

static void host_ask(void *context, struct view *view, int tag, const char *method, json_t *params)
{
    struct console *console = context;
    ask(console, (struct waiting){.site = links_site(console, view), .view = view, .tag = tag}, method, params);
}

/* A page goes on after the key of each target that has more. */
static json_t *params_for(const struct site *site, const json_t *params, const json_t *after)
{
    json_t *own = params ? json_copy((json_t *)params) : json_object(), *key = json_object_get(after, site->name);
    if (json_is_string(key))
        json_object_set(own, "after", key);
    else
        json_object_del(own, "after");
    return own;
}

static void host_ask_all(void *context, struct view *view, int tag, const char *method, json_t *params)
{
    struct console *console = context;
    json_t *after = json_object_get(params, "after");
    parts_of(console, view, tag, after);
    for (size_t i = 0; i < console->site_count; i++) {
        struct site *site = &console->sites[i];
        bool has_more = !after || (json_object_get(after, site->name) && is_live(site));
        if (site->link.open && has_more && (!console->only || console->only == site))
            ask(console, (struct waiting){.site = site, .view = view, .tag = tag, .of_all = method}, method,
                params_for(site, params, after));
    }
    json_decref(params);
}

/* ---- a link comes and goes ---- */

static void set_lost(struct console *console, struct site *site, int64_t at)
{
    site->lost_at = at;
    json_object_set_new(console->lost, site->name, json_boolean(at != 0 || site->silent));
}

/* Nobody waits for what will not come: whether it was done, only the agent's side knows. */
static void give_up_waiting(struct console *console, const struct site *site)
{
    struct err err;
    (void)ERR(&err, ERR_INTERRUPTED, "the link broke before the answer");
    for (size_t i = 0; i < console->waiting_count;) {
        struct waiting lost = console->waiting[i];
        if (lost.site != site) {
            i++;
            continue;
        }
        console->waiting[i] = console->waiting[--console->waiting_count];
        refuse(console, &lost, &err);
    }
}

static void tell(struct console *console, const struct site *site, const char *what)
{
    struct buf words;
    buf_init(&words, 8192);
    if (links_is_fleet(console))
        buf_printf(&words, "%s: ", site->name);
    buf_add_cstr(&words, what);
    console_flash(console, ROLE_BAD, words.p ? words.p : what);
    buf_dispose(&words);
}

static void lose(struct console *console, struct site *site, const char *why)
{
    int64_t now = clock_monotonic();
    async_link_close(&site->link);
    site->greeted = false;
    give_up_waiting(console, site);
    set_lost(console, site, site->lost_at ? site->lost_at : now);
    site->retry_after = site->retry_after ? 2 * site->retry_after : SECOND;
    if (site->retry_after > LONGEST_RETRY)
        site->retry_after = LONGEST_RETRY;
    site->retry_at = now + site->retry_after;
    /* what the agent said before it died tells more than that it is gone */
    tell(console, site, console->complaint.n ? console->complaint.p : why);
}

static void connect_site(struct console *console, struct site *site)
{
    struct err err;
    struct agent_command command;
    buf_reset(&console->complaint);
    bool known = target_command(site->options, &command, &err);
    if (!known || !(command.socket ? async_link_connect(&site->link, command.socket, &err)
                                   : async_link_open(&site->link, (char *const *)command.argv, &err))) {
        lose(console, site, err.message);
        return;
    }
    ask(console, (struct waiting){.site = site, .hello = true}, "hello",
        json_pack("{s:s, s:b}", "client", "sluice " SLUICE_VERSION, "notices", 1));
}

/* Screens of another target have what they show. */
static void load_screens(struct console *console, const struct site *site)
{
    console->only = site;
    for (size_t i = 0; i < console->depth; i++) {
        struct view *view = console->views[i];
        if (!site || view_is_of_all(view) || links_site(console, view) == site)
            view->type->load(view);
    }
    console->only = NULL;
}

void links_connect(struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++)
        if (!console->sites[i].link.open)
            connect_site(console, &console->sites[i]);
    load_screens(console, NULL);
}

void links_retry(struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++) {
        struct site *site = &console->sites[i];
        if (!site->lost_at || site->link.open || clock_monotonic() < site->retry_at)
            continue;
        connect_site(console, site);
        if (site->link.open)
            load_screens(console, site);
    }
}

bool links_any_lost(const struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++)
        if (console->sites[i].lost_at)
            return true;
    return false;
}

/* The age of what is on the screen counts while a link is lost. */
int64_t links_deadline(const struct console *console)
{
    int64_t soon = links_any_lost(console) ? clock_monotonic() + SECOND : -1;
    for (size_t i = 0; i < console->site_count; i++)
        if (console->sites[i].lost_at && console->sites[i].retry_at < soon)
            soon = console->sites[i].retry_at;
    return soon;
}

/* ---- answers ---- */

/* A list of all targets may have asked one of them about its row. */
static void answer_view(struct view *view, int tag, const struct site *site, json_t *result)
{
    json_t *item;
    size_t i;
    if (view_is_of_all(view))
        json_array_foreach(json_object_get(result, "items"), i, item)
            json_object_set_new(item, "target", json_string(site->name));
    view->answering = site->name;
    view->type->answer(view, tag, result);
    view->answering = NULL;
}

static void take_answer(struct console *console, struct site *site, struct answer *answer)
{
    struct waiting found = {.site = site};
    for (size_t i = 0; i < console->waiting_count; i++)
        if (console->waiting[i].site == site && console->waiting[i].id == answer->id) {
            found = console->waiting[i];
            console->waiting[i] = console->waiting[--console->waiting_count];
            break;
        }
    console->dirty = true;
    site->as_of = clock_now();
    site->looked = site->looked ? site->looked : site->as_of;
    site->retry_after = 0;
    if (found.of_all)
        site->silent = !answer->result;
    set_lost(console, site, 0);
    if (!answer->result) {
        if (found.view || found.hello)
            tell(console, site, answer->err.message);
        refuse(console, &found, &answer->err);
    } else if (found.hello) {
        json_decref(site->hello);
        site->hello = json_incref(answer->result);
        site->greeted = true;
    } else if (found.view && found.of_all)
        take_part(console, &found, answer->result);
    else if (found.view)
        answer_view(found.view, found.tag, site, answer->result);
}

static void take_notice(struct console *console, const struct site *site)
{
    for (size_t i = 0; i < console->depth; i++)
        if (view_is_of_all(console->views[i]) || links_site(console, console->views[i]) == site)
            console->views[i]->stale = true;
}

static void pump(struct console *console, struct site *site)
{
    struct answer answer;
    struct err err;
    bool ok = async_link_pump(&site->link, &err);
    while (async_link_take(&site->link, &answer)) {
        if (answer.notice)
            take_notice(console, site);
        else
            take_answer(console, site, &answer);
        json_decref(answer.result);
    }
    if (!ok)
        lose(console, site, err.message);
}

void links_pump(struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++)
        if (console->sites[i].link.open)
            pump(console, &console->sites[i]);
}

/* The screen one looks at is loaded anew, once what it asked for before is there; its cursor stays. */
void links_follow(struct console *console)
{
    struct view *top = console_top(console);
    if (!top || !top->stale || top->frozen || !top->type->follows || links_waits(console, top) ||
        (!view_is_of_all(top) && !links_site(console, top)->link.open))
        return;
    top->stale = false;
    top->type->load(top);
}

/* ---- what screens may know of the targets ---- */

static json_t *host_targets(void *context)
{
    const struct console *console = context;
    json_t *list = json_array();
    for (size_t i = 0; i < console->site_count; i++) {
        const struct site *site = &console->sites[i];
        json_t *item = json_pack("{s:s, s:b, s:b, s:O?}", "target", site->name, "live", is_live(site), "silent",
            site->silent, "hello", site->hello);
        if (site->lost_at)
            json_object_set_new(item, "lost", json_integer((clock_monotonic() - site->lost_at) / SECOND));
        json_array_append_new(list, item);
    }
    return list;
}

void links_look(struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++)
        console->sites[i].looked = console->sites[i].as_of;
}

void links_keep_looks(const struct console *console)
{
    json_t *looks = json_object();
    char at[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < console->site_count; i++)
        if (console->sites[i].looked)
            json_object_set_new(looks, console->sites[i].key, json_string(clock_format(console->sites[i].looked, at)));
    if (json_object_size(looks))
        seen_write(looks);
    json_decref(looks);
}

bool links_init(struct console *console, const struct console_target *targets, size_t count, struct err *err)
{
    char folder[PATH_MAX];
    console->lost = json_object();
    console->looks = seen_read();
    console->sites = calloc(count + 1, sizeof *console->sites);
    if (!console->sites || !console->lost)
        return ERR(err, ERR_MEMORY, "no memory for the links");
    console->site_count = count;
    console->host.ask = host_ask;
    console->host.ask_all = count > 1 ? host_ask_all : NULL;
    console->host.targets = host_targets;
    for (size_t i = 0; i < count; i++) {
        console->sites[i].name = targets[i].name;
        console->sites[i].options = &targets[i].options;
        console->sites[i].key = strdup(seen_key(&targets[i].options, folder));
        if (!console->sites[i].key)
            return ERR(err, ERR_MEMORY, "no memory for the links");
        console->sites[i].seen = json_string_value(json_object_get(console->looks, console->sites[i].key));
        set_lost(console, &console->sites[i], 0);
    }
    return true;
}

void links_dispose(struct console *console)
{
    for (size_t i = 0; i < console->site_count; i++) {
        if (console->sites[i].link.open)
            async_link_close(&console->sites[i].link);
        json_decref(console->sites[i].hello);
        free((char *)console->sites[i].key);
    }
    json_decref(console->lost);
    json_decref(console->looks);
    free(console->sites);
}
