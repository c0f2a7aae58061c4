#include "shared/fs.h"
#include "worker/journal/journal.h"
#include "worker/sink/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char original[] = "id;name\r\n1;a\r\nx;\"b\nb\"\ny;\xE9\r\nz;zzzzzzzzzz";

static struct str label_list[] = {{"id", 2}, {"name", 4}};
static struct field fields[] = {{.name = {"id", 2}, .type = {.kind = TYPE_INTEGER}}, {.name = {"name", 4}}};
static struct contract contract = {.dataset = {"s", 1}, .fields = fields, .field_count = 2};
static struct binding binding = {.width = 2, .labels = label_list};
static struct sniff sniff;

static bool copy_original(void *context, uint64_t offset, uint64_t length, int fd, const char *name, struct err *err)
{
    (void)context;
    assert_true(offset + length < sizeof original);
    return fs_write_all(fd, original + offset, length, name, err);
}

static char staging[64];

static char *content(const char *name)
{
    static struct buf text;
    char path[128];
    struct err err;
    snprintf(path, sizeof path, "%s/%s", staging, name);
    buf_dispose(&text);
    buf_init(&text, 1 << 20);
    assert_true(fs_read(path, &text, &err));
    return text.p;
}

static void add_error(struct batch *batch, uint32_t row, const char *value)
{
    struct row_error error = {.row = row,
        .position = 0,
        .field = 0,
        .rule = -1,
        .stage = STAGE_CONVERT,
        .code = CODE_TYPE,
        .value = str_of(value),
        .detail = "is not an integer"};
    struct err err;
    assert_true(batch_error(batch, &error, &err));
}

/* Records 1 to 4 of the original; of the last one the batch has three bytes only. */
static struct batch *make_batch(void)
{
    static const struct row rows[] = {
        {.offset = 9, .line = 2, .length = 3, .text_offset = 0, .text_length = 3, .cells = 2},
        {.offset = 14, .line = 3, .length = 7, .text_offset = 5, .text_length = 7, .cells = 2},
        {.offset = 22, .line = 5, .length = 3, .text_offset = 13, .text_length = 3, .cells = 2},
        {.offset = 27, .line = 6, .length = 12, .text_offset = 18, .text_length = 3, .cells = 2},
    };
    struct batch *batch = batch_new(0);
    batch->n = 4;
    batch->width = 2;
    batch->first_row = 1;
    batch->rows = ARENA_ARRAY(batch->arena, struct row, 4);
    batch->marks = ARENA_ARRAY(batch->arena, uint8_t, 4);
    memcpy(batch->rows, rows, sizeof rows);
    batch->text = arena_calloc(batch->arena, 64, 1);
    memcpy(batch->text, original + 9, 21);
    batch->text_length = 21;
    add_error(batch, 1, "x");
    add_error(batch, 2, "y");
    add_error(batch, 2, "y");
    add_error(batch, 3, "z");
    batch_sort_errors(batch);
    return batch;
}

