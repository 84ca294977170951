/* Tensors by name, and the check of a whole file: MODEL_INVALID names the first tensor that is missing, misshapen or unknown. */
#include "models/tensors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LENGTH = 160, MOST_CHANNELS = 8192 };

static int find(const weights *file, const char *prefix, const char *suffix, char name[NAME_LENGTH])
{
    snprintf(name, NAME_LENGTH, "%s%s", prefix, suffix);
    for (size_t i = 0; i < weights_count(file); i++)
        if (!strcmp(weights_at(file, i)->name, name))
            return (int)i;
    return -1;
}

nn_weight tensor_weight(const weights *file, const char *prefix, const char *suffix, double scale)
{
    char name[NAME_LENGTH];
    int index = find(file, prefix, suffix, name);
    if (index < 0)
        return (nn_weight){0};
    return (nn_weight){.tensor = index + 1, .count = weights_at(file, (size_t)index)->count, .scale = (float)scale};
}

int tensor_dimension(const weights *file, const char *prefix, const char *suffix, int rank, int dimension)
{
    char name[NAME_LENGTH];
    int index = find(file, prefix, suffix, name);
    if (index < 0)
        return 0;
    const weights_tensor *tensor = weights_at(file, (size_t)index);
    if (tensor->rank != rank || tensor->shape[dimension] < 1 || tensor->shape[dimension] > MOST_CHANNELS)
        return 0;
    return (int)tensor->shape[dimension];
}

void tensor_check_begin(tensor_check *check, const weights *file, const char *network, gpen_error *error)
{
    *check = (tensor_check){.file = file, .network = network, .error = error};
    check->known = calloc(weights_count(file) + 1, sizeof *check->known);
    if (!check->known)
        check->status = gpen_fail_memory(error, "checking a model", weights_count(file));
}

static void describe_shape(char *text, size_t capacity, int rank, const int64_t *shape)
{
    size_t used = (size_t)snprintf(text, capacity, "[");
    for (int i = 0; i < rank && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, i ? " %lld" : "%lld", (long long)shape[i]);
    if (used < capacity)
        snprintf(text + used, capacity - used, "]");
}

static bool is_floating(weights_dtype dtype)
{
    return dtype == WEIGHTS_F64 || dtype == WEIGHTS_F32 || dtype == WEIGHTS_F16 || dtype == WEIGHTS_BF16;
}

static gpen_status compare(tensor_check *check, const weights_tensor *tensor, int rank, const int64_t *shape)
{
    if (tensor->rank != rank || memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape)) {
        char is[128], should[128];
        describe_shape(is, sizeof is, tensor->rank, tensor->shape);
        describe_shape(should, sizeof should, rank, shape);
        return gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s has the shape %s, not %s", tensor->name, is,
                         should);
    }
    if (!is_floating(tensor->dtype))
        return gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s holds %s, not floating-point numbers",
                         tensor->name, weights_dtype_name(tensor->dtype));
    return GPEN_OK;
}

void tensor_expect(tensor_check *check, const char *prefix, const char *suffix, int rank, ...)
{
    if (check->status)
        return;
    char name[NAME_LENGTH];
    int index = find(check->file, prefix, suffix, name);
    if (index < 0) {
        check->status =
            gpen_fail(check->error, GPEN_MODEL_INVALID, "no %s model: the tensor %s is missing", check->network, name);
        return;
    }
    int64_t shape[WEIGHTS_MAX_RANK];
    va_list arguments;
    va_start(arguments, rank);
    for (int i = 0; i < rank; i++)
        shape[i] = va_arg(arguments, int);
    va_end(arguments);
    check->known[index] = true;
    check->status = compare(check, weights_at(check->file, (size_t)index), rank, shape);
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = suffix ? strlen(suffix) : 0;
    return end && length >= end && !strcmp(name + length - end, suffix);
}

gpen_status tensor_check_end(tensor_check *check, const char *ignored_suffix)
{
    for (size_t i = 0; !check->status && i < weights_count(check->file); i++) {
        const char *name = weights_at(check->file, i)->name;
        if (!check->known[i] && !ends_with(name, ignored_suffix))
            check->status = gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s does not belong to a %s model",
                                      name, check->network);
    }
    free(check->known);
    check->known = NULL;
    return check->status;
}

static gpen_status read_tensor(void *context, int number, float *values, int64_t count, gpen_error *error)
{
    const weights *file = context;
    const weights_tensor *wanted = weights_at(file, (size_t)number - 1);
    if (wanted->count != count)
        return gpen_fail(error, GPEN_MODEL_INVALID, "the tensor %s has another size than the network", wanted->name);
    return weights_read_f32(file, wanted, values, error);
}

nn_weights weights_for_plan(const weights *file)
{
    return (nn_weights){.context = (void *)(uintptr_t)file, .read = read_tensor};
}
