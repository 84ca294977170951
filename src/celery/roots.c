/* Walking paths beneath a root. Its own file because it is what keeps a stranger's path inside. */
#include "celery/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

/* The root that the path is beneath, and what is left of the path. NULL: none. */
static const char *find_root(const root_folders *roots, const char *path, const char **rest)
{
    *rest = path;
    if (*path != '/')
        return roots->count ? roots->paths[0] : NULL;
    for (int i = 0; i < roots->count; i++) {
        size_t length = strlen(roots->paths[i]);
        while (length && roots->paths[i][length - 1] == '/')
            length--;
        if (!strncmp(path, roots->paths[i], length) && path[length] == '/') {
            *rest = path + length;
            return roots->paths[i];
        }
    }
    return NULL;
}

/* Is one of its parts ".."? */
static bool leads_up(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
            return true;
    return false;
}

/* The next part of *rest into `part`, and *rest behind it. 0: there is none; -1: it is too long. */
static int next_part(const char **rest, char part[NAME_MAX + 1])
{
    *rest += strspn(*rest, "/");
    size_t length = strcspn(*rest, "/");
    if (!length)
        return 0;
    if (length > NAME_MAX)
        return -1;
    memcpy(part, *rest, length);
    part[length] = '\0';
    *rest += length;
    return 1;
}

/* One step down. make: the folder may be made. */
static int enter(int folder, const char *part, bool make)
{
    int inner = openat(folder, part, FOLDER_FLAGS);
    if (inner < 0 && errno == ENOENT && make && (!mkdirat(folder, part, 0777) || errno == EEXIST))
        inner = openat(folder, part, FOLDER_FLAGS);
    return inner;
}

/* Opens the folder of the path's last part; *name is that part. */
static gpen_status walk(const root_folders *roots, const char *path, bool make, int *folder, const char **name,
                        gpen_error *error)
{
    char part[NAME_MAX + 1];
    const char *rest, *root = find_root(roots, path, &rest), *last = path_name(path);
    gpen_status missing = make ? GPEN_WRITE_FAILED : GPEN_INPUT_MISSING;
    *folder = -1;
    *name = last;
    if (!root)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: not beneath a folder that this worker may use (--root)", path);
    if (leads_up(path))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: '..' may not be in a path", path);
    if (!*last || !strcmp(last, ".") || strlen(last) > NAME_MAX)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: this is no file's name", path);
    int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return gpen_fail(error, missing, "%s: %s", root, strerror(errno));
    int outcome;
    while ((outcome = next_part(&rest, part)) > 0 && rest[strspn(rest, "/")]) {
        int inner = strcmp(part, ".") ? enter(at, part, make) : dup(at);
        int why = errno;
        close(at);
        at = inner;
        if (at < 0)
            return gpen_fail(error, missing, "%s: %s: %s", path, part,
                             why == ELOOP || why == ENOTDIR ? "no folder (links are not followed)" : strerror(why));
    }
    if (outcome < 0) {
        close(at);
        return gpen_fail(error, missing, "%s: a part of the path is too long", path);
    }
    *folder = at;
    return GPEN_OK;
}

gpen_status roots_open_file(const root_folders *roots, const char *path, int *descriptor, gpen_error *error)
{
    const char *name;
    struct stat facts;
    int folder;
    *descriptor = -1;
    gpen_status status = walk(roots, path, false, &folder, &name, error);
    if (status)
        return status;
    /* Without O_NONBLOCK a pipe would wait for its writer. */
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int why = errno;
    close(folder);
    if (file < 0)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path,
                         why == ELOOP ? "links are not followed" : strerror(why));
    if (fstat(file, &facts) || !S_ISREG(facts.st_mode)) {
        close(file);
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: this is no file", path);
    }
    *descriptor = file;
    return GPEN_OK;
}

gpen_status roots_open_folder(const root_folders *roots, const char *path, int *folder, const char **name,
                              gpen_error *error)
{
    return walk(roots, path, true, folder, name, error);
}
