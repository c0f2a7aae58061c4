/* Rejected rows as cells: what the console's grid of failing rows shows. */
#ifndef WORKER_AGENT_CELLS_H
#define WORKER_AGENT_CELLS_H

#include "worker/agent/method.h"
#include "worker/format/csv/record.h"

/* params: run!, cause, stage, at (how many rows lie before) or row (the first row number wanted), limit.
 * result: header [], total, at, items [{row_number, line_number, cause, state, cells [], errors []}].
 * A cell that is not UTF-8 is {"base64": …}. */
bool answer_grid(struct call *call, struct buf *result, int *code, struct err *err);
/* params: run!, cause, stage, column (0-based). result: counted, total, items [{value, rows}], the most frequent first.
 */
bool answer_frequency(struct call *call, struct buf *result, int *code, struct err *err);

/* params: run!, at (records before), limit. result: header [], at, more, items [{row_number, line_number, cells []}]:
 * the file itself, as 'sluiced read' reads it; what may be sensitive is "***". */
bool answer_original(struct call *call, struct buf *result, int *code, struct err *err);

/* Text, or {"base64": …}. */
json_t *cells_value(struct str text);
/* The dialect a run has recorded, {} when there is none (the caller's to release), and what it says of records. */
json_t *cells_dialect(struct call *call, struct err *err);
/* The cells of one record as JSON texts, the bytes of a rejected row, the labels of its file ([]: none). */
json_t *cells_split(const struct grammar *grammar, struct str raw, struct arena *arena);
struct str cells_raw(const json_t *reject, struct arena *arena);
json_t *cells_header(struct call *call, const json_t *dialect, const struct grammar *grammar, struct err *err);
void cells_grammar(const json_t *recorded, struct grammar *grammar);

#endif
