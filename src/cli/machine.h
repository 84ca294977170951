/* machine.h: what there is to know about the machine and this process. Private to src/cli. */
#ifndef GPEN_CLI_MACHINE_H
#define GPEN_CLI_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* The processor's own name, one line. */
void machine_processor(char *name, size_t capacity);

/* Bytes of memory that this process may use, and that are free for it now; -1 where the system does not say. A container's limit
 * counts. */
int64_t machine_memory(void);
int64_t machine_memory_free(void);

#endif
