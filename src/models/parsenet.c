/* ParseNet, as shipped with GPEN: residual blocks that halve the picture four times, ten more at the bottom, four that double it
 * again, and a convolution to nineteen classes. All convolutions are 3x3 with reflected edges. */
#include <stdio.h>

#include "models/tensors.h"

enum { MOST_STEPS = 6, MOST_DEPTH = 64 };

typedef enum scaling { SAME, DOWN, UP } scaling;

/* The convolution `prefix`: weight, and either a bias or a normalisation. Returns its outputs. */
static int expect_conv(tensor_check *check, const char *prefix, int inputs, bool norm)
{
    int outputs = tensor_dimension(check->file, prefix, ".conv2d.weight", 4, 0);
    tensor_expect(check, prefix, ".conv2d.weight", 4, outputs, inputs, 3, 3);
    static const char *const parts[] = {".norm.norm.weight", ".norm.norm.bias", ".norm.norm.running_mean",
                                        ".norm.norm.running_var"};
    if (!norm)
        tensor_expect(check, prefix, ".conv2d.bias", 1, outputs);
    for (int i = 0; norm && i < 4; i++)
        tensor_expect(check, prefix, parts[i], 1, outputs);
    return outputs;
}

static bool has_shortcut(const weights *file, const char *block)
{
    return tensor_dimension(file, block, ".shortcut_func.conv2d.weight", 4, 0) > 0;
}

static int expect_block(tensor_check *check, const char *part, int number, int inputs)
{
    char block[64], name[96];
    snprintf(block, sizeof block, "%s.%d", part, number);
    snprintf(name, sizeof name, "%s.conv1", block);
    int outputs = expect_conv(check, name, inputs, true);
    snprintf(name, sizeof name, "%s.conv2", block);
    int last = expect_conv(check, name, outputs, true);
    snprintf(name, sizeof name, "%s.shortcut_func", block);
    int shortcut = has_shortcut(check->file, block) ? expect_conv(check, name, inputs, false) : inputs;
    if (!check->status && shortcut != last)
        check->status =
            gpen_fail(check->error, GPEN_MODEL_INVALID, "the block %s adds %d channels to %d", block, last, shortcut);
    return last;
}

/* How many blocks part.FIRST, part.FIRST+1, ... there are. */
static int count_blocks(const weights *file, const char *part, int first, int most)
{
    int count = 0;
    for (char name[64]; count < most; count++) {
        snprintf(name, sizeof name, "%s.%d", part, first + count);
        if (!tensor_dimension(file, name, ".conv1.conv2d.weight", 4, 0))
            break;
    }
    return count;
}

gpen_status parsenet_architecture_read(parsenet_architecture *a, const weights *file, gpen_error *error)
{
    *a = (parsenet_architecture){.steps = count_blocks(file, "encoder", 1, MOST_STEPS),
                                 .depth = count_blocks(file, "body", 0, MOST_DEPTH),
                                 .classes = tensor_dimension(file, "out_mask_conv", ".conv2d.weight", 4, 0)};
    tensor_check check;
    tensor_check_begin(&check, file, "ParseNet", error);
    int channels = expect_conv(&check, "encoder.0", 3, false);
    for (int i = 1; i <= a->steps; i++)
        channels = expect_block(&check, "encoder", i, channels);
    for (int i = 0; i < a->depth; i++)
        channels = expect_block(&check, "body", i, channels);
    for (int i = 0; i < a->steps; i++)
        channels = expect_block(&check, "decoder", i, channels);
    expect_conv(&check, "out_mask_conv", channels, false);
    expect_conv(&check, "out_img_conv", channels, false); /* a second head, which nobody uses */
    return tensor_check_end(&check, ".num_batches_tracked");
}

typedef struct builder {
    nn_graph *graph;
    const weights *file;
} builder;

static nn_value conv(const builder *b, const char *block, const char *name, nn_value from, scaling scale, nn_value add,
                     float slope)
{
    char prefix[96];
    snprintf(prefix, sizeof prefix, "%s%s", block, name);
    return nn_conv(b->graph, &(nn_conv_options){
                                 .input = from,
                                 .weight = tensor_weight(b->file, prefix, ".conv2d.weight", 1),
                                 .bias = tensor_weight(b->file, prefix, ".conv2d.bias", 1),
                                 .norm = {tensor_weight(b->file, prefix, ".norm.norm.weight", 1),
                                          tensor_weight(b->file, prefix, ".norm.norm.bias", 1),
                                          tensor_weight(b->file, prefix, ".norm.norm.running_mean", 1),
                                          tensor_weight(b->file, prefix, ".norm.norm.running_var", 1)},
                                 .add = add,
                                 .activation = {slope, 1.0f},
                                 .outputs = tensor_dimension(b->file, prefix, ".conv2d.weight", 4, 0),
                                 .kernel = 3,
                                 .stride = scale == DOWN ? 2 : 1,
                                 .padding = 1,
                                 .padding_mode = NN_PAD_REFLECT,
                                 .doubled = scale == UP,
                             });
}

static nn_value residual(const builder *b, const char *part, int number, nn_value from, scaling scale)
{
    const float leaky = 0.2f, linear = 1.0f;
    char block[64];
    snprintf(block, sizeof block, "%s.%d", part, number);
    nn_value shortcut = from;
    if (has_shortcut(b->file, block))
        shortcut = conv(b, block, ".shortcut_func", from, scale, NN_NONE, linear);
    nn_value map = conv(b, block, ".conv1", from, scale == UP ? UP : SAME, NN_NONE, leaky);
    return conv(b, block, ".conv2", map, scale == DOWN ? DOWN : SAME, shortcut, linear);
}

nn_graph *parsenet_graph(const parsenet_architecture *a, const weights *file)
{
    builder b = {nn_graph_new(), file};
    if (!b.graph)
        return NULL;
    nn_value map = conv(&b, "encoder.0", "", nn_image(b.graph, 3, PARSENET_SIZE, PARSENET_SIZE), SAME, NN_NONE, 1.0f);
    for (int i = 1; i <= a->steps; i++)
        map = residual(&b, "encoder", i, map, DOWN);
    nn_value coarse = map;
    for (int i = 0; i < a->depth; i++)
        map = residual(&b, "body", i, map, SAME);
    map = nn_add(b.graph, coarse, map);
    for (int i = 0; i < a->steps; i++)
        map = residual(&b, "decoder", i, map, UP);
    nn_value logits = conv(&b, "out_mask_conv", "", map, SAME, NN_NONE, 1.0f);
    nn_mark(b.graph, logits, "logits");
    nn_output(b.graph, nn_argmax(b.graph, logits));
    return b.graph;
}
