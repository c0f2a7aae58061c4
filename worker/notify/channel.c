#include "worker/notify/channel.h"

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/hash.h"
#include "shared/ulid.h"
#include "shared/utf8.h"
#include "worker/aws/service.h"
#include "worker/net/smtp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum { SECOND = 1000000, SNS_SUBJECT = 100, SAID = 120 };

/* What the channel's settings mean now. */
struct opened {
    const struct alert_channel *channel;
    const struct rendering *r;
    struct secret url, key, server, user, password, topic;
};

static bool is_refusal(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 410;
}

/* ---- HTTP ---- */

static bool judge(const struct http_response *response, struct err *err)
{
    struct buf said;
    struct str body = buf_str(&response->body);
    if (response->status / 100 == 2)
        return true;
    buf_init(&said, RENDER_MAX);
    utf8_sanitise(&said, (struct str){body.p, body.n < SAID ? body.n : SAID});
    ERR(err, is_refusal(response->status) ? ERR_CONFIG : ERR_UNAVAILABLE, "it answered with status %d%s%s",
        response->status, said.n ? ": " : "", said.n ? said.p : "");
    buf_dispose(&said);
    return false;
}

static bool post(const struct opened *o, struct str body, const char *const *headers, size_t count, struct err *err)
{
    const struct http_options options = {.ca_bundle = o->channel->ca,
        .connect_timeout_us = (int64_t)CHANNEL_LIMIT_S * SECOND / 2,
        .stall_timeout_us = (int64_t)CHANNEL_LIMIT_S * SECOND};
    const struct http_request request = {.method = "POST",
        .url = o->url.text.p,
        .headers = headers,
        .header_count = count,
        .body = {.bytes = body, .size = body.n},
        .limit_us = (int64_t)CHANNEL_LIMIT_S * SECOND};
    struct http_response response;
    struct http *http = http_new(&options);
    if (!http)
        return ERR(err, ERR_MEMORY, "no memory for a request");
    http_response_init(&response);
    bool ok = http_send(http, &request, &response, err) && judge(&response, err);
    http_response_dispose(&response);
    http_free(http);
    return ok;
}

/* Over the time as well, so that nobody who saw a request can send it again later. */
static void sign(const struct opened *o, struct str body, const char *at, char out[2 * EVP_MAX_MD_SIZE + 1])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf text;
    buf_init(&text, 2 * RENDER_MAX);
    buf_printf(&text, "%s.", at);
    buf_add_str(&text, body);
    if (!text.failed)
        HMAC(EVP_sha256(), o->key.text.p, (int)o->key.text.n, (const unsigned char *)text.p, text.n, mac, &n);
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
    buf_dispose(&text);
}

static bool send_webhook(const struct opened *o, struct err *err)
{
    char at[24], time_line[64], signature[2 * EVP_MAX_MD_SIZE + 1] = "", signature_line[200];
    const char *headers[] = {"Content-Type: application/json", time_line, signature_line};
    struct buf body;
    buf_init(&body, RENDER_MAX);
    render_webhook(o->r, &body);
    bool ok = buf_ok(&body, "an alert", err);
    if (ok) {
        snprintf(at, sizeof at, "%lld", (long long)(clock_now() / SECOND));
        snprintf(time_line, sizeof time_line, "X-Sluice-Timestamp: %s", at);
        if (o->channel->key)
            sign(o, buf_str(&body), at, signature);
        snprintf(signature_line, sizeof signature_line, "X-Sluice-Signature: sha256=%s", signature);
        ok = post(o, buf_str(&body), headers, o->channel->key ? 3 : 2, err);
    }
    buf_dispose(&body);
    return ok;
}

static bool send_chat(const struct opened *o, struct err *err)
{
    static const char *const headers[] = {"Content-Type: application/json"};
    struct buf body;
    buf_init(&body, 8 * RENDER_MAX);
    if (o->channel->type == ALERT_SLACK)
        render_slack(o->r, &body);
    else
        render_teams(o->r, &body);
    bool ok = buf_ok(&body, "an alert", err) && post(o, buf_str(&body), headers, 1, err);
    buf_dispose(&body);
    return ok;
}

/* ---- the others ---- */

static bool send_mail(const struct opened *o, struct err *err)
{
    const struct alert_channel *c = o->channel;
    const char *at = strchr(c->from, '@');
    char ulid[ULID_SIZE], id[300];
    struct buf message;
    ulid_new(ulid);
    snprintf(id, sizeof id, "%s@%s", ulid, at ? at + 1 : "localhost");
    buf_init(&message, 2 * RENDER_MAX);
    render_mail(o->r, c->from, c->to.items, c->to.count, id, clock_now(), &message);
    const struct smtp_mail mail = {.server = o->server.text.p,
        .user = c->user ? o->user.text.p : NULL,
        .password = c->password ? o->password.text.p : NULL,
        .ca_bundle = c->ca,
        .from = c->from,
        .to = c->to.items,
        .to_count = c->to.count,
        .message = buf_str(&message),
        .limit_us = (int64_t)CHANNEL_LIMIT_S * SECOND};
    bool ok = buf_ok(&message, "a mail", err) && smtp_send(&mail, err);
    buf_dispose(&message);
    return ok;
}

