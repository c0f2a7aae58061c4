/* Verbs of the command line: one row in the table of verb.c each. What a verb shows is a method's result as JSON, or
 * text. */
#ifndef TUI_APP_VERB_H
#define TUI_APP_VERB_H

#include "shared/options.h"
#include "tui/core/link.h"
#include "tui/core/paper.h"

#include <jansson.h>
#include <stdint.h>

/* What the command line gave a verb; NULL or 0 where it gave nothing. */
struct verb_input {
    const char *run; /* the positional argument */
    const char *dataset, *after, *stage;
    uint64_t cause, limit;
    const char *rules, *reason;
    const char *rate;
    const char *since, *until, *apply_to, *note, *output, *partition;
    const char *key;                  /* the second positional argument */
    const char *column, *value, *raw; /* an edit */
    uint64_t row;
    bool undo, patch, rows, mark_returned;
    bool ask;
    struct option_list sets, maps; /* overrides */
};

enum verb_takes {
    TAKES_DATASET = 1,
    TAKES_CAUSE = 2,
    TAKES_PAGE = 4 /* --after, --limit */,
    TAKES_OVERRIDES = 8 /* --set, --map, --rules */,
    TAKES_REASON = 16,
    TAKES_ASK = 32,
    TAKES_UNTIL = 64,
    TAKES_APPLY = 128,
    TAKES_NOTE = 256,
    TAKES_OUTPUT = 512,
    TAKES_PARTITION = 1024,
    TAKES_KEY = 2048,
    TAKES_STAGE = 4096,
    TAKES_EDIT = 1 << 20 /* --row, --column, --value, --raw, --undo */,
    TAKES_PATCH = 1 << 21,
    TAKES_ROW = 1 << 22 /* --row alone */,
    TAKES_ROWS = 1 << 25 /* --row, --rows: rejected rows in place of a file */,
    ACTS = 1 << 23 /* the call has a name, by which it is done once */,
    TAKES_RATE = 1 << 26,
    TAKES_SINCE = 1 << 24 /* --since, --until: looking back */,
    ONE_LIST = 1 << 28 /* of several targets, too */,
};

struct verb {
    const char *name;
    const char *method;
    bool needs_run;
    unsigned takes;
    const char *argument; /* "RUN", "[RUN]", "REQUEST", "DATASET", "DATASET KEY", "[SUBJECT]", "[INCIDENT]",
                             "CLIENT", "" */
    const char *summary;
    const char *example;
    void (*print)(struct paper *paper, const json_t *result);
};

const struct verb *verb_list(size_t *count);
const struct verb *verb_find(const char *name);
/* It does more than look, with this input. */
bool verb_acts(const struct verb *verb, const struct verb_input *input);
/* The method's parameters; NULL with ERR_USAGE when the input is none of this verb's. */
json_t *verb_params(const struct verb *verb, const struct verb_input *input, struct err *err);

void print_overview(struct paper *paper, const json_t *result);
void print_runs(struct paper *paper, const json_t *result);
void print_run(struct paper *paper, const json_t *result);
void print_rejects(struct paper *paper, const json_t *result);
void print_causes(struct paper *paper, const json_t *result);
void print_rows(struct paper *paper, const json_t *result);
void print_reason(struct paper *paper, const json_t *result);
void print_stages(struct paper *paper, const json_t *result);
void print_requests(struct paper *paper, const json_t *result);
void print_request(struct paper *paper, const json_t *result);
void print_done(struct paper *paper, const json_t *result);
void print_standing(struct paper *paper, const json_t *result);
/* The calls that an export takes; what was written where. Takes params over. */
json_t *pack_fetch(struct link *link, json_t *params, const struct verb_input *input, struct err *err);
void print_pack(struct paper *paper, const json_t *result);
void print_balance(struct paper *paper, const json_t *result);
void print_trace(struct paper *paper, const json_t *result);
void print_audit(struct paper *paper, const json_t *result);
void print_incidents(struct paper *paper, const json_t *result);
void print_alerts(struct paper *paper, const json_t *result);
void print_workers(struct paper *paper, const json_t *result);
void print_acknowledged(struct paper *paper, const json_t *result);
void print_patch(struct paper *paper, const json_t *result);
void print_rehearsal(struct paper *paper, const json_t *result);

#endif
