/* Memory of processes. Its own file because each system tells it in a way of its own. */
#include "base/process_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* "VmRSS:   1234 kB" of /proc/PROCESS/status, in bytes; -1: there is none. */
static int64_t read_status(pid_t process, const char *key)
{
    char path[64], text[4096];
    if (process)
        snprintf(path, sizeof path, "/proc/%ld/status", (long)process);
    else
        snprintf(path, sizeof path, "/proc/self/status");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *at = strstr(text, key);
    return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

int64_t process_memory(pid_t process)
{
    return read_status(process, "\nVmRSS:");
}

int64_t process_peak_memory(pid_t process)
{
    int64_t peak = read_status(process, "\nVmHWM:");
    struct rusage usage;
    if (peak >= 0 || process || getrusage(RUSAGE_SELF, &usage))
        return peak;
#ifdef __APPLE__
    return usage.ru_maxrss;
#else
    return (int64_t)usage.ru_maxrss * 1024;
#endif
}
