/* gpen_model: the networks of one handle, opened and closed together. */
#include <stdlib.h>

#include "portrait/room.h"

static gpen_status open_restorer(gpen_model *model, const char *path, const char *cache, gpen_error *error)
{
    weights *file;
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    status = restorer_open(&model->restorer, model->device, model->precision, file, cache, error);
    weights_close(file);
    return status;
}

const char *gpen_precision_name(gpen_precision precision)
{
    static const char *const names[] = {"auto", "fp32", "bf16"};
    return (size_t)precision < sizeof names / sizeof *names ? names[precision] : names[0];
}

static gpen_status choose_precision(gpen_model *model, gpen_precision wanted, gpen_error *error)
{
    bool has_bf16 = nn_device_has_bf16(model->device);
    if (wanted == GPEN_PRECISION_BF16 && !has_bf16)
        return gpen_fail(error, GPEN_BAD_ARGUMENT,
                         "precision bf16 needs a processor with AVX-512 BF16; here the instruction level is %s",
                         nn_device_level(model->device));
    bool bf16 = wanted == GPEN_PRECISION_BF16 || (wanted == GPEN_PRECISION_AUTO && has_bf16);
    model->precision = bf16 ? GPEN_PRECISION_BF16 : GPEN_PRECISION_FP32;
    return GPEN_OK;
}

int room_plan_flags(gpen_precision precision)
{
    return precision == GPEN_PRECISION_BF16 ? NN_BF16 : 0;
}

gpen_status room_compile(nn_plan **plan, nn_device *device, nn_graph *graph, const weights *file, int flags,
                         const char *cache, gpen_error *error)
{
    if (!graph)
        return gpen_fail_memory(error, "the network's steps", 0);
    char *kept = weights_kept_path(file, cache);
    nn_weights source = weights_for_plan(file);
    source.kept = kept;
    gpen_status status = nn_plan_compile(plan, device, graph, &source, flags, error);
    free(kept);
    nn_graph_free(graph);
    return status;
}

static gpen_status open_all(gpen_model *model, const char *path, const gpen_options *options, gpen_error *error)
{
    nn_device_options device = {.threads = options->threads, .level = options->level};
    gpen_status status = nn_device_open(&model->device, &device, error);
    if (!status)
        status = choose_precision(model, options->precision, error);
    if (!status && path)
        status = open_restorer(model, path, options->cache, error);
    if (!status && options->detector)
        status = detector_open(&model->detector, model->device, options->detector, options->cache, error);
    if (!status && options->parser)
        status = parser_open(&model->parser, model->device, model->precision, options->parser, options->cache, error);
    return status;
}

gpen_status gpen_model_open(gpen_model **out, const char *path, const gpen_options *options, gpen_error *error)
{
    *out = NULL;
    gpen_error_clear(error);
    gpen_model *model = calloc(1, sizeof *model);
    if (!model)
        return gpen_fail_memory(error, "a model", sizeof *model);
    gpen_status status = open_all(model, path, options ? options : &(gpen_options){0}, error);
    if (status) {
        gpen_model_close(model);
        return status;
    }
    *out = model;
    return GPEN_OK;
}

void gpen_model_close(gpen_model *model)
{
    if (!model)
        return;
    parser_close(&model->parser);
    detector_close(&model->detector);
    restorer_close(&model->restorer);
    nn_device_close(model->device);
    free(model);
}

void gpen_model_describe(const gpen_model *model, gpen_model_info *info)
{
    const restorer *r = &model->restorer;
    *info = (gpen_model_info){.level = nn_device_level(model->device),
                              .precision = model->precision,
                              .threads = nn_device_threads(model->device)};
    if (!r->plan)
        return;
    nn_plan_info plan;
    nn_plan_describe(r->plan, &plan);
    info->size = r->architecture.size;
    info->style_length = r->architecture.style_length;
    info->mapping_layers = r->architecture.mapping_layers;
    info->parameters = r->parameters;
    info->weight_bytes = plan.weight_bytes;
    info->arena_bytes = plan.arena_bytes;
}

gpen_status gpen_model_run(gpen_model *model, const float *input, float *output, gpen_error *error)
{
    if (!model || !input || !output)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model, an input and an output are needed");
    if (!model->restorer.plan)
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a restorer");
    nn_plan_run(model->restorer.plan, input, &output);
    return GPEN_OK;
}

static gpen_status bare_detector(detector *d, int width, int height, model_network *network, gpen_error *error)
{
    gpen_status status = detector_fit(d, width, height, error);
    if (status)
        return status;
    *network = (model_network){.plan = d->plan, .width = width, .height = height, .outputs = DETECTOR_PLANES};
    for (int i = 0; i < DETECTOR_PLANES; i++)
        network->output_counts[i] = detector_plane_floats(i, width, height);
    return GPEN_OK;
}

/* Networks of one square size. */
static model_network square_network(nn_plan *plan, int size, int channels_out)
{
    return (model_network){.plan = plan,
                           .width = size,
                           .height = size,
                           .outputs = 1,
                           .output_counts = {(size_t)channels_out * (size_t)size * (size_t)size}};
}

gpen_status model_bare_network(gpen_model *model, model_kind kind, int width, int height, model_network *network,
                               gpen_error *error)
{
    *network = (model_network){0};
    if (kind == MODEL_RESTORER && model->restorer.plan)
        *network = square_network(model->restorer.plan, model->restorer.architecture.size, 3);
    else if (kind == MODEL_PARSER && model->parser.plan)
        *network = square_network(model->parser.plan, PARSENET_SIZE, 1);
    else if (kind == MODEL_DETECTOR && model->detector.file)
        return bare_detector(&model->detector, width, height, network, error);
    else
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a %s", model_kind_name(kind));
    return GPEN_OK;
}

const char *model_kind_name(model_kind kind)
{
    static const char *const names[] = {"restorer", "detector", "parser"};
    return names[kind];
}

gpen_status model_identify(const weights *file, model_kind *kind, gpen_error *error)
{
    gpen_architecture restorer_architecture;
    retinaface_architecture detector_architecture;
    parsenet_architecture parser_architecture;
    if (weights_find(file, "ecd0.0.0.weight") || weights_find(file, "generator.input.input")) {
        *kind = MODEL_RESTORER;
        return gpen_architecture_read(&restorer_architecture, file, error);
    }
    if (weights_find(file, "fpn.output1.0.weight") || weights_find(file, "ssh1.conv3X3.0.weight")) {
        *kind = MODEL_DETECTOR;
        return retinaface_architecture_read(&detector_architecture, file, error);
    }
    if (weights_find(file, "out_mask_conv.conv2d.weight") || weights_find(file, "encoder.0.conv2d.weight")) {
        *kind = MODEL_PARSER;
        return parsenet_architecture_read(&parser_architecture, file, error);
    }
    return gpen_fail(error, GPEN_MODEL_INVALID,
                     "the tensors are of no network that this program knows (GPEN, RetinaFace, ParseNet)");
}
