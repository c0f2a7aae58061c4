#include "worker/format/parquet/schema.h"

#include "worker/format/parquet/metadata.h"

enum { MAX_NESTING = 64, LONGEST_PATH = 4096 };

enum repetition { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };

struct element {
    int32_t physical; /* -1: a group */
    int32_t repetition, children, converted, scale, precision, width;
    int logical;
    enum time_unit unit;
    bool is_unsigned;
    struct str name;
};

static void read_decimal(struct thrift_reader *reader, struct thrift_field field, struct element *element)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        if (inner.id == 1)
            element->scale = thrift_read_i32(reader, inner);
        else if (inner.id == 2)
            element->precision = thrift_read_i32(reader, inner);
        else
            thrift_skip(reader, inner);
    }
}

/* The union TimeUnit: the id of its only field tells. */
static void read_unit(struct thrift_reader *reader, struct thrift_field field, struct element *element)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        element->unit = inner.id == 1 ? UNIT_MILLIS : inner.id == 3 ? UNIT_NANOS : UNIT_MICROS;
        thrift_skip(reader, inner);
    }
}

static void read_moment(struct thrift_reader *reader, struct thrift_field field, struct element *element)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        if (inner.id == 2)
            read_unit(reader, inner, element);
        else
            thrift_skip(reader, inner);
    }
}

static void read_integer(struct thrift_reader *reader, struct thrift_field field, struct element *element)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        if (inner.id == 2)
            element->is_unsigned = !thrift_read_bool(reader, inner);
        else
            thrift_skip(reader, inner);
    }
}

static void read_logical(struct thrift_reader *reader, struct thrift_field field, struct element *element)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        element->logical = inner.id;
        if (inner.id == LOGICAL_DECIMAL)
            read_decimal(reader, inner, element);
        else if (inner.id == LOGICAL_TIME || inner.id == LOGICAL_TIMESTAMP)
            read_moment(reader, inner, element);
        else if (inner.id == LOGICAL_INTEGER)
            read_integer(reader, inner, element);
        else
            thrift_skip(reader, inner);
    }
}

static void read_element(struct thrift_reader *reader, struct element *element)
{
    int16_t last = 0;
    struct thrift_field field;
    *element = (struct element){.physical = -1, .converted = -1};
    while (thrift_read_field(reader, &last, &field)) {
        switch (field.id) {
        case 1:
            element->physical = thrift_read_i32(reader, field);
            break;
        case 2:
            element->width = thrift_read_i32(reader, field);
            break;
        case 3:
            element->repetition = thrift_read_i32(reader, field);
            break;
        case 4:
            element->name = thrift_read_binary(reader, field);
            break;
        case 5:
            element->children = thrift_read_i32(reader, field);
            break;
        case 6:
            element->converted = thrift_read_i32(reader, field);
            break;
        case 7:
            element->scale = thrift_read_i32(reader, field);
            break;
        case 8:
            element->precision = thrift_read_i32(reader, field);
            break;
        case 10:
            read_logical(reader, field, element);
            break;
        default:
            thrift_skip(reader, field);
        }
    }
}

static bool annotated(const struct element *element, int logical, int32_t converted, int32_t converted_too)
{
    return element->logical == logical || (element->logical == LOGICAL_NONE &&
                                              (element->converted == converted || element->converted == converted_too));
}

/* The nearest of our types; a unit or width that we do not write ourselves is not told apart. */
static struct type type_of(const struct element *element)
{
    if (annotated(element, LOGICAL_DECIMAL, CONVERTED_DECIMAL, CONVERTED_DECIMAL))
        return TYPE_DEC((uint8_t)element->precision, (uint8_t)element->scale);
    if (annotated(element, LOGICAL_DATE, CONVERTED_DATE, CONVERTED_DATE))
        return TYPE(TYPE_DATE);
    if (annotated(element, LOGICAL_TIME, CONVERTED_TIME_MICROS, CONVERTED_TIME_MILLIS))
        return TYPE(TYPE_TIME);
    if (annotated(element, LOGICAL_TIMESTAMP, CONVERTED_TIMESTAMP_MICROS, CONVERTED_TIMESTAMP_MILLIS))
        return TYPE(TYPE_TIMESTAMP);
    switch (element->physical) {
    case PHYSICAL_BOOLEAN:
        return TYPE(TYPE_BOOLEAN);
    case PHYSICAL_INT32:
    case PHYSICAL_INT64:
        return TYPE(TYPE_INTEGER);
    case PHYSICAL_INT96:
        return TYPE(TYPE_TIMESTAMP);
    case PHYSICAL_FLOAT:
    case PHYSICAL_DOUBLE:
        return TYPE(TYPE_DOUBLE);
    default:
        return TYPE(TYPE_STRING);
    }
}

/* Annotations stand on certain physical types only; a file may say anything. */
static bool stored_as_it_can_be(const struct element *element)
{
    int32_t physical = element->physical;
    switch (type_of(element).kind) {
    case TYPE_DATE:
        return physical == PHYSICAL_INT32;
    case TYPE_TIME:
        return physical == PHYSICAL_INT32 || physical == PHYSICAL_INT64;
    case TYPE_TIMESTAMP:
        return physical == PHYSICAL_INT64 || physical == PHYSICAL_INT96;
    case TYPE_DECIMAL:
        return physical == PHYSICAL_INT32 || physical == PHYSICAL_INT64 || physical == PHYSICAL_BYTE_ARRAY ||
               physical == PHYSICAL_FIXED;
    case TYPE_STRING:
        return physical == PHYSICAL_BYTE_ARRAY;
    default:
        return true;
    }
}

