/* The sections about what comes out: limits, expect, output, archive, warehouse. */
#include "worker/config/load.h"

#include "shared/fs.h"
#include "shared/quantity.h"

/* ---- limits ---- */

static void limits_pct(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    const struct value_format plain = {.decimal_char = '.'};
    double value;
    if (value_parse_double(node->text, &plain, &value) != VALUE_OK || !(value >= 0 && value <= 100)) {
        load_error(loader, node, "a percentage from 0 to 100 is wanted");
        return;
    }
    c->max_reject_pct = value;
    c->has_max_reject_pct = true;
}

static void limits_stop(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    c->has_stop_after = load_whole(loader, node, 0, INT64_MAX, &c->stop_after);
}

static const struct section_key limits_keys[] = {
    {"max_reject_pct", KIND_TEXT, limits_pct, 0},
    {"min_rows", KIND_TEXT, load_u64, offsetof(struct contract, min_rows)},
    {"stop_after", KIND_TEXT, limits_stop, 0},
};
static const struct section limits_section = SECTION("limits", limits_keys);

void load_limits(struct loader *loader, const struct yaml_node *node, void *at)
{
    section_load(loader, &limits_section, node, at);
}

/* ---- expect ---- */

static void expect_every(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    if (!quantity_duration(node->text, &c->expect_every_us) || c->expect_every_us <= 0)
        load_error(loader, node, "a duration such as 1d, 12h or 30m is wanted");
}

static bool clock_ok(struct str text)
{
    return text.n == 5 && text.p[2] == ':' && text.p[0] >= '0' && text.p[0] <= '2' && text.p[1] >= '0' &&
           text.p[1] <= '9' && (text.p[0] < '2' || text.p[1] <= '3') && text.p[3] >= '0' && text.p[3] <= '5' &&
           text.p[4] >= '0' && text.p[4] <= '9';
}

static void expect_by(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    const struct timezone_rules *rules;
    struct err err = {0};
    size_t space = str_find_byte(node->text, ' ');
    c->expect_by = load_copy(loader, node->text);
    if (!clock_ok((struct str){node->text.p, space}))
        load_error(loader, node, "a time of day is wanted: \"06:00\" or \"06:00 Europe/Berlin\"");
    else if (space < node->text.n && !timezone_load(str_trim((struct str){node->text.p + space, node->text.n - space}),
                                         loader->arena, &rules, &err))
        load_error(loader, node, "%s", err.message);
}

static void expect_rows(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    if (node->count != 2) {
        load_error(loader, node, "rows is a list of two: [least, most]");
        return;
    }
    if (!load_whole(loader, &node->items[0], 0, INT64_MAX, &c->expect_rows_min) ||
        !load_whole(loader, &node->items[1], 1, INT64_MAX, &c->expect_rows_max))
        return;
    if (c->expect_rows_min > c->expect_rows_max)
        load_error(loader, node, "the least is more than the most");
}

static const struct section_key expect_keys[] = {
    {"every", KIND_TEXT, expect_every, 0},
    {"by", KIND_TEXT, expect_by, 0},
    {"rows", KIND_LIST, expect_rows, 0},
};
static const struct section expect_section = SECTION("expect", expect_keys);

void load_expect(struct loader *loader, const struct yaml_node *node, void *at)
{
    section_load(loader, &expect_section, node, at);
}

/* ---- output ---- */

static void output_codec(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"none", "snappy", "gzip", "zstd"};
    struct contract *c = at;
    int word = load_word(loader, node, words, 4);
    if (word >= 0)
        c->codec = (enum parquet_codec)word;
}

static void output_level(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    uint64_t level;
    if (c->codec != PARQUET_ZSTD && c->codec != PARQUET_GZIP)
        load_error(loader, node, "this codec has no level");
    else if (load_whole(loader, node, 1, c->codec == PARQUET_ZSTD ? 22 : 9, &level))
        c->codec_level = (int)level;
}

static const char *const own_places[] = {"raw/", "rejected/", "audit/", ".sluice/"};

