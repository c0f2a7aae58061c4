#include "worker/format/parquet/thrift.h"

static void put_varint(struct buf *out, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    while (value >= 0x80) {
        bytes[n++] = (char)(uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (char)(uint8_t)value;
    buf_add(out, bytes, n);
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

void thrift_init(struct thrift_writer *writer, struct buf *out)
{
    *writer = (struct thrift_writer){.out = out};
}

void thrift_begin(struct thrift_writer *writer)
{
    /* Depth is our own schema's, never the data's; running over it spoils the buffer rather than the stack. */
    if (writer->depth + 1 >= THRIFT_MAX_DEPTH)
        writer->out->failed = true;
    else
        writer->last[++writer->depth] = 0;
}

static void put_field(struct thrift_writer *writer, int16_t id, enum thrift_type type)
{
    int16_t *last = &writer->last[writer->depth];
    int delta = id - *last;
    if (delta > 0 && delta <= 15) {
        buf_add_byte(writer->out, (char)(uint8_t)((unsigned)delta << 4 | type));
    } else {
        buf_add_byte(writer->out, (char)type);
        put_varint(writer->out, zigzag(id));
    }
    *last = id;
}

void thrift_begin_field(struct thrift_writer *writer, int16_t id)
{
    put_field(writer, id, THRIFT_STRUCT);
    thrift_begin(writer);
}

void thrift_end(struct thrift_writer *writer)
{
    buf_add_byte(writer->out, THRIFT_STOP);
    if (writer->depth)
        writer->depth--;
}

void thrift_bool(struct thrift_writer *writer, int16_t id, bool value)
{
    put_field(writer, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_byte(struct thrift_writer *writer, int16_t id, int8_t value)
{
    put_field(writer, id, THRIFT_BYTE);
    buf_add_byte(writer->out, (char)value);
}

void thrift_i16(struct thrift_writer *writer, int16_t id, int16_t value)
{
    put_field(writer, id, THRIFT_I16);
    put_varint(writer->out, zigzag(value));
}

void thrift_i32(struct thrift_writer *writer, int16_t id, int32_t value)
{
    put_field(writer, id, THRIFT_I32);
    put_varint(writer->out, zigzag(value));
}

void thrift_i64(struct thrift_writer *writer, int16_t id, int64_t value)
{
    put_field(writer, id, THRIFT_I64);
    put_varint(writer->out, zigzag(value));
}

void thrift_element_binary(struct thrift_writer *writer, struct str value)
{
    put_varint(writer->out, value.n);
    buf_add(writer->out, value.p, value.n);
}

void thrift_binary(struct thrift_writer *writer, int16_t id, struct str value)
{
    put_field(writer, id, THRIFT_BINARY);
    thrift_element_binary(writer, value);
}

void thrift_list(struct thrift_writer *writer, int16_t id, enum thrift_type type, uint32_t count)
{
    put_field(writer, id, THRIFT_LIST);
    if (count < 15) {
        buf_add_byte(writer->out, (char)(uint8_t)(count << 4 | type));
    } else {
        buf_add_byte(writer->out, (char)(uint8_t)(0xF0 | type));
        put_varint(writer->out, count);
    }
}

void thrift_element_i32(struct thrift_writer *writer, int32_t value)
{
    put_varint(writer->out, zigzag(value));
}

void thrift_empty_struct(struct thrift_writer *writer, int16_t id)
{
    thrift_begin_field(writer, id);
    thrift_end(writer);
}

void thrift_read_init(struct thrift_reader *reader, const void *p, size_t n)
{
    *reader = (struct thrift_reader){.at = p, .end = (const uint8_t *)p + n};
}

static uint8_t get_byte(struct thrift_reader *reader)
{
    if (reader->failed || reader->at >= reader->end) {
        reader->failed = true;
        return 0;
    }
    return *reader->at++;
}

static uint64_t get_varint(struct thrift_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(reader);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->failed = true;
    return 0;
}

static bool skip_bytes(struct thrift_reader *reader, uint64_t n)
{
    if (reader->failed || n > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        return false;
    }
    reader->at += n;
    return true;
}

bool thrift_read_field(struct thrift_reader *reader, int16_t *last, struct thrift_field *field)
{
    uint8_t head = get_byte(reader);
    if (reader->failed || head == THRIFT_STOP)
        return false;
    int64_t id = head >> 4 ? *last + (head >> 4) : unzigzag(get_varint(reader));
    unsigned type = head & 0x0F;
    if (id < INT16_MIN || id > INT16_MAX || type == THRIFT_STOP || type > THRIFT_UUID)
        reader->failed = true;
    *last = field->id = (int16_t)id;
    field->type = (enum thrift_type)type;
    return !reader->failed;
}

int64_t thrift_read_int(struct thrift_reader *reader, struct thrift_field field)
{
    switch (field.type) {
    case THRIFT_BYTE:
        return (int8_t)get_byte(reader);
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        return unzigzag(get_varint(reader));
    default:
        reader->failed = true;
        return 0;
    }
}

int32_t thrift_read_i32(struct thrift_reader *reader, struct thrift_field field)
{
    int64_t value = thrift_read_int(reader, field);
    if (value < INT32_MIN || value > INT32_MAX) {
        reader->failed = true;
        return 0;
    }
    return (int32_t)value;
}

bool thrift_read_bool(struct thrift_reader *reader, struct thrift_field field)
{
    if (field.type != THRIFT_TRUE && field.type != THRIFT_FALSE)
        reader->failed = true;
    return field.type == THRIFT_TRUE;
}

struct str thrift_read_binary(struct thrift_reader *reader, struct thrift_field field)
{
    if (field.type != THRIFT_BINARY)
        reader->failed = true;
    uint64_t n = get_varint(reader);
    const char *p = (const char *)reader->at;
    if (!skip_bytes(reader, n))
        return (struct str){NULL, 0};
    return (struct str){p, (size_t)n};
}

static uint32_t list_head(struct thrift_reader *reader, enum thrift_type *type)
{
    uint8_t head = get_byte(reader);
    uint64_t count = head >> 4 == 15 ? get_varint(reader) : head >> 4;
    if (count > (uint64_t)(reader->end - reader->at) || count > INT32_MAX)
        reader->failed = true;
    *type = (enum thrift_type)(head & 0x0F);
    return reader->failed ? 0 : (uint32_t)count;
}

uint32_t thrift_read_list(struct thrift_reader *reader, struct thrift_field field, enum thrift_type type)
{
    enum thrift_type found;
    uint32_t count = list_head(reader, &found);
    if (field.type != THRIFT_LIST || (count && found != type))
        reader->failed = true;
    return reader->failed ? 0 : count;
}

bool thrift_read_struct(struct thrift_reader *reader, struct thrift_field field)
{
    if (field.type != THRIFT_STRUCT)
        reader->failed = true;
    return !reader->failed;
}

static void skip_value(struct thrift_reader *reader, enum thrift_type type, bool in_list, unsigned depth);

static void skip_list(struct thrift_reader *reader, unsigned depth)
{
    enum thrift_type type;
    uint32_t count = list_head(reader, &type);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        skip_value(reader, type, true, depth + 1);
}

static void skip_map(struct thrift_reader *reader, unsigned depth)
{
    uint64_t count = get_varint(reader);
    if (!count)
        return;
    uint8_t types = get_byte(reader);
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        skip_value(reader, (enum thrift_type)(types >> 4), true, depth + 1);
        skip_value(reader, (enum thrift_type)(types & 0x0F), true, depth + 1);
    }
}

static void skip_struct(struct thrift_reader *reader, unsigned depth)
{
    int16_t last = 0;
    struct thrift_field field;
    while (thrift_read_field(reader, &last, &field))
        skip_value(reader, field.type, false, depth + 1);
}

static void skip_value(struct thrift_reader *reader, enum thrift_type type, bool in_list, unsigned depth)
{
    if (depth > THRIFT_MAX_DEPTH)
        reader->failed = true;
    if (reader->failed)
        return;
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        /* A boolean field is its own type; in a list it takes a byte. */
        if (in_list)
            skip_bytes(reader, 1);
        break;
    case THRIFT_BYTE:
        skip_bytes(reader, 1);
        break;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        get_varint(reader);
        break;
    case THRIFT_DOUBLE:
        skip_bytes(reader, 8);
        break;
    case THRIFT_BINARY:
        skip_bytes(reader, get_varint(reader));
        break;
    case THRIFT_LIST:
    case THRIFT_SET:
        skip_list(reader, depth);
        break;
    case THRIFT_MAP:
        skip_map(reader, depth);
        break;
    case THRIFT_STRUCT:
        skip_struct(reader, depth);
        break;
    case THRIFT_UUID:
        skip_bytes(reader, 16);
        break;
    default:
        reader->failed = true;
    }
}

void thrift_skip(struct thrift_reader *reader, struct thrift_field field)
{
    skip_value(reader, field.type, false, 0);
}
