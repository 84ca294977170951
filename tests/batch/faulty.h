/* faulty.h: a disk and a memory that fail when told to. Linux only: the linker sends the calls of the code under test here.
 *
 * Three kinds of calls are counted: `FAULT_MEMORY` every allocation, SQLite's and our own; `FAULT_DISK` what SQLite asks of its
 * files (open, read, write, truncate, flush, delete, size, sharing memory); `FAULT_SYSTEM` the system calls that the store makes
 * itself. */
#ifndef TESTS_BATCH_FAULTY_H
#define TESTS_BATCH_FAULTY_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fault_kind { FAULT_NONE, FAULT_MEMORY, FAULT_DISK, FAULT_SYSTEM } fault_kind;

/* Puts the layer between SQLite and the system. Once, before SQLite is used. */
void faulty_start(void);

/* From now on the n-th call (from 1) of this kind fails once. */
void faulty_fail(fault_kind kind, int64_t n, int error_number);

/* From now on everything that SQLite and the store do to files fails from the n-th change of a file on: the power is gone. Writes
 * that were not flushed by then are lost, kept or torn, each by chance (seed). The files stay as the disk has them. */
void faulty_cut_power(int64_t n, unsigned seed);

/* Everything works again. True: the fault has happened. */
bool faulty_end(void);

#endif
