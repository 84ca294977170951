/* Finding the photos among what a person named. Its own file because folders are full of surprises: links, loops, hidden
 * files, folders that may not be read. */
#include "cli/photo_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* A search under way. */
typedef struct photo_search {
    photo_list *list;
    file_identity excluded;
    bool excludes;
    gpen_error *error;
} photo_search;

const char *picture_ending(const char *name)
{
    static const char *const endings[] = {".jpg",  ".jpeg", ".png",  ".webp", ".tif",
                                          ".tiff", ".heic", ".heif", ".avif", ".gif"};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(ending, endings[i]))
            return ending;
    return NULL;
}

static file_identity identity_of(const struct stat *facts)
{
    return (file_identity){facts->st_dev, facts->st_ino};
}

static int compare_identities(const void *left, const void *right)
{
    const file_identity *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* ---------------------------------------------------------------- the list */

static bool make_room(photo_list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : 64;
    photo_item *photos = realloc(list->photos, capacity * sizeof *photos);
    if (!photos)
        return false;
    list->photos = photos;
    file_identity *identities = realloc(list->identities, capacity * sizeof *identities);
    if (!identities)
        return false;
    list->identities = identities;
    list->capacity = capacity;
    return true;
}

/* facts NULL: the file is not there, or not to be seen. */
static gpen_status add(photo_search *search, const char *path, const char *relative, int problem,
                       const struct stat *facts)
{
    photo_list *list = search->list;
    photo_item photo = {.path = strdup(path), .relative = strdup(relative), .problem = problem};
    if (!photo.path || !photo.relative || !make_room(list)) {
        free(photo.path);
        free(photo.relative);
        return gpen_fail_memory(search->error, "the list of photos", list->count * sizeof photo);
    }
    list->photos[list->count++] = photo;
    if (facts)
        list->identities[list->identity_count++] = identity_of(facts);
    return GPEN_OK;
}

void photo_list_free(photo_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->photos[i].path);
        free(list->photos[i].relative);
    }
    free(list->photos);
    free(list->identities);
    *list = (photo_list){0};
}

bool photo_list_has_file(const photo_list *list, const char *path)
{
    struct stat facts;
    if (!list->identity_count || stat(path, &facts))
        return false;
    file_identity wanted = identity_of(&facts);
    return bsearch(&wanted, list->identities, list->identity_count, sizeof wanted, compare_identities) != NULL;
}

/* ---------------------------------------------------------------- folders */

typedef struct name_list {
    char **names;
    size_t count, capacity;
} name_list;

static void free_names(name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

static bool add_name(name_list *list, const char *name)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        char **names = realloc(list->names, capacity * sizeof *names);
        if (!names)
            return false;
        list->names = names;
        list->capacity = capacity;
    }
    list->names[list->count] = strdup(name);
    return list->names[list->count++] != NULL;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* What is in an open folder, in alphabetical order, without hidden files: those are other programs' (thumbnails, a Mac's
 * "._photo.jpg"), or our own unfinished ones. *problem: errno, when the folder could be read in part only. */
static gpen_status read_names(DIR *folder, name_list *list, int *problem, gpen_error *error)
{
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && !add_name(list, entry->d_name))
            return gpen_fail_memory(error, "a folder's list of files", list->count * sizeof *list->names);
    *problem = errno;
    if (list->count)
        qsort(list->names, list->count, sizeof *list->names, compare_names);
    return GPEN_OK;
}

static gpen_status find_in_folder(photo_search *search, const char *path, const char *relative);

static bool is_excluded(const photo_search *search, const struct stat *facts)
{
    return search->excludes && facts->st_dev == search->excluded.device && facts->st_ino == search->excluded.number;
}

static gpen_status find_in_entry(photo_search *search, const char *path, const char *relative)
{
    struct stat entry, facts;
    bool seen = !lstat(path, &entry) && !stat(path, &facts);
    bool picture = picture_ending(relative) != NULL;
    if (!seen) /* a link to nothing, for instance */
        return picture ? add(search, path, relative, 0, NULL) : GPEN_OK;
    if (S_ISREG(facts.st_mode))
        return picture ? add(search, path, relative, 0, &facts) : GPEN_OK;
    if (!S_ISDIR(facts.st_mode) || is_excluded(search, &facts))
        return GPEN_OK;
    if (S_ISLNK(entry.st_mode)) {
        search->list->links_left_out++;
        return GPEN_OK;
    }
    return find_in_folder(search, path, relative);
}

static gpen_status find_in_names(photo_search *search, const char *path, const char *relative, const name_list *list)
{
    gpen_status status = GPEN_OK;
    for (size_t i = 0; !status && i < list->count; i++) {
        char *below = path_join(path, list->names[i]);
        char *place = *relative ? path_join(relative, list->names[i]) : strdup(list->names[i]);
        status = below && place ? find_in_entry(search, below, place)
                                : gpen_fail_memory(search->error, "a path", strlen(path));
        free(below);
        free(place);
    }
    return status;
}

/* The names are read and the folder closed before any folder in it is opened: however deep it goes, one is open at a time. */
static gpen_status find_in_folder(photo_search *search, const char *path, const char *relative)
{
    DIR *folder = opendir(path);
    if (!folder)
        return add(search, path, relative, errno, NULL);
    name_list list = {0};
    int problem = 0;
    gpen_status status = read_names(folder, &list, &problem, search->error);
    closedir(folder);
    if (!status && problem)
        status = add(search, path, relative, problem, NULL);
    if (!status)
        status = find_in_names(search, path, relative, &list);
    free_names(&list);
    return status;
}

gpen_status photo_list_find(photo_list *list, char **inputs, int count, const char *excluded, gpen_error *error)
{
    *list = (photo_list){0};
    photo_search search = {.list = list, .error = error};
    struct stat facts;
    if (excluded && !stat(excluded, &facts)) {
        search.excluded = identity_of(&facts);
        search.excludes = true;
    }
    gpen_status status = GPEN_OK;
    for (int i = 0; !status && i < count; i++) {
        bool seen = !stat(inputs[i], &facts);
        if (seen && S_ISDIR(facts.st_mode))
            status = find_in_folder(&search, inputs[i], "");
        else
            status = add(&search, inputs[i], path_name(inputs[i]), 0, seen ? &facts : NULL);
    }
    if (status)
        photo_list_free(list);
    else if (list->identity_count)
        qsort(list->identities, list->identity_count, sizeof *list->identities, compare_identities);
    return status;
}
