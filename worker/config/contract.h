/*
 * The contract of a dataset: DESIGN's YAML (Frictionless Table Schema and CSV Dialect, with extensions), loaded and
 * checked. A loaded contract is immutable and may be read by many threads; it lives in its own arena.
 */
#ifndef WORKER_CONFIG_CONTRACT_H
#define WORKER_CONFIG_CONTRACT_H

#include "shared/hash.h"
#include "worker/batch/batch.h"
#include "worker/config/override.h"
#include "worker/expr/expr.h"
#include "worker/format/csv/dialect.h"
#include "worker/format/parquet/parquet.h"
#include "worker/value/value.h"

struct pcre2_real_code_8;

enum { CONTRACT_MAX_MEMORY = 512 * 1024 * 1024 }; /* of one contract with its references */

struct constraints {
    bool required, unique;
    bool has_minimum, has_maximum, has_min_length, has_max_length;
    void *minimum, *maximum; /* one value of the field's type, as in a vector */
    struct str minimum_text, maximum_text;
    uint64_t min_length, max_length; /* code points */
    struct str pattern;              /* empty: none. XML Schema / PCRE2, anchored to the whole value */
    struct pcre2_real_code_8 *pattern_code;
    void *enum_values; /* enum_count values of the field's type, in a row */
    struct str *enum_texts;
    size_t enum_count;
};

struct field {
    struct str name;  /* [a-z][a-z0-9_]{0,62} */
    struct str label; /* the header's text it is bound to; empty: by name and aliases */
    int32_t position; /* 1-based column it is bound to; 0: none */
    struct str *aliases;
    size_t alias_count;
    struct type type;
    struct value_format format;
    bool decimal_auto;          /* decimalChar: auto (ext): '.' or ',' is decided once a file from unambiguous values */
    struct str *missing_values; /* its own; count 0 and missing_own false: the schema's */
    size_t missing_count;
    bool missing_own;
    bool sensitive;
    struct constraints constraints;
    int line; /* in the contract's file, for messages */
};

struct reference {
    struct str name;
    char content_hash[SHA256_TEXT_SIZE];
    struct str file;       /* absolute or relative to the working folder, as opened */
    int32_t on_field;      /* index of the field whose value is looked up */
    bool missing_reject;   /* else NULLs */
    uint32_t column_count; /* columns but the key; each is an expression name "reference.column" */
    struct str *column_names;
    struct type key_type; /* that of the field */
    struct vector key;    /* looked up by reference_find() */
    struct vector *columns;
    uint32_t rows;
    uint32_t *buckets; /* hash index, reference_find()'s own */
    uint32_t bucket_count;
};

struct derived {
    struct str name;
    struct str text;
    const struct expr *expr;
    struct type type;
    int line;
};

enum severity { SEVERITY_WARN, SEVERITY_REJECT, SEVERITY_QUARANTINE };

struct rule {
    struct str id;
    struct str text;
    const struct expr *expr; /* boolean; NULL passes, as a CHECK does */
    enum severity severity;
    uint64_t tolerate; /* rows that may fail before the severity quarantine acts on the file */
    int line;
};

struct partition_column {
    struct str name;
    const struct expr *expr; /* over fields, references, derived */
    struct str text;
    struct type type; /* string, integer, date or boolean */
};

enum { WAREHOUSE_TABLES = 4 }; /* raw, bronze, silver, gold */
/* Bits of warehouse.stages, in that order. */
enum warehouse_stages { LOADED_STAGES = 7, GOLD_STAGE = 8 };

/* The warehouse section as written; what is absent is empty. */
struct warehouse {
    bool given;
    unsigned stages;                     /* default: raw, bronze, silver, and gold where there is gold_sql */
    struct str schema;                   /* default: the dataset's name */
    struct str tables[WAREHOUSE_TABLES]; /* default: raw_table, bronze_table, silver_table, gold_table */
    struct str gold_sql;                 /* path as opened; empty: none */
    struct str gold_sql_text;
    struct str export_key; /* in the lake; or the URL of an object elsewhere: s3://…, file://… */
};

/* Absent: exact, as in Table Schema; subset, where extraColumns is ignore or rescue. */
enum fields_match { FIELDS_PARTIAL, FIELDS_EXACT, FIELDS_EQUAL, FIELDS_SUBSET, FIELDS_SUPERSET };
enum extra_columns { EXTRA_IGNORE, EXTRA_REJECT, EXTRA_RESCUE };
enum gold_mode { GOLD_NONE, GOLD_MERGE, GOLD_APPEND, GOLD_SNAPSHOT };
enum row_hash_kind { ROW_HASH_MD5, ROW_HASH_XXHASH64 };
/* Are a partition's keys counted that others have too? AUTO: where that costs little. */
enum gold_across { ACROSS_AUTO, ACROSS_ALWAYS, ACROSS_NEVER };

