/* The ring of events. Its own file because it is the one place that many threads write to and many clients read from. */
#include "http/ring.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct event {
    char *name, *text[2]; /* by language; text[GPEN_CHINESE] NULL: as the English */
    int64_t batch;
    size_t bytes;
} event;

struct event_ring {
    pthread_mutex_t lock;
    event *events; /* event number n stands at n % most */
    size_t most, most_bytes, bytes;
    uint64_t oldest, next; /* numbers: there are oldest .. next - 1 */
    uint64_t run;
};

gpen_status ring_new(event_ring **out, size_t most, size_t most_bytes, uint64_t run, gpen_error *error)
{
    event_ring *ring = calloc(1, sizeof *ring);
    *out = NULL;
    if (ring)
        ring->events = calloc(most, sizeof *ring->events);
    if (!ring || !ring->events || pthread_mutex_init(&ring->lock, NULL)) {
        if (ring)
            free(ring->events);
        free(ring);
        return gpen_fail_memory(error, "the ring of events", most * sizeof(event));
    }
    ring->most = most;
    ring->most_bytes = most_bytes;
    ring->run = run;
    ring->oldest = ring->next = 1;
    *out = ring;
    return GPEN_OK;
}

static void event_release(event *gone)
{
    free(gone->name);
    free(gone->text[GPEN_ENGLISH]);
    free(gone->text[GPEN_CHINESE]);
    *gone = (event){0};
}

static void drop_oldest(event_ring *ring)
{
    event *gone = &ring->events[ring->oldest++ % ring->most];
    ring->bytes -= gone->bytes;
    event_release(gone);
}

static void drop_all(event_ring *ring)
{
    while (ring->oldest < ring->next)
        drop_oldest(ring);
}

void ring_free(event_ring *ring)
{
    if (!ring)
        return;
    drop_all(ring);
    pthread_mutex_destroy(&ring->lock);
    free(ring->events);
    free(ring);
}

void ring_add(event_ring *ring, const char *name, int64_t batch, const char *english, const char *chinese)
{
    event added = {.name = strdup(name), .text = {strdup(english), chinese ? strdup(chinese) : NULL}, .batch = batch};
    bool lost = !added.name || !added.text[GPEN_ENGLISH] || (chinese && !added.text[GPEN_CHINESE]);
    added.bytes = sizeof added + strlen(name) + strlen(english) + (chinese ? strlen(chinese) : 0);
    pthread_mutex_lock(&ring->lock);
    if (lost) {
        drop_all(ring);
        ring->oldest = ++ring->next; /* behind every cursor: all of them have missed one */
    } else {
        while (ring->oldest < ring->next &&
               (ring->next - ring->oldest >= ring->most || ring->bytes + added.bytes > ring->most_bytes))
            drop_oldest(ring);
        ring->bytes += added.bytes;
        ring->events[ring->next++ % ring->most] = added;
    }
    pthread_mutex_unlock(&ring->lock);
    if (lost)
        event_release(&added);
}

event_cursor ring_begin(event_ring *ring, const char *last_id, bool *resync)
{
    uint64_t run, number;
    char rest;
    pthread_mutex_lock(&ring->lock);
    event_cursor cursor = ring->next;
    *resync = false;
    if (last_id) {
        bool ours = strlen(last_id) < 64 &&
                    sscanf(last_id, "%16" SCNx64 "-%18" SCNu64 "%c", &run, &number, &rest) == 2 && run == ring->run &&
                    number < ring->next && number + 1 >= ring->oldest;
        *resync = !ours;
        if (ours)
            cursor = number + 1;
    }
    pthread_mutex_unlock(&ring->lock);
    return cursor;
}

bool ring_has_news(event_ring *ring, event_cursor cursor)
{
    pthread_mutex_lock(&ring->lock);
    bool news = cursor < ring->next;
    pthread_mutex_unlock(&ring->lock);
    return news;
}

/* An event's bytes, or 0 when they do not fit. */
static size_t write_event(const event_ring *ring, uint64_t number, const char *name, const char *data, char *bytes,
                          size_t capacity)
{
    int length = snprintf(bytes, capacity, "id: %" PRIx64 "-%" PRIu64 "\nevent: %s\ndata: %s\n\n", ring->run, number,
                          name, data);
    return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

size_t ring_resync(event_ring *ring, event_cursor cursor, char *bytes, size_t capacity)
{
    return write_event(ring, cursor - 1, "resync", "{}", bytes, capacity);
}

size_t ring_read(event_ring *ring, event_cursor *cursor, int64_t batch, gpen_language language, char *bytes,
                 size_t capacity)
{
    size_t written = 0;
    pthread_mutex_lock(&ring->lock);
    if (*cursor < ring->oldest) {
        *cursor = ring->next;
        written = ring_resync(ring, *cursor, bytes, capacity);
    }
    while (*cursor < ring->next) {
        const event *next = &ring->events[*cursor % ring->most];
        if (batch && next->batch && next->batch != batch) {
            ++*cursor;
            continue;
        }
        const char *data = next->text[language] ? next->text[language] : next->text[GPEN_ENGLISH];
        size_t length = write_event(ring, *cursor, next->name, data, bytes + written, capacity - written);
        if (!length && written)
            break;
        ++*cursor;
        written += length ? length : ring_resync(ring, *cursor, bytes, capacity);
    }
    pthread_mutex_unlock(&ring->lock);
    return written;
}
