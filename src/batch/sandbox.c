/* The two walls in their order: files first, because setting up the one takes system calls that the other forbids. */
#include "batch/sandbox.h"

gpen_status sandbox_enter(const char *const *files, const char *folder, bool *calls, bool *landlock, gpen_error *error)
{
    *calls = false;
    gpen_status status = landlock_enter(files, folder, landlock, error);
    return status ? status : seccomp_enter(folder && *landlock ? OPEN_WRITING : OPEN_READING, calls, error);
}

gpen_status sandbox_close(gpen_error *error)
{
    bool done;
    return seccomp_enter(OPEN_NOTHING, &done, error);
}
