/* Contracts, headers and batches by hand, for the tests of this room. */
#ifndef TESTS_SHAPE_BUILD_H
#define TESTS_SHAPE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "worker/shape/shape.h"

__attribute__((unused)) static struct str build_empty[1];

/* A string field of each name; the caller changes what it needs. */
__attribute__((unused)) static struct contract build_contract(
    struct arena *arena, const char *const *names, uint32_t count)
{
    struct contract contract = {.dataset = STR("sales"), .missing_values = build_empty, .missing_count = 1};
    contract.arena = arena;
    contract.field_count = count;
    contract.fields = ARENA_ARRAY(arena, struct field, count);
    struct expr_name *slots = ARENA_ARRAY(arena, struct expr_name, 64);
    assert_non_null(contract.fields);
    assert_non_null(slots);
    build_empty[0] = (struct str){"", 0};
    for (uint32_t i = 0; i < count; i++) {
        contract.fields[i].name = str_of(names[i]);
        contract.fields[i].type = TYPE(TYPE_STRING);
        contract.fields[i].format.decimal_char = '.';
        slots[i] = (struct expr_name){contract.fields[i].name, contract.fields[i].type};
    }
    contract.scope = (struct expr_scope){slots, count};
    return contract;
}

/* "a|b|c" to an array of slices. */
__attribute__((unused)) static struct str *build_list(struct arena *arena, const char *text, size_t *count)
{
    struct str *list = ARENA_ARRAY(arena, struct str, strlen(text) + 1);
    assert_non_null(list);
    *count = 0;
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, "|");
        list[(*count)++] = (struct str){at, n};
        at += n;
        if (!*at)
            return list;
    }
}

__attribute__((unused)) static struct sniff build_sniff(struct arena *arena, const char *labels)
{
    struct sniff sniff = {0};
    size_t count;
    sniff.labels = build_list(arena, labels, &count);
    sniff.width = (uint32_t)count;
    sniff.dialect.header_rows = 1;
    return sniff;
}

/* Records of one line each, cells by '|'; "~" is a missing cell, "^..." a quoted one with doubled quotes. */
__attribute__((unused)) static struct batch *build_batch(const char *const *rows, uint32_t n, uint32_t width)
{
    struct batch *batch = batch_new(0);
    assert_non_null(batch);
    size_t bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        bytes += strlen(rows[i]);
    batch->n = n;
    batch->width = width;
    batch->first_row = 1;
    batch->escapes = (struct escapes){'"', '"', ','};
    batch->text = arena_calloc(batch->arena, bytes + 1, 1);
    batch->rows = ARENA_ARRAY(batch->arena, struct row, n);
    batch->cells = ARENA_ARRAY(batch->arena, struct cell, (size_t)n * width);
    batch->marks = ARENA_ARRAY(batch->arena, uint8_t, n);
    assert_true(batch->text && batch->rows && batch->cells && batch->marks);
    for (uint32_t i = 0; i < n; i++) {
        size_t count;
        struct str *cells = build_list(batch->arena, rows[i], &count);
        for (uint32_t c = 0; c < width; c++) {
            struct str text = c < count ? cells[c] : STR("~");
            uint32_t flags = 0;
            if (text.n && text.p[0] == '^') {
                text = (struct str){text.p + 1, text.n - 1};
                flags = CELL_QUOTED | CELL_ESCAPED;
            }
            if (str_eq(text, STR("~")))
                flags = CELL_MISSING, text.n = 0;
            memcpy(batch->text + batch->text_length, text.p, text.n);
            batch->cells[i * width + c] = (struct cell){(uint32_t)batch->text_length, (uint32_t)text.n | flags};
            batch->text_length += text.n;
        }
    }
    return batch;
}

__attribute__((unused)) static struct pcre2_real_code_8 *build_pattern(const char *pattern)
{
    int error;
    size_t at;
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, NULL);
    assert_non_null(code);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

#endif
