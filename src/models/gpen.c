/* The GPEN generator: an encoder finds a style and keeps its features; StyleGAN2's synthesis, from a learned 4x4 map up to
 * full size, reads the style everywhere and the encoder's features where StyleGAN2 adds noise.
 *
 * Yang et al., "GAN Prior Embedded Network for Blind Face Restoration in the Wild", CVPR 2021, figure 3; the layers are those
 * of Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020. */
#include <math.h>
#include <stdio.h>

#include "models/tensors.h"

typedef struct builder {
    nn_graph *graph;
    const weights *file;
    nn_value style; /* the mapping network's output */
} builder;

/* The tensor "prefix.name", times scale. gpen_architecture_read has made sure that it is there. */
static nn_weight tensor(const builder *b, const char *prefix, const char *name, double scale)
{
    char suffix[64];
    snprintf(suffix, sizeof suffix, ".%s", name);
    return tensor_weight(b->file, prefix, suffix, scale);
}

/* StyleGAN2 stores weights with unit variance and scales them when they are used. */
static double equalised(int fan_in)
{
    return 1.0 / sqrt((double)fan_in);
}

/* ---------------------------------------------------------------- encoder */

/* Features of all levels, features[l] with maps of 4 << l pixels. */
static void encode(builder *b, const gpen_architecture *a, nn_value image, nn_value features[])
{
    int top = a->levels - 1;
    features[top] = nn_conv(b->graph, &(nn_conv_options){.input = image,
                                                         .weight = tensor(b, "ecd0.0.0", "weight", equalised(3)),
                                                         .bias = tensor(b, "ecd0.0.1", "bias", 1),
                                                         .activation = NN_LEAKY_SCALED,
                                                         .outputs = a->channels[top],
                                                         .kernel = 1,
                                                         .stride = 1});
    for (int j = 1; j < a->levels; j++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "ecd%d.0", j);
        nn_value blurred = nn_blur(b->graph, &(nn_blur_options){.input = features[top - j + 1],
                                                                .kernel = tensor(b, prefix, "0.kernel", 1),
                                                                .before = 2,
                                                                .after = 2,
                                                                .activation = NN_LINEAR});
        features[top - j] =
            nn_conv(b->graph,
                    &(nn_conv_options){.input = blurred,
                                       .weight = tensor(b, prefix, "1.weight", equalised(9 * a->channels[top - j + 1])),
                                       .bias = tensor(b, prefix, "2.bias", 1),
                                       .activation = NN_LEAKY_SCALED,
                                       .outputs = a->channels[top - j],
                                       .kernel = 3,
                                       .stride = 2});
    }
}

/* ---------------------------------------------------------------- style */

static nn_value map_style(builder *b, const gpen_architecture *a, nn_value coarsest)
{
    const double rate = 0.01; /* the mapping network's learning rate multiplier */
    nn_value z = nn_dense(b->graph, nn_flatten(b->graph, coarsest),
                          tensor(b, "final_linear.0", "weight", equalised(16 * a->channels[0])),
                          tensor(b, "final_linear.0", "bias", 1), a->style_length, NN_LEAKY_SCALED);
    z = nn_pixel_norm(b->graph, z);
    for (int i = 1; i <= a->mapping_layers; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "generator.style.%d", i);
        z = nn_dense(b->graph, z, tensor(b, prefix, "weight", rate * equalised(a->style_length)),
                     tensor(b, prefix, "bias", rate), a->style_length, NN_LEAKY_SCALED);
    }
    nn_mark(b->graph, z, "style");
    return z;
}

/* The style of one convolution: a scale for each of its input channels. */
static nn_value modulation(builder *b, const char *prefix, int style_length, int inputs)
{
    return nn_dense(b->graph, b->style, tensor(b, prefix, "conv.modulation.weight", equalised(style_length)),
                    tensor(b, prefix, "conv.modulation.bias", 1), inputs, NN_LINEAR);
}

/* ---------------------------------------------------------------- synthesis */

