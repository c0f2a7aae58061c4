/* Winners and comparisons against a plain search over the same rows, with memory for all keys and for few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/gold/compare.h"
#include "worker/gold/winners.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FILES = 4, ROWS = 3000, KEYS = 2500, COLUMNS = 4, TEXT = 40 };
enum { KEY, NAME, VERSION, ROW_NUMBER };

struct sale {
    int64_t key, version, row_number; /* version < 0: NULL */
};

struct fixture {
    struct arena *arena;
    struct storage *storage;
    char base[40];
    struct sale rows[FILES][ROWS];
    struct gold_input inputs[FILES];
};

static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static struct sale row_of(uint32_t file, uint32_t i)
{
    uint64_t seed = mix((uint64_t)file << 32 | i);
    return (struct sale){
        .key = (int64_t)(seed % KEYS), .version = (int64_t)(seed >> 20 & 7) - 1, .row_number = (int64_t)(i * 7 % ROWS)};
}

static void write_file(struct fixture *f, uint32_t file)
{
    struct err err;
    static char texts[ROWS][TEXT];
    struct parquet_column columns[COLUMNS] = {{STR("key"), TYPE(TYPE_INTEGER), false},
        {STR("name"), TYPE(TYPE_STRING), false}, {STR("version"), TYPE(TYPE_INTEGER), true},
        {STR("_row_number"), TYPE(TYPE_INTEGER), false}};
    struct vector vectors[COLUMNS];
    const struct vector *pointers[COLUMNS];
    struct parquet_options options = {.codec = PARQUET_SNAPPY, .page_bytes = 4096, .created_by = "test"};
    struct parquet_summary summary;
    char *path = arena_printf(f->arena, "%s/%u.parquet", f->base, file);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    for (int c = 0; c < COLUMNS; c++) {
        assert_true(vector_init(&vectors[c], columns[c].type, ROWS, f->arena));
        pointers[c] = &vectors[c];
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        struct sale row = f->rows[file][i] = row_of(file, i);
        vectors[KEY].i64[i] = row.key;
        int n = snprintf(texts[i], TEXT, "the name of key %lld", (long long)row.key);
        vectors[NAME].str[i] = (struct str){texts[i], (size_t)n};
        vectors[VERSION].i64[i] = row.version;
        vectors[VERSION].state[i] = row.version < 0 ? VALUE_NULL : VALUE_PRESENT;
        vectors[ROW_NUMBER].i64[i] = row.row_number;
    }
    struct parquet_writer *writer = parquet_writer_open(fd, path, columns, COLUMNS, &options, &err);
    assert_non_null(writer);
    assert_true(parquet_writer_append(writer, pointers, NULL, ROWS, &err));
    assert_true(parquet_writer_close(writer, &summary, &err));
    close(fd);
    /* Files 1 and 2 are two runs of one delivery. */
    f->inputs[file] = (struct gold_input){.output_id = file,
        .key = str_of(arena_printf(f->arena, "%u.parquet", file)),
        .rows = ROWS,
        .bytes = summary.bytes,
        .file_id = file < 2 ? file : file - 1};
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    static const struct storage_driver *const drivers[] = {&storage_dir, NULL};
    struct err err;
    snprintf(f->base, sizeof f->base, "/tmp/sluice-gold-XXXXXX");
    f->arena = arena_new(0);
    if (!mkdtemp(f->base) || !storage_open(str_of(f->base), drivers, f->arena, &f->storage, &err))
        return -1;
    for (uint32_t file = 0; file < FILES; file++)
        write_file(f, file);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct err err;
    bool ok = fs_remove_tree(f->base, &err);
    arena_free(f->arena);
    free(f);
    return ok ? 0 : -1;
}

/* Deliveries 0, 1, 1, 2. */
static int64_t delivery(uint32_t file)
{
    return file < 2 ? file : file - 1;
}

static bool greater(const struct fixture *f, uint32_t af, uint32_t ai, uint32_t bf, uint32_t bi, bool by_version)
{
    const struct sale *a = &f->rows[af][ai], *b = &f->rows[bf][bi];
    if (by_version && a->version != b->version)
        return a->version > b->version;
    if (delivery(af) != delivery(bf))
        return delivery(af) > delivery(bf);
    if (a->row_number != b->row_number)
        return a->row_number > b->row_number;
    return af > bf;
}

