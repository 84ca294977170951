/* RetinaFace: a body (ResNet-50 or MobileNet) gives maps at strides 8, 16 and 32; a feature pyramid mixes them from coarse to
 * fine; a context module (SSH, Najibi et al., ICCV 2017) widens what each pixel sees; three 1x1 heads speak for two anchors a
 * pixel. Each part has an expect_ function, which checks its tensors, beside the one that builds it. */
#include <stdio.h>

#include "models/tensors.h"

static const nn_activation relu = {0.0f, 1.0f};
static const int resnet_blocks[4] = {3, 4, 6, 3};
static const int resnet_widths[4] = {64, 128, 256, 512};

/* MobileNet: the stride of each depthwise layer; stage 0 begins with a plain convolution. */
enum { MOBILENET_STAGES = 3, MOST_LAYERS = 6 };
static const int mobilenet_strides[MOBILENET_STAGES][MOST_LAYERS] = {{2, 1, 2, 1, 2, 1}, {2, 1, 1, 1, 1, 1}, {2, 1}};

typedef struct builder {
    nn_graph *graph;
    const weights *file;
    nn_activation activation; /* of the pyramid and the context module */
} builder;

/* ---------------------------------------------------------------- convolution and normalisation */

static void expect_norm(tensor_check *check, const char *prefix, int channels)
{
    tensor_expect(check, prefix, ".weight", 1, channels);
    tensor_expect(check, prefix, ".bias", 1, channels);
    tensor_expect(check, prefix, ".running_mean", 1, channels);
    tensor_expect(check, prefix, ".running_var", 1, channels);
}

static void expect_conv(tensor_check *check, const char *conv, const char *norm, int inputs, int outputs, int kernel)
{
    tensor_expect(check, conv, ".weight", 4, outputs, inputs, kernel, kernel);
    expect_norm(check, norm, outputs);
}

static nn_norm norm_of(const builder *b, const char *prefix)
{
    return (nn_norm){tensor_weight(b->file, prefix, ".weight", 1), tensor_weight(b->file, prefix, ".bias", 1),
                     tensor_weight(b->file, prefix, ".running_mean", 1),
                     tensor_weight(b->file, prefix, ".running_var", 1)};
}

static nn_value conv(const builder *b, const char *name, const char *norm, nn_value from, int stride, nn_value add,
                     nn_activation activation)
{
    int kernel = tensor_dimension(b->file, name, ".weight", 4, 2);
    return nn_conv(b->graph, &(nn_conv_options){.input = from,
                                                .weight = tensor_weight(b->file, name, ".weight", 1),
                                                .norm = norm_of(b, norm),
                                                .add = add,
                                                .activation = activation,
                                                .outputs = tensor_dimension(b->file, name, ".weight", 4, 0),
                                                .kernel = kernel,
                                                .stride = stride,
                                                .padding = kernel / 2,
                                                .any_size = true});
}

/* "prefix.0" and "prefix.1", as most parts name convolution and normalisation. */
static nn_value unit(const builder *b, const char *prefix, nn_value from, int stride, nn_activation activation)
{
    char name[112], norm[112];
    snprintf(name, sizeof name, "%s.0", prefix);
    snprintf(norm, sizeof norm, "%s.1", prefix);
    return conv(b, name, norm, from, stride, NN_NONE, activation);
}

static void expect_unit(tensor_check *check, const char *prefix, int inputs, int outputs, int kernel)
{
    char name[112], norm[112];
    snprintf(name, sizeof name, "%s.0", prefix);
    snprintf(norm, sizeof norm, "%s.1", prefix);
    expect_conv(check, name, norm, inputs, outputs, kernel);
}

/* ---------------------------------------------------------------- ResNet-50 (He et al., CVPR 2016) */

static void expect_resnet(tensor_check *check, int widths[3])
{
    expect_conv(check, "body.conv1", "body.bn1", 3, 64, 7);
    int inputs = 64;
    for (int layer = 0; layer < 4; layer++) {
        int middle = resnet_widths[layer], outputs = middle * 4;
        for (int i = 0; i < resnet_blocks[layer]; i++) {
            char block[64], name[96], norm[96];
            snprintf(block, sizeof block, "body.layer%d.%d", layer + 1, i);
            for (int j = 1; j <= 3; j++) {
                snprintf(name, sizeof name, "%s.conv%d", block, j);
                snprintf(norm, sizeof norm, "%s.bn%d", block, j);
                expect_conv(check, name, norm, j == 1 ? inputs : middle, j == 3 ? outputs : middle, j == 2 ? 3 : 1);
            }
            snprintf(name, sizeof name, "%s.downsample", block);
            if (i == 0)
                expect_unit(check, name, inputs, outputs, 1);
            inputs = outputs;
        }
        if (layer)
            widths[layer - 1] = outputs;
    }
}

