/* How much memory a process has. */
#ifndef GPEN_BASE_PROCESS_MEMORY_H
#define GPEN_BASE_PROCESS_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes that are really in memory now, and the most there ever were, of a process that this one may look at (0: this one);
 * -1 where the system does not say. */
int64_t process_memory(pid_t process);
int64_t process_peak_memory(pid_t process);

#endif
