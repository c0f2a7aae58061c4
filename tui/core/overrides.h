/* Overrides as the agent writes them, {"set": {…}, "map": {…}} or with the settings beside the map, for people and for
 * the agent again. */
#ifndef TUI_CORE_OVERRIDES_H
#define TUI_CORE_OVERRIDES_H

#include "shared/buf.h"
#include "shared/err.h"

#include <jansson.h>

/* " --set 'dialect.delimiter=;' --map 'Price EUR=unit_price'": words for a shell. */
void overrides_words(struct buf *out, const json_t *overrides);
/* The lists "set" and "map" of a call's params. */
void overrides_params(const json_t *overrides, json_t *params);
/* The next of words that are typed: blanks part them, quotes and backslashes keep a character as it is. False: a quote
 * stays open. */
bool overrides_next_word(struct str *rest, struct buf *word);
/* Such words, as people write them, as {"set": [], "map": []}; quoted as for a shell. NULL: ERR_USAGE. */
json_t *overrides_parse(struct str words, struct err *err);

#endif
