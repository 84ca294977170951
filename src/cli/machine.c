/* Facts about the machine. Its own file because each system tells them in a way of its own. */
#include "cli/machine.h"

#include <stdio.h>
#include <sys/utsname.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

void machine_processor(char *name, size_t capacity)
{
#ifdef __APPLE__
    if (!sysctlbyname("machdep.cpu.brand_string", name, &capacity, NULL, 0))
        return;
#endif
    if (machine_field("/proc/cpuinfo", "model name", name, capacity))
        return;
    struct utsname system;
    snprintf(name, capacity, "%s processor", uname(&system) ? "unknown" : system.machine);
}
