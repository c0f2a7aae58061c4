/*
 * Inside worker/config: what the loaders of the contract's sections share. Sections are tables of keys; each finding
 * stands where its mistake does. Handlers return nothing: a mistake is a finding, memory running out sets memory_out,
 * and both are judged once at the end.
 */
#ifndef WORKER_CONFIG_LOAD_H
#define WORKER_CONFIG_LOAD_H

#include "shared/yaml.h"
#include "worker/config/contract.h"

struct loader {
    struct contract *contract;
    struct arena *arena; /* the contract's */
    struct findings *findings;
    const char *path;
    bool kept; /* files are named by their last part alone */
    const struct overrides *overrides;
    bool quiet; /* findings are not recorded: a second look at what was judged before */
    bool memory_out;
    struct err *err; /* set with memory_out, or when a referenced file can't be used for a passing fault */
    /* Names in the contract whose definition failed: faults of expressions that mention them would only repeat that. */
    struct str *tainted;
    size_t tainted_count, tainted_capacity;
    const struct yaml_node *root;
    bool plain_schema;                /* a Table Schema without the sections around it */
    const struct yaml_node *fields;   /* the list of fields, in the order of contract->fields */
    const struct yaml_node *field_at; /* the one being read, for messages */
};

void finding_add(struct findings *findings, const char *file, int line, int column, bool warning, const char *format,
    ...) __attribute__((format(printf, 6, 7)));
/* Those from index from on, by place, the file own before those it names; stable. */
void findings_sort(struct findings *findings, size_t from, const char *own);
void load_error(struct loader *loader, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void load_warning(struct loader *loader, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* At a byte of a text's content. */
void load_error_inside(struct loader *loader, const struct yaml_node *at, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void load_taint(struct loader *loader, struct str name);

/* Cleared. NULL sets memory_out. */
void *load_alloc(struct loader *loader, size_t count, size_t size);
struct str load_copy(struct loader *loader, struct str s);

enum {
    KIND_TEXT = 1 << YAML_TEXT,
    KIND_LIST = 1 << YAML_LIST,
    KIND_MAP = 1 << YAML_MAP,
};

struct section_key {
    const char *name;
    unsigned kinds; /* of node, KIND_* */
    /* at: target + offset. NULL: a key of the standard that says nothing to us (title, description …) */
    void (*load)(struct loader *loader, const struct yaml_node *value, void *at);
    size_t offset;
};

struct section {
    const char *name; /* "source", for messages; "" at the top */
    const struct section_key *keys;
    size_t count;
};

#define SECTION(label, table)                             \
    {                                                     \
        (label), (table), sizeof(table) / sizeof *(table) \
    }

/* Judges every key of the map, then runs the handlers in the table's order. */
void section_load(struct loader *loader, const struct section *section, const struct yaml_node *node, void *target);

/* Handlers for plain members. */
void load_str(struct loader *loader, const struct yaml_node *value, void *at);  /* struct str */
void load_bool(struct loader *loader, const struct yaml_node *value, void *at); /* bool */
void load_u64(struct loader *loader, const struct yaml_node *value, void *at);  /* uint64_t */
void load_u32(struct loader *loader, const struct yaml_node *value, void *at);  /* uint32_t */
/* A whole number of lowest to highest; false: a finding was made. */
bool load_whole(struct loader *loader, const struct yaml_node *node, uint64_t lowest, uint64_t highest, uint64_t *out);
/* The index of a text among count words; a finding names them all and returns -1. */
int load_word(struct loader *loader, const struct yaml_node *node, const char *const *words, int count);
/* A text, or a list of texts. */
bool load_texts(struct loader *loader, const struct yaml_node *node, struct str **list, size_t *count);

/* [a-z][a-z0-9_]{0,62}, not reserved; a finding says what is wrong. */
bool load_name_ok(struct loader *loader, const struct yaml_node *at, struct str name, const char *what);
bool name_valid(struct str name);
/* ASCII letters lowered, every other run of bytes one '_', none at the ends. */
struct str load_normalise(struct loader *loader, struct str text);
/* missingValues: texts, or the standard's {value, label}. */
bool load_missing(struct loader *loader, const struct yaml_node *node, struct str **list, size_t *count);
/* A relative lake key without tricks; prefix: it ends in '/', which is added. */
bool load_key(struct loader *loader, const struct yaml_node *node, bool prefix, struct str *out);
/* A file name relative to the contract's own file. */
struct str load_path(struct loader *loader, struct str name);

/* An expression over the first visible names of the scope. NULL: a finding was made. what: who says so, for messages.
 */
const struct expr *load_condition(
    struct loader *loader, const struct yaml_node *node, uint32_t visible, const char *what);
const struct expr *load_expression(
    struct loader *loader, const struct yaml_node *node, uint32_t visible, struct type *type);

/* The sections. */
void load_source(struct loader *loader, const struct yaml_node *node, void *at);
void load_dialect(struct loader *loader, const struct yaml_node *node, void *at);
void load_encoding(struct loader *loader, const struct yaml_node *node, void *at);
void load_schema(struct loader *loader, const struct yaml_node *node, void *at);
void load_field(struct loader *loader, const struct yaml_node *node, const struct yaml_node *defaults, struct field *f);
void load_defaults(struct loader *loader, const struct yaml_node *node);
void load_constraints(struct loader *loader, const struct yaml_node *node, struct field *field);
void load_logic(struct loader *loader);                              /* reference, filter, derive, rules, partition */
void load_gold(struct loader *loader, const struct yaml_node *node); /* after all else; node may be NULL */
void load_limits(struct loader *loader, const struct yaml_node *node, void *at);
void load_expect(struct loader *loader, const struct yaml_node *node, void *at);
void load_output(struct loader *loader, const struct yaml_node *node, void *at);
void load_archive(struct loader *loader, const struct yaml_node *node, void *at);
void load_warehouse(struct loader *loader, const struct yaml_node *node, void *at);

/* Reads reference->file, whose column key (a node of the contract) is looked up: columns, types, rows, index. Findings
 * about its content stand in that file. false: a finding was made. */
bool reference_read(
    struct loader *loader, const struct yaml_node *file, const struct yaml_node *key, struct reference *reference);

/* The names of all types of Table Schema we know. */
struct type_name {
    const char *name;
    enum type_kind kind;
};
enum { TYPE_NAME_COUNT = 7 };
extern const struct type_name type_names[TYPE_NAME_COUNT];
const char *type_kind_name(enum type_kind kind);

/* Is there a key that both patterns (of str_glob) take? witness: such a key; .p NULL when memory is out. */
bool globs_overlap(struct str a, struct str b, struct arena *arena, struct str *witness);

#endif
