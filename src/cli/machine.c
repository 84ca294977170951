/* Facts about the machine. Its own file because each system tells them in a way of its own. */
#include "cli/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

/* What stands behind "KEY<space or tab>: " in a file such as /proc/cpuinfo. 0: there is none. */
static int read_field(const char *path, const char *key, char *value, size_t capacity)
{
    FILE *file = fopen(path, "re");
    char line[512];
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        size_t length = strlen(key);
        const char *at = line + length;
        if (strncmp(line, key, length) != 0)
            continue;
        at += strspn(at, " \t");
        if (*at != ':')
            continue;
        at += 1 + strspn(at + 1, " \t");
        snprintf(value, capacity, "%.*s", (int)strcspn(at, "\n"), at);
        found = *value != '\0';
    }
    if (file)
        (void)fclose(file);
    return found;
}

void machine_processor(char *name, size_t capacity)
{
#ifdef __APPLE__
    if (!sysctlbyname("machdep.cpu.brand_string", name, &capacity, NULL, 0))
        return;
#endif
    if (read_field("/proc/cpuinfo", "model name", name, capacity))
        return;
    struct utsname system;
    snprintf(name, capacity, "%s processor", uname(&system) ? "unknown" : system.machine);
}

/* "1234 kB" of a field, in bytes; -1: there is none. */
static int64_t read_kilobytes(const char *path, const char *key)
{
    char value[64];
    return read_field(path, key, value, sizeof value) ? strtoll(value, NULL, 10) * 1024 : -1;
}

/* The number in a file that has nothing else; -1: there is none ("max", for instance). */
static int64_t read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    long long number = -1;
    if (file && fscanf(file, "%lld", &number) != 1)
        number = -1;
    if (file)
        (void)fclose(file);
    return number;
}

static int64_t least_known(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

int64_t machine_memory(void)
{
    int64_t memory = read_kilobytes("/proc/meminfo", "MemTotal");
#ifdef _SC_PHYS_PAGES
    if (memory < 0 && sysconf(_SC_PHYS_PAGES) > 0)
        memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
#endif
    return least_known(memory, read_number("/sys/fs/cgroup/memory.max"));
}

int64_t machine_memory_free(void)
{
    int64_t limit = read_number("/sys/fs/cgroup/memory.max"), used = read_number("/sys/fs/cgroup/memory.current");
    int64_t inside = limit >= 0 && used >= 0 ? (limit > used ? limit - used : 0) : -1;
    return least_known(read_kilobytes("/proc/meminfo", "MemAvailable"), inside);
}
