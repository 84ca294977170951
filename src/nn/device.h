/* What a device is inside: private to src/nn. */
#ifndef GPEN_NN_DEVICE_H
#define GPEN_NN_DEVICE_H

#include "base/threads.h"
#include "nn/cpu/kernels.h"
#include "nn/nn.h"

struct nn_device {
    const struct nn_backend *backend;
    const cpu_kernels *kernels;
    thread_pool *pool;
};

#endif