static void load_zone(struct loader *loader, const struct yaml_node *node, struct str *out)
{
    if (!load_key(loader, node, true, out))
        return;
    for (size_t i = 0; i < sizeof own_places / sizeof *own_places; i++)
        if (str_starts(*out, str_of(own_places[i])))
            load_error(loader, node, "nothing is published in %s", own_places[i]);
}

static void output_prefix(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    load_zone(loader, node, &c->output_prefix);
}

static void output_partitions(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    uint64_t value;
    if (load_whole(loader, node, 1, 1000000, &value))
        c->max_partitions = (uint32_t)value;
}

static void output_row_group(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    uint64_t bytes;
    if (quantity_size(node->text, &bytes) && bytes >= 64 * 1024 && bytes <= UINT64_C(1) << 31)
        c->row_group_bytes = (size_t)bytes;
    else
        load_error(loader, node, "a size from 64KB to 2GB is wanted");
}

static const struct section_key output_keys[] = {
    {"codec", KIND_TEXT, output_codec, 0},
    {"level", KIND_TEXT, output_level, 0},
    {"prefix", KIND_TEXT, output_prefix, 0},
    {"max_partitions", KIND_TEXT, output_partitions, 0},
    {"row_group_bytes", KIND_TEXT, output_row_group, 0},
};
static const struct section output_section = SECTION("output", output_keys);

void load_output(struct loader *loader, const struct yaml_node *node, void *at)
{
    section_load(loader, &output_section, node, at);
}

/* ---- archive ---- */

static void archive_prefix(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    load_zone(loader, node, &c->archive_prefix);
}

static void archive_name(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const known[] = {"{path}", "{name}", "{ts}", "{run}"};
    struct contract *c = at;
    bool names = false;
    if (!load_key(loader, node, false, &c->archive_name))
        return;
    for (size_t i = 0; i < node->text.n; i++) {
        struct str rest = {node->text.p + i, node->text.n - i};
        size_t k = 0;
        if (rest.p[0] != '{')
            continue;
        while (k < 4 && !str_starts(rest, str_of(known[k])))
            k++;
        names |= k < 2 || k == 3;
        if (k == 4)
            load_error_inside(loader, node, i, "only {path}, {name}, {ts} and {run} are known here");
    }
    if (!names)
        load_error(loader, node, "an archive name needs {path}, {name} or {run}: every file would get the same");
}

static const struct section_key archive_keys[] = {
    {"prefix", KIND_TEXT, archive_prefix, 0},
    {"name", KIND_TEXT, archive_name, 0},
};
static const struct section archive_section = SECTION("archive", archive_keys);

void load_archive(struct loader *loader, const struct yaml_node *node, void *at)
{
    section_load(loader, &archive_section, node, at);
}

/* ---- warehouse ---- */

static void sql_name(struct loader *loader, const struct yaml_node *node, void *at)
{
    if (node->text.n == 0 || node->text.n > 63)
        load_error(loader, node, "a PostgreSQL name has 1 to 63 bytes");
    else
        load_str(loader, node, at);
}

static const char *const stage_names[WAREHOUSE_TABLES] = {"raw", "bronze", "silver", "gold"};

static void warehouse_stages(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct warehouse *w = at;
    unsigned stages = 0;
    bool known = true;
    for (size_t i = 0; i < node->count; i++) {
        int stage = load_word(loader, &node->items[i], stage_names, WAREHOUSE_TABLES);
        known = known && stage >= 0;
        if (stage >= 0 && stages & 1U << stage)
            load_error(loader, &node->items[i], "the stage '%s' is listed twice", stage_names[stage]);
        stages |= stage < 0 ? 0 : 1U << stage;
    }
    w->stages = stages;
    if (known && !(stages & LOADED_STAGES))
        load_error(loader, node, "one of raw, bronze and silver is loaded, or there is nothing to make gold of");
}

