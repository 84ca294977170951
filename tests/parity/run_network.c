/* Runs a network and writes what the scripts beside this file compare:
 *     run_network gpen|retinaface|parsenet WEIGHTS HEIGHT WIDTH INPUT OUTPUT [MARK FILE]...
 * INPUT is raw float32, planar [3][HEIGHT][WIDTH]. The network's outputs are written behind each other to OUTPUT, each in the order
 * channel, row, column; each MARK (style, map8, logits, ...) to its FILE. RetinaFace is first compiled for another size and then
 * resized, as it is from photo to photo. GPEN_THREADS says how many threads, GPEN_PRECISION=bf16 computes in bfloat16. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

enum { MOST_OUTPUTS = RETINAFACE_LEVELS * RETINAFACE_HEADS };

typedef struct network {
    weights *file;
    nn_device *device;
    nn_plan *plan;
    int flags;
    size_t counts[MOST_OUTPUTS]; /* numbers of each output */
    int outputs;
} network;

static gpen_status compile(network *n, nn_graph *graph, gpen_error *error)
{
    nn_weights source = weights_for_plan(n->file);
    if (!graph)
        return gpen_fail_memory(error, "a graph", 0);
    gpen_status status = n->plan
                             ? nn_plan_resize(n->plan, graph, &source, error)
                             : nn_plan_compile(&n->plan, n->device, graph, &source, NN_KEEP_MARKS | n->flags, error);
    nn_graph_free(graph);
    return status;
}

static gpen_status build_gpen(network *n, gpen_error *error)
{
    gpen_architecture a;
    gpen_status status = gpen_architecture_read(&a, n->file, error);
    n->outputs = 1;
    n->counts[0] = (size_t)3 * (size_t)a.size * (size_t)a.size;
    return status ? status : compile(n, gpen_graph(&a, n->file), error);
}

static gpen_status build_parsenet(network *n, gpen_error *error)
{
    parsenet_architecture a;
    gpen_status status = parsenet_architecture_read(&a, n->file, error);
    n->outputs = 1;
    n->counts[0] = (size_t)PARSENET_SIZE * PARSENET_SIZE;
    return status ? status : compile(n, parsenet_graph(&a, n->file), error);
}

static gpen_status build_retinaface(network *n, int height, int width, gpen_error *error)
{
    static const int widths[RETINAFACE_HEADS] = {8, 4, 20};
    retinaface_architecture a;
    gpen_status status = retinaface_architecture_read(&a, n->file, error);
    if (!status)
        status = compile(n, retinaface_graph(&a, n->file, 77, 130), error);
    for (int level = 0; level < RETINAFACE_LEVELS; level++)
        for (int head = 0; head < RETINAFACE_HEADS; head++) {
            int step = 8 << level;
            n->counts[n->outputs++] =
                (size_t)widths[head] * (size_t)((height + step - 1) / step) * (size_t)((width + step - 1) / step);
        }
    return status ? status : compile(n, retinaface_graph(&a, n->file, height, width), error);
}

static gpen_status build(network *n, const char *kind, int height, int width, gpen_error *error)
{
    if (!strcmp(kind, "gpen"))
        return build_gpen(n, error);
    if (!strcmp(kind, "parsenet"))
        return build_parsenet(n, error);
    return build_retinaface(n, height, width, error);
}

static int write_floats(const char *path, const char *mode, const float *values, size_t count)
{
    FILE *file = fopen(path, mode);
    if (!file || fwrite(values, sizeof *values, count, file) != count || fclose(file)) {
        perror(path);
        return 1;
    }
    return 0;
}

static float *new_floats(size_t count)
{
    float *values = malloc(count * sizeof *values);
    if (!values) {
        perror("run_network");
        exit(1);
    }
    return values;
}

static float *read_floats(const char *path, size_t count)
{
    float *values = new_floats(count);
    FILE *file = fopen(path, "rb");
    if (!file || fread(values, sizeof *values, count, file) != count) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return values;
}

static int write_marks(const nn_plan *plan, int count, char **names_and_files)
{
    for (int i = 0; i + 1 < count; i += 2) {
        int64_t numbers = nn_plan_read(plan, names_and_files[i], NULL);
        float *values = malloc((size_t)(numbers ? numbers : 1) * sizeof *values);
        if (!numbers || !values) {
            fprintf(stderr, "run_network: no mark %s\n", names_and_files[i]);
            free(values);
            return 1;
        }
        nn_plan_read(plan, names_and_files[i], values);
        int failed = write_floats(names_and_files[i + 1], "wb", values, (size_t)numbers);
        free(values);
        if (failed)
            return 1;
    }
    return 0;
}

static int run(network *n, const char *input_path, size_t input_count, const char *output_path)
{
    float *input = read_floats(input_path, input_count), *outputs[MOST_OUTPUTS];
    for (int i = 0; i < n->outputs; i++)
        outputs[i] = new_floats(n->counts[i]);
    nn_plan_run(n->plan, input, outputs);
    int failed = 0;
    for (int i = 0; i < n->outputs; i++) {
        failed |= write_floats(output_path, i ? "ab" : "wb", outputs[i], n->counts[i]);
        free(outputs[i]);
    }
    free(input);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr,
                "usage: run_network gpen|retinaface|parsenet WEIGHTS HEIGHT WIDTH INPUT OUTPUT [MARK FILE]...\n");
        return 2;
    }
    gpen_error error;
    const char *precision = getenv("GPEN_PRECISION");
    network n = {.flags = precision && !strcmp(precision, "bf16") ? NN_BF16 : 0};
    const char *threads = getenv("GPEN_THREADS");
    nn_device_options options = {.threads = threads ? atoi(threads) : 0};
    int height = atoi(argv[3]), width = atoi(argv[4]);
    if (weights_open(&n.file, argv[2], &error) || nn_device_open(&n.device, &options, &error) ||
        build(&n, argv[1], height, width, &error)) {
        fprintf(stderr, "run_network: %s: %s\n", gpen_status_name(error.status), error.message);
        return 1;
    }
    int failed = run(&n, argv[5], (size_t)3 * (size_t)height * (size_t)width, argv[6]) ||
                 write_marks(n.plan, argc - 7, argv + 7);
    nn_plan_free(n.plan);
    nn_device_close(n.device);
    weights_close(n.file);
    return failed;
}
