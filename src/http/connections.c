/* Deadlines of connections. Their own file because they are kept by the thread that answers and watched by another one. */
#include "http/connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { LEAST_BYTES_A_SECOND = 1024 };

struct connection_entry {
    connection_entry *next, *previous;
    int descriptor;
    double until; /* clock_seconds; 0: no limit */
};

struct connection_list {
    pthread_mutex_t lock;
    connection_entry ends; /* of a ring */
    double slow_seconds;
    int count;
};

gpen_status connections_new(connection_list **out, double slow_seconds, gpen_error *error)
{
    connection_list *list = calloc(1, sizeof *list);
    *out = NULL;
    if (!list || pthread_mutex_init(&list->lock, NULL)) {
        free(list);
        return gpen_fail_memory(error, "the list of connections", sizeof *list);
    }
    list->ends.next = list->ends.previous = &list->ends;
    list->slow_seconds = slow_seconds;
    *out = list;
    return GPEN_OK;
}

void connections_free(connection_list *list)
{
    if (!list)
        return;
    while (list->ends.next != &list->ends)
        connections_remove(list, list->ends.next);
    pthread_mutex_destroy(&list->lock);
    free(list);
}

connection_entry *connections_add(connection_list *list, int descriptor)
{
    connection_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->descriptor = descriptor;
    entry->until = clock_seconds() + list->slow_seconds;
    pthread_mutex_lock(&list->lock);
    entry->next = &list->ends;
    entry->previous = list->ends.previous;
    entry->previous->next = list->ends.previous = entry;
    list->count++;
    pthread_mutex_unlock(&list->lock);
    return entry;
}

void connections_remove(connection_list *list, connection_entry *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&list->lock);
    entry->previous->next = entry->next;
    entry->next->previous = entry->previous;
    list->count--;
    pthread_mutex_unlock(&list->lock);
    free(entry);
}

static void set_until(connection_list *list, connection_entry *entry, double until)
{
    if (!entry)
        return;
    pthread_mutex_lock(&list->lock);
    entry->until = until;
    pthread_mutex_unlock(&list->lock);
}

void connection_idle(connection_list *list, connection_entry *entry)
{
    set_until(list, entry, clock_seconds() + list->slow_seconds);
}

void connection_allow(connection_list *list, connection_entry *entry, double since, long long bytes)
{
    set_until(list, entry, bytes < 0 ? 0 : since + list->slow_seconds + (double)bytes / LEAST_BYTES_A_SECOND);
}

int connections_sweep(connection_list *list)
{
    double now = clock_seconds();
    int cut = 0;
    pthread_mutex_lock(&list->lock);
    for (connection_entry *entry = list->ends.next; entry != &list->ends; entry = entry->next) {
        if (entry->until <= 0 || entry->until > now)
            continue;
        /* Its owner sees the end of the line, and closes. */
        (void)shutdown(entry->descriptor, SHUT_RDWR);
        entry->until = 0;
        cut++;
    }
    pthread_mutex_unlock(&list->lock);
    return cut;
}

int connections_count(connection_list *list)
{
    pthread_mutex_lock(&list->lock);
    int count = list->count;
    pthread_mutex_unlock(&list->lock);
    return count;
}
