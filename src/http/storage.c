/* The account of kept photos. Its own file because uploads, deletions and what people are told must count the same. */
#include "http/storage.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "http/folders.h"

static const int64_t most_left_free = INT64_C(10) << 30;

struct storage {
    char *folder;
    _Atomic int64_t kept, limit; /* limit 0: automatic */
};

gpen_status storage_new(storage **out, const char *folder, gpen_error *error)
{
    storage *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s)
        s->folder = strdup(folder);
    if (!s || !s->folder) {
        free(s);
        return gpen_fail_memory(error, "the account of photos", sizeof *s);
    }
    *out = s;
    return GPEN_OK;
}

void storage_free(storage *s)
{
    if (s)
        free(s->folder);
    free(s);
}

void storage_count(storage *s)
{
    s->kept = folder_bytes(s->folder);
}

void storage_set_limit(storage *s, int64_t most)
{
    s->limit = most;
}

/* A disk that does not tell is taken for a large one: writing says soon enough when it is full. */
static void look_at_disk(const storage *s, int64_t *unused, int64_t *reserve)
{
    struct statvfs facts;
    bool known = !statvfs(s->folder, &facts);
    *unused = known ? (int64_t)facts.f_bavail * (int64_t)facts.f_frsize : INT64_MAX / 2;
    int64_t tenth = known ? (int64_t)facts.f_blocks / 10 * (int64_t)facts.f_frsize : 0;
    *reserve = tenth < most_left_free ? tenth : most_left_free;
}

void storage_look(storage *s, storage_facts *facts)
{
    int64_t reserve, room;
    look_at_disk(s, &facts->free, &reserve);
    room = facts->free > reserve ? facts->free - reserve : 0;
    facts->kept = s->kept;
    facts->most = s->limit ? s->limit : facts->kept + room;
}

bool storage_take(storage *s, int64_t bytes)
{
    storage_facts facts;
    storage_look(s, &facts);
    if (atomic_fetch_add(&s->kept, bytes) <= facts.most - bytes)
        return true;
    storage_give(s, bytes);
    return false;
}

void storage_give(storage *s, int64_t bytes)
{
    (void)atomic_fetch_sub(&s->kept, bytes);
}
