/* scratch.h: a folder of a test's own, and whole files in it. */
#ifndef GPEN_TESTS_WEIGHTS_SCRATCH_H
#define GPEN_TESTS_WEIGHTS_SCRATCH_H

#include "builder.h"

/* cmocka's setup and teardown: *state is the folder's path, at most 100 characters. */
int make_scratch(void **state);
int remove_scratch(void **state);

int mkdir_scratch(const char *folder, const char *name); /* 0: done */

/* A failure ends the test program. */
void write_scratch(const char *path, const bytes *content);
void read_scratch(const char *path, bytes *content);

#endif
