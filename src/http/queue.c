/* Counting all batches. Its own file because it is asked for often and takes a walk through the store. */
#include "http/queue.h"

#include "base/clock.h"

static gpen_status count_page(batch_store *reader, int64_t *before, queue_numbers *numbers, gpen_error *error)
{
    store_batch *batches;
    size_t count;
    gpen_status status = store_batches_list(reader, *before, STORE_LONGEST_PAGE, &batches, &count, error);
    if (status)
        return status;
    *before = count == STORE_LONGEST_PAGE ? batches[count - 1].id : 0;
    numbers->batches += (int64_t)count;
    for (size_t i = 0; i < count; i++)
        for (int state = 0; state < STORE_STATES; state++)
            numbers->items[state] += batches[i].counts[state];
    store_batches_free(batches, count);
    return GPEN_OK;
}

static gpen_status count(http_server *server, queue_numbers *numbers)
{
    batch_store *reader;
    int64_t before = 0;
    *numbers = (queue_numbers){0};
    gpen_status status = reader_take(server->readers, &reader, NULL);
    if (status)
        return status;
    do
        status = count_page(reader, &before, numbers, NULL);
    while (!status && before);
    reader_give(server->readers, reader, status);
    return status;
}

void queue_count(http_server *server, queue_numbers *numbers)
{
    pthread_mutex_lock(&server->queue_lock);
    double now = clock_seconds();
    if (server->queue_counted <= 0 || now - server->queue_counted >= 1) {
        if (count(server, &server->queue))
            server->queue = (queue_numbers){0};
        server->queue_counted = now;
    }
    *numbers = server->queue;
    pthread_mutex_unlock(&server->queue_lock);
}
