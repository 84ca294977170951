/* Bytes on the wire. Its own file because this is where hostile bytes are met, one value at a time. */
#include "batch/wire.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- writing */

static void put_bytes(wire_writer *writer, const void *bytes, size_t count)
{
    if (writer->full || count > writer->capacity - writer->length) {
        writer->full = true;
        return;
    }
    if (count)
        memcpy(writer->bytes + writer->length, bytes, count);
    writer->length += count;
}

static void put_little(wire_writer *writer, uint64_t value, size_t count)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    put_bytes(writer, bytes, count);
}

void wire_put_u8(wire_writer *writer, uint8_t value)
{
    put_little(writer, value, 1);
}

void wire_put_u32(wire_writer *writer, uint32_t value)
{
    put_little(writer, value, 4);
}

void wire_put_u64(wire_writer *writer, uint64_t value)
{
    put_little(writer, value, 8);
}

void wire_put_float(wire_writer *writer, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_put_u32(writer, bits);
}

void wire_put_double(wire_writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_put_u64(writer, bits);
}

void wire_put_text(wire_writer *writer, const char *text, size_t most)
{
    size_t length = text ? strnlen(text, most) : 0;
    wire_put_u32(writer, (uint32_t)length);
    put_bytes(writer, text, length);
}

/* ---------------------------------------------------------------- reading */

static const unsigned char *take(wire_reader *reader, size_t count)
{
    if (reader->bad || count > reader->length - reader->at) {
        reader->bad = true;
        return NULL;
    }
    const unsigned char *bytes = reader->bytes + reader->at;
    reader->at += count;
    return bytes;
}

static uint64_t take_little(wire_reader *reader, size_t count)
{
    const unsigned char *bytes = take(reader, count);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < count; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

uint8_t wire_u8(wire_reader *reader)
{
    return (uint8_t)take_little(reader, 1);
}

uint32_t wire_u32(wire_reader *reader)
{
    return (uint32_t)take_little(reader, 4);
}

uint64_t wire_u64(wire_reader *reader)
{
    return take_little(reader, 8);
}

bool wire_bool(wire_reader *reader)
{
    return wire_int(reader, 0, 1) == 1;
}

int wire_int(wire_reader *reader, int least, int most)
{
    return (int)wire_int64(reader, least, most);
}

int64_t wire_int64(wire_reader *reader, int64_t least, int64_t most)
{
    int64_t value = (int64_t)wire_u64(reader);
    if (!reader->bad && value >= least && value <= most)
        return value;
    reader->bad = true;
    return least;
}

float wire_float(wire_reader *reader)
{
    uint32_t bits = wire_u32(reader);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value))
        return value;
    reader->bad = true;
    return 0;
}

double wire_double(wire_reader *reader, double least, double most)
{
    uint64_t bits = wire_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!reader->bad && value >= least && value <= most)
        return value;
    reader->bad = true;
    return least;
}

void wire_text(wire_reader *reader, char *text, size_t capacity)
{
    size_t length = wire_u32(reader);
    const unsigned char *bytes = length < capacity ? take(reader, length) : NULL;
    text[0] = '\0';
    if (!bytes || memchr(bytes, 0, length)) {
        reader->bad = true;
        return;
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
}

bool wire_all_read(const wire_reader *reader)
{
    return !reader->bad && reader->at == reader->length;
}
