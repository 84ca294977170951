/* Paths, folders and atomic files: temporary name, flush, rename, flush of the folder, naming the step that failed. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

char *path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    bool slash = length && folder[length - 1] != '/';
    char *path = malloc(length + slash + strlen(name) + 1);
    if (path) {
        memcpy(path, folder, length);
        if (slash)
            path[length++] = '/';
        strcpy(path + length, name);
    }
    return path;
}

char *path_absolute(const char *path)
{
    char *here = *path == '/' ? NULL : getcwd(NULL, 0);
    char *whole = *path == '/' ? strdup(path) : here ? path_join(here, path) : NULL;
    free(here);
    return whole;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_folder(const char *path)
{
    size_t length = (size_t)(path_name(path) - path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length ? strndup(path, length) : strdup(".");
}

char *path_stem(const char *path)
{
    const char *name = path_name(path);
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? strndup(name, (size_t)(dot - name)) : strdup(name);
}

bool path_is_folder(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

bool path_is_file(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISREG(status.st_mode);
}

char *path_of_program(void)
{
#ifdef __APPLE__
    char path[4096];
    uint32_t length = sizeof path;
    return _NSGetExecutablePath(path, &length) ? NULL : realpath(path, NULL);
#else
    return realpath("/proc/self/exe", NULL);
#endif
}

int file_nameless(gpen_error *error)
{
#ifdef MFD_CLOEXEC
    int descriptor = memfd_create("gpen", MFD_CLOEXEC);
#else
    FILE *file = tmpfile();
    int descriptor = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 0) : -1;
    if (file)
        fclose(file);
#endif
    if (descriptor < 0)
        gpen_fail(error, GPEN_OUT_OF_MEMORY, "a file without a name could not be made: %s", strerror(errno));
    return descriptor;
}

gpen_status folder_make(const char *path, gpen_error *error)
{
    char *copy = strdup(path);
    if (!copy)
        return gpen_fail_memory(error, "a path", strlen(path));
    gpen_status status = GPEN_OK;
    for (char *p = copy + 1; !status; p++) {
        char kept = *p;
        if (kept != '/' && kept != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, 0777) && errno != EEXIST && !path_is_folder(copy))
            status = gpen_fail_write(error, errno, copy, "making the folder");
        if (kept == '\0')
            break;
        *p = kept;
    }
    if (!status && !path_is_folder(copy))
        status = gpen_fail(error, GPEN_WRITE_FAILED, "%s: there is a file where a folder should be", path);
    free(copy);
    return status;
}

static char *home_folder(const char *purpose, const char *variable, const char *under_home)
{
    const char *value = getenv("GPEN_HOME");
    if (value && *value)
        return path_join(value, purpose);
    value = getenv(variable);
    if (value && *value == '/')
        return path_join(value, "gpen");
    value = getenv("HOME");
    if (!value || !*value)
        return NULL;
    char *base = path_join(value, under_home);
    char *path = base ? path_join(base, "gpen") : NULL;
    free(base);
    return path;
}

char *folder_data(void)
{
    return home_folder("data", "XDG_DATA_HOME", ".local/share");
}

char *folder_cache(void)
{
    return home_folder("cache", "XDG_CACHE_HOME", ".cache");
}

char *folder_state(void)
{
    return home_folder("state", "XDG_STATE_HOME", ".local/state");
}

static void release(atomic_file *file)
{
    free(file->target);
    free(file->temporary);
    *file = (atomic_file){.descriptor = -1};
}

/* The temporary name keeps at most 200 bytes of the target's, so that a name of the greatest length still works. */
static char *temporary_name(const char *target)
{
    static atomic_uint counter;
    char *folder = path_folder(target), *path = NULL;
    if (folder && asprintf(&path, "%s/.%.200s.%ld.%u.part", folder, path_name(target), (long)getpid(),
                           atomic_fetch_add(&counter, 1)) < 0)
        path = NULL;
    free(folder);
    return path;
}

/* The process that a temporary file is of, by its name: ".NAME.PROCESS.NUMBER.part"; 0: it is none. */
static pid_t process_of(const char *name)
{
    static const char ending[] = ".part";
    size_t length = strlen(name);
    const char *end = name + length - (length < sizeof ending ? 0 : sizeof ending - 1);
    if (*name != '.' || strcmp(end, ending) != 0)
        return 0;
    const char *number = end, *process;
    while (number > name && number[-1] >= '0' && number[-1] <= '9')
        number--;
    if (number == end || number - name < 3 || number[-1] != '.')
        return 0;
    for (process = number - 1; process > name && process[-1] >= '0' && process[-1] <= '9';)
        process--;
    return process > name + 1 && process[-1] == '.' ? (pid_t)strtol(process, NULL, 10) : 0;
}

