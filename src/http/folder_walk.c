/* Walking through folders that an operator allowed. */
#include "http/folder_walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"

enum { DEEPEST = 32 };

typedef struct walk {
    gpen_status (*take)(void *context, const char *path);
    void *context;
    gpen_error *error;
    int depth;
} walk;

static bool is_photo(const char *name)
{
    static const char *const endings[] = {".jpg",  ".jpeg", ".png",  ".webp", ".tif", ".tiff",
                                          ".heic", ".heif", ".avif", ".gif",  NULL};
    const char *ending = strrchr(name, '.');
    for (const char *const *known = endings; ending && *known; known++)
        if (!strcasecmp(ending, *known))
            return true;
    return false;
}

static gpen_status walk_folder(walk *w, const char *folder);

static gpen_status visit(walk *w, const char *folder, const char *name)
{
    struct stat facts;
    char *path = path_join(folder, name);
    gpen_status status = GPEN_OK;
    if (!path)
        return gpen_fail_memory(w->error, "a path", strlen(name));
    if (!lstat(path, &facts)) {
        if (S_ISDIR(facts.st_mode) && w->depth < DEEPEST) {
            w->depth++;
            status = walk_folder(w, path);
            w->depth--;
        } else if (!S_ISDIR(facts.st_mode) && is_photo(name)) {
            status = w->take(w->context, path);
        }
    }
    free(path);
    return status;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static gpen_status walk_folder(walk *w, const char *folder)
{
    struct dirent **entries;
    gpen_status status = GPEN_OK;
    int count = scandir(folder, &entries, is_shown, alphasort);
    if (count < 0)
        return gpen_fail(w->error, GPEN_INPUT_MISSING, "%s: %s", path_name(folder), strerror(errno));
    for (int i = 0; i < count; i++) {
        if (!status)
            status = visit(w, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return status;
}

gpen_status folder_walk(const char *folder, gpen_status (*take)(void *context, const char *path), void *context,
                        gpen_error *error)
{
    walk w = {take, context, error, 0};
    return walk_folder(&w, folder);
}
