/* A request while it is carried out: paused, resumed, slowed down, cancelled. */
#include "worker/journal/pace.h"

#include "shared/clock.h"
#include "worker/agent/acting.h"

typedef bool act_on(struct acting *acting, const struct redrive *redrive, struct err *err);

static bool act(struct call *call, const char *action, act_on *does, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    bool ok = acting_write(&acting, call, err) && acting_find(&acting, &redrive, err) && does(&acting, &redrive, err);
    if (!ok)
        acting_refused(&acting, action, redrive.redrive_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

static bool pause_it(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    return journal_redrive_pause(acting->journal, redrive, &acting->by, clock_now(), err);
}

static bool resume_it(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    return journal_redrive_resume(acting->journal, redrive, &acting->by, clock_now(), err);
}

static bool set_rate(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    struct str rate = str_trim(call_text(acting->call, "rate"));
    return journal_redrive_rate(acting->journal, redrive, rate, &acting->by, clock_now(), err);
}

static bool cancel_it(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    struct str reason = str_trim(call_text(acting->call, "reason"));
    return (reason.n || ERR(err, ERR_USAGE, "cancelling needs a reason")) &&
           journal_redrive_close(acting->journal, redrive, "cancelled", reason, &acting->by, clock_now(), err);
}

bool answer_pause(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "pause", pause_it, result, code, err);
}

bool answer_resume(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "resume", resume_it, result, code, err);
}

bool answer_rate(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "rate", set_rate, result, code, err);
}

bool answer_cancel(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "cancel", cancel_it, result, code, err);
}
