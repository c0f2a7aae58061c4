/*
 * scan FILE: counts its records and fields, by the structural scan alone where the file is honest, record by record
 * where it is not; one thread, the file read by pread. Prints both counts.
 */
#include "worker/format/csv/scan.h"
#include "tests/unit/worker/format/csv/dump.h"

#include <fcntl.h>
#include <unistd.h>

enum { BUFFER = 1024 * 1024, PAD = 64, TAIL = 64 * 1024, MOST_CELLS = 4096 };

struct count {
    struct grammar grammar;
    struct scanner scanner;
    int fd;
    char *p; /* BUFFER, PAD, and TAIL for the careful machine */
    size_t n, at;
    uint64_t offset; /* of what comes behind p[n] */
    bool final;
    struct cell cells[MOST_CELLS];
    uint64_t records, fields;
};

/* What is not counted yet goes to the front. */
static void fill(struct count *c)
{
    memmove(c->p, c->p + c->at, c->n - c->at);
    c->n -= c->at;
    c->at = 0;
    while (c->n < BUFFER && !c->final) {
        ssize_t n = pread(c->fd, c->p + c->n, BUFFER - c->n, (off_t)c->offset);
        DUMP_REQUIRE(n >= 0);
        c->final = n == 0;
        c->n += (size_t)n;
        c->offset += (uint64_t)n;
    }
}

/* The records that end in the next window; false: none does that the scan understands. */
static bool scan_window(struct count *c)
{
    const char *p = c->p + c->at;
    struct scan_index *index = &c->scanner.index;
    size_t n = c->n - c->at < SCAN_WINDOW ? c->n - c->at : SCAN_WINDOW, last = 0;
    c->scanner.scan(&c->scanner.marks, p, n, index);
    for (size_t i = 0; i < index->count; i++)
        if (p[index->ends[i]] == '\n') {
            c->records++;
            last = i + 1;
        }
    if (!last)
        return false;
    c->fields += last;
    c->at += index->ends[last - 1] + 1;
    return true;
}

static void read_record(struct count *c)
{
    struct text text = {.p = c->p, .n = c->n, .final = c->final, .tail = BUFFER + PAD, .tail_end = BUFFER + PAD + TAIL};
    struct record record = {.start = c->at, .cells = c->cells, .width = MOST_CELLS};
    enum record_result result = record_read(&c->grammar, &text, &record);
    if (result == RECORD_UNCLOSED)
        result = record_line(&c->grammar, &text, &record);
    DUMP_REQUIRE(result == RECORD_DONE);
    c->records++;
    c->fields += record.count;
    c->at = record.next;
}

int main(int argc, char **argv)
{
    static struct count c;
    struct dialect dialect = dump_dialect();
    struct err err = {0};
    if (argc != 2) {
        fputs("usage: scan FILE\n", stderr);
        return 2;
    }
    grammar_init(&c.grammar, &dialect);
    c.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    c.p = malloc(BUFFER + PAD + TAIL);
    DUMP_REQUIRE(c.fd >= 0 && c.p && scanner_init(&c.scanner, &c.grammar, &err));
    for (fill(&c); c.at < c.n; c.n - c.at < SCAN_WINDOW && !c.final ? fill(&c) : (void)0)
        if (!scan_window(&c))
            read_record(&c);
    printf("{\"records\": %llu, \"fields\": %llu}\n", (unsigned long long)c.records, (unsigned long long)c.fields);
    scanner_dispose(&c.scanner);
    free(c.p);
    close(c.fd);
    return 0;
}
