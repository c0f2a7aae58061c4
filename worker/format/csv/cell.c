#include "worker/format/csv/cell.h"

static bool needs_quotes(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r')
            return true;
    }
    return false;
}

void csv_cell_write(struct buf *out, struct str text)
{
    if (!needs_quotes(text)) {
        buf_add_str(out, text);
        return;
    }
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_add_byte(out, '"');
        buf_add_byte(out, text.p[i]);
    }
    buf_add_byte(out, '"');
}
