/* One answer of several agents' answers to the same question: every item tells its target, in the order of each list.
 */
#ifndef TUI_CORE_MERGE_H
#define TUI_CORE_MERGE_H

#include <jansson.h>

/*
 * parts: {target: its answer, or null while there is none}; after: what this page goes on after, as "next" gave it, or
 * NULL for the first. "next" of the result is {target: key}, null for a target to be asked from its beginning; those
 * that have no more are not in it. The caller's to release.
 */
json_t *merge_answers(const char *method, const json_t *parts, const json_t *after);

#endif