/* What a styled convolution leaves: its own channels, and behind them the encoder's feature. */
typedef struct styled_map {
    nn_value map;
    nn_feature feature;
    int channels; /* of both together */
} styled_map;

static styled_map styled(builder *b, const gpen_architecture *a, const char *prefix, styled_map from, nn_value feature,
                         int outputs, bool up)
{
    nn_weight weight = tensor(b, prefix, "conv.weight", equalised(9 * from.channels));
    nn_weight bias = tensor(b, prefix, "activate.bias", 1), feature_bias = bias;
    feature_bias.offset = outputs;
    nn_value style = modulation(b, prefix, a->style_length, from.channels);
    nn_value map =
        nn_conv(b->graph, &(nn_conv_options){.input = from.map,
                                             .feature = from.feature,
                                             .style = style,
                                             .demodulation = nn_demodulate(b->graph, style, weight, outputs, 9),
                                             .weight = weight,
                                             .bias = up ? (nn_weight){0} : bias,
                                             .activation = up ? NN_LINEAR : NN_LEAKY_SCALED,
                                             .outputs = outputs,
                                             .kernel = 3,
                                             .stride = up ? 2 : 1,
                                             .padding = up ? 0 : 1,
                                             .transposed = up});
    if (up)
        map = nn_blur(b->graph, &(nn_blur_options){.input = map,
                                                   .kernel = tensor(b, prefix, "conv.blur.kernel", 1),
                                                   .before = 1,
                                                   .after = 1,
                                                   .bias = bias,
                                                   .activation = NN_LEAKY_SCALED});
    return (styled_map){map, {feature, tensor(b, prefix, "noise.weight", 1), feature_bias}, 2 * outputs};
}

static nn_value to_rgb(builder *b, const gpen_architecture *a, const char *prefix, styled_map from, nn_value below)
{
    nn_value add = below;
    if (below != NN_NONE)
        add = nn_upsample(b->graph, below, tensor(b, prefix, "upsample.kernel", 1));
    return nn_to_rgb(b->graph,
                     &(nn_to_rgb_options){.input = from.map,
                                          .feature = from.feature,
                                          .style = modulation(b, prefix, a->style_length, from.channels),
                                          .weight = tensor(b, prefix, "conv.weight", equalised(from.channels)),
                                          .bias = tensor(b, prefix, "bias", 1),
                                          .add = add,
                                          .outputs = 3});
}

static void mark_level(builder *b, int level, styled_map map, nn_value rgb)
{
    nn_mark(b->graph, map.map, "map%d", 4 << level);
    nn_mark(b->graph, rgb, "rgb%d", 4 << level);
}

nn_graph *gpen_graph(const gpen_architecture *a, const weights *file)
{
    builder b = {.graph = nn_graph_new(), .file = file};
    if (!b.graph)
        return NULL;
    nn_value features[GPEN_MAX_LEVELS];
    encode(&b, a, nn_image(b.graph, 3, a->size, a->size), features);
    b.style = map_style(&b, a, features[0]);

    nn_value start = nn_constant(b.graph, tensor(&b, "generator.input", "input", 1), a->channels[0], 4, 4);
    styled_map map = {.map = start, .channels = a->channels[0]};
    map = styled(&b, a, "generator.conv1", map, features[0], a->channels[0], false);
    nn_value rgb = to_rgb(&b, a, "generator.to_rgb1", map, NN_NONE);
    mark_level(&b, 0, map, rgb);
    for (int level = 1; level < a->levels; level++) {
        char up[32], same[32], picture[32];
        snprintf(up, sizeof up, "generator.convs.%d", 2 * level - 2);
        snprintf(same, sizeof same, "generator.convs.%d", 2 * level - 1);
        snprintf(picture, sizeof picture, "generator.to_rgbs.%d", level - 1);
        map = styled(&b, a, up, map, features[level], a->channels[level], true);
        map = styled(&b, a, same, map, features[level], a->channels[level], false);
        rgb = to_rgb(&b, a, picture, map, rgb);
        mark_level(&b, level, map, rgb);
    }
    nn_output(b.graph, rgb);
    return b.graph;
}
