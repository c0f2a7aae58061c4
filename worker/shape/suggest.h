/*
 * What would mend a rejected file or a cause of rejected rows: overrides of the contract, each tried on samples before
 * it is offered. Nothing here is applied by itself.
 */
#ifndef WORKER_SHAPE_SUGGEST_H
#define WORKER_SHAPE_SUGGEST_H

#include "shared/json.h"
#include "worker/shape/shape.h"

/* One --set key=value, or with a label one --map label=value. A value that begins with '[' is a JSON list. */
struct remedy_override {
    struct str key;   /* "dialect.delimiter", "fields.unit_price.decimalChar"; "map" */
    struct str label; /* of a map: the header's text; its field is the value */
    struct str value;
};

struct remedy {
    const struct remedy_override *overrides;
    size_t override_count;
    const char *why;     /* one sentence */
    uint64_t would_pass; /* of the samples: rows for a header, values for a cause … */
    uint64_t tried;      /* … and how many there were */
};

enum { REMEDIES_MAX = 4 };

struct remedies {
    struct remedy list[REMEDIES_MAX]; /* best first; the memory behind is the arena's */
    size_t count;
};

/*
 * For a header that binding_make() refused: another delimiter, another name for the one column that is missing, or
 * both. sample: the file's first (decompressed) bytes, as sniff_csv() had them. false only for memory.
 */
bool suggest_for_header(const struct contract *contract, const struct sniff *sniff, const struct binding *binding,
    struct str sample, bool whole, struct arena *arena, struct remedies *out, struct err *err) MUST_CHECK;
/*
 * For a cause (type-error, ambiguous-value): another decimal point, groups, currency signs, other forms of dates, words
 * for "no value". values: some of the cause's.
 */
bool suggest_for_values(const struct contract *contract, uint32_t field, const struct str *values, size_t count,
    struct arena *arena, struct remedies *out, struct err *err) MUST_CHECK;

/* [{"overrides": {"map": {"Price EUR": "unit_price"}, "dialect.delimiter": ";"}, "why": …, "would_pass": n}, …] */
void remedies_write(const struct remedies *remedies, struct json *json);
/* "--set dialect.delimiter=';' --map 'Price EUR=unit_price'", quoted for a shell. */
void remedy_command(const struct remedy *remedy, struct buf *out);

#endif
