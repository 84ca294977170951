/* watch.h: three addresses for whatever watches a program that has no page: /metrics (Prometheus), /healthz, /readyz. Private to src/cli.
 *
 *     status = watch_start(&page, "127.0.0.1:7861", &source, &error);
 *     ...
 *     watch_stop(page); */
#ifndef GPEN_CLI_WATCH_H
#define GPEN_CLI_WATCH_H

#include <stdbool.h>
#include <stdio.h>

#include <gpen.h>

typedef struct watch watch;

/* What is asked, from a thread of the watch's own. */
typedef struct watch_source {
    void *context;
    void (*write)(void *context, FILE *out); /* the numbers */
    bool (*alive)(void *context);            /* /healthz: else it is to be restarted */
    bool (*ready)(void *context,
                  const char **detail); /* /readyz; *detail: a sentence, static, in JSON's plain letters */
} watch_source;

/* Listens at "HOST:PORT" or "PORT" (this machine alone; 0: any that is free), until watch_stop. Errors: BAD_ARGUMENT, IN_USE,
 * OUT_OF_MEMORY, UNSUPPORTED_FORMAT (a build without libmicrohttpd). */
gpen_status watch_start(watch **out, const char *where, const watch_source *source, gpen_error *error);
int watch_port(const watch *w);
void watch_stop(watch *w); /* NULL is fine */

/* Asks another program's /readyz there; for health checks in containers. Errors: FETCH_FAILED (nobody answers, or it is not
 * ready), BAD_ARGUMENT, UNSUPPORTED_FORMAT (a build without libcurl). */
gpen_status watch_ask(const char *where, gpen_error *error);

/* Takes "HOST:PORT", "[ADDRESS]:PORT" or "PORT" apart. Errors: BAD_ARGUMENT. */
enum { WATCH_HOST = 256 };
gpen_status watch_place(const char *where, char host[WATCH_HOST], int *port, gpen_error *error);

#endif
