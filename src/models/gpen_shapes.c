/* Which tensors a GPEN has, and in which shapes: the check before anything is built from a file.
 *
 * Names are those of the published checkpoints: ecdN the encoder from full size down to 4x4, final_linear its code,
 * generator.style the mapping network, generator.conv1 and convs the styled convolutions from 4x4 up, to_rgbs their pictures. */
#include <stdio.h>

#include "models/tensors.h"

static void expect_styled(tensor_check *check, const char *prefix, int inputs, int outputs, int style, bool up)
{
    tensor_expect(check, prefix, ".conv.weight", 5, 1, outputs, inputs, 3, 3);
    if (up)
        tensor_expect(check, prefix, ".conv.blur.kernel", 2, 4, 4);
    tensor_expect(check, prefix, ".conv.modulation.weight", 2, inputs, style);
    tensor_expect(check, prefix, ".conv.modulation.bias", 1, inputs);
    tensor_expect(check, prefix, ".noise.weight", 1, 1);
    tensor_expect(check, prefix, ".activate.bias", 1, 2 * outputs);
}

static void expect_to_rgb(tensor_check *check, const char *prefix, int inputs, int style, bool up)
{
    tensor_expect(check, prefix, ".bias", 4, 1, 3, 1, 1);
    if (up)
        tensor_expect(check, prefix, ".upsample.kernel", 2, 4, 4);
    tensor_expect(check, prefix, ".conv.weight", 5, 1, 3, inputs, 1, 1);
    tensor_expect(check, prefix, ".conv.modulation.weight", 2, inputs, style);
    tensor_expect(check, prefix, ".conv.modulation.bias", 1, inputs);
}

static void expect_generator(tensor_check *check, const gpen_architecture *a)
{
    char prefix[64];
    for (int i = 1; i <= a->mapping_layers; i++) {
        snprintf(prefix, sizeof prefix, "generator.style.%d", i);
        tensor_expect(check, prefix, ".weight", 2, a->style_length, a->style_length);
        tensor_expect(check, prefix, ".bias", 1, a->style_length);
    }
    tensor_expect(check, "generator.input.input", "", 4, 1, a->channels[0], 4, 4);
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

static void expect_encoder(tensor_check *check, const gpen_architecture *a)
{
    char prefix[64];
    int top = a->levels - 1;
    tensor_expect(check, "ecd0.0.0.weight", "", 4, a->channels[top], 3, 1, 1);
    tensor_expect(check, "ecd0.0.1.bias", "", 1, a->channels[top]);
    for (int j = 1; j < a->levels; j++) {
        snprintf(prefix, sizeof prefix, "ecd%d.0.", j);
        tensor_expect(check, prefix, "0.kernel", 2, 4, 4);
        tensor_expect(check, prefix, "1.weight", 4, a->channels[top - j], a->channels[top - j + 1], 3, 3);
        tensor_expect(check, prefix, "2.bias", 1, a->channels[top - j]);
    }
    tensor_expect(check, "final_linear.0.weight", "", 2, a->style_length, 16 * a->channels[0]);
    tensor_expect(check, "final_linear.0.bias", "", 1, a->style_length);
}

/* Channels that the encoder's convolution j makes; 0 when there is none. */
static int encoder_width(const weights *file, int j)
{
    char name[64];
    snprintf(name, sizeof name, "ecd%d.0.%d", j, j ? 1 : 0);
    return tensor_dimension(file, name, ".weight", 4, 0);
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
        return gpen_fail(error, GPEN_MODEL_INVALID,
                         "a GPEN of %d encoder layers: sizes from 64 to 2048 pixels have 5 to 10", levels);
    *a = (gpen_architecture){.size = 4 << (levels - 1), .levels = levels};
    for (int j = 0; j < levels; j++)
        a->channels[levels - 1 - j] = encoder_width(file, j);
    a->style_length = tensor_dimension(file, "final_linear.0", ".bias", 1, 0);
    if (!a->style_length)
        return gpen_fail(error, GPEN_MODEL_INVALID,
                         "no GPEN model: the tensor final_linear.0.bias is missing or misshapen");
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
    tensor_check check;
    tensor_check_begin(&check, file, "GPEN", error);
    expect_encoder(&check, architecture);
    expect_generator(&check, architecture);
    return tensor_check_end(&check, NULL);
}
