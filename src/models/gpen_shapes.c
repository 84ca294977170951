/* Which tensors a GPEN has, and in which shapes: the check before anything is built from a file.
 *
 * Names are those of the published checkpoints: ecdN the encoder from full size down to 4x4, final_linear its code,
 * generator.style the mapping network, generator.conv1 and convs the styled convolutions from 4x4 up, to_rgbs their pictures. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

typedef struct checker {
    const weights *file;
    bool *known; /* one for each tensor of the file */
    gpen_error *error;
    gpen_status status;
} checker;

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

static int find_index(const weights *file, const char *name)
{
    for (size_t i = 0; i < weights_count(file); i++)
        if (!strcmp(weights_at(file, i)->name, name))
            return (int)i;
    return -1;
}

/* The tensor `name` must be there with this shape. */
static void expect(checker *check, const char *name, int rank, const int64_t *shape)
{
    if (check->status)
        return;
    int index = find_index(check->file, name);
    if (index < 0) {
        check->status = gpen_fail(check->error, GPEN_MODEL_INVALID, "no GPEN model: the tensor %s is missing", name);
        return;
    }
    const weights_tensor *tensor = weights_at(check->file, (size_t)index);
    check->known[index] = true;
    if (tensor->rank != rank || memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape)) {
        char is[128], should[128];
        describe_shape(is, sizeof is, tensor->rank, tensor->shape);
        describe_shape(should, sizeof should, rank, shape);
        check->status =
            gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s has the shape %s, not %s", name, is, should);
    } else if (!is_floating(tensor->dtype)) {
        check->status = gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s holds %s, not floating-point numbers", name,
                                  weights_dtype_name(tensor->dtype));
    }
}

/* expect() with the name made of prefix and suffix and the shape as arguments. */
static void expect_shape(checker *check, const char *prefix, const char *suffix, int rank, ...)
{
    char name[160];
    int64_t shape[WEIGHTS_MAX_RANK];
    snprintf(name, sizeof name, "%s%s", prefix, suffix);
    va_list arguments;
    va_start(arguments, rank);
    for (int i = 0; i < rank; i++)
        shape[i] = va_arg(arguments, int);
    va_end(arguments);
    expect(check, name, rank, shape);
}

static void expect_styled(checker *check, const char *prefix, int inputs, int outputs, int style, bool up)
{
    expect_shape(check, prefix, ".conv.weight", 5, 1, outputs, inputs, 3, 3);
    if (up)
        expect_shape(check, prefix, ".conv.blur.kernel", 2, 4, 4);
    expect_shape(check, prefix, ".conv.modulation.weight", 2, inputs, style);
    expect_shape(check, prefix, ".conv.modulation.bias", 1, inputs);
    expect_shape(check, prefix, ".noise.weight", 1, 1);
    expect_shape(check, prefix, ".activate.bias", 1, 2 * outputs);
}

static void expect_to_rgb(checker *check, const char *prefix, int inputs, int style, bool up)
{
    expect_shape(check, prefix, ".bias", 4, 1, 3, 1, 1);
    if (up)
        expect_shape(check, prefix, ".upsample.kernel", 2, 4, 4);
    expect_shape(check, prefix, ".conv.weight", 5, 1, 3, inputs, 1, 1);
    expect_shape(check, prefix, ".conv.modulation.weight", 2, inputs, style);
    expect_shape(check, prefix, ".conv.modulation.bias", 1, inputs);
}

static void expect_generator(checker *check, const gpen_architecture *a)
{
    char prefix[64];
    for (int i = 1; i <= a->mapping_layers; i++) {
        snprintf(prefix, sizeof prefix, "generator.style.%d", i);
        expect_shape(check, prefix, ".weight", 2, a->style_length, a->style_length);
        expect_shape(check, prefix, ".bias", 1, a->style_length);
    }
    expect_shape(check, "generator.input.input", "", 4, 1, a->channels[0], 4, 4);
    expect_styled(check, "generator.conv1", a->channels[0], a->channels[0], a->style_length, false);
    expect_to_rgb(check, "generator.to_rgb1", 2 * a->channels[0], a->style_length, false);
    for (int level = 1; level < a->levels; level++) {
        int below = a->channels[level - 1], here = a->channels[level];
        snprintf(prefix, sizeof prefix, "generator.convs.%d", 2 * level - 2);
        expect_styled(check, prefix, 2 * below, here, a->style_length, true);
        snprintf(prefix, sizeof prefix, "generator.convs.%d", 2 * level - 1);
        expect_styled(check, prefix, 2 * here, here, a->style_length, false);
        snprintf(prefix, sizeof prefix, "generator.to_rgbs.%d", level - 1);
        expect_to_rgb(check, prefix, 2 * here, a->style_length, true);
    }
}

