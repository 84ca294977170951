/* gpen_model: a GPEN compiled for a device, with the planar buffer its pixels pass through. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "image/image.h"
#include "models/models.h"
#include "portrait/portrait.h"

struct gpen_model {
    gpen_architecture architecture;
    int64_t parameters;
    nn_device *device;
    nn_plan *plan;
    float *planar; /* [3][size][size], input and output of the plan */
    size_t planar_bytes;
};

gpen_status restorer_check(const weights *file, void *context, gpen_error *error)
{
    (void)context;
    gpen_architecture architecture;
    return gpen_architecture_read(&architecture, file, error);
}

static gpen_status compile(gpen_model *model, const weights *file, const gpen_options *options, gpen_error *error)
{
    nn_device_options device = {0};
    if (options)
        device = (nn_device_options){.threads = options->threads, .level = options->level};
    gpen_status status = gpen_architecture_read(&model->architecture, file, error);
    if (!status)
        status = nn_device_open(&model->device, &device, error);
    if (status)
        return status;
    nn_graph *graph = gpen_graph(&model->architecture, file);
    if (!graph)
        return gpen_fail_memory(error, "the network's steps", 0);
    nn_weights source = weights_for_plan(file);
    status = nn_plan_compile(&model->plan, model->device, graph, &source, 0, error);
    nn_graph_free(graph);
    if (status)
        return status;
    model->planar_bytes = (size_t)3 * (size_t)model->architecture.size * (size_t)model->architecture.size * sizeof(float);
    model->planar = aligned_new(model->planar_bytes);
    return model->planar ? GPEN_OK : gpen_fail_memory(error, "a crop", model->planar_bytes);
}

gpen_status restorer_new(gpen_model **out, const weights *file, const gpen_options *options, gpen_error *error)
{
    *out = NULL;
    gpen_model *model = calloc(1, sizeof *model);
    if (!model)
        return gpen_fail_memory(error, "a model", sizeof *model);
    for (size_t i = 0; i < weights_count(file); i++)
        model->parameters += weights_at(file, i)->count;
    gpen_status status = compile(model, file, options, error);
    if (status) {
        gpen_model_close(model);
        return status;
    }
    *out = model;
    return GPEN_OK;
}

gpen_status gpen_model_open(gpen_model **out, const char *path, const gpen_options *options, gpen_error *error)
{
    *out = NULL;
    gpen_error_clear(error);
    weights *file;
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    status = restorer_new(out, file, options, error);
    weights_close(file);
    return status;
}

void gpen_model_close(gpen_model *model)
{
    if (!model)
        return;
    nn_plan_free(model->plan);
    nn_device_close(model->device);
    aligned_free(model->planar, model->planar_bytes);
    free(model);
}

void gpen_model_describe(const gpen_model *model, gpen_model_info *info)
{
    nn_plan_info plan;
    nn_plan_describe(model->plan, &plan);
    *info = (gpen_model_info){.size = model->architecture.size,
                              .style_length = model->architecture.style_length,
                              .mapping_layers = model->architecture.mapping_layers,
                              .parameters = model->parameters,
                              .level = nn_device_level(model->device),
                              .threads = nn_device_threads(model->device),
                              .weight_bytes = plan.weight_bytes,
                              .arena_bytes = plan.arena_bytes};
}

gpen_status gpen_model_run(gpen_model *model, const float *input, float *output, gpen_error *error)
{
    if (!model || !input || !output)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model, an input and an output are needed");
    nn_plan_run(model->plan, input, &output);
    return GPEN_OK;
}

nn_plan *restorer_plan(gpen_model *model)
{
    return model->plan;
}

int restorer_size(const gpen_model *model)
{
    return model->architecture.size;
}

/* ---------------------------------------------------------------- pixels to floats and back */

static float sample_at(const gpen_image *image, int x, int y, int channel)
{
    const unsigned char *row = (const unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    size_t index = (size_t)x * (size_t)image->channels + (size_t)channel;
    return image->bits == 8 ? (float)row[index] / 255.0f : (float)((const uint16_t *)(const void *)row)[index] / 65535.0f;
}

static void set_sample(gpen_image *image, int x, int y, int channel, long value)
{
    unsigned char *row = (unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    size_t index = (size_t)x * (size_t)image->channels + (size_t)channel;
    if (image->bits == 8)
        row[index] = (unsigned char)value;
    else
        ((uint16_t *)(void *)row)[index] = (uint16_t)value;
}

/* Interleaved samples to planar -1..1; grey goes to all three planes. */
static void to_planar(const gpen_image *crop, float *planar)
{
    size_t plane = (size_t)crop->width * (size_t)crop->height;
    for (int y = 0; y < crop->height; y++)
        for (int x = 0; x < crop->width; x++)
            for (int c = 0; c < 3; c++)
                planar[(size_t)c * plane + (size_t)y * (size_t)crop->width + (size_t)x] =
                    (sample_at(crop, x, y, image_colours(crop) == 3 ? c : 0) - 0.5f) / 0.5f;
}

/* 0..1 from the network's -1..1. A number that is none becomes black. */
static float clamped(float value)
{
    value = value * 0.5f + 0.5f;
    if (!(value > 0.0f))
        return 0.0f;
    return value < 1.0f ? value : 1.0f;
}

/* The restored level: cut off at 8 bits, as the published demo does; rounded at 16. */
static long quantised(float value, int bits)
{
    return bits == 8 ? (long)(value * 255.0f) : lrintf(value * 65535.0f);
}

static long blended(long restored, float original, int bits, int strength)
{
    if (strength >= 100)
        return restored;
    float top = bits == 8 ? 255.0f : 65535.0f, share = (float)strength / 100.0f;
    return lrintf((float)restored * share + original * top * (1.0f - share));
}

/* The restored value of a colour channel; for a grey crop the luma of the three (ITU-R BT.601). */
static float restored_value(const float *planar, size_t plane, size_t pixel, int colours, int channel)
{
    if (colours == 3)
        return clamped(planar[(size_t)channel * plane + pixel]);
    return 0.299f * clamped(planar[pixel]) + 0.587f * clamped(planar[plane + pixel]) +
           0.114f * clamped(planar[2 * plane + pixel]);
}

static void from_planar(const float *planar, const gpen_image *crop, int strength, gpen_image *restored)
{
    size_t plane = (size_t)crop->width * (size_t)crop->height;
    int colours = image_colours(crop);
    for (int y = 0; y < crop->height; y++)
        for (int x = 0; x < crop->width; x++) {
            size_t pixel = (size_t)y * (size_t)crop->width + (size_t)x;
            for (int c = 0; c < colours; c++) {
                long level = quantised(restored_value(planar, plane, pixel, colours, c), crop->bits);
                set_sample(restored, x, y, c, blended(level, sample_at(crop, x, y, c), crop->bits, strength));
            }
            if (image_has_alpha(crop)) {
                float top = crop->bits == 8 ? 255.0f : 65535.0f;
                set_sample(restored, x, y, colours, lrintf(sample_at(crop, x, y, colours) * top));
            }
        }
}

void restorer_apply(gpen_model *model, const gpen_image *crop, int strength, gpen_image *restored)
{
    to_planar(crop, model->planar);
    nn_plan_run(model->plan, model->planar, &model->planar);
    from_planar(model->planar, crop, strength, restored);
}