/* What an annotation says that none of our types can hold. */
static const char *unreadable(const struct element *element)
{
    static const char *const names[] = {[LOGICAL_UUID] = "UUID",
        [LOGICAL_BSON] = "BSON",
        [LOGICAL_FLOAT16] = "FLOAT16",
        [LOGICAL_VARIANT] = "VARIANT",
        [LOGICAL_GEOMETRY] = "GEOMETRY",
        [LOGICAL_GEOGRAPHY] = "GEOGRAPHY"};
    if (element->logical > 0 && (size_t)element->logical < sizeof names / sizeof *names && names[element->logical])
        return names[element->logical];
    if (element->converted == CONVERTED_INTERVAL)
        return "INTERVAL";
    bool is_decimal = annotated(element, LOGICAL_DECIMAL, CONVERTED_DECIMAL, CONVERTED_DECIMAL);
    if (element->physical == PHYSICAL_FIXED && !is_decimal)
        return "FIXED_LEN_BYTE_ARRAY";
    if (!stored_as_it_can_be(element))
        return "an annotation that does not go with its storage";
    return is_decimal && element->precision > DECIMAL_MAX_PRECISION ? "DECIMAL of more than 38 digits" : NULL;
}

static struct parquet_leaf leaf_of(const struct element *element, bool is_nested)
{
    bool millis = element->logical == LOGICAL_NONE &&
                  (element->converted == CONVERTED_TIME_MILLIS || element->converted == CONVERTED_TIMESTAMP_MILLIS);
    bool is_unsigned =
        element->is_unsigned || (element->logical == LOGICAL_NONE && element->converted >= CONVERTED_UINT_8 &&
                                    element->converted <= CONVERTED_UINT_64);
    return (struct parquet_leaf){.physical = element->physical,
        .width = (uint32_t)element->width,
        .unit = millis ? UNIT_MILLIS : element->unit,
        .is_unsigned = is_unsigned,
        .is_nested = is_nested || element->repetition == REPEATED,
        .unreadable = is_unsigned && element->physical == PHYSICAL_INT64 ? "an unsigned INT64" : unreadable(element)};
}

static bool element_is_sound(const struct element *element)
{
    bool is_group = element->physical == -1;
    if (is_group ? element->children < 0 : element->children != 0)
        return false;
    if (element->physical > PHYSICAL_FIXED || element->physical < -1 || element->repetition < REQUIRED ||
        element->repetition > REPEATED || element->width < 0)
        return false;
    if (!annotated(element, LOGICAL_DECIMAL, CONVERTED_DECIMAL, CONVERTED_DECIMAL))
        return true;
    return element->precision > 0 && element->precision <= UINT8_MAX && element->scale >= 0 &&
           element->scale <= element->precision;
}

/* The groups that are open above an element. */
struct nesting {
    unsigned depth;
    struct {
        struct str path;
        int32_t left; /* children still to come */
        bool nullable;
    } open[MAX_NESTING];
};

static void leave_full_groups(struct nesting *nesting)
{
    while (nesting->depth && nesting->open[nesting->depth - 1].left == 0)
        nesting->depth--;
}

static struct str join_path(struct str above, struct str name, struct arena *arena)
{
    size_t n = above.n + 1 + name.n;
    char *path = n <= LONGEST_PATH ? arena_alloc(arena, n) : NULL;
    if (!path)
        return (struct str){NULL, n};
    if (above.n)
        memcpy(path, above.p, above.n);
    path[above.n] = '.';
    if (name.n)
        memcpy(path + above.n + 1, name.p, name.n);
    return (struct str){path, n};
}

static bool enter_element(struct nesting *nesting, const struct element *element, bool is_root,
    struct parquet_footer *footer, struct arena *arena)
{
    leave_full_groups(nesting);
    if (!is_root && !nesting->depth)
        return false;
    struct str path = element->name;
    bool nullable = !is_root && element->repetition != REQUIRED;
    if (nesting->depth) {
        nesting->open[nesting->depth - 1].left--;
        nullable |= nesting->open[nesting->depth - 1].nullable;
    }
    if (nesting->depth > 1)
        path = join_path(nesting->open[nesting->depth - 1].path, path, arena);
    if (!path.p && path.n)
        return false;
    if (element->physical != -1) {
        footer->leaves[footer->column_count] = leaf_of(element, nesting->depth > 1);
        footer->columns[footer->column_count++] = (struct parquet_column){path, type_of(element), nullable};
        return true;
    }
    if (nesting->depth == MAX_NESTING)
        return false;
    nesting->open[nesting->depth].path = path;
    nesting->open[nesting->depth].left = element->children;
    nesting->open[nesting->depth++].nullable = nullable;
    return true;
}

bool schema_read(struct thrift_reader *reader, struct thrift_field field, const char *name,
    struct parquet_footer *footer, struct arena *arena, struct err *err)
{
    uint32_t count = thrift_read_list(reader, field, THRIFT_STRUCT);
    struct nesting nesting = {0};
    if (!count)
        return ERR(err, ERR_CORRUPT, "%s: the footer has no schema", name);
    footer->column_count = 0;
    footer->columns = ARENA_ARRAY(arena, struct parquet_column, count);
    footer->leaves = ARENA_ARRAY(arena, struct parquet_leaf, count);
    if (!footer->columns || !footer->leaves)
        return ERR(err, ERR_MEMORY, "no memory for the schema of %s", name);
    for (uint32_t i = 0; i < count; i++) {
        struct element element;
        read_element(reader, &element);
        if (reader->failed || !element_is_sound(&element) || (i == 0 && element.physical != -1) ||
            !enter_element(&nesting, &element, i == 0, footer, arena))
            return ERR(err, ERR_CORRUPT, "%s: element %u of the schema cannot be read", name, i);
    }
    leave_full_groups(&nesting);
    return !nesting.depth || ERR(err, ERR_CORRUPT, "%s: the schema ends within a group", name);
}
