/* Verbs of the command line: one row in the table of verb.c each. What a verb shows is a method's result as JSON, or
 * text. */
#ifndef TUI_APP_VERB_H
#define TUI_APP_VERB_H

#include "shared/options.h"

#include <jansson.h>

/* What the command line gave a verb; NULL where it gave nothing. */
struct verb_input {
    const char *run; /* the positional argument */
    const char *dataset, *cause, *after, *limit;
    const char *rules;
    const struct option_list *sets, *maps; /* overrides */
};

struct verb {
    const char *name;
    const char *method;
    bool needs_run;
    const char *argument; /* "RUN", "[RUN]", "" */
    const char *summary;
    void (*print)(struct buf *out, const json_t *result);
};

const struct verb *verb_list(size_t *count);
const struct verb *verb_find(const char *name);
/* The method's parameters. */
json_t *verb_params(const struct verb *verb, const struct verb_input *input);

void print_overview(struct buf *out, const json_t *result);
void print_runs(struct buf *out, const json_t *result);
void print_run(struct buf *out, const json_t *result);
void print_rejects(struct buf *out, const json_t *result);
void print_causes(struct buf *out, const json_t *result);
void print_rows(struct buf *out, const json_t *result);
void print_reason(struct buf *out, const json_t *result);
void print_stages(struct buf *out, const json_t *result);
void print_rehearsal(struct buf *out, const json_t *result);
/* " --set 'dialect.delimiter=;' --map 'Price EUR=unit_price'" of overrides as reason.json and rehearsals have them, for
 * a shell and a screen. */
void print_overrides(struct buf *out, const json_t *overrides);

#endif
