/* What the tests of this room share. */
#ifndef TESTS_UNIT_WORKER_VALUE_CHECK_H
#define TESTS_UNIT_WORKER_VALUE_CHECK_H

#include "worker/value/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OK VALUE_OK
#define BAD VALUE_BAD
#define RANGE VALUE_RANGE
#define AMBIGUOUS VALUE_AMBIGUOUS

/* Parsed, then printed as the database prints it; "" unless VALUE_OK. The text lies in a block of its own size, so that
 * a sanitizer sees a read behind it. */
static inline enum value_result parse_and_print(
    const char *text, struct type type, const struct value_format *format, struct buf *printed)
{
    int128 room[2] = {0};
    size_t n = strlen(text);
    char *own = malloc(n ? n : 1);
    assert_non_null(own);
    memcpy(own, text, n);
    buf_reset(printed);
    enum value_result result = value_parse((struct str){own, n}, type, format, room);
    if (result == VALUE_OK)
        value_print(printed, type, room);
    buf_add(printed, "", 1);
    free(own);
    return result;
}

static inline void check_text(const char *text, struct type type, const struct value_format *format,
    enum value_result result, const char *expected)
{
    struct buf printed;
    buf_init(&printed, 4096);
    enum value_result got = parse_and_print(text, type, format, &printed);
    if (got != result || (result == VALUE_OK && strcmp(printed.p, expected) != 0))
        fail_msg("\"%s\": result %d, value \"%s\"; expected %d, \"%s\"", text, got, printed.p, result,
            expected ? expected : "");
    buf_dispose(&printed);
}

#endif
