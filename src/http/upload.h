/* upload.h: files that come as multipart/form-data, written to the disk as they come.
 *
 * They stand in a folder of their own, FOLDER/KEY.new/, under numbers from 1; what they are called is only remembered. Until
 * upload_keep renames that folder to FOLDER/KEY nothing of it counts, and upload_free takes it away. */
#ifndef GPEN_HTTP_UPLOAD_H
#define GPEN_HTTP_UPLOAD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { UPLOAD_KEY = 32, UPLOAD_LONGEST_NAME = 200, UPLOAD_MOST_SETTINGS = 1 << 18 };
#define UPLOAD_MOST_MODEL ((int64_t)8 << 30)

typedef struct upload upload;

typedef struct upload_limits {
    int64_t bytes;           /* of one file; a larger one is noted as TOO_LARGE and dropped */
    int files;               /* more of them spoil the upload */
    struct storage *storage; /* where all of it is counted, and must fit; NULL: nowhere */
} upload_limits;

typedef struct upload_file {
    char *name; /* as name_clean makes it */
    int64_t bytes;
    gpen_status refused; /* TOO_LARGE; OK: it is there */
} upload_file;

/* Begins one from the request's headers. Release with upload_free. Errors: BAD_ARGUMENT (no boundary), WRITE_FAILED, DISK_FULL,
 * OUT_OF_MEMORY. */
gpen_status upload_begin(upload **out, struct MHD_Connection *connection, const char *folder,
                         const upload_limits *limits, gpen_error *error);

/* Takes a piece of the body. False: it makes no sense any more, and nothing that follows can. What else goes wrong (a full disk) spoils it
 * and is said by upload_end. */
bool upload_take(upload *u, const char *bytes, size_t count);

/* The body has ended: was it whole? Errors: BAD_ARGUMENT (cut, or no form), TOO_LARGE (too many files), DISK_FULL, ... */
gpen_status upload_end(upload *u, gpen_error *error);

/* What came, after upload_end. Strings belong to the upload. */
size_t upload_count(const upload *u);
const upload_file *upload_at(const upload *u, size_t index);
const char *upload_settings(const upload *u); /* the part `settings`; NULL: none */
const char *upload_name(const upload *u);     /* the part `name`; "": none */
bool upload_over_limit(const upload *u);      /* was it spoiled because the storage has no room for it? */
bool upload_single(const upload *u);          /* is there a part `single` that says 1? */
const char *upload_key(const upload *u);

/* The path of file `index`, as it is before or will be after upload_keep. The caller's; NULL: no memory. */
char *upload_path(const upload *u, size_t index, bool kept);

/* Flushes all of it to the disk and gives the folder its name: KEY, or OWNER-KEY where owner is not NULL. Takes long. Errors:
 * WRITE_FAILED, DISK_FULL. */
gpen_status upload_keep(upload *u, const char *owner, gpen_error *error);

/* It is no longer the upload's to take away: someone else owns the kept folder now. */
void upload_release(upload *u);

/* Takes away what was not released. NULL is fine. */
void upload_free(upload *u);

/* KEY for a new batch: 32 hexadecimal digits that nobody guesses. Errors: WRITE_FAILED. */
gpen_status upload_new_key(char key[UPLOAD_KEY + 1], gpen_error *error);

#endif
