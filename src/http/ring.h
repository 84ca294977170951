/* ring.h: what happened lately, for whoever follows it.
 *
 * Events are kept in a ring of bounded length, so that a client that was away for a moment is sent what it missed, and one that
 * falls too far behind is told to fetch everything again (event `resync`). An event's id is the server's own number, made
 * when it starts, and a count: an id of before a restart is thus known as such, and leads to a resync too.
 *
 * Any thread may call any function. */
#ifndef GPEN_HTTP_RING_H
#define GPEN_HTTP_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct event_ring event_ring;

/* A place in the ring. */
typedef uint64_t event_cursor;

/* Keeps at most `most` events (from 1) of at most `most_bytes` together. run: the server's own number. Release with
 * ring_free. */
gpen_status ring_new(event_ring **out, size_t most, size_t most_bytes, uint64_t run, gpen_error *error);
void ring_free(event_ring *ring);

/* Adds an event: its name ("item"), the batch it belongs to (0: of interest to all), its data, one line of JSON, in English and, where
 * that differs, in Chinese (NULL: the same). Copied. Without memory the event is lost, and everybody is told to resync. */
void ring_add(event_ring *ring, const char *name, int64_t batch, const char *english, const char *chinese);

/* Where a client begins: behind everything that happened so far; or, when it names the last event it saw, behind that. *resync: it must
 * fetch everything again, because what it missed is gone. last_id: a Last-Event-ID header, or NULL. */
event_cursor ring_begin(event_ring *ring, const char *last_id, bool *resync);

/* Is there anything behind the cursor? */
bool ring_has_news(event_ring *ring, event_cursor cursor);

/* Writes the events behind *cursor, as an event stream has them, as many as fit in `capacity` (from 256) bytes, and moves *cursor behind
 * them. batch: only this one's and those of interest to all; 0: all. Returns how many bytes; 0: there is none. An event larger than
 * capacity, and a cursor that fell out of the ring, come out as `resync`. */
size_t ring_read(event_ring *ring, event_cursor *cursor, int64_t batch, gpen_language language, char *bytes,
                 size_t capacity);

/* The event `resync` as ring_read would write it. */
size_t ring_resync(event_ring *ring, event_cursor cursor, char *bytes, size_t capacity);

#endif
