/* What is needed of XML to read AWS's answers: elements and their text; attributes, comments and declarations are
 * passed over. Entities are decoded. Reads a slice, which must live on. */
#ifndef WORKER_AWS_XML_H
#define WORKER_AWS_XML_H

#include "shared/buf.h"
#include "shared/str.h"

#include <stdbool.h>

struct xml {
    struct str rest;
};

/* The next element of this level: its name (without a prefix) and what stands between its tags. false: no more. */
bool xml_next(struct xml *xml, struct str *name, struct str *content);
/* What stands in the first child of that name; empty when there is none. */
struct str xml_child(struct str content, const char *name);
/* Text with its entities decoded, appended. */
void xml_text(struct buf *out, struct str content);
/* Text with what XML wants escaped, appended. */
void xml_escape(struct buf *out, struct str text);

#endif
