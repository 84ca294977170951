/* Readers of the store. Their own file because a handle serves one thread at a time, and opening one takes longer than most
 * of what it is asked. */
#include "http/readers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { MOST_KEPT = 8 };

struct reader_list {
    pthread_mutex_t lock;
    char *folder;
    batch_store *kept[MOST_KEPT];
    int count;
};

gpen_status readers_new(reader_list **out, const char *folder, gpen_error *error)
{
    reader_list *list = calloc(1, sizeof *list);
    *out = NULL;
    if (list)
        list->folder = strdup(folder);
    if (!list || !list->folder || pthread_mutex_init(&list->lock, NULL)) {
        if (list)
            free(list->folder);
        free(list);
        return gpen_fail_memory(error, "the list of readers", sizeof *list);
    }
    *out = list;
    return GPEN_OK;
}

void readers_free(reader_list *list)
{
    if (!list)
        return;
    while (list->count)
        store_close(list->kept[--list->count]);
    pthread_mutex_destroy(&list->lock);
    free(list->folder);
    free(list);
}

gpen_status reader_take(reader_list *list, batch_store **reader, gpen_error *error)
{
    pthread_mutex_lock(&list->lock);
    *reader = list->count ? list->kept[--list->count] : NULL;
    pthread_mutex_unlock(&list->lock);
    return *reader ? GPEN_OK : store_open_reader(reader, list->folder, error);
}

void reader_give(reader_list *list, batch_store *reader, bool spoiled)
{
    if (!reader)
        return;
    pthread_mutex_lock(&list->lock);
    if (!spoiled && list->count < MOST_KEPT) {
        list->kept[list->count++] = reader;
        reader = NULL;
    }
    pthread_mutex_unlock(&list->lock);
    store_close(reader);
}
