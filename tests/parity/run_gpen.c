/* Runs a GPEN and writes what tests/parity/gpen_parity.py compares:
 *     run_gpen WEIGHTS INPUT OUTPUT [MARK FILE]...
 * INPUT and OUTPUT are raw float32, planar [3][size][size]; each MARK (style, map8, rgb8, ...) is written to its FILE. */
#include <stdio.h>
#include <stdlib.h>

#include "models/models.h"

static int fail(const gpen_error *error)
{
    fprintf(stderr, "run_gpen: %s: %s\n", gpen_status_name(error->status), error->message);
    return 1;
}

static int write_floats(const char *path, const float *values, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(values, sizeof *values, count, file) != count || fclose(file)) {
        perror(path);
        return 1;
    }
    return 0;
}

static int write_marks(const nn_plan *plan, int count, char **names_and_files)
{
    for (int i = 0; i + 1 < count; i += 2) {
        int64_t numbers = nn_plan_read(plan, names_and_files[i], NULL);
        float *values = malloc((size_t)(numbers ? numbers : 1) * sizeof *values);
        if (!numbers || !values) {
            fprintf(stderr, "run_gpen: no mark %s\n", names_and_files[i]);
            free(values);
            return 1;
        }
        nn_plan_read(plan, names_and_files[i], values);
        int failed = write_floats(names_and_files[i + 1], values, (size_t)numbers);
        free(values);
        if (failed)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: run_gpen WEIGHTS INPUT OUTPUT [MARK FILE]...\n");
        return 2;
    }
    gpen_error error;
    gpen_architecture architecture;
    weights *file = NULL;
    nn_device *device = NULL;
    nn_plan *plan = NULL;
    const char *threads = getenv("GPEN_THREADS");
    nn_device_options options = {.threads = threads ? atoi(threads) : 0};
    if (weights_open(&file, argv[1], &error) || gpen_architecture_read(&architecture, file, &error) ||
        nn_device_open(&device, &options, &error))
        return fail(&error);
    nn_graph *graph = gpen_graph(&architecture, file);
    nn_weights source = weights_for_plan(file);
    if (!graph || nn_plan_compile(&plan, device, graph, &source, argc > 4 ? NN_KEEP_MARKS : 0, &error))
        return fail(&error);
    nn_graph_free(graph);
    weights_close(file);

    size_t count = (size_t)3 * (size_t)architecture.size * (size_t)architecture.size;
    float *values = malloc(count * sizeof *values);
    FILE *input = fopen(argv[2], "rb");
    if (!values || !input || fread(values, sizeof *values, count, input) != count) {
        perror(argv[2]);
        return 1;
    }
    fclose(input);
    nn_plan_run(plan, values, &values);
    int failed = write_floats(argv[3], values, count) || write_marks(plan, argc - 4, argv + 4);
    free(values);
    nn_plan_free(plan);
    nn_device_close(device);
    return failed;
}
