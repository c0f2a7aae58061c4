/* Alerts as texts: for people, and as the JSON that each kind of channel wants. */
#ifndef WORKER_NOTIFY_RENDER_H
#define WORKER_NOTIFY_RENDER_H

#include "shared/buf.h"
#include "worker/journal/alert.h"

struct rendering {
    const struct alert_items *items;
    const char *environment;
    const char *console; /* the command that opens it: "sluice -t prod" */
};

enum { RENDER_MAX = 256 * 1024, RENDER_SHOWN = 10 /* alerts of a batch; the others are counted */ };

/* One line: what it is about. */
void render_subject(const struct rendering *r, struct buf *out);
void render_text(const struct rendering *r, struct buf *out);
/* The command that opens the console at what the alert is about. */
void render_command(const struct rendering *r, const struct alert_item *item, struct buf *out);

void render_slack(const struct rendering *r, struct buf *out);
void render_teams(const struct rendering *r, struct buf *out);
void render_webhook(const struct rendering *r, struct buf *out);
/* A whole message (RFC 5322, MIME), lines end in CRLF. */
void render_mail(const struct rendering *r, const char *from, const char *const *to, size_t to_count, const char *id,
    int64_t now, struct buf *out);

#endif
