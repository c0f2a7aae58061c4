#include "worker/format/parquet/metadata.h"

#include "worker/format/parquet/page.h"

static enum physical_type physical_of(struct type type)
{
    switch (type.kind) {
    case TYPE_STRING:
        return PHYSICAL_BYTE_ARRAY;
    case TYPE_DECIMAL:
        return type_is_wide(type) ? PHYSICAL_FIXED : PHYSICAL_INT64;
    case TYPE_DOUBLE:
        return PHYSICAL_DOUBLE;
    case TYPE_BOOLEAN:
        return PHYSICAL_BOOLEAN;
    case TYPE_DATE:
        return PHYSICAL_INT32;
    default:
        return PHYSICAL_INT64;
    }
}

static int32_t codec_number(enum parquet_codec codec)
{
    switch (codec) {
    case PARQUET_SNAPPY:
        return 1;
    case PARQUET_GZIP:
        return 2;
    case PARQUET_ZSTD:
        return 6;
    default:
        return 0;
    }
}

/* Readers from before LogicalType know only these. Local times carry them too: LogicalTypes.md demands it. */
static void write_converted_type(struct thrift_writer *writer, struct type type)
{
    switch (type.kind) {
    case TYPE_STRING:
        thrift_i32(writer, 6, CONVERTED_UTF8);
        break;
    case TYPE_DECIMAL:
        thrift_i32(writer, 6, CONVERTED_DECIMAL);
        thrift_i32(writer, 7, type.scale);
        thrift_i32(writer, 8, type.precision);
        break;
    case TYPE_DATE:
        thrift_i32(writer, 6, CONVERTED_DATE);
        break;
    case TYPE_TIME:
        thrift_i32(writer, 6, CONVERTED_TIME_MICROS);
        break;
    case TYPE_TIMESTAMP:
        thrift_i32(writer, 6, CONVERTED_TIMESTAMP_MICROS);
        break;
    default:
        break;
    }
}

/* TimeType and TimestampType: isAdjustedToUTC, and the unit, itself a union: 2 is MICROS. */
static void write_moment(struct thrift_writer *writer, enum logical_type logical, bool is_utc)
{
    thrift_begin_field(writer, (int16_t)logical);
    thrift_bool(writer, 1, is_utc);
    thrift_begin_field(writer, 2);
    thrift_empty_struct(writer, 2);
    thrift_end(writer);
    thrift_end(writer);
}

static void write_logical_type(struct thrift_writer *writer, struct type type)
{
    if (type.kind == TYPE_INTEGER || type.kind == TYPE_DOUBLE || type.kind == TYPE_BOOLEAN)
        return;
    thrift_begin_field(writer, 10);
    switch (type.kind) {
    case TYPE_STRING:
        thrift_empty_struct(writer, LOGICAL_STRING);
        break;
    case TYPE_DECIMAL:
        thrift_begin_field(writer, LOGICAL_DECIMAL);
        thrift_i32(writer, 1, type.scale);
        thrift_i32(writer, 2, type.precision);
        thrift_end(writer);
        break;
    case TYPE_DATE:
        thrift_empty_struct(writer, LOGICAL_DATE);
        break;
    case TYPE_TIME:
        write_moment(writer, LOGICAL_TIME, false);
        break;
    default:
        write_moment(writer, LOGICAL_TIMESTAMP, true);
    }
    thrift_end(writer);
}

static void write_schema_column(struct thrift_writer *writer, const struct parquet_column *column)
{
    thrift_begin(writer);
    thrift_i32(writer, 1, physical_of(column->type));
    if (type_is_wide(column->type))
        thrift_i32(writer, 2, (int32_t)type_size(column->type));
    thrift_i32(writer, 3, column->nullable ? 1 : 0);
    thrift_binary(writer, 4, column->name);
    write_converted_type(writer, column->type);
    write_logical_type(writer, column->type);
    thrift_end(writer);
}

static void write_schema(struct thrift_writer *writer, const struct column *columns, uint32_t count)
{
    thrift_list(writer, 2, THRIFT_STRUCT, count + 1);
    thrift_begin(writer);
    thrift_binary(writer, 4, STR("schema"));
    thrift_i32(writer, 5, (int32_t)count);
    thrift_end(writer);
    for (uint32_t i = 0; i < count; i++)
        write_schema_column(writer, &columns[i].spec);
}

static void write_encodings(struct thrift_writer *writer, const struct column *column)
{
    bool has_plain = column->plain_pages || column->dictionary_pages;
    uint32_t count = (uint32_t)has_plain + (column->delta_pages ? 1 : 0) + (column->dictionary_pages ? 1 : 0) +
                     (column->spec.nullable ? 1 : 0);
    thrift_list(writer, 2, THRIFT_I32, count);
    if (has_plain)
        thrift_element_i32(writer, ENCODING_PLAIN);
    if (column->spec.nullable)
        thrift_element_i32(writer, ENCODING_RLE);
    if (column->delta_pages)
        thrift_element_i32(writer, ENCODING_DELTA_BINARY_PACKED);
    if (column->dictionary_pages)
        thrift_element_i32(writer, ENCODING_RLE_DICTIONARY);
}

