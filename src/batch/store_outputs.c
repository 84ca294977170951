/* Reserving names of results. Its own file because of its one promise: no two items of a store have the same one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "batch/store_room.h"

enum { MOST_NUMBERS = 1 << 30 };

/* The search for one item's name. */
typedef struct name_search {
    batch_store *store;
    char *folder;       /* of the batch's outputs */
    const char *wanted; /* below it */
    bool overwrite;     /* names of items that have ended count as free */
    gpen_error *error;
} name_search;

/* "a/b.png" -> "a/b-2.png"; number 1 is the name as wanted. The caller's; NULL: no memory. */
static char *numbered(const char *wanted, int number)
{
    if (number == 1)
        return strdup(wanted);
    const char *name = path_name(wanted), *dot = strrchr(name, '.');
    const char *ending = dot && dot != name ? dot : name + strlen(name);
    size_t length = strlen(wanted) + 16;
    char *path = malloc(length);
    if (path)
        snprintf(path, length, "%.*s-%d%s", (int)(ending - wanted), wanted, number, ending);
    return path;
}

static gpen_status set_output(const name_search *search, int64_t item, const char *name, int64_t hash)
{
    query ask = query_begin(search->store, "UPDATE item SET output = ?, output_hash = ? WHERE id = ?", search->error);
    query_put_path(&ask, name);
    if (name)
        query_put_integer(&ask, hash);
    else
        query_put_null(&ask);
    query_put_integer(&ask, item);
    (void)query_row(&ask);
    return query_end(&ask);
}

/* *holder: the item that has the name; 0: none. *available: the name may be had. */
static gpen_status look_at(const name_search *search, int64_t hash, int64_t *holder, bool *available)
{
    query ask = query_begin(search->store, "SELECT id, state FROM item WHERE output_hash = ?", search->error);
    query_put_integer(&ask, hash);
    *holder = 0;
    *available = true;
    if (query_row(&ask)) {
        *holder = query_integer(&ask);
        int state = query_integer_within(&ask, 0, STORE_STATES - 1);
        *available = search->overwrite && (state == STORE_DONE || state == STORE_FAILED || state == STORE_CANCELLED);
    }
    return query_end(&ask);
}

static gpen_status is_free(const name_search *search, int number, bool *is)
{
    int64_t holder;
    char *name = numbered(search->wanted, number);
    if (!name)
        return gpen_fail_memory(search->error, "a path", strlen(search->wanted));
    gpen_status status = look_at(search, store_hash_output(search->folder, name), &holder, is);
    free(name);
    return status;
}

/* A free number with a taken one right before it: the first, where taken ones follow each other. Doubling, then halving: ten
 * thousand photos that are all called the same must not look at fifty million names. */
static gpen_status find_number(const name_search *search, int *number)
{
    int taken = 0, is = 1;
    bool found = false;
    gpen_status status = is_free(search, is, &found);
    while (!status && !found) {
        if (is >= MOST_NUMBERS)
            return gpen_fail(search->error, GPEN_EXISTS, "%s: all names like it are taken", search->wanted);
        taken = is;
        is *= 2;
        status = is_free(search, is, &found);
    }
    while (!status && is - taken > 1) {
        int middle = taken + (is - taken) / 2;
        status = is_free(search, middle, &found);
        if (found)
            is = middle;
        else
            taken = middle;
    }
    *number = is;
    return status;
}

/* Gives the free name to the item; one that has ended loses it. */
static gpen_status take(const name_search *search, int64_t item, int number)
{
    char *name = numbered(search->wanted, number);
    if (!name)
        return gpen_fail_memory(search->error, "a path", strlen(search->wanted));
    int64_t hash = store_hash_output(search->folder, name), holder = 0;
    bool is = false;
    gpen_status status = look_at(search, hash, &holder, &is);
    if (!status && holder)
        status = set_output(search, holder, NULL, 0);
    if (!status)
        status = set_output(search, item, name, hash);
    free(name);
    return status;
}

/* A name below the output folder: not absolute, and nowhere "..". */
static bool is_below(const char *name)
{
    if (!*name || *name == '/' || !*path_name(name))
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        if ((length == 2 && !memcmp(part, "..", 2)) || (length == 1 && *part == '.'))
            return false;
    }
    return true;
}

static gpen_status folder_of(batch_store *store, int64_t batch, char **folder, gpen_error *error)
{
    query ask = query_begin(store, "SELECT output_folder FROM batch WHERE id = ?", error);
    query_put_integer(&ask, batch);
    *folder = query_row(&ask) ? query_text(&ask) : NULL;
    if (!*folder)
        query_fail(&ask, GPEN_STORE_DAMAGED, "an item has no batch");
    return query_end(&ask);
}

gpen_status store_take_output(batch_store *store, int64_t item, int64_t batch, const char *wanted, bool overwrite,
                              gpen_error *error)
{
    if (!is_below(wanted))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: a result's name must lie below the output folder", wanted);
    int number = 1;
    name_search search = {.store = store, .wanted = wanted, .overwrite = overwrite, .error = error};
    gpen_status status = folder_of(store, batch, &search.folder, error);
    if (!status)
        status = find_number(&search, &number);
    if (!status)
        status = take(&search, item, number);
    free(search.folder);
    return status;
}

/* The item's output as a path; NULL: it has none. */
static gpen_status output_of(batch_store *store, int64_t item, char **output, gpen_error *error)
{
    store_item found;
    query ask = store_select_items(store, "WHERE item.id = ?", error);
    query_put_integer(&ask, item);
    gpen_status status = store_only_item(&ask, &found);
    *output = found.output;
    found.output = NULL;
    store_item_free(&found);
    return status;
}

gpen_status store_reserve_output(batch_store *store, int64_t item, int attempt, const char *wanted, bool overwrite,
                                 char **output, gpen_error *error)
{
    *output = NULL;
    int64_t batch = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = store_check_running(store, item, attempt, &batch, error);
    if (!status)
        status = output_of(store, item, output, error);
    if (!status && !*output) {
        status = store_take_output(store, item, batch, wanted, overwrite, error);
        if (!status)
            status = output_of(store, item, output, error);
    }
    status = store_end(store, status, error);
    if (status) {
        free(*output);
        *output = NULL;
    }
    return status;
}
