/* Following the events. Its own file because an answer without end sleeps between two events, and must be woken by another
 * thread. */
#include "http/followers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SIGN_OF_LIFE_SECONDS = 15, BLOCK_BYTES = 16384 };

typedef struct follower {
    struct follower *next, *previous;
    follower_list *list;
    struct MHD_Connection *connection;
    event_cursor cursor;
    int64_t batch;
    gpen_language language;
    bool greeted, resync, asleep;
    double spoken; /* when something was sent last */
} follower;

struct follower_list {
    pthread_mutex_t lock;
    event_ring *ring;
    follower ends; /* of a ring */
    int count;
    bool ending;
};

gpen_status followers_new(follower_list **out, event_ring *ring, gpen_error *error)
{
    follower_list *list = calloc(1, sizeof *list);
    *out = NULL;
    if (!list || pthread_mutex_init(&list->lock, NULL)) {
        free(list);
        return gpen_fail_memory(error, "the list of followers", sizeof *list);
    }
    list->ring = ring;
    list->ends.next = list->ends.previous = &list->ends;
    *out = list;
    return GPEN_OK;
}

void followers_free(follower_list *list)
{
    if (!list)
        return;
    pthread_mutex_destroy(&list->lock);
    free(list);
}

/* What there is to send now; 0: nothing. */
static size_t speak(follower *f, char *bytes, size_t capacity)
{
    static const char greeting[] = "retry: 1000\n\n", sign_of_life[] = ":\n\n";
    if (!f->greeted && capacity >= sizeof greeting) {
        f->greeted = true;
        memcpy(bytes, greeting, sizeof greeting - 1);
        return sizeof greeting - 1;
    }
    if (f->resync) {
        f->resync = false;
        return ring_resync(f->list->ring, f->cursor, bytes, capacity);
    }
    size_t written = ring_read(f->list->ring, &f->cursor, f->batch, f->language, bytes, capacity);
    if (!written && clock_seconds() - f->spoken >= SIGN_OF_LIFE_SECONDS) {
        memcpy(bytes, sign_of_life, sizeof sign_of_life - 1);
        written = sizeof sign_of_life - 1;
    }
    return written;
}

/* libmicrohttpd's: the next bytes of the answer; none puts the connection to sleep. */
static ssize_t give(void *context, uint64_t position, char *bytes, size_t capacity)
{
    follower *f = context;
    (void)position;
    pthread_mutex_lock(&f->list->lock);
    size_t written = f->list->ending ? 0 : speak(f, bytes, capacity);
    ssize_t result = (ssize_t)written;
    if (f->list->ending) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (written) {
        f->spoken = clock_seconds();
    } else {
        f->asleep = true;
        MHD_suspend_connection(f->connection);
    }
    pthread_mutex_unlock(&f->list->lock);
    return result;
}

static void leave(void *context)
{
    follower *f = context;
    pthread_mutex_lock(&f->list->lock);
    f->previous->next = f->next;
    f->next->previous = f->previous;
    f->list->count--;
    pthread_mutex_unlock(&f->list->lock);
    free(f);
}

void followers_answer(follower_list *list, http_request *request, int64_t batch)
{
    follower *f = calloc(1, sizeof *f);
    if (!f)
        return;
    *f = (follower){.list = list,
                    .connection = request->connection,
                    .batch = batch,
                    .language = request->language,
                    .spoken = clock_seconds()};
    f->cursor = ring_begin(list->ring, request_header(request, "Last-Event-ID"), &f->resync);
    pthread_mutex_lock(&list->lock);
    f->next = &list->ends;
    f->previous = list->ends.previous;
    f->previous->next = list->ends.previous = f;
    list->count++;
    pthread_mutex_unlock(&list->lock);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, give, f, leave);
    if (!response)
        leave(f);
    answer_stream(request, "text/event-stream", response);
    answer_header(request, "X-Accel-Buffering", "no");
}

static void wake(follower *f)
{
    f->asleep = false;
    MHD_resume_connection(f->connection);
}

void followers_wake(follower_list *list)
{
    double now = clock_seconds();
    pthread_mutex_lock(&list->lock);
    for (follower *f = list->ends.next; f != &list->ends; f = f->next)
        if (f->asleep && (now - f->spoken >= SIGN_OF_LIFE_SECONDS || ring_has_news(list->ring, f->cursor)))
            wake(f);
    pthread_mutex_unlock(&list->lock);
}

void followers_end(follower_list *list)
{
    pthread_mutex_lock(&list->lock);
    list->ending = true;
    for (follower *f = list->ends.next; f != &list->ends; f = f->next)
        if (f->asleep)
            wake(f);
    pthread_mutex_unlock(&list->lock);
}

int followers_count(follower_list *list)
{
    pthread_mutex_lock(&list->lock);
    int count = list->count;
    pthread_mutex_unlock(&list->lock);
    return count;
}
