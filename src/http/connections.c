/* Deadlines of connections. Their own file because they are kept by the thread that answers and watched by another one. */
#include "http/connections.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#include <linux/tcp.h>
#endif

#include "base/clock.h"

enum { LEAST_BYTES_A_SECOND = 1024, MOST_UNDER_WAY = 256 << 10 };

struct connection_entry {
    connection_entry *next, *previous;
    int descriptor;
    double until;   /* clock_seconds; 0: no limit */
    bool takes;     /* an answer, of which it had taken so much, */
    uint64_t taken; /* as the system counts, when it was last looked at */
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
    /* What waits for a slow client waits in the system's memory: not in much of it. */
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &(int){MOST_UNDER_WAY}, sizeof(int));
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
    entry->takes = false;
    pthread_mutex_unlock(&list->lock);
}

/* What the other side took so far, and whether something waits for it. False: this system does not tell. */
static bool look_at_line(int descriptor, uint64_t *taken, bool *waits)
{
#ifdef __linux__
    struct tcp_info facts = {0};
    socklen_t length = sizeof facts;
    int waiting = 0;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &facts, &length) || ioctl(descriptor, SIOCOUTQ, &waiting) ||
        length < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof facts.tcpi_bytes_acked)
        return false;
    *taken = facts.tcpi_bytes_acked;
    *waits = waiting > 0;
    return true;
#else
    (void)descriptor;
    (void)taken;
    (void)waits;
    return false;
#endif
}

void connection_idle(connection_list *list, connection_entry *entry)
{
    set_until(list, entry, clock_seconds() + list->slow_seconds);
}

void connection_allow(connection_list *list, connection_entry *entry, double since, long long bytes)
{
    set_until(list, entry, bytes < 0 ? 0 : since + list->slow_seconds + (double)bytes / LEAST_BYTES_A_SECOND);
}

void connection_answer(connection_list *list, connection_entry *entry, long long bytes)
{
    bool waits;
    if (!entry)
        return;
    connection_allow(list, entry, clock_seconds(), bytes);
    pthread_mutex_lock(&list->lock);
    entry->takes = look_at_line(entry->descriptor, &entry->taken, &waits);
    if (entry->takes)
        entry->until = clock_seconds() + 2 * list->slow_seconds;
    pthread_mutex_unlock(&list->lock);
}

/* What was taken since the last look gives more time, but never more than there was at the beginning. */
static void give_time(const connection_list *list, connection_entry *entry, double now)
{
    uint64_t taken;
    bool waits;
    double most = now + 2 * list->slow_seconds;
    if (!entry->takes || !look_at_line(entry->descriptor, &taken, &waits))
        return;
    double until = entry->until + (double)(taken - entry->taken) / LEAST_BYTES_A_SECOND;
    entry->until = waits && until < most ? until : most;
    entry->taken = taken;
}

int connections_sweep(connection_list *list)
{
    double now = clock_seconds();
    int cut = 0;
    pthread_mutex_lock(&list->lock);
    for (connection_entry *entry = list->ends.next; entry != &list->ends; entry = entry->next) {
        if (entry->until > 0)
            give_time(list, entry, now);
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
