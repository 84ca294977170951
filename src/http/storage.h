/* storage.h: how much of the disk the photos that are kept may take: all uploads of all batches together.
 *
 * Counted once when the server starts and kept up with each piece that is written and each file that goes. Photos that stand in the
 * operator's own folders are not counted, nor is a second name for a photo that is here already. Any thread may call any function. */
#ifndef GPEN_HTTP_STORAGE_H
#define GPEN_HTTP_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct storage storage;

/* Bytes. */
typedef struct storage_facts {
    int64_t kept, most; /* what the photos take, and may take */
    int64_t free;       /* on their disk */
} storage_facts;

/* For the files below this folder. Errors: OUT_OF_MEMORY. */
gpen_status storage_new(storage **out, const char *folder, gpen_error *error);
void storage_free(storage *s); /* NULL is fine */

/* Counts what is there already. */
void storage_count(storage *s);

/* So many bytes from now on; 0: as many as leave a tenth of the disk free, or 10 GiB where that is less. */
void storage_set_limit(storage *s, int64_t most);

/* Room for so many bytes more, which are counted from now on. False: there is none, and nothing changed. */
bool storage_take(storage *s, int64_t bytes);

/* They are not there any more. */
void storage_give(storage *s, int64_t bytes);

void storage_look(storage *s, storage_facts *facts);

#endif
