#include "worker/sink/output.h"

static bool is_partition(const struct contract *contract, struct str name)
{
    for (uint32_t i = 0; i < contract->partition_count; i++)
        if (str_eq(contract->partitions[i].name, name))
            return true;
    return false;
}

static bool is_key(const struct contract *contract, uint32_t field)
{
    for (uint32_t i = 0; i < contract->primary_key_count; i++)
        if (contract->primary_key[i] == field)
            return true;
    return false;
}

static void add(struct output *output, const struct contract *contract, struct parquet_column column, int32_t source)
{
    if (is_partition(contract, column.name))
        return;
    output->columns[output->count] = column;
    output->sources[output->count++] = source;
}

static void add_system(struct output *output, const struct contract *contract)
{
    static const struct parquet_column columns[SYSTEM_COLUMNS] = {
        [COLUMN_RUN_ID] = {STR("_run_id"), TYPE(TYPE_STRING), false},
        [COLUMN_ROW_NUMBER] = {STR("_row_number"), TYPE(TYPE_INTEGER), false},
        [COLUMN_SOURCE_FILE] = {STR("_source_file"), TYPE(TYPE_STRING), false},
        [COLUMN_INGEST_TS] = {STR("ingest_ts"), TYPE(TYPE_TIMESTAMP), false},
    };
    for (int c = 0; c < SYSTEM_COLUMNS; c++)
        add(output, contract, columns[c], -1 - c);
}

bool output_choose(struct output *output, const struct contract *contract, struct arena *arena)
{
    uint32_t most = contract->field_count + contract->derived_count + SYSTEM_COLUMNS + 1;
    uint32_t first_derived = contract->scope.count - contract->derived_count;
    output->columns = ARENA_ARRAY(arena, struct parquet_column, most);
    output->sources = ARENA_ARRAY(arena, int32_t, most);
    output->count = 0;
    if (!output->columns || !output->sources)
        return false;
    for (uint32_t i = 0; i < contract->field_count; i++) {
        const struct field *field = &contract->fields[i];
        bool nullable = !field->constraints.required && !is_key(contract, i);
        add(output, contract, (struct parquet_column){field->name, field->type, nullable}, (int32_t)i);
    }
    for (uint32_t i = 0; i < contract->derived_count; i++) {
        struct parquet_column column = {contract->derived[i].name, contract->derived[i].type, true};
        add(output, contract, column, (int32_t)(first_derived + i));
    }
    if (contract->extra_columns == EXTRA_RESCUE)
        add(output, contract, (struct parquet_column){STR("_rescued"), TYPE(TYPE_STRING), true},
            (int32_t)(contract->scope.count + contract->partition_count));
    add_system(output, contract);
    return true;
}

bool output_system(const struct sink_run *run, const struct batch *batch, struct vector system[SYSTEM_COLUMNS],
    struct arena *arena, struct err *err)
{
    static const enum type_kind kinds[SYSTEM_COLUMNS] = {TYPE_STRING, TYPE_INTEGER, TYPE_STRING, TYPE_TIMESTAMP};
    for (int c = 0; c < SYSTEM_COLUMNS; c++)
        if (!vector_init(&system[c], TYPE(kinds[c]), batch->n, arena))
            return ERR(err, ERR_MEMORY, "no memory to write Parquet");
    struct str run_id = str_of(run->run_id);
    for (uint32_t i = 0; i < batch->n; i++) {
        system[COLUMN_RUN_ID].str[i] = run_id;
        system[COLUMN_ROW_NUMBER].i64[i] = (int64_t)batch_row_number(batch, i);
        system[COLUMN_SOURCE_FILE].str[i] = run->source;
        system[COLUMN_INGEST_TS].i64[i] = run->ingest_ts;
    }
    return true;
}
