/* content.h: is a file still what it was? By what the file system says of it, as store_content keeps it. */
#ifndef GPEN_BATCH_CONTENT_H
#define GPEN_BATCH_CONTENT_H

#include "batch/store.h"

/* Length and time of the last change; 0, or errno of a file that is not there or no file. */
int content_read(store_content *content, const char *path);

/* The same length and time. */
bool content_same(const store_content *a, const store_content *b);

/* Deletes the file if it is still what it was: true when it did. */
bool content_remove(const char *path, const store_content *was);

/* Are the two files the same, byte for byte? False also when one cannot be read. */
bool content_equal(const char *a, const char *b);

#endif