static nn_value bottleneck(const builder *b, int layer, int i, nn_value from)
{
    char block[64], name[96], norm[96];
    int stride = i == 0 && layer > 0 ? 2 : 1;
    nn_value shortcut = from, map = from;
    snprintf(block, sizeof block, "body.layer%d.%d", layer + 1, i);
    snprintf(name, sizeof name, "%s.downsample", block);
    if (i == 0)
        shortcut = unit(b, name, from, stride, NN_LINEAR);
    for (int j = 1; j <= 3; j++) {
        snprintf(name, sizeof name, "%s.conv%d", block, j);
        snprintf(norm, sizeof norm, "%s.bn%d", block, j);
        map = conv(b, name, norm, map, j == 2 ? stride : 1, j == 3 ? shortcut : NN_NONE, relu);
    }
    return map;
}

static void resnet(const builder *b, nn_value image, nn_value maps[3])
{
    nn_value map = nn_max_pool(b->graph, conv(b, "body.conv1", "body.bn1", image, 2, NN_NONE, relu));
    for (int layer = 0; layer < 4; layer++) {
        for (int i = 0; i < resnet_blocks[layer]; i++)
            map = bottleneck(b, layer, i, map);
        if (layer)
            maps[layer - 1] = map;
    }
}

/* ---------------------------------------------------------------- MobileNet (Howard et al., 2017) */

static void mobilenet_name(char name[64], int stage, int layer)
{
    snprintf(name, 64, "body.stage%d.%d", stage + 1, layer);
}

static void expect_mobilenet(tensor_check *check, int widths[3])
{
    int inputs = 3;
    for (int stage = 0; stage < MOBILENET_STAGES; stage++) {
        for (int layer = 0; layer < MOST_LAYERS && mobilenet_strides[stage][layer]; layer++) {
            char prefix[64], name[96], norm[96];
            mobilenet_name(prefix, stage, layer);
            bool plain = stage == 0 && layer == 0;
            int outputs = tensor_dimension(check->file, prefix, plain ? ".0.weight" : ".3.weight", 4, 0);
            if (plain) {
                expect_unit(check, prefix, inputs, outputs, 3);
            } else {
                expect_unit(check, prefix, 1, inputs, 3);
                snprintf(name, sizeof name, "%s.3", prefix);
                snprintf(norm, sizeof norm, "%s.4", prefix);
                expect_conv(check, name, norm, inputs, outputs, 1);
            }
            inputs = outputs;
        }
        widths[stage] = inputs;
    }
}

static nn_value separable(const builder *b, const char *prefix, nn_value from, int stride)
{
    const nn_activation leaky = {0.1f, 1.0f};
    char name[96], norm[96];
    snprintf(norm, sizeof norm, "%s.1", prefix);
    nn_value map =
        nn_depthwise(b->graph, &(nn_depthwise_options){.input = from,
                                                       .weight = tensor_weight(b->file, prefix, ".0.weight", 1),
                                                       .norm = norm_of(b, norm),
                                                       .activation = leaky,
                                                       .stride = stride});
    snprintf(name, sizeof name, "%s.3", prefix);
    snprintf(norm, sizeof norm, "%s.4", prefix);
    return conv(b, name, norm, map, 1, NN_NONE, leaky);
}

static void mobilenet(const builder *b, nn_value image, nn_value maps[3])
{
    nn_value map = image;
    for (int stage = 0; stage < MOBILENET_STAGES; stage++) {
        for (int layer = 0; layer < MOST_LAYERS && mobilenet_strides[stage][layer]; layer++) {
            char prefix[64];
            mobilenet_name(prefix, stage, layer);
            int stride = mobilenet_strides[stage][layer];
            bool plain = stage == 0 && layer == 0;
            map = plain ? unit(b, prefix, map, stride, (nn_activation){0.1f, 1.0f}) : separable(b, prefix, map, stride);
        }
        maps[stage] = map;
    }
}

/* ---------------------------------------------------------------- pyramid, context, heads */

static const struct {
    const char *name;
    int width;
} heads[RETINAFACE_HEADS] = {{"BboxHead", 4}, {"ClassHead", 2}, {"LandmarkHead", 10}};

