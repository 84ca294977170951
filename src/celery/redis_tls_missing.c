/* A build whose hiredis has no TLS: it says so. */
#include "celery/redis.h"

bool redis_tls_available(void)
{
    return false;
}

gpen_status redis_tls_begin(redisContext *context, const redis_address *address, gpen_error *error)
{
    (void)context, (void)address;
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT,
                     "this build cannot speak TLS to Redis (its hiredis is older than 1.0, or has no hiredis_ssl): use "
                     "redis:// through a tunnel such as stunnel, or build with a newer hiredis");
}
