/* Small pictures of photos that no store knows any more go. Its own file because they are named by numbers alone, which are never given
 * twice, so that what to delete needs no bookkeeping. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/scheduler_room.h"

/* Half-written by a killed supervisor: ".3-after.jpg.NUMBER.NUMBER.part". */
static bool is_half_written(const char *name)
{
    const char *ending = strrchr(name, '.');
    return name[0] == '.' && ending != name && ending && !strcmp(ending, ".part");
}

/* The item's number; 0: it is no small picture. */
static int64_t item_of(const char *name)
{
    char *end;
    if (*name < '1' || *name > '9')
        return 0;
    errno = 0;
    long long item = strtoll(name, &end, 10);
    return !errno && (!strcmp(end, "-before.jpg") || !strcmp(end, "-after.jpg")) ? (int64_t)item : 0;
}

static bool is_forgotten(scheduler *s, int64_t number)
{
    store_item item = {.id = 0};
    pthread_mutex_lock(&s->lock);
    gpen_status status = store_item_get(s->store, number, &item, NULL);
    pthread_mutex_unlock(&s->lock);
    bool forgotten = !status && !item.id;
    store_item_free(&item);
    return forgotten;
}

void scheduler_sweep_small(scheduler *s, bool at_start)
{
    DIR *listing = s->options.thumbnails ? opendir(s->options.thumbnails) : NULL;
    if (!listing)
        return;
    for (struct dirent *entry; (entry = readdir(listing));) {
        int64_t item = item_of(entry->d_name);
        if (item ? is_forgotten(s, item) : at_start && is_half_written(entry->d_name))
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    }
    (void)closedir(listing);
}
