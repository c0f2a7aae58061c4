/* A converter from the inside: one plan a field, made once a file, read by many threads. */
#ifndef WORKER_SHAPE_CONVERTER_H
#define WORKER_SHAPE_CONVERTER_H

#include "worker/shape/shape.h"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

/* A set of few texts, or of values as bytes, in open addressing; the list itself while it is short. */
struct text_set {
    struct str *list;
    size_t count;
    uint64_t lengths; /* bit n: a member of n bytes; bit 63: of that or more */
    uint32_t *slots;  /* index + 1; NULL: list is looked through */
    uint32_t mask;
};

bool text_set_init(struct text_set *set, struct str *list, size_t count, struct arena *arena) MUST_CHECK;
bool text_set_probe(const struct text_set *set, struct str text);
static inline bool text_set_has(const struct text_set *set, struct str text)
{
    return (set->lengths >> (text.n < 63 ? text.n : 63) & 1) && text_set_probe(set, text);
}

/* Where the parts of a moment stand in a text of fixed layout ("dd/dd/dddd dd:dd"); the careful lane knows the rest. */
struct moment_layout {
    uint8_t length;                                /* 0: no such layout */
    char template[64];                             /* '0' a digit, anything else itself */
    int8_t year, month, day, hour, minute, second; /* offsets; -1: not in it */
};

enum check {
    CHECK_MINIMUM = 1,
    CHECK_MAXIMUM = 2,
    CHECK_MIN_LENGTH = 4,
    CHECK_MAX_LENGTH = 8,
    CHECK_PATTERN = 16,
    CHECK_ENUM = 32,
};

struct plan {
    const struct field *field;
    uint32_t index;
    int32_t column; /* -1: absent */
    bool required;
    unsigned checks; /* enum check */
    struct value_format format;
    bool decimal_undecided;           /* both readings are tried, a conflict is ambiguous */
    const struct value_format *other; /* the reading with ',' and '.' changed over, while undecided */
    struct text_set missing, allowed;
    bool iso_lane, bare_is_utc;
    struct moment_layout layout;
    uint32_t match_options;
    /* what messages add: "is not a number …", "minimum 0" */
    const char *bad, *range, *ambiguous;
    const char *minimum, *maximum, *min_length, *max_length, *pattern, *not_allowed;
};

struct converter {
    const struct contract *contract;
    const struct binding *binding;
    const struct dialect *dialect;
    struct plan *plans; /* by field */
    bool *is_key;       /* by field: in the primary key, or unique */
    uint32_t columns;
    int32_t rescued;
    struct str *notes;
    size_t note_count;
    struct arena *arena;
};

/* What matching a pattern needs and threads may not share: made for one call over one column. */
struct matcher {
    struct pcre2_real_match_data_8 *match;
    struct pcre2_real_match_context_8 *limits;
};

/* A plan for any field over a column, as converter_new() makes them; suggestions try changed fields with it. */
bool plan_init(struct plan *plan, const struct contract *contract, uint32_t index, int32_t column, struct arena *arena,
    struct err *err) MUST_CHECK;
/* After plan->format changed. */
void plan_lanes(struct plan *plan);
/* Text that is not a missing value, valid UTF-8, to its value. */
enum value_result plan_parse(const struct plan *plan, struct str text, void *out);
/* The slow reading: everything that a lane did not recognise. */
enum value_result plan_parse_careful(const struct plan *plan, struct str text, void *out);

bool matcher_begin(struct matcher *matcher, const struct plan *plan, struct err *err) MUST_CHECK;
void matcher_end(struct matcher *matcher);

/* The checks that a value breaks, as bits of enum check. */
unsigned constraints_broken(const struct plan *plan, struct matcher *matcher, struct str text, const void *value);
bool constraints_plan(struct plan *plan, struct arena *arena, struct err *err) MUST_CHECK;
/* The detail text of one check. */
const char *constraint_detail(const struct plan *plan, unsigned check);

/* The texts of type errors. */
bool plan_words(struct plan *plan, struct arena *arena, struct err *err) MUST_CHECK;

/* The `_rescued` column. */
bool rescue_batch(const struct converter *converter, struct batch *batch, bool clean, struct err *err) MUST_CHECK;

bool convert_no_memory(struct err *err);

#endif
