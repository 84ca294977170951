/* address.h: where a Redis is, from its address. Private to src/celery. */
#ifndef GPEN_CELERY_ADDRESS_H
#define GPEN_CELERY_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"

enum { ADDRESS_MOST = 256, ADDRESS_MOST_SECRET = 1024 };

typedef struct redis_address {
    bool tls;                /* rediss:// */
    char host[ADDRESS_MOST]; /* a name, an address, or the path of a socket (unix_socket) */
    bool unix_socket;
    int port, database;
    char user[ADDRESS_MOST]; /* "": none */
    char password[ADDRESS_MOST_SECRET];
} redis_address;

/* redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], rediss:// with TLS, redis+socket:///PATH[?virtual_host=DATABASE].
 * HOST may be [an IPv6 address]; parts are percent-decoded. Errors: BAD_ARGUMENT, which repeats no password. */
gpen_status redis_address_read(const char *text, redis_address *address, gpen_error *error);

/* "redis://host:6379/0": as it may be shown. */
void redis_address_write(const redis_address *address, char *text, size_t capacity);

/* The same place, user and database? */
bool redis_address_equal(const redis_address *a, const redis_address *b);

#endif
