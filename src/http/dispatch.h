/* dispatch.h: what libmicrohttpd calls. context: the http_server. */
#ifndef GPEN_HTTP_DISPATCH_H
#define GPEN_HTTP_DISPATCH_H

#include <microhttpd.h>

enum MHD_Result dispatch_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                 const char *version, const char *bytes, size_t *count, void **memory);
void dispatch_completed(void *context, struct MHD_Connection *connection, void **memory,
                        enum MHD_RequestTerminationCode how);
void dispatch_connection(void *context, struct MHD_Connection *connection, void **memory,
                         enum MHD_ConnectionNotificationCode what);
size_t dispatch_keep_escapes(void *context, struct MHD_Connection *connection, char *text);

#endif
