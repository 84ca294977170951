/* machine.h: what there is to know about the machine, beyond its memory (base/machine_memory.h). Private to src/cli. */
#ifndef GPEN_CLI_MACHINE_H
#define GPEN_CLI_MACHINE_H

#include "base/machine_memory.h"

/* The processor's own name, one line. */
void machine_processor(char *name, size_t capacity);

#endif
