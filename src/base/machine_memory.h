/* How much memory the machine has. */
#ifndef GPEN_BASE_MACHINE_MEMORY_H
#define GPEN_BASE_MACHINE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* What stands behind "KEY:" and its spaces in a file such as /proc/cpuinfo. 0: there is none. */
int machine_field(const char *path, const char *key, char *value, size_t capacity);

/* Bytes of memory that this process may use, and that are free for it now; -1 where the system does not say. A container's limit
 * counts. What only keeps files at hand is free, because it goes when it is needed. */
int64_t machine_memory(void);
int64_t machine_memory_free(void);

/* The share of memory that is in use, 0..1, of the machine or of the container, whichever is fuller; negative: unknown. */
double machine_memory_used(void);

#endif
