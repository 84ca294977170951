/* http.h: the page and its API. The face of src/http.
 *
 *     http_server *server;
 *     http_options options = http_options_default();
 *     options.data = "/var/lib/gpen";
 *     if (http_server_start(&server, &options, &error))
 *         return error.status;
 *     ...http_server_port(server)...
 *     http_server_stop(server);
 *
 * The server owns a folder (`data`): the store of its batches, what was uploaded, the results, and what people chose:
 *     data/store/           batches.db (store.h)
 *     data/uploads/KEY/     a batch's photos, by number; KEY.new: one that is still coming
 *     data/results/KEY/     its results, under the photos' own names
 *     data/thumbnails/      small pictures of both, by the items' numbers
 *     data/previews/        pictures on their way to a page
 *     data/presets.json, data/chosen.json
 * What the API offers stands in web/openapi.json. */
#ifndef GPEN_HTTP_H
#define GPEN_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/crew.h"

typedef struct http_server http_server;

/* Models by name, as a person chose them; NULL: the best there is; parser "none": do without. */
typedef struct http_models {
    const char *restorer, *detector, *parser;
} http_models;

typedef struct http_options {
    const char *host;           /* address to listen on, or a name; 127.0.0.1 */
    int port;                   /* 0: any that is free */
    const char *data;           /* folder; made where it is missing */
    const char *token_file;     /* NULL: none */
    const char *token;          /* NULL: none; token_file goes first */
    const char *base_path;      /* "/gpen" behind a proxy that keeps it in the path; "/" or "": none */
    const char *const *allowed; /* folders whose photos may be named by path; ends with NULL; NULL: none */
    const char *const *names;   /* names besides the machine's own that Host may have; ends with NULL; NULL: none */
    const char *web;            /* folder of the page, read anew for each request; NULL: the one in the program */
    int64_t most_upload;        /* bytes of one photo */
    int most_photos;            /* of one batch */
    int64_t most_kept;          /* bytes of all photos that were uploaded and are kept; 0: as the disk allows */
    int64_t most_pixels;        /* of one photo */
    int keep_days;              /* batches that ended so long ago go, with uploads and results; 0: none */
    int most_clients;           /* connections at a time */
    int workers, threads;       /* 0: as the machine allows */
    const char *cache;          /* folder of packed weights; NULL: none */
    /* Fills in the setup's models. Errors: MODEL_MISSING, MODEL_INVALID, OUT_OF_MEMORY. From any thread. */
    gpen_status (*choose_models)(const http_models *wanted, worker_setup *setup, gpen_error *error);
    const crew_maker *crew; /* who restores batches instead of this machine; NULL: nobody. Not copied */
    double slow_seconds;    /* that a client may take for a request's head, and to take part of an answer */
} http_options;

/* 127.0.0.1:7860, no token, 512 MiB and 120 megapixels a photo, 10,000 photos, 2,048 connections, 20 seconds. data and choose_models are to be set. */
http_options http_options_default(void);

/* Starts it: threads of its own answer, and batches that were left are continued. The options are copied. Stop with
 * http_server_stop. Errors: BAD_ARGUMENT (an address other than this machine's own without a token; one that there is not), IN_USE (port or folder), and
 * those of the scheduler. */
gpen_status http_server_start(http_server **out, const http_options *options, gpen_error *error);

/* The port it listens on. */
int http_server_port(const http_server *server);

/* Does anything keep it from going on? Then *error says what, and it is to be stopped. */
bool http_server_failed(http_server *server, gpen_error *error);

/* Takes no more requests, finishes the photos that are being computed, gives the others back to the queue, and releases everything.
 * NULL is fine. */
void http_server_stop(http_server *server);

#endif
