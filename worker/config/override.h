/*
 * Overrides: how one run reads its file otherwise than the contract says. They are laid over the contract's YAML before
 * it is loaded, so that they are judged as the contract is, and the ruleset's hash covers them.
 */
#ifndef WORKER_CONFIG_OVERRIDE_H
#define WORKER_CONFIG_OVERRIDE_H

#include "shared/arena.h"
#include "shared/hash.h"
#include "shared/json.h"

struct yaml_node;
struct findings;

enum { OVERRIDES_MAX = 100, OVERRIDE_MAX_BYTES = 64 * 1024 };

struct override {
    bool map;         /* key is a header's text, value the field it stands for */
    struct str key;   /* "fields.unit_price.decimalChar" */
    struct str value; /* one that begins with '[' is a list */
    const char *name; /* as findings call it: "--set fields.unit_price.decimalChar" */
};

/* Sorted and without doubles, so that the same set is always written alike. Texts are the arena's. */
struct overrides {
    struct override list[OVERRIDES_MAX];
    size_t count;
};

/* "PATH=VALUE", or with map "LABEL=FIELD". Given again, the later one counts. ERR_USAGE. "\t" is a tab. */
bool overrides_add(
    struct overrides *overrides, bool map, struct str text, struct arena *arena, struct err *err) MUST_CHECK;
bool overrides_put(struct overrides *overrides, bool map, struct str key, struct str value, struct arena *arena,
    struct err *err) MUST_CHECK;
/* {"map":{"Price EUR":"unit_price"},"set":{"dialect.delimiter":";"}} */
void overrides_write(const struct overrides *overrides, struct json *json);
/* As one text of the arena. */
bool overrides_text(
    const struct overrides *overrides, struct str *text, struct arena *arena, struct err *err) MUST_CHECK;
/* The same read back, added to what is there. ERR_CORRUPT. */
bool overrides_read(struct overrides *overrides, struct str text, struct arena *arena, struct err *err) MUST_CHECK;
/* Of the text as written. */
bool overrides_hash(const struct overrides *overrides, char out[SHA256_TEXT_SIZE], struct err *err) MUST_CHECK;

/* Changes the tree; nodes that come from override i have line -1 - i. What names nothing, or may not be changed for one
 * run (where files lie, what is published where), is a finding. false: memory. */
bool overrides_apply(const struct overrides *overrides, struct yaml_node *root, struct findings *findings,
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