static void check(struct fixture *f, size_t memory, bool by_version, uint32_t key_count)
{
    static const uint32_t key[] = {KEY, NAME};
    static struct {
        bool any;
        uint32_t file, row;
    } best[KEYS];
    struct err err;
    struct sources sources;
    memset(best, 0, sizeof best);
    for (uint32_t file = 0; file < FILES; file++)
        for (uint32_t i = 0; i < ROWS; i++) {
            int64_t k = f->rows[file][i].key;
            if (best[k].any && !greater(f, file, i, best[k].file, best[k].row, by_version))
                continue;
            best[k].any = true;
            best[k].file = file;
            best[k].row = i;
        }
    if (!sources_open(&sources, f->storage, f->inputs, FILES, f->arena, &err))
        fail_msg("%s", err.message);
    struct winners_options options = {.key = key,
        .key_count = key_count,
        .latest = by_version ? VERSION : UINT32_MAX,
        .row_number = ROW_NUMBER,
        .memory = memory};
    if (!winners_decide(&sources, &options, &err))
        fail_msg("%s", err.message);
    uint64_t kept = 0;
    for (uint32_t file = 0; file < FILES; file++) {
        for (uint32_t i = 0; i < ROWS; i++) {
            int64_t k = f->rows[file][i].key;
            assert_int_equal(source_wins(&sources.list[file], i), best[k].file == file && best[k].row == i);
        }
        kept += sources.list[file].kept;
    }
    uint64_t keys = 0;
    for (int k = 0; k < KEYS; k++)
        keys += best[k].any;
    assert_int_equal(kept, keys);
}

static void the_greatest_row_wins(void **state)
{
    for (uint32_t key_count = 1; key_count <= 2; key_count++)
        for (int by_version = 0; by_version < 2; by_version++)
            check(*state, 64 << 20, by_version, key_count);
}

/* 2,500 keys of 60 bytes and more in 48 KiB: the pass is done in parts. */
static void so_it_does_in_parts(void **state)
{
    for (uint32_t key_count = 1; key_count <= 2; key_count++)
        for (int by_version = 0; by_version < 2; by_version++)
            check(*state, 96 << 10, by_version, key_count);
}

static void without_a_key_every_row_wins(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct sources sources;
    struct winners_options options = {.latest = UINT32_MAX, .row_number = ROW_NUMBER};
    assert_true(sources_open(&sources, f->storage, f->inputs, FILES, f->arena, &err));
    sources.list[0].is_superseded = true;
    assert_true(winners_decide(&sources, &options, &err));
    assert_int_equal(sources.list[0].kept, 0);
    assert_int_equal(sources.list[1].kept, ROWS);
}

/* The names of file 0 stand in for row_hash: 2 of its rows of one key are equal, those of another differ. */
static void comparisons_count_rows(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct sources sources;
    static const uint32_t key[] = {ROW_NUMBER};
    assert_true(sources_open(&sources, f->storage, f->inputs, FILES, f->arena, &err));
    uint64_t same = 0;
    for (uint32_t i = 0; i < ROWS; i++)
        same += f->rows[0][i].key == f->rows[3][i].key;
    for (size_t memory = 64 << 20; memory > 90 << 10; memory = memory == 64 << 20 ? 96 << 10 : 0) {
        struct comparison c;
        if (!compare_gold(&sources, &sources.list[0], &sources.list[3], key, 1, NAME, memory, &c, &err))
            fail_msg("%s", err.message);
        assert_true(c.made);
        assert_int_equal(c.unchanged + c.changed, ROWS);
        assert_int_equal(c.fresh + c.vanished, 0);
        assert_in_range(c.unchanged, same, ROWS);
        assert_true(compare_gold(&sources, &sources.list[1], &sources.list[1], NULL, 0, NAME, memory, &c, &err));
        assert_int_equal(c.unchanged, ROWS);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(the_greatest_row_wins), TEST(so_it_does_in_parts),
        TEST(without_a_key_every_row_wins), TEST(comparisons_count_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