static const struct section_key table_keys[] = {
    {"raw", KIND_TEXT, sql_name, 0},
    {"bronze", KIND_TEXT, sql_name, sizeof(struct str)},
    {"silver", KIND_TEXT, sql_name, 2 * sizeof(struct str)},
    {"gold", KIND_TEXT, sql_name, 3 * sizeof(struct str)},
};
static const struct section table_section = SECTION("tables", table_keys);

static void warehouse_tables(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct warehouse *w = at;
    section_load(loader, &table_section, node, w->tables);
    for (size_t i = 0; i < WAREHOUSE_TABLES; i++)
        for (size_t k = 0; k < i; k++)
            if (w->tables[i].n && str_eq(w->tables[i], w->tables[k]))
                load_error(loader, node, "two stages share the table '" STR_FMT "'", STR_ARG(w->tables[i]));
}

static void warehouse_sql(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct warehouse *w = at;
    struct err err = {0};
    struct buf text;
    w->gold_sql = load_path(loader, node->text);
    buf_init(&text, YAML_MAX_BYTES);
    if (fs_read(w->gold_sql.p, &text, &err)) {
        w->gold_sql_text = load_copy(loader, buf_str(&text));
        if (!str_trim(w->gold_sql_text).n)
            load_error(loader, node, "the file '" STR_FMT "' is empty", STR_ARG(w->gold_sql));
    } else {
        load_error(loader, node, "%s", err.message);
    }
    buf_dispose(&text);
}

static void warehouse_export(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct warehouse *w = at;
    bool s3 = str_starts(node->text, STR("s3://"));
    if (!s3 && !str_starts(node->text, STR("file://"))) {
        load_key(loader, node, false, &w->export_key);
        return;
    }
    size_t from = s3 ? 5 : 7, slash = from + str_find_byte((struct str){node->text.p + from, node->text.n - from}, '/');
    if ((slash == from) == s3 || slash + 1 >= node->text.n || node->text.p[node->text.n - 1] == '/')
        load_error(loader, node, "an export elsewhere is s3://bucket/key or file:///folder/name");
    else
        load_str(loader, node, &w->export_key);
}

/* What is said of a stage that is not wanted is a mistake. */
static void check_stages(struct loader *loader, const struct yaml_node *node, struct warehouse *w)
{
    const struct yaml_node *tables = yaml_get(node, "tables"), *sql = yaml_get(node, "gold_sql");
    if (!yaml_get(node, "stages")) {
        w->stages |= sql ? GOLD_STAGE : 0;
        return;
    }
    for (size_t i = 0; i < WAREHOUSE_TABLES; i++) {
        const struct yaml_node *table = yaml_get(tables, stage_names[i]);
        if (table && !(w->stages & 1U << i))
            load_error(loader, table, "%s is not among the stages", stage_names[i]);
    }
    if (sql && !(w->stages & GOLD_STAGE))
        load_error(loader, sql, "gold is not among the stages");
    if (!sql && w->stages & GOLD_STAGE)
        load_error(loader, yaml_get(node, "stages"), "gold needs gold_sql");
}

static const struct section_key warehouse_keys[] = {
    {"stages", KIND_LIST, warehouse_stages, 0},
    {"schema", KIND_TEXT, sql_name, offsetof(struct warehouse, schema)},
    {"tables", KIND_MAP, warehouse_tables, 0},
    {"gold_sql", KIND_TEXT, warehouse_sql, 0},
    {"export", KIND_TEXT, warehouse_export, 0},
};
static const struct section warehouse_section = SECTION("warehouse", warehouse_keys);

void load_warehouse(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const defaults[] = {"raw_table", "bronze_table", "silver_table", "gold_table"};
    struct warehouse *w = at;
    w->given = true;
    w->schema = loader->contract->dataset;
    w->stages = LOADED_STAGES;
    for (size_t i = 0; i < WAREHOUSE_TABLES; i++)
        w->tables[i] = str_of(defaults[i]);
    section_load(loader, &warehouse_section, node, w);
    check_stages(loader, node, w);
}
