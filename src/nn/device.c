/* Opening a device: which instruction level, how many threads. */
#include "nn/device.h"

#include <stdlib.h>

#include "base/log.h"
#include "nn/backend.h"

enum { MOST_LEVELS = 8 };

int nn_levels_available(const char **names, int capacity)
{
    const cpu_kernels *tables[MOST_LEVELS];
    int count = cpu_kernels_available(tables, MOST_LEVELS);
    for (int i = 0; i < count && i < capacity; i++)
        names[i] = tables[i]->level;
    return count < capacity ? count : capacity;
}

/* The best level, or a lower one that GPEN_CPU asks for. A value that this processor lacks changes nothing. */
static const cpu_kernels *best_level(void)
{
    const cpu_kernels *tables[MOST_LEVELS];
    cpu_kernels_available(tables, MOST_LEVELS);
    const char *wanted = getenv("GPEN_CPU");
    const cpu_kernels *lowered = wanted && *wanted ? cpu_kernels_named(wanted) : NULL;
    if (wanted && *wanted && !lowered)
        log_event(LOG_WARNING, "level_unknown", NULL, "GPEN_CPU=%s: this processor has no such level; using %s", wanted,
                  tables[0]->level);
    return lowered ? lowered : tables[0];
}

gpen_status nn_device_open(nn_device **out, const nn_device_options *options, gpen_error *error)
{
    *out = NULL;
    const cpu_kernels *kernels = options->level ? cpu_kernels_named(options->level) : best_level();
    if (!kernels)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "this processor has no instruction level '%s'", options->level);
    nn_device *device = calloc(1, sizeof *device);
    if (!device)
        return gpen_fail_memory(error, "a device", sizeof *device);
    device->backend = &nn_backend_cpu;
    device->kernels = kernels;
    gpen_status status = thread_pool_new(&device->pool, options->threads, error);
    if (status) {
        free(device);
        return status;
    }
    *out = device;
    return GPEN_OK;
}

void nn_device_close(nn_device *device)
{
    if (device)
        thread_pool_free(device->pool);
    free(device);
}

const char *nn_device_level(const nn_device *device)
{
    return device->kernels->level;
}

bool nn_device_has_bf16(const nn_device *device)
{
    return device->kernels != cpu_kernels_of_floats(device->kernels);
}

int nn_device_threads(const nn_device *device)
{
    return thread_pool_size(device->pool);
}

thread_pool *nn_device_pool(nn_device *device)
{
    return device->pool;
}
