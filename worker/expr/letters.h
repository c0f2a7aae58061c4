/*
 * Letters as PostgreSQL's libc knows them under a UTF-8 locale: case and classes of code points come from C.UTF-8 of
 * the C library, so that upper(), initcap(), [[:alpha:]] and \w see the same letters here and there. Thread-safe.
 */
#ifndef WORKER_EXPR_LETTERS_H
#define WORKER_EXPR_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t letters_lower(uint32_t code);
uint32_t letters_upper(uint32_t code);
bool letters_alphanumeric(uint32_t code);

struct letters_range {
    uint32_t first, last;
};

/* The code points of a POSIX class: alpha, upper, lower, alnum, punct, space; NULL: none of these. */
const struct letters_range *letters_class(const char *name, size_t *count);

#endif
