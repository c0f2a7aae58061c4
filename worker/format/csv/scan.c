#include "worker/format/csv/scan.h"

#include <stdlib.h>

struct kernel {
    const char *name;
    scan_fn *scan;
};

scan_fn *scan_best(void)
{
    const char *wanted = getenv("SLUICE_SCAN");
    struct kernel kernels[3];
    size_t n = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
        kernels[n++] = (struct kernel){"avx512", scan_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        kernels[n++] = (struct kernel){"avx2", scan_avx2};
#endif
    kernels[n++] = (struct kernel){"scalar", scan_scalar};
    if (wanted && strcmp(wanted, "careful") == 0)
        return NULL;
    for (size_t i = 0; wanted && i < n; i++)
        if (strcmp(kernels[i].name, wanted) == 0)
            return kernels[i].scan;
    return kernels[0].scan;
}

bool scanner_suits(const struct grammar *grammar)
{
    char delimiter = grammar->delimiter[0];
    bool quote = grammar->quote == DIALECT_NONE || (grammar->quote > 0 && grammar->escape == grammar->quote);
    bool escape = grammar->escape == DIALECT_NONE || grammar->escape == grammar->quote;
    return grammar->delimiter_n == 1 && quote && escape && grammar->comment == DIALECT_NONE && !grammar->skip_space &&
           delimiter && delimiter != '\n' && delimiter != '\r' && (unsigned char)delimiter != grammar->quote &&
           grammar->quote != '\n' && grammar->quote != '\r';
}

bool scanner_init(struct scanner *scanner, const struct grammar *grammar, struct err *err)
{
    *scanner = (struct scanner){.scan = scan_best()};
    if (!scanner->scan)
        return true;
    scanner->marks =
        (struct scan_marks){grammar->delimiter[0], (char)(grammar->quote > 0 ? grammar->quote : 0), grammar->quote > 0};
    return scanner_reserve(scanner, SCAN_WINDOW, err);
}

bool scanner_reserve(struct scanner *scanner, size_t n, struct err *err)
{
    if (n <= scanner->window)
        return true;
    scanner_dispose(scanner);
    size_t blocks = n / SCAN_BLOCK + 2;
    /* A kernel stores whole vectors: some entries more than there are. */
    scanner->index.ends = malloc((n + 2 * SCAN_BLOCK) * sizeof *scanner->index.ends);
    scanner->index.quotes = malloc(blocks * sizeof *scanner->index.quotes);
    scanner->index.lines = malloc(blocks * sizeof *scanner->index.lines);
    if (!scanner->index.ends || !scanner->index.quotes || !scanner->index.lines)
        return ERR(err, ERR_MEMORY, "no memory for an index of %zu bytes", n);
    scanner->window = n;
    return true;
}

void scanner_dispose(struct scanner *scanner)
{
    free(scanner->index.ends);
    free(scanner->index.quotes);
    free(scanner->index.lines);
    scanner->index = (struct scan_index){0};
    scanner->window = 0;
}
