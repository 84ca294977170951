/* connections.h: clients that take too long.
 *
 * libmicrohttpd's own timeout ends with every byte, so a client that sends one a second is never too slow for it. Here
 * each connection has a moment at which it must have come further: to send a request's head, a sensible part of its body, or to
 * take its answer. Whoever has not is cut off. Any thread may call any function. */
#ifndef GPEN_HTTP_CONNECTIONS_H
#define GPEN_HTTP_CONNECTIONS_H

#include <stdbool.h>

#include "base/error.h"

typedef struct connection_list connection_list;
typedef struct connection_entry connection_entry;

/* slow_seconds: for a request's head, and as a start for everything else. */
gpen_status connections_new(connection_list **out, double slow_seconds, gpen_error *error);
void connections_free(connection_list *list);

/* A connection over this socket, with time for a request's head. NULL: no memory. */
connection_entry *connections_add(connection_list *list, int descriptor);

/* Before its socket is closed. NULL is fine. */
void connections_remove(connection_list *list, connection_entry *entry);

/* The request's head or the answer is through: time for the next head. */
void connection_idle(connection_list *list, connection_entry *entry);

/* It has time to have sent so many bytes since then (clock_seconds), at one KiB a second and better; bytes negative: as long as it
 * likes. */
void connection_allow(connection_list *list, connection_entry *entry, double since, long long bytes);

/* It is sent an answer of so many bytes (negative: nobody knows how many). As long as some of it waits for the client, the client has to
 * take one KiB a second, on an average that no earlier haste makes up for. Where the system does not tell what was taken, it has the time
 * for all of it at that pace. */
void connection_answer(connection_list *list, connection_entry *entry, long long bytes);

/* Cuts off those whose time is up; to be called about once a second. Returns how many. */
int connections_sweep(connection_list *list);

int connections_count(connection_list *list);

#endif