static void write_encoding_count(
    struct thrift_writer *writer, enum page_type type, enum page_encoding encoding, uint32_t count)
{
    if (!count)
        return;
    thrift_begin(writer);
    thrift_i32(writer, 1, type);
    thrift_i32(writer, 2, encoding);
    thrift_i32(writer, 3, (int32_t)count);
    thrift_end(writer);
}

/* By these a reader knows that every page is in dictionary form and a filter can be answered from it alone. */
static void write_encoding_counts(struct thrift_writer *writer, const struct column *column)
{
    uint32_t with_dictionary = column->dictionary_pages > 0;
    thrift_list(
        writer, 13, THRIFT_STRUCT, 2 * with_dictionary + (column->plain_pages ? 1 : 0) + (column->delta_pages ? 1 : 0));
    write_encoding_count(writer, PAGE_DICTIONARY, ENCODING_PLAIN, with_dictionary);
    write_encoding_count(writer, PAGE_DATA, ENCODING_RLE_DICTIONARY, column->dictionary_pages);
    write_encoding_count(writer, PAGE_DATA, ENCODING_PLAIN, column->plain_pages);
    write_encoding_count(writer, PAGE_DATA, ENCODING_DELTA_BINARY_PACKED, column->delta_pages);
}

static void write_chunk(struct thrift_writer *writer, const struct column *column, uint64_t offset, uint64_t rows)
{
    size_t dictionary = column->dictionary_page ? column->dictionary_page->n : 0;
    thrift_begin(writer);
    /* Deprecated and required: 0 says that no ColumnMetaData stands outside the footer. */
    thrift_i64(writer, 2, 0);
    thrift_begin_field(writer, 3);
    thrift_i32(writer, 1, physical_of(column->spec.type));
    write_encodings(writer, column);
    thrift_list(writer, 3, THRIFT_BINARY, 1);
    thrift_element_binary(writer, column->spec.name);
    thrift_i32(writer, 4, codec_number(column->options->codec));
    thrift_i64(writer, 5, (int64_t)rows);
    thrift_i64(writer, 6, (int64_t)column->uncompressed);
    thrift_i64(writer, 7, (int64_t)column->stored);
    thrift_i64(writer, 9, (int64_t)(offset + dictionary));
    if (dictionary)
        thrift_i64(writer, 11, (int64_t)offset);
    statistics_write(&column->statistics, column->spec.type, writer, 12);
    write_encoding_counts(writer, column);
    thrift_end(writer);
    thrift_end(writer);
}

void metadata_write_row_group(struct buf *out, const struct column *columns, uint32_t column_count, uint64_t offset,
    uint64_t rows, uint32_t ordinal)
{
    struct thrift_writer writer;
    uint64_t uncompressed = 0, stored = 0;
    thrift_init(&writer, out);
    thrift_list(&writer, 1, THRIFT_STRUCT, column_count);
    for (uint32_t i = 0; i < column_count; i++) {
        write_chunk(&writer, &columns[i], offset + stored, rows);
        uncompressed += columns[i].uncompressed;
        stored += columns[i].stored;
    }
    thrift_i64(&writer, 2, (int64_t)uncompressed);
    thrift_i64(&writer, 3, (int64_t)rows);
    thrift_i64(&writer, 5, (int64_t)offset);
    thrift_i64(&writer, 6, (int64_t)stored);
    if (ordinal <= INT16_MAX)
        thrift_i16(&writer, 7, (int16_t)ordinal);
    thrift_end(&writer);
}

static void write_key_values(struct thrift_writer *writer, const struct parquet_options *options)
{
    if (!options->metadata_count)
        return;
    thrift_list(writer, 5, THRIFT_STRUCT, (uint32_t)options->metadata_count);
    for (size_t i = 0; i < options->metadata_count; i++) {
        thrift_begin(writer);
        thrift_binary(writer, 1, options->metadata_keys[i]);
        thrift_binary(writer, 2, options->metadata_values[i]);
        thrift_end(writer);
    }
}

void metadata_write_file(struct buf *out, const struct column *columns, uint32_t column_count,
    const struct parquet_options *options, struct str groups, uint32_t group_count, uint64_t rows)
{
    struct thrift_writer writer;
    thrift_init(&writer, out);
    /* parquet.thrift: writers should always state 1. */
    thrift_i32(&writer, 1, 1);
    write_schema(&writer, columns, column_count);
    thrift_i64(&writer, 3, (int64_t)rows);
    thrift_list(&writer, 4, THRIFT_STRUCT, group_count);
    buf_add_str(out, groups);
    write_key_values(&writer, options);
    if (options->created_by)
        thrift_binary(&writer, 6, str_of(options->created_by));
    thrift_list(&writer, 7, THRIFT_STRUCT, column_count);
    for (uint32_t i = 0; i < column_count; i++) {
        thrift_begin(&writer);
        thrift_empty_struct(&writer, 1);
        thrift_end(&writer);
    }
    thrift_end(&writer);
}