static void expect_encoder(checker *check, const gpen_architecture *a)
{
    char prefix[64];
    int top = a->levels - 1;
    expect_shape(check, "ecd0.0.0.weight", "", 4, a->channels[top], 3, 1, 1);
    expect_shape(check, "ecd0.0.1.bias", "", 1, a->channels[top]);
    for (int j = 1; j < a->levels; j++) {
        snprintf(prefix, sizeof prefix, "ecd%d.0.", j);
        expect_shape(check, prefix, "0.kernel", 2, 4, 4);
        expect_shape(check, prefix, "1.weight", 4, a->channels[top - j], a->channels[top - j + 1], 3, 3);
        expect_shape(check, prefix, "2.bias", 1, a->channels[top - j]);
    }
    expect_shape(check, "final_linear.0.weight", "", 2, a->style_length, 16 * a->channels[0]);
    expect_shape(check, "final_linear.0.bias", "", 1, a->style_length);
}

static void refuse_others(checker *check)
{
    for (size_t i = 0; !check->status && i < weights_count(check->file); i++)
        if (!check->known[i])
            check->status = gpen_fail(check->error, GPEN_MODEL_INVALID, "the tensor %s does not belong to a GPEN model",
                                      weights_at(check->file, i)->name);
}

/* First dimension of the encoder's convolution j; 0 when there is none. */
static int encoder_width(const weights *file, int j)
{
    char name[64];
    snprintf(name, sizeof name, "ecd%d.0.%d.weight", j, j ? 1 : 0);
    const weights_tensor *tensor = weights_find(file, name);
    if (!tensor || tensor->rank != 4 || tensor->shape[0] < 1 || tensor->shape[0] > 4096)
        return 0;
    return (int)tensor->shape[0];
}

/* Sizes from the few tensors that say them; all others are then checked against these. */
static gpen_status read_sizes(gpen_architecture *a, const weights *file, gpen_error *error)
{
    enum { LEAST_LEVELS = 5 };
    int levels = 0;
    while (levels < GPEN_MAX_LEVELS && encoder_width(file, levels))
        levels++;
    if (!levels)
        return gpen_fail(error, GPEN_MODEL_INVALID, "no GPEN model: the tensor ecd0.0.0.weight is missing");
    if (levels < LEAST_LEVELS || encoder_width(file, levels))
        return gpen_fail(error, GPEN_MODEL_INVALID, "a GPEN of %d encoder layers: sizes from 64 to 2048 pixels have 5 to 10",
                         levels);
    *a = (gpen_architecture){.size = 4 << (levels - 1), .levels = levels};
    for (int j = 0; j < levels; j++)
        a->channels[levels - 1 - j] = encoder_width(file, j);
    const weights_tensor *code = weights_find(file, "final_linear.0.bias");
    if (!code || code->rank != 1 || code->shape[0] < 1 || code->shape[0] > 8192)
        return gpen_fail(error, GPEN_MODEL_INVALID, "no GPEN model: the tensor final_linear.0.bias is missing or misshapen");
    a->style_length = (int)code->shape[0];
    char name[64];
    do
        snprintf(name, sizeof name, "generator.style.%d.weight", ++a->mapping_layers);
    while (weights_find(file, name));
    if (--a->mapping_layers < 1)
        return gpen_fail(error, GPEN_MODEL_INVALID, "no GPEN model: the tensor generator.style.1.weight is missing");
    return GPEN_OK;
}

gpen_status gpen_architecture_read(gpen_architecture *architecture, const weights *file, gpen_error *error)
{
    gpen_status status = read_sizes(architecture, file, error);
    if (status)
        return status;
    checker check = {.file = file, .error = error, .known = calloc(weights_count(file), sizeof(bool))};
    if (!check.known)
        return gpen_fail_memory(error, "checking a model", weights_count(file));
    expect_encoder(&check, architecture);
    expect_generator(&check, architecture);
    refuse_others(&check);
    free(check.known);
    return check.status;
}
