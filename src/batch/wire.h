/* wire.h: numbers and texts as bytes and back, with every bound checked. Private to src/batch.
 *
 * Little-endian, floats by their IEEE 754 bits. A writer that runs out of room and a reader that meets what cannot be note it
 * and go on harmlessly, so that callers look once, at the end. */
#ifndef GPEN_BATCH_WIRE_H
#define GPEN_BATCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wire_writer {
    unsigned char *bytes;
    size_t capacity, length;
    bool full; /* something did not fit */
} wire_writer;

void wire_put_u8(wire_writer *writer, uint8_t value);
void wire_put_u32(wire_writer *writer, uint32_t value);
void wire_put_u64(wire_writer *writer, uint64_t value);
void wire_put_float(wire_writer *writer, float value);
void wire_put_double(wire_writer *writer, double value);
void wire_put_text(wire_writer *writer, const char *text, size_t most); /* cut to `most` bytes; NULL is "" */

typedef struct wire_reader {
    const unsigned char *bytes;
    size_t length, at;
    bool bad; /* something was missing or out of bounds; every value read is then 0 */
} wire_reader;

uint8_t wire_u8(wire_reader *reader);
uint32_t wire_u32(wire_reader *reader);
uint64_t wire_u64(wire_reader *reader);
bool wire_bool(wire_reader *reader);                                  /* 0 or 1 */
int wire_int(wire_reader *reader, int least, int most);               /* `least` where it is bad */
int64_t wire_int64(wire_reader *reader, int64_t least, int64_t most); /* likewise */
float wire_float(wire_reader *reader);                                /* finite */
double wire_double(wire_reader *reader, double least, double most);   /* `least` where it is bad */
void wire_text(wire_reader *reader, char *text, size_t capacity);     /* no zero bytes; with its end it must fit */
bool wire_all_read(const wire_reader *reader);                        /* nothing bad, and nothing left */

#endif