/* Of "arn:aws:sns:eu-west-1:123456789012:name". */
static const char *region_of(const char *topic, char out[64])
{
    for (int i = 0; topic && i < 3; i++)
        topic = (topic = strchr(topic, ':')) ? topic + 1 : NULL;
    if (!topic)
        return NULL;
    snprintf(out, 64, "%.*s", (int)strcspn(topic, ":"), topic);
    return out;
}

/* SNS takes ASCII, and less than 100 of it. */
static void add_subject(const struct opened *o, struct buf *body)
{
    struct buf subject;
    buf_init(&subject, RENDER_MAX);
    render_subject(o->r, &subject);
    for (size_t i = 0; i < subject.n; i++)
        if ((unsigned char)subject.p[i] >= 127)
            subject.p[i] = '?';
    aws_query_add(body, "Subject", (struct str){subject.p, subject.n < SNS_SUBJECT ? subject.n : SNS_SUBJECT - 1});
    buf_dispose(&subject);
}

/* A topic that keeps order wants to know what is a repeat. */
static void add_identity(const struct opened *o, struct buf *body)
{
    char hash[SHA256_TEXT_SIZE];
    struct buf ids;
    buf_init(&ids, RENDER_MAX);
    for (size_t i = 0; i < o->r->items->count; i++)
        buf_printf(&ids, "%s %lld\n", o->r->environment, (long long)o->r->items->list[i].message_id);
    sha256_of(buf_str(&ids), hash);
    aws_query_add(body, "MessageGroupId", STR("sluice"));
    aws_query_add(body, "MessageDeduplicationId", str_of(hash));
    buf_dispose(&ids);
}

static bool send_sns(const struct opened *o, struct err *err)
{
    char region[64], code[AWS_CODE_SIZE];
    const struct aws_service_options options = {
        .name = "sns", .setting = "sns", .region = region_of(o->topic.text.p, region), .attempts = 1};
    struct aws_service *service = aws_service_new(&options, err);
    struct http_response response;
    struct buf body, text;
    buf_init(&body, 4 * RENDER_MAX);
    buf_init(&text, RENDER_MAX);
    http_response_init(&response);
    render_text(o->r, &text);
    buf_add_cstr(&body, "Action=Publish&Version=2010-03-31");
    aws_query_add(&body, "TopicArn", buf_str(&o->topic.text));
    add_subject(o, &body);
    aws_query_add(&body, "Message", buf_str(&text));
    if (str_ends(buf_str(&o->topic.text), STR(".fifo")))
        add_identity(o, &body);
    const struct aws_call call = {
        .action = "sns:Publish", .body = buf_str(&body), .limit_us = (int64_t)CHANNEL_LIMIT_S * SECOND};
    bool ok = service && buf_ok(&text, "an alert", err) && buf_ok(&body, "an alert", err) &&
              aws_service_send(service, &call, &response, code, err);
    http_response_dispose(&response);
    buf_dispose(&body);
    buf_dispose(&text);
    aws_service_free(service);
    return ok;
}

/* ---- a channel ---- */

static bool read_one(struct secrets *secrets, const char *setting, bool fresh, struct secret *out, struct err *err)
{
    return !setting || secrets_read(secrets, setting, fresh, out, err);
}

static bool attempt(
    const struct alert_channel *c, struct secrets *secrets, const struct rendering *r, bool fresh, struct err *err)
{
    static bool (*const send[])(const struct opened *, struct err *) = {[ALERT_WEBHOOK] = send_webhook,
        [ALERT_SLACK] = send_chat,
        [ALERT_TEAMS] = send_chat,
        [ALERT_EMAIL] = send_mail,
        [ALERT_SNS] = send_sns};
    struct opened o = {.channel = c, .r = r};
    struct secret *all[] = {&o.url, &o.key, &o.server, &o.user, &o.password, &o.topic};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        secret_init(all[i]);
    bool ok = read_one(secrets, c->url, fresh, &o.url, err) && read_one(secrets, c->key, fresh, &o.key, err) &&
              read_one(secrets, c->server, fresh, &o.server, err) && read_one(secrets, c->user, fresh, &o.user, err) &&
              read_one(secrets, c->password, fresh, &o.password, err) &&
              read_one(secrets, c->topic, fresh, &o.topic, err) && send[c->type](&o, err);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        secret_dispose(all[i]);
    return ok;
}

static bool has_secrets(const struct alert_channel *c)
{
    return secrets_in(c->url) || secrets_in(c->key) || secrets_in(c->server) || secrets_in(c->user) ||
           secrets_in(c->password) || secrets_in(c->topic);
}

bool channel_send(
    const struct alert_channel *channel, struct secrets *secrets, const struct rendering *r, struct err *err)
{
    if (attempt(channel, secrets, r, false, err))
        return true;
    return err->kind == ERR_CONFIG && has_secrets(channel) && attempt(channel, secrets, r, true, err);
}
