/* A contract's text with overrides made lasting: only what they name is edited, comments and order stay. */
#ifndef WORKER_CONFIG_CONTRACT_EDIT_H
#define WORKER_CONFIG_CONTRACT_EDIT_H

#include "worker/config/override.h"

/*
 * --set puts the value where its path leads, and makes what is missing on the way. --map adds the label to the field's
 * aliases, so that files with the old one load on. What came of it is compared with what the overrides mean:
 * ERR_CONFIG, with the way out as hint, where the text is written in a way that cannot be edited so. out is the
 * arena's.
 */
bool contract_edit(struct str text, const struct overrides *overrides, struct str *out, struct arena *arena,
    struct err *err) MUST_CHECK;

#endif
