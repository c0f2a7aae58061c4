#include "worker/run/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* One object in memory stands in for the lake. */
static struct buf object;
static char object_key[128];

static bool write_object(struct storage *storage, struct str key, struct str content, struct err *err)
{
    (void)storage, (void)err;
    assert_true(key.n < sizeof object_key);
    memcpy(object_key, key.p, key.n);
    object_key[key.n] = '\0';
    buf_reset(&object);
    buf_add_str(&object, content);
    return true;
}

static bool read_object(struct storage *storage, struct str key, struct buf *out, struct err *err)
{
    (void)storage;
    if (!str_eq(key, str_of(object_key)))
        return ERR(err, ERR_NOT_FOUND, "not there");
    buf_add_str(out, buf_str(&object));
    return true;
}

static const struct storage_driver driver = {.scheme = "test", .write = write_object, .read = read_object};
static struct storage storage = {.driver = &driver};

#define RUN "01M7XZPJ624YX63Y67M5VP150M"

static struct manifest example(void)
{
    static struct manifest_output outputs[2];
    static struct sink_cause causes[1];
    static const struct str notes[] = {{"column 3: decimalChar ,", 23}, {"\"quoted\"", 8}};
    outputs[0] = (struct manifest_output){.staged = STR(".sluice/staging/" RUN "/part-00000.parquet"),
        .ticket = STR("T 2~id \"etag\""),
        .output = {.key = STR("processed/s/day=a%2Fb/" RUN "-0.parquet"),
            .kind = STR("processed"),
            .partition = STR("day=a%2Fb"),
            .rows = 18446744073709551615u >> 1,
            .bytes = 12,
            .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}};
    outputs[1] = (struct manifest_output){
        .staged = STR("x"), .output = {.key = STR("k"), .kind = STR("rejects-json"), .partition = STR(""), .rows = 1}};
    causes[0] = (struct sink_cause){.stage = STAGE_CONVERT,
        .code = CODE_TYPE,
        .column = STR("price"),
        .rule = STR(""),
        .shape = STR("99,99"),
        .rows = 7,
        .only_rows = 5,
        .first_row = 3,
        .samples = {STR("12,50"), {"nul\0byte", 8}, STR("Größe \"x\"\n")},
        .sample_count = 3};
    struct manifest m = {.run_id = STR(RUN),
        .dataset = STR("sales"),
        .outcome = OUTCOME_LOADED,
        .error_code = STR(""),
        .error_message = STR(""),
        .outputs = outputs,
        .output_count = 2,
        .causes = causes,
        .cause_count = 1,
        .system_cause_stage = STR(""),
        .blocks = STR(".sluice/staging/" RUN "/blocks"),
        .block_rows = 7,
        .notes = notes,
        .note_count = 2,
        .archive_to = STR("archive/validated/x")};
    m.counts[STAGE_PARSE] = (struct stage_count){STAGE_PARSE, 0, 10, 8, 1, 0, 1, 0, 99, 98, 5, 6};
    m.counts[STAGE_RULES] = (struct stage_count){STAGE_RULES, 8, 0, 6, 0, 2, 0, 0, 1, 2, 3, 4};
    m.counts[STAGE_WRITE].rows_in = 5; /* never finished: not kept */
    return m;
}

static void test_what_is_written_is_read(void **state)
{
    struct manifest m = example(), back;
    struct err err;
    struct arena *arena = arena_new(0);
    (void)state;
    assert_true(manifest_write(&storage, &m, &err));
    assert_string_equal(object_key, ".sluice/manifests/" RUN ".json");
    assert_true(manifest_read(&storage, RUN, &back, arena, &err));
    assert_true(str_eq(back.run_id, m.run_id) && str_eq(back.dataset, m.dataset));
    assert_int_equal(back.outcome, OUTCOME_LOADED);
    assert_true(str_eq(back.blocks, m.blocks) && str_eq(back.archive_to, m.archive_to));
    assert_int_equal(back.block_rows, 7);
    assert_int_equal(back.output_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(str_eq(back.outputs[i].staged, m.outputs[i].staged));
        assert_true(str_eq(back.outputs[i].ticket, m.outputs[i].ticket));
        assert_true(str_eq(back.outputs[i].output.key, m.outputs[i].output.key));
        assert_true(str_eq(back.outputs[i].output.kind, m.outputs[i].output.kind));
        assert_true(str_eq(back.outputs[i].output.partition, m.outputs[i].output.partition));
        assert_true(back.outputs[i].output.rows == m.outputs[i].output.rows);
        assert_string_equal(back.outputs[i].output.sha256, m.outputs[i].output.sha256);
    }
    assert_memory_equal(&back.counts[STAGE_PARSE], &m.counts[STAGE_PARSE], sizeof(struct stage_count));
    assert_memory_equal(&back.counts[STAGE_RULES], &m.counts[STAGE_RULES], sizeof(struct stage_count));
    assert_int_equal(back.counts[STAGE_WRITE].rows_in, 0);
    assert_int_equal(back.cause_count, 1);
    assert_int_equal(back.causes[0].code, CODE_TYPE);
    assert_int_equal(back.causes[0].only_rows, 5);
    assert_int_equal(back.causes[0].sample_count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(str_eq(back.causes[0].samples[i], m.causes[0].samples[i]));
    assert_int_equal(back.note_count, 2);
    assert_true(str_eq(back.notes[1], m.notes[1]));
    arena_free(arena);
}

static void test_a_damaged_one_is_refused(void **state)
{
    struct manifest m = example(), back;
    struct err err;
    struct arena *arena = arena_new(0);
    (void)state;
    assert_true(manifest_write(&storage, &m, &err));
    size_t whole = object.n;
    for (size_t n = 0; n < whole; n += whole / 50 + 1) {
        object.n = n;
        assert_false(manifest_read(&storage, RUN, &back, arena, &err));
        assert_int_equal(err.kind, ERR_CORRUPT);
    }
    static const char *const others[] = {"[]", "{}", "{\"version\":2,\"outcome\":\"loaded\",\"archive_to\":\"x\"}",
        "{\"version\":1,\"outcome\":\"lost\",\"archive_to\":\"x\"}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buf_reset(&object);
        buf_add_cstr(&object, others[i]);
        assert_false(manifest_read(&storage, RUN, &back, arena, &err));
        assert_int_equal(err.kind, ERR_CORRUPT);
    }
    assert_false(manifest_read(&storage, "01M7XZPJ624YX63Y67M5VP1500", &back, arena, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read), cmocka_unit_test(test_a_damaged_one_is_refused)};
    buf_init(&object, 1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_dispose(&object);
    return failed;
}