struct contract {
    struct str dataset;
    struct str path;             /* the file it was read from */
    struct str text;             /* that file's bytes */
    struct str overrides;        /* as overrides_write() has them; empty: none */
    char hash[SHA256_TEXT_SIZE]; /* the ruleset: of text, of every file it names, of the overrides */
    struct str match;            /* glob over lake keys, "raw/…" */
    bool duplicates_load;        /* source.duplicates: load; else skip */
    struct dialect dialect;      /* encoding too; what is unset is detected */
    bool reject_blank;
    enum fields_match fields_match;
    enum extra_columns extra_columns;
    struct str *missing_values;
    size_t missing_count;
    struct field *fields;
    uint32_t field_count;
    uint32_t *primary_key; /* field indices */
    uint32_t primary_key_count;
    struct reference *references;
    uint32_t reference_count;
    const struct expr *filter; /* NULL: none; rows where it is not true are filtered */
    struct str filter_text;
    struct derived *derived;
    uint32_t derived_count;
    struct rule *rules;
    uint32_t rule_count;
    /* limits; has_* false: none */
    bool has_max_reject_pct, has_stop_after;
    double max_reject_pct;
    uint64_t min_rows, stop_after;
    /* expect */
    int64_t expect_every_us; /* 0: not stated */
    struct str expect_by;
    uint64_t expect_rows_min, expect_rows_max; /* max 0: not stated */
    struct partition_column *partitions;
    uint32_t partition_count;
    /* output */
    enum parquet_codec codec;
    int codec_level;
    struct str output_prefix; /* default "processed/<dataset>/" */
    uint32_t max_partitions;  /* default 10,000 */
    size_t row_group_bytes;
    struct str archive_prefix; /* default "archive/validated/" */
    struct str archive_name;   /* default "{name}_{ts}_{run}"; of {path} {name} {ts} {run} */
    /* gold */
    enum gold_mode gold_mode;
    enum gold_across gold_across;
    enum row_hash_kind row_hash;
    uint32_t *gold_key; /* slots of the expression scope */
    uint32_t gold_key_count;
    struct str gold_latest, gold_delete_when;
    struct warehouse warehouse;
    /* the expression scope: fields, then reference columns, then derived; the index is the slot */
    struct expr_scope scope;
    struct arena *arena;
};

/* Found mistakes stand in the order of their places. Beyond 2,000 they are counted only.
 * One mistake, as `sluiced check` prints it: file:line:column: message. */
struct finding {
    struct str file;
    int line, column;
    bool warning;
    struct str message;
};

struct findings {
    struct finding *list;
    size_t count, capacity, errors; /* errors: those that are not warnings */
    struct arena *arena;
};

/*
 * Reads and checks one file. NULL when it has errors; all of them are in findings (its arena must be set). A plain
 * Table Schema file (no dataset:, no source:) loads too, named by its file name. err only for faults beyond the file's
 * content (memory, unreadable).
 */
struct contract *contract_load(const char *path, struct findings *findings, struct err *err);

/* The same with overrides laid over it; a finding about one has its name as file, and line 0. */
struct contract_variant {
    const char *path;
    const struct overrides *overrides; /* NULL: none */
    struct str text;                   /* in place of what stands in path; empty: that */
    bool kept;                         /* of a kept ruleset: the files it names lie beside it, by their last part */
};
struct contract *contract_load_variant(
    const struct contract_variant *variant, struct findings *findings, struct err *err);
void contract_free(struct contract *contract);

/* Every *.yaml, *.yml, *.json of a folder (or one file), sorted by name; overlapping matches and doubled dataset names
 * are findings. Contracts with errors are left out. */
struct contracts {
    struct contract **list;
    size_t count;
};
bool contracts_load(
    const char *path, struct contracts *contracts, struct findings *findings, struct err *err) MUST_CHECK;
void contracts_free(struct contracts *contracts);
/* The contract whose match takes the key; NULL: none. */
const struct contract *contracts_match(const struct contracts *contracts, struct str key);
const struct contract *contracts_find(const struct contracts *contracts, struct str dataset);

/* The row of the reference whose key equals the value (of key_type), or UINT32_MAX. */
uint32_t reference_find(const struct reference *reference, const void *key);

#endif
