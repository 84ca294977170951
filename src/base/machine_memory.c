/* The machine's memory. Its own file because a container has a limit of its own, and the system tells of the two in different
 * ways. */
#include "base/machine_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char machine_file[] = "/proc/meminfo";

int machine_field(const char *path, const char *key, char *value, size_t capacity)
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

/* "1234 kB" of a field, in bytes; -1: there is none. */
static int64_t read_kilobytes(const char *key)
{
    char value[64];
    return machine_field(machine_file, key, value, sizeof value) ? strtoll(value, NULL, 10) * 1024 : -1;
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

/* Of the container's memory, what only keeps files at hand. */
static int64_t read_container_files(void)
{
    FILE *file = fopen("/sys/fs/cgroup/memory.stat", "re");
    char name[64];
    long long number, sum = 0;
    while (file && fscanf(file, "%63s %lld", name, &number) == 2)
        if (!strcmp(name, "active_file") || !strcmp(name, "inactive_file"))
            sum += number;
    if (file)
        (void)fclose(file);
    return sum;
}

/* The container's limit and what of it is free; both -1: there is none. */
static void read_container(int64_t *limit, int64_t *available)
{
    int64_t used = read_number("/sys/fs/cgroup/memory.current");
    *limit = read_number("/sys/fs/cgroup/memory.max");
    *available = -1;
    if (*limit < 0 || used < 0)
        return;
    used -= read_container_files();
    *available = used <= 0 ? *limit : *limit > used ? *limit - used : 0;
}

static int64_t least_known(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

static int64_t host_memory(void)
{
    int64_t memory = read_kilobytes("MemTotal");
#ifdef _SC_PHYS_PAGES
    if (memory < 0 && sysconf(_SC_PHYS_PAGES) > 0)
        memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
#endif
    return memory;
}

int64_t machine_memory(void)
{
    int64_t limit, available;
    read_container(&limit, &available);
    return least_known(host_memory(), limit);
}

int64_t machine_memory_free(void)
{
    int64_t limit, available;
    read_container(&limit, &available);
    return least_known(read_kilobytes("MemAvailable"), available);
}

static double share_used(int64_t all, int64_t available)
{
    return all > 0 && available >= 0 ? 1.0 - (double)available / (double)all : -1.0;
}

double machine_memory_used(void)
{
    int64_t limit, available;
    read_container(&limit, &available);
    double host = share_used(host_memory(), read_kilobytes("MemAvailable")), container = share_used(limit, available);
    return host > container ? host : container;
}