void atomic_files_sweep(const char *folder)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        pid_t process = process_of(entry->d_name);
        if (process > 0 && kill(process, 0) && errno == ESRCH)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    (void)closedir(entries);
}

gpen_status atomic_file_check(const char *target, bool overwrite, gpen_error *error)
{
    struct stat facts;
    if (lstat(target, &facts))
        return GPEN_OK; /* not there, or whatever is wrong shows when the file is made */
    if (S_ISDIR(facts.st_mode))
        return gpen_fail(error, GPEN_WRITE_FAILED, "%s: there is a folder of that name", path_name(target));
    return overwrite ? GPEN_OK : gpen_fail(error, GPEN_EXISTS, "%s is there already", path_name(target));
}

gpen_status atomic_file_begin(atomic_file *file, const char *target, gpen_error *error)
{
    *file = (atomic_file){.target = strdup(target), .temporary = temporary_name(target), .descriptor = -1};
    if (!file->target || !file->temporary) {
        release(file);
        return gpen_fail_memory(error, "a path", strlen(target));
    }
    file->descriptor = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        gpen_status status = gpen_fail_write(error, errno, target, "creating a temporary file beside it");
        release(file);
        return status;
    }
    return GPEN_OK;
}

gpen_status atomic_file_write(atomic_file *file, const void *bytes, size_t count, gpen_error *error)
{
    const char *next = bytes;
    while (count) {
        ssize_t written = write(file->descriptor, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return gpen_fail_write(error, errno, file->target, "writing");
        next += written;
        count -= (size_t)written;
    }
    return GPEN_OK;
}

gpen_status folder_flush(const char *path, gpen_error *error)
{
    char *folder = path_folder(path);
    if (!folder)
        return gpen_fail_memory(error, "a path", strlen(path));
    gpen_status status = GPEN_OK;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that cannot flush a folder, some network ones for instance; nothing more can be done there. */
    if (descriptor < 0 || (fsync(descriptor) && errno != EINVAL))
        status = gpen_fail_write(error, errno, folder, "flushing the folder");
    if (descriptor >= 0)
        close(descriptor);
    free(folder);
    return status;
}

gpen_status atomic_file_commit(atomic_file *file, bool overwrite, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    int descriptor = file->descriptor;
    file->descriptor = -1;
    if (fsync(descriptor))
        status = gpen_fail_write(error, errno, file->target, "flushing");
    if (close(descriptor) && !status)
        status = gpen_fail_write(error, errno, file->target, "closing");
    if (!status && overwrite) {
        if (rename(file->temporary, file->target))
            status = gpen_fail_write(error, errno, file->target, "renaming");
    } else if (!status) {
        /* link() refuses an existing name, which rename() does not. */
        if (!link(file->temporary, file->target))
            (void)unlink(file->temporary);
        else if (errno == EEXIST)
            status = gpen_fail(error, GPEN_EXISTS, "%s is there already", file->target);
        else if (access(file->target, F_OK) && !rename(file->temporary, file->target))
            status = GPEN_OK; /* a file system without hard links */
        else
            status = gpen_fail_write(error, errno, file->target, "renaming");
    }
    if (status)
        (void)unlink(file->temporary);
    else
        status = folder_flush(file->target, error);
    release(file);
    return status;
}

gpen_status atomic_file_commit_unflushed(atomic_file *file, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    int descriptor = file->descriptor;
    file->descriptor = -1;
    if (close(descriptor))
        status = gpen_fail_write(error, errno, file->target, "closing");
    else if (rename(file->temporary, file->target))
        status = gpen_fail_write(error, errno, file->target, "renaming");
    if (status)
        (void)unlink(file->temporary);
    release(file);
    return status;
}

void atomic_file_abandon(atomic_file *file)
{
    if (file->descriptor > 0)
        close(file->descriptor);
    if (file->temporary)
        (void)unlink(file->temporary);
    release(file);
}

gpen_status file_replace(const char *path, const void *bytes, size_t count, gpen_error *error)
{
    atomic_file file;
    gpen_status status = atomic_file_begin(&file, path, error);
    if (status)
        return status;
    status = atomic_file_write(&file, bytes, count, error);
    if (!status)
        return atomic_file_commit(&file, true, error);
    atomic_file_abandon(&file);
    return status;
}
