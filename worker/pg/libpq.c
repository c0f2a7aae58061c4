#include "worker/pg/libpq.h"

#include "shared/library.h"

struct libpq libpq;

static const struct library_row rows[] = {
#define LIBPQ_ROW(name) {"PQ" #name, offsetof(struct libpq, name)},
    LIBPQ_FUNCTIONS(LIBPQ_ROW)
#undef LIBPQ_ROW
};

bool libpq_load(struct err *err)
{
    static struct library library = {"libpq.so.5", rows, sizeof rows / sizeof *rows, &libpq, false};
    return library_load(&library, err);
}
