/* Waking a thread that waits for open files. */
#include "base/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

gpen_status wake_make(int ends[2], gpen_error *error)
{
    if (pipe(ends)) {
        ends[0] = ends[1] = -1;
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    return GPEN_OK;
}

void wake_free(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

void wake_ring(const int ends[2])
{
    int before = errno;
    if (ends[1] >= 0)
        (void)!write(ends[1], "", 1); /* full: it will wake anyway */
    errno = before;
}

void wake_hear(const int ends[2])
{
    char noise[64];
    while (ends[0] >= 0 && read(ends[0], noise, sizeof noise) > 0)
        ;
}
