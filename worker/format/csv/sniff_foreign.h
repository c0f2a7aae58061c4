/* Files that are no CSV, known by what they begin with. */
#ifndef WORKER_FORMAT_CSV_SNIFF_FOREIGN_H
#define WORKER_FORMAT_CSV_SNIFF_FOREIGN_H

#include "shared/str.h"

#include <stdbool.h>

struct sniff_foreign {
    const char *name; /* "an Excel workbook" */
    const char *hint; /* what to do with it */
    bool binary;      /* surely not text; else JSON, XML, HTML by their look */
};

/* NULL: none of them. bytes: the original's first ones; text: the same in UTF-8. */
const struct sniff_foreign *sniff_foreign_find(struct str bytes, struct str text);

#endif
