/* The stages of a run, and why a row or a file can be rejected. Names are frictionless-py v5's where it has one. */
#ifndef WORKER_BATCH_CODE_H
#define WORKER_BATCH_CODE_H

#define STAGES(X)                                                                                                      \
    X(STAGE_INTAKE, "intake")                                                                                          \
    X(STAGE_VALIDATE, "validate")                                                                                      \
    X(STAGE_PARSE, "parse")                                                                                            \
    X(STAGE_CONVERT, "convert")                                                                                        \
    X(STAGE_RULES, "rules")                                                                                            \
    X(STAGE_WRITE, "write")                                                                                            \
    /* gold's own; no stage of a file */                                                                               \
    X(STAGE_COMPACT, "compact")                                                                                        \
    /* of a file with a warehouse, beside convert, rules and write; then the warehouse's gold, which is a dataset's */ \
    X(STAGE_RAW, "raw")                                                                                                \
    X(STAGE_BRONZE, "bronze")                                                                                          \
    X(STAGE_SILVER, "silver")                                                                                          \
    X(STAGE_GOLD, "gold")

#define ROW_CODES(X)                                 \
    X(CODE_NONE, "none")                             \
    X(CODE_TYPE, "type-error")                       \
    X(CODE_CONSTRAINT, "constraint-error")           \
    X(CODE_UNIQUE, "unique-error")                   \
    X(CODE_MISSING_CELL, "missing-cell")             \
    X(CODE_EXTRA_CELL, "extra-cell")                 \
    X(CODE_BLANK_ROW, "blank-row")                   \
    X(CODE_PRIMARY_KEY, "primary-key")               \
    X(CODE_FOREIGN_KEY, "foreign-key")               \
    X(CODE_ROW_CONSTRAINT, "row-constraint")         \
    X(CODE_ENCODING, "encoding-error")               \
    X(CODE_UNTERMINATED_QUOTE, "unterminated-quote") \
    X(CODE_ROW_TOO_LONG, "row-too-long")             \
    X(CODE_AMBIGUOUS, "ambiguous-value")             \
    X(CODE_EXPRESSION, "expression-error")           \
    X(CODE_NULL_BYTE, "null-byte")                   \
    X(CODE_PARTITION, "partition-error") /* NULL, or over 200 bytes */

#define CODE_ENUM(id, name) id,
enum stage { STAGES(CODE_ENUM) STAGE_COUNT };
enum row_code { ROW_CODES(CODE_ENUM) ROW_CODE_COUNT };
#undef CODE_ENUM

const char *stage_name(enum stage stage);
const char *row_code_name(enum row_code code);

#endif