static void expect_top(tensor_check *check, const int widths[3], int width)
{
    char prefix[64];
    for (int level = 0; level < RETINAFACE_LEVELS; level++) {
        snprintf(prefix, sizeof prefix, "fpn.output%d", level + 1);
        expect_unit(check, prefix, widths[level], width, 1);
        snprintf(prefix, sizeof prefix, "fpn.merge%d", level + 1);
        if (level < 2)
            expect_unit(check, prefix, width, width, 3);
        static const char *const parts[] = {"conv3X3", "conv5X5_1", "conv5X5_2", "conv7X7_2", "conv7x7_3"};
        for (int i = 0; i < 5; i++) {
            snprintf(prefix, sizeof prefix, "ssh%d.%s", level + 1, parts[i]);
            expect_unit(check, prefix, i < 2 ? width : width / 4, i ? width / 4 : width / 2, 3);
        }
        for (int head = 0; head < RETINAFACE_HEADS; head++) {
            snprintf(prefix, sizeof prefix, "%s.%d.conv1x1", heads[head].name, level);
            tensor_expect(check, prefix, ".weight", 4, 2 * heads[head].width, width, 1, 1);
            tensor_expect(check, prefix, ".bias", 1, 2 * heads[head].width);
        }
    }
}

static void pyramid(const builder *b, nn_value maps[3])
{
    for (int level = 0; level < RETINAFACE_LEVELS; level++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "fpn.output%d", level + 1);
        maps[level] = unit(b, prefix, maps[level], 1, b->activation);
    }
    maps[1] = unit(b, "fpn.merge2", nn_add(b->graph, maps[1], maps[2]), 1, b->activation);
    maps[0] = unit(b, "fpn.merge1", nn_add(b->graph, maps[0], maps[1]), 1, b->activation);
}

static nn_value part(const builder *b, int level, const char *name, nn_value from, nn_activation activation)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "ssh%d.%s", level + 1, name);
    return unit(b, prefix, from, 1, activation);
}

/* 3x3, 5x5 and 7x7 windows, made of 3x3 convolutions. The published network bends after putting them together; each alone is the
 * same. */
static nn_value context(const builder *b, int level, nn_value map)
{
    nn_value shared = part(b, level, "conv5X5_1", map, b->activation);
    nn_value wider = part(b, level, "conv7X7_2", shared, b->activation);
    nn_value windows[3] = {part(b, level, "conv3X3", map, relu), part(b, level, "conv5X5_2", shared, relu),
                           part(b, level, "conv7x7_3", wider, relu)};
    return nn_concat(b->graph, windows, 3);
}

gpen_status retinaface_architecture_read(retinaface_architecture *a, const weights *file, gpen_error *error)
{
    int widths[3] = {0};
    *a = (retinaface_architecture){.resnet = weights_find(file, "body.conv1.weight") != NULL,
                                   .width = tensor_dimension(file, "fpn.output1.0", ".weight", 4, 0)};
    tensor_check check;
    tensor_check_begin(&check, file, "RetinaFace", error);
    if (a->resnet)
        expect_resnet(&check, widths);
    else
        expect_mobilenet(&check, widths);
    expect_top(&check, widths, a->width);
    return tensor_check_end(&check, ".num_batches_tracked");
}

nn_graph *retinaface_graph(const retinaface_architecture *a, const weights *file, int height, int width)
{
    enum { NARROW = 64 }; /* up to this width the published network uses a leaky slope of 0.1 */
    builder b = {.graph = nn_graph_new(), .file = file, .activation = {a->width <= NARROW ? 0.1f : 0.0f, 1.0f}};
    if (!b.graph)
        return NULL;
    nn_value image = nn_image(b.graph, 3, height, width), maps[3];
    if (a->resnet)
        resnet(&b, image, maps);
    else
        mobilenet(&b, image, maps);
    pyramid(&b, maps);
    for (int level = 0; level < RETINAFACE_LEVELS; level++) {
        nn_value map = context(&b, level, maps[level]);
        for (int head = 0; head < RETINAFACE_HEADS; head++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "%s.%d.conv1x1", heads[head].name, level);
            nn_output(b.graph, nn_conv(b.graph, &(nn_conv_options){.input = map,
                                                                   .weight = tensor_weight(file, prefix, ".weight", 1),
                                                                   .bias = tensor_weight(file, prefix, ".bias", 1),
                                                                   .activation = NN_LINEAR,
                                                                   .outputs = 2 * heads[head].width,
                                                                   .kernel = 1,
                                                                   .stride = 1,
                                                                   .any_size = true}));
        }
    }
    return b.graph;
}
