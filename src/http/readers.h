/* readers.h: handles that only look at the store, one a thread that looks, kept for the next one. */
#ifndef GPEN_HTTP_READERS_H
#define GPEN_HTTP_READERS_H

#include "batch/store.h"

typedef struct reader_list reader_list;

/* For the store in this folder (copied). */
gpen_status readers_new(reader_list **out, const char *folder, gpen_error *error);
void readers_free(reader_list *list);

/* A reader, to be given back. Errors: those of store_open_reader. */
gpen_status reader_take(reader_list *list, batch_store **reader, gpen_error *error);

/* spoiled: something failed with it, so that it is closed. reader NULL is fine. */
void reader_give(reader_list *list, batch_store *reader, bool spoiled);

#endif
