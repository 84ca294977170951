/* The store's files as files: the supervisor's lock, and setting a damaged store aside. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/store_room.h"

char *store_path(const char *folder)
{
    return path_join(folder, "batches.db");
}

char *store_path_with(const char *path, const char *ending)
{
    size_t length = strlen(path), more = strlen(ending);
    char *together = malloc(length + more + 1);
    if (together) {
        memcpy(together, path, length);
        memcpy(together + length, ending, more + 1);
    }
    return together;
}

/* ---------------------------------------------------------------- the lock */

/* IN_USE, with the holder's number where it can be read. */
static gpen_status fail_in_use(int descriptor, const char *folder, gpen_error *error)
{
    char text[32] = "";
    ssize_t count = pread(descriptor, text, sizeof text - 1, 0);
    long holder = count > 0 ? strtol(text, NULL, 10) : 0;
    if (holder > 0)
        return gpen_fail(error, GPEN_IN_USE, "%s: another gpen (process %ld) is at work on these batches", folder,
                         holder);
    return gpen_fail(error, GPEN_IN_USE, "%s: another gpen is at work on these batches", folder);
}

/* Writes our number for others to read. */
static gpen_status sign_lock(int descriptor, const char *path, gpen_error *error)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(descriptor, 0) || pwrite(descriptor, text, (size_t)length, 0) != length)
        return gpen_fail_write(error, errno, path, "signing the lock");
    return GPEN_OK;
}

gpen_status store_lock(const char *folder, int *descriptor, gpen_error *error)
{
    *descriptor = -1;
    char *path = path_join(folder, "batches.lock");
    if (!path)
        return gpen_fail_memory(error, "a path", strlen(folder));
    gpen_status status = GPEN_OK;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file < 0)
        status = gpen_fail_write(error, errno, path, "opening the lock");
    else if (flock(file, LOCK_EX | LOCK_NB))
        status =
            errno == EWOULDBLOCK ? fail_in_use(file, folder, error) : gpen_fail_write(error, errno, path, "locking");
    else
        status = sign_lock(file, path, error);
    if (status && file >= 0)
        close(file);
    if (!status)
        *descriptor = file;
    free(path);
    return status;
}

/* ---------------------------------------------------------------- setting aside */

/* PATH.damaged-20260131-235959 */
static char *damaged_path(const char *path, int64_t now)
{
    char ending[64];
    time_t seconds = (time_t)(now / 1000);
    struct tm date;
    if (!gmtime_r(&seconds, &date) || !strftime(ending, sizeof ending, ".damaged-%Y%m%d-%H%M%S", &date))
        strcpy(ending, ".damaged");
    return store_path_with(path, ending);
}

/* Renames PATH with its ending to TO with its ending, if it is there. */
static gpen_status move(const char *path, const char *to, const char *ending, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    char *source = store_path_with(path, ending), *target = store_path_with(to, ending);
    if (!source || !target)
        status = gpen_fail_memory(error, "a path", strlen(to));
    else if (!access(target, F_OK))
        status = gpen_fail(error, GPEN_EXISTS, "%s is there already", target);
    else if (rename(source, target) && errno != ENOENT)
        status = gpen_fail_write(error, errno, source, "renaming");
    free(source);
    free(target);
    return status;
}

/* The log first: should we be stopped in between, the store without it is as it was earlier, whereas the log without its store
 * would be taken for the log of the next one. */
static gpen_status move_all(const char *path, const char *to, gpen_error *error)
{
    gpen_status status = move(path, to, "-wal", error);
    if (!status)
        status = move(path, to, "-shm", error);
    if (!status)
        status = move(path, to, "", error);
    return status ? status : folder_flush(path, error);
}

static bool is_there(const char *path, const char *ending)
{
    char *name = store_path_with(path, ending);
    bool there = name && !access(name, F_OK);
    free(name);
    return there;
}

gpen_status store_set_aside(const char *folder, int64_t now, char **kept, gpen_error *error)
{
    int lock = -1;
    if (kept)
        *kept = NULL;
    char *path = store_path(folder), *to = path ? damaged_path(path, now) : NULL;
    gpen_status status = to ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(folder));
    if (!status && !is_there(path, "") && !is_there(path, "-wal"))
        status = gpen_fail(error, GPEN_INPUT_MISSING, "%s: there are no batches here", folder);
    if (!status)
        status = store_lock(folder, &lock, error);
    if (!status)
        status = move_all(path, to, error);
    if (lock >= 0)
        close(lock);
    free(path);
    if (!status && kept)
        *kept = to;
    else
        free(to);
    return status;
}
