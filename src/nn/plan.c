/* Plans: a backend and the program it made of a graph. */
#include <stdlib.h>

#include "nn/backend.h"
#include "nn/device.h"

struct nn_plan {
    const nn_backend *backend;
    void *program;
};

gpen_status nn_plan_compile(nn_plan **out, nn_device *device, const nn_graph *graph, const nn_weights *weights, int flags,
                            gpen_error *error)
{
    *out = NULL;
    if (graph->error.status)
        return gpen_fail(error, graph->error.status, "%s", graph->error.message);
    if (graph->image == NN_NONE || graph->output == NN_NONE)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a network without an input or an output");
    nn_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return gpen_fail_memory(error, "a plan", sizeof *plan);
    plan->backend = device->backend;
    gpen_status status = plan->backend->upload(&plan->program, device, graph, weights, flags, error);
    if (status) {
        free(plan);
        return status;
    }
    *out = plan;
    return GPEN_OK;
}

void nn_plan_free(nn_plan *plan)
{
    if (plan)
        plan->backend->release(plan->program);
    free(plan);
}

void nn_plan_run(nn_plan *plan, const float *input, float *output)
{
    plan->backend->run(plan->program, input, output);
}

void nn_plan_describe(const nn_plan *plan, nn_plan_info *info)
{
    plan->backend->describe(plan->program, info);
}

bool nn_plan_step(const nn_plan *plan, int index, nn_step_info *info)
{
    return plan->backend->step(plan->program, index, info);
}

int64_t nn_plan_read(const nn_plan *plan, const char *name, float *values)
{
    return plan->backend->read(plan->program, name, values);
}
