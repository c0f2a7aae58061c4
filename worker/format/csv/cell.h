/* A cell as RFC 4180 writes it. */
#ifndef WORKER_FORMAT_CSV_CELL_H
#define WORKER_FORMAT_CSV_CELL_H

#include "shared/buf.h"

/* Appends the cell, in quotes (its own doubled) where it holds a comma, a quote or a line end. */
void csv_cell_write(struct buf *out, struct str text);

#endif
