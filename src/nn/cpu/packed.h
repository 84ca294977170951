/* Packed weights: a block of this process, or a file that all processes map.
 *
 * A file holds, from its first byte:
 *     header   one page: magic, key, length, check sum (packed.c); the rest zeros
 *     numbers  `floats` 32-bit words, as this processor and level want them
 * The key says what the numbers were made of and how; a file whose key, length or check sum is not the expected one is not used. So
 * a file that was cut, damaged or made by another version costs a new packing, never a wrong picture. Private to src/nn/cpu. */
#ifndef GPEN_NN_CPU_PACKED_H
#define GPEN_NN_CPU_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of every key. To be raised whenever packing writes other numbers than before for the same graph, level and weights. */
enum { PACKING_VERSION = 2 };

/* Zeroed: nothing. */
typedef struct packed_weights {
    float *floats; /* NULL: nothing */
    size_t count;
    void *mapping; /* of the whole file; NULL: floats are an aligned block of this process */
} packed_weights;

/* `count` zeroed floats that can be written. false: no memory. */
bool packed_new(packed_weights *packed, size_t count);

/* The file's numbers, to be read only; marks the file as used today. false: there is no such file, or it is not to be trusted. */
bool packed_map(packed_weights *packed, const char *path, uint64_t key, size_t count);

/* Writes the numbers to a file (temporary name, flushed, renamed). false: it could not be written, and is not there. */
bool packed_write(const packed_weights *packed, const char *path, uint64_t key);

/* Nothing is left; nothing is fine. */
void packed_release(packed_weights *packed);

#endif
