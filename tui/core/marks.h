/* Marks on the lines of a grid, by the ids of what stands there: they stay when it is sorted, filtered or loaded anew.
 */
#ifndef TUI_CORE_MARKS_H
#define TUI_CORE_MARKS_H

#include "tui/core/grid.h"

bool marks_has(const struct grid *grid, const json_t *item);
bool marks_in_range(const struct grid *grid, size_t line);
size_t marks_count(const struct grid *grid);
/* Adds what an item's id is. */
void marks_add(struct grid *grid, const json_t *item);
/* Every item whose member is as this one's: so many, whether they are here or not. Other marks go. */
void marks_like(struct grid *grid, const char *member, const json_t *item, size_t count);
void marks_clear(struct grid *grid);
/* The ids that were marked one by one, of a target alone if it is given, in the order of their text; the caller's to
 * release. */
json_t *marks_ids(const struct grid *grid, const char *target);
/* The targets that have marks, by name; none where items are of one. The caller's to release. */
json_t *marks_targets(const struct grid *grid);
/* Space, V, u, U. False: another key. */
bool marks_request(struct grid *grid, enum request request);

#endif
