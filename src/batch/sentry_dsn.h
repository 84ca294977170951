/* sentry_dsn.h: where crashes are told, as Sentry and its kin write it. Private to src/batch.
 *
 *     https://KEY@HOST[:PORT][/PATH]/PROJECT */
#ifndef GPEN_BATCH_SENTRY_DSN_H
#define GPEN_BATCH_SENTRY_DSN_H

#include "base/error.h"

typedef struct sentry_dsn {
    char address[640]; /* https://HOST[:PORT][/PATH]/api/PROJECT/envelope/ */
    char key[129];     /* letters and digits */
} sentry_dsn;

/* Takes it apart, whoever wrote it; nothing of it can end up as a header line or another address. A password behind the key (older
 * ones have it) is dropped. Errors: BAD_ARGUMENT; the message does not repeat it, because a key is in it. */
gpen_status sentry_dsn_read(sentry_dsn *dsn, const char *text, gpen_error *error);

#endif
