/* store_pages.h: a checksum on every page of the store's file. Private to the store.
 *
 * SQLite reaches files through a layer that can be replaced (its VFS). This one stands between SQLite and the system's: it
 * puts a 64-bit sum over a page's bytes and number into the page's last eight bytes, which SQLite leaves free, and refuses a page
 * whose sum is another. Without it SQLite notices damage to its own structure, but not to the texts and numbers kept in it.
 * Logs and temporary files pass through untouched: the WAL has sums of its own. */
#ifndef GPEN_BATCH_STORE_PAGES_H
#define GPEN_BATCH_STORE_PAGES_H

#include "base/error.h"

enum { STORE_PAGE_BYTES = 4096, STORE_PAGE_SUM_BYTES = 8 };

typedef struct store_pages store_pages;

/* A layer of its own for one database, known to SQLite by store_pages_name until it is released, which must be after the
 * database was closed. */
gpen_status store_pages_new(store_pages **out, gpen_error *error);
void store_pages_free(store_pages *pages);
const char *store_pages_name(const store_pages *pages);

#endif
