/* What a backend must be able to do: upload a graph as a plan, run it, free it, and tell about it. */
#ifndef GPEN_NN_BACKEND_H
#define GPEN_NN_BACKEND_H

#include "nn/graph.h"

typedef struct nn_backend {
    const char *name; /* "cpu" */
    gpen_status (*upload)(void **program, nn_device *device, const nn_graph *graph, const nn_weights *weights,
                          int flags, gpen_error *error);
    gpen_status (*resize)(void *program, const nn_graph *graph, const nn_weights *weights, gpen_error *error);
    void (*run)(void *program, const float *input, float *const *outputs);
    void (*release)(void *program);
    void (*describe)(const void *program, nn_plan_info *info);
    bool (*step)(const void *program, int index, nn_step_info *info);
    int64_t (*read)(const void *program, const char *mark, float *values);
    double (*peak)(const void *program);
} nn_backend;

extern const nn_backend nn_backend_cpu;

#endif
