/* Plans: a backend and the program it made of a graph. */
#include <stdlib.h>

#include "nn/backend.h"
#include "nn/device.h"

struct nn_plan {
    const nn_backend *backend;
    void *program;
};

static gpen_status check(const nn_graph *graph, gpen_error *error)
{
    if (graph->error.status)
        return gpen_fail(error, graph->error.status, "%s", graph->error.message);
    if (graph->image == NN_NONE || !graph->output_count)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a network without an input or an output");
    return GPEN_OK;
}

gpen_status nn_plan_compile(nn_plan **out, nn_device *device, const nn_graph *graph, const nn_weights *weights,
                            int flags, gpen_error *error)
{
    *out = NULL;
    gpen_status status = check(graph, error);
    if (!status && flags & NN_BF16 && !nn_device_has_bf16(device))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "this processor, at level %s, has no bfloat16 products",
                           nn_device_level(device));
    if (status)
        return status;
    nn_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return gpen_fail_memory(error, "a plan", sizeof *plan);
    plan->backend = device->backend;
    status = plan->backend->upload(&plan->program, device, graph, weights, flags, error);
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

gpen_status nn_plan_resize(nn_plan *plan, const nn_graph *graph, const nn_weights *weights, gpen_error *error)
{
    gpen_status status = check(graph, error);
    return status ? status : plan->backend->resize(plan->program, graph, weights, error);
}

void nn_plan_run(nn_plan *plan, const float *input, float *const *outputs)
{
    plan->backend->run(plan->program, input, outputs);
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

double nn_plan_peak(const nn_plan *plan)
{
    return plan->backend->peak(plan->program);
}
