/* TLS to a Redis, where hiredis comes with it. Its own file because it needs two more libraries, hiredis_ssl and OpenSSL.
 * hiredis by itself trusts no authority by default and never compares the certificate's name: so the session is made here. */
#include "celery/redis.h" /* first: hiredis_ssl.h needs what it includes */

#include <hiredis_ssl.h>
#include <openssl/ssl.h>

bool redis_tls_available(void)
{
    return true;
}

/* A session that trusts the system's authorities (and SSL_CERT_FILE, SSL_CERT_DIR) and takes no other name. NULL: it cannot be. */
static SSL *make_session(SSL_CTX *settings, const char *host)
{
    SSL *session = NULL;
    if (SSL_CTX_set_default_verify_paths(settings) == 1 && SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1)
        session = SSL_new(settings);
    if (!session)
        return NULL;
    SSL_set_verify(session, SSL_VERIFY_PEER, NULL);
    if (SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1)
        return session;
    SSL_free(session);
    return NULL;
}

gpen_status redis_tls_begin(redisContext *context, const redis_address *address, gpen_error *error)
{
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    SSL *session = settings ? make_session(settings, address->host) : NULL;
    SSL_CTX_free(settings); /* the session holds on to it */
    if (!session)
        return gpen_fail(error, GPEN_FETCH_FAILED, "TLS does not start");
    /* From here on the session is the connection's, also when this fails. */
    if (redisInitiateSSL(context, session) != REDIS_OK)
        return gpen_fail(error, GPEN_FETCH_FAILED, "TLS: %s", context->errstr);
    return GPEN_OK;
}
