/* kit.h: what the tests of the store share: small batches, and a store's contents as one text to compare. */
#ifndef TESTS_BATCH_KIT_H
#define TESTS_BATCH_KIT_H

#include "batch/store.h"

enum {
    KIT_NOW = 1000000, /* the time at which tests begin, milliseconds */
    KIT_MOST = 32,     /* photos that kit_add adds */
};

/* A batch of `count` photos (at most KIT_MOST), "/in/1.jpg" to "out/1.jpg" below `out`, with settings_key "key". 0 after a failure. */
int64_t kit_add(batch_store *store, const char *out, int count, gpen_error *error);

/* Everything that must survive, as text, the caller's (free): batches, items, attempts. Running items are written as queued
 * and open attempts as interrupted, as a restart would find them. NULL after a failure. */
char *kit_digest(batch_store *store, gpen_error *error);

/* A result with faces, times and receipt. */
store_result kit_result(void);

/* The whole of a file, the caller's. NULL: cannot be read. */
unsigned char *kit_read(const char *path, size_t *length);
bool kit_write(const char *path, const unsigned char *bytes, size_t length);

#endif