static void test_files(void **state)
{
    struct arena *arena = arena_new(0);
    struct sink_run run = {.contract = &contract,
        .binding = &binding,
        .sniff = &sniff,
        .run_id = "RUN",
        .staging = staging,
        .source = STR("raw/x.csv"),
        .arena = arena,
        .copy_original = copy_original};
    struct sink_result result = {0};
    struct err err;
    (void)state;
    dialect_init(&sniff.dialect);
    sniff.dialect.encoding = ENCODING_UTF8;
    sniff.dialect.encoding_name = STR("utf-8");
    sniff.dialect.line_end = STR("\r\n");
    sniff.header_length = 9;
    struct sink *sink = sink_rejects.open(&run, &err);
    struct batch *batch = make_batch();
    assert_true(sink_rejects.write(sink, batch, 0, &err));
    assert_true(sink_rejects.prepare(sink, &result, &err));

    /* the header and the records as they are, each with its own line end; the cut one whole, from the original */
    assert_string_equal(content("rejects.csv"), "id;name\r\nx;\"b\nb\"\ny;\xE9\r\nz;zzzzzzzzzz\r\n");
    assert_string_equal(content("rejects.jsonl"),
        "{\"run_id\":\"RUN\",\"row_number\":2,\"line_number\":3,\"byte_offset\":14,\"byte_length\":7,"
        "\"raw\":\"x;\\\"b\\nb\\\"\",\"errors\":[{\"stage\":\"convert\",\"code\":\"type-error\",\"column\":\"id\","
        "\"column_index\":1,\"value\":\"x\",\"rule_id\":null,\"message\":\"id: \\\"x\\\" is not an integer\"}]}\n"
        "{\"run_id\":\"RUN\",\"row_number\":3,\"line_number\":5,\"byte_offset\":22,\"byte_length\":3,"
        "\"raw_base64\":\"eTvp\",\"errors\":[{\"stage\":\"convert\",\"code\":\"type-error\",\"column\":\"id\","
        "\"column_index\":1,\"value\":\"y\",\"rule_id\":null,\"message\":\"id: \\\"y\\\" is not an integer\"},"
        "{\"stage\":\"convert\",\"code\":\"type-error\",\"column\":\"id\","
        "\"column_index\":1,\"value\":\"y\",\"rule_id\":null,\"message\":\"id: \\\"y\\\" is not an integer\"}]}\n"
        "{\"run_id\":\"RUN\",\"row_number\":4,\"line_number\":6,\"byte_offset\":27,\"byte_length\":12,"
        "\"raw\":\"z;z\",\"raw_truncated\":true,\"errors\":[{\"stage\":\"convert\",\"code\":\"type-error\","
        "\"column\":\"id\",\"column_index\":1,\"value\":\"z\",\"rule_id\":null,"
        "\"message\":\"id: \\\"z\\\" is not an integer\"}]}\n");
    assert_string_equal(content("reasons.csv"),
        "row_number,line_number,byte_offset,stage,code,column,value,rule_id,message\n"
        "2,3,14,convert,type-error,id,x,,\"id: \"\"x\"\" is not an integer\"\n"
        "3,5,22,convert,type-error,id,y,,\"id: \"\"y\"\" is not an integer\"\n"
        "3,5,22,convert,type-error,id,y,,\"id: \"\"y\"\" is not an integer\"\n"
        "4,6,27,convert,type-error,id,z,,\"id: \"\"z\"\" is not an integer\"\n");

    assert_int_equal(result.output_count, 3);
    assert_true(str_eq(result.outputs[0].key, STR("rejected/data_quality/json/s/RUN.jsonl")));
    assert_true(str_eq(result.outputs[1].key, STR("rejected/data_quality/csv/s/RUN.csv")));
    assert_true(str_eq(result.outputs[2].key, STR("rejected/data_quality/csv/s/RUN.reasons.csv")));
    assert_int_equal(result.block_rows, 3);
    assert_int_equal(result.cause_count, 1);

    /* an entry's offset is where its line begins in the JSON file */
    static const uint64_t numbers[] = {2, 3, 4};
    const char *entries = content("blocks");
    uint64_t offsets[3];
    for (int i = 0; i < 3; i++) {
        uint64_t number;
        memcpy(&number, entries + i * REJECT_ENTRY_BYTES, sizeof number);
        memcpy(&offsets[i], entries + i * REJECT_ENTRY_BYTES + 8, sizeof offsets[i]);
        assert_int_equal(number, numbers[i]);
    }
    const char *lines = content("rejects.jsonl");
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(lines + offsets[i], "{\"run_id\"", 9);
        assert_true(!offsets[i] || lines[offsets[i] - 1] == '\n');
    }
    sink_rejects.close(sink);
    batch_free(batch);
    arena_free(arena);
}

static void test_no_rejects_no_files(void **state)
{
    struct arena *arena = arena_new(0);
    struct sink_run run = {
        .contract = &contract, .sniff = &sniff, .run_id = "RUN", .staging = "/nowhere", .arena = arena};
    struct sink_result result = {0};
    struct err err;
    struct batch *batch = batch_new(0);
    (void)state;
    struct sink *sink = sink_rejects.open(&run, &err);
    assert_true(sink_rejects.write(sink, batch, 0, &err));
    assert_true(sink_rejects.prepare(sink, &result, &err));
    assert_int_equal(result.output_count, 0);
    assert_int_equal(result.blocks.n, 0);
    sink_rejects.close(sink);
    batch_free(batch);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_no_rejects_no_files)};
    struct err err;
    const char *folder = getenv("TMPDIR");
    snprintf(staging, sizeof staging, "%.40s/rejects-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(staging))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return fs_remove_tree(staging, &err) ? failed : 1;
}
