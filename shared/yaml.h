/*
 * YAML 1.2 documents (JSON is a subset) as a tree that knows where everything stood. Read through libyaml. Bounded:
 * no anchors, aliases or tags (so no expansion), YAML_MAX_BYTES, YAML_MAX_DEPTH; a doubled key is a fault. The tree
 * lives in the arena it was read into, and points into nothing else.
 */
#ifndef SHARED_YAML_H
#define SHARED_YAML_H

#include "shared/arena.h"

#include <stdint.h>

enum { YAML_MAX_BYTES = 4 * 1024 * 1024, YAML_MAX_DEPTH = 64 };

enum yaml_kind { YAML_NOTHING, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_pair;

struct yaml_node {
    enum yaml_kind kind;
    bool plain;       /* text without quotes: what may be a number or a boolean */
    int line, column; /* 1-based; columns count code points */
    struct str text;  /* YAML_TEXT */
    struct str raw;   /* YAML_TEXT: the same as it stands in the document, quotes or block mark included */
    struct yaml_node *items;
    struct yaml_pair *pairs;
    size_t count; /* of items or pairs */
};

struct yaml_pair {
    struct yaml_node key;
    struct yaml_node value;
};

struct yaml_fault {
    int line, column;
    char message[200];
};

/* The single document of text. NULL with fault, or with fault->line 0 when memory is out. An empty document is
 * YAML_NOTHING. */
struct yaml_node *yaml_parse(struct str text, struct arena *arena, struct yaml_fault *fault);
/* The value of a map's key; NULL: not there, or node is no map. */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
/* Where byte offset of a text's content stands in the document: through quotes, escapes and block scalars. */
void yaml_locate(const struct yaml_node *node, size_t offset, int *line, int *column);
/* Plain text read as YAML 1.2's core schema has it. */
bool yaml_bool(const struct yaml_node *node, bool *value);

#endif
