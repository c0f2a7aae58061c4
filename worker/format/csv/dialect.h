/*
 * CSV Dialect (Frictionless), and what the detection found. A dialect has two lives: as the contract wrote it (unset
 * members are to be detected) and resolved for one file (all members set, recorded with the run).
 */
#ifndef WORKER_FORMAT_CSV_DIALECT_H
#define WORKER_FORMAT_CSV_DIALECT_H

#include "shared/arena.h"
#include "shared/json.h"

#include <stdint.h>

enum encoding {
    ENCODING_UNSET,
    ENCODING_UTF8,
    ENCODING_UTF16LE,
    ENCODING_UTF16BE,
    ENCODING_UTF32LE,
    ENCODING_UTF32BE,
    ENCODING_SINGLE_BYTE, /* windows-1252, iso-8859-1 and any other that iconv knows as one byte a character */
};

enum { DIALECT_NONE = -1, DIALECT_UNSET = -2 }; /* for the char members below, kept as int */

struct dialect {
    enum encoding encoding;
    struct str encoding_name; /* canonical lower case: "utf-8", "utf-16le", "windows-1252", "iso-8859-1" … */
    bool byte_order_mark;     /* seen and left out */
    struct str delimiter;     /* 1-4 bytes of UTF-8; empty: unset. ", " and "::" are possible */
    int quote;                /* a byte, DIALECT_NONE or DIALECT_UNSET */
    int escape;               /* equal to quote: doubled quotes; another byte; or DIALECT_NONE */
    int comment;              /* lines that begin with it are left out */
    bool skip_initial_space;  /* spaces after a delimiter are not content */
    bool skip_initial_space_set;
    int header_rows;            /* 0: no header; 1: one line; more: labels are joined by a space. -1: unset */
    int64_t header_line;        /* 1-based physical line of the header's first line; 0: unset or none */
    uint64_t skip_footer;       /* last records to leave out */
    uint64_t first_data_offset; /* resolved: byte offset in the original of the first data record */
    uint64_t first_data_line;   /* its physical line */
    uint64_t max_row_bytes;     /* a longer record is row-too-long; 0: DIALECT_MAX_ROW_BYTES */
    uint32_t max_columns;       /* more: the file is "too-many-columns"; 0: DIALECT_MAX_COLUMNS */
    struct str line_end;        /* "\n", "\r\n", "\r" as first seen, or "mixed" */
};

enum { DIALECT_MAX_ROW_BYTES = 4 * 1024 * 1024, DIALECT_MAX_COLUMNS = 16384 };

/* All unset. */
void dialect_init(struct dialect *dialect);
/* An object with the Frictionless names, as reason.json and the journal carry it. */
void dialect_write(const struct dialect *dialect, struct json *json);
/* ENCODING_UNSET when neither we nor iconv know the name; canonical (static or arena) is set otherwise. Aliases and any
 * case are understood: "UTF8", "cp1252", "latin-1". */
enum encoding encoding_of(struct str name, struct arena *arena, struct str *canonical);

#endif
