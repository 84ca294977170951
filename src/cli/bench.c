/* `gpen bench`: how long the bare network takes here, how much memory, and what its output's bits are. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/process_memory.h"
#include "cli/cli.h"
#include "cli/machine.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/text.h"
#include "portrait/portrait.h"

typedef struct bench_settings {
    const char *model;
    const char *output; /* a file for the network's numbers; NULL: none */
    const char *size;   /* as written; NULL: the default */
    int width, height;  /* a detector's input */
    int threads, runs, warmup, precision;
    bool layers, json;
} bench_settings;

typedef struct measurement {
    const char *name;
    model_kind kind;
    gpen_model_info info; /* level and threads */
    model_network network;
    nn_plan_info plan;
    double *seconds; /* [runs], ascending */
    double median;
    int64_t peak;       /* bytes */
    double peak_gflops; /* what the processor could do, GFLOP/s */
    uint64_t output_hash;
} measurement;

enum { LEAST_SIDE = 32, MOST_SIDE = 8192 }; /* of a detector's input */

static const double MEBI = 1024.0 * 1024.0;

static int parse(int argc, char **argv, bench_settings *settings, int *operands)
{
    const command_option options[] = {
        {"models", "model", 0, "NAME|FILE",
         "A restorer, a detector or a parser. Default: the\n"
         "best restorer that is installed",
         .text = &settings->model},
        {"models", "size", 0, "WxH",
         "Of the picture for a detector, 32 to 8192.\n"
         "Default: 1000x640",
         .text = &settings->size},
        {"machine", "threads", 0, "N", "1 to 256. Default: one for each processor", .number = &settings->threads,
         .low = 1, .high = 256},
        {"machine", "precision", 0, "P", "auto, fp32 or bf16. Default: fp32; a detector's only one",
         .choice = &settings->precision, .choices = precision_choices},
        {"running", "runs", 0, "N", "How many runs are timed. Default: 5", .number = &settings->runs, .low = 1,
         .high = 10000},
        {"running", "warmup", 0, "N", "How many go before. Default: 1", .number = &settings->warmup, .low = 0,
         .high = 10000},
        {"running", "layers", 0, NULL, "Each step of the network, as it took in the last run",
         .flag = &settings->layers},
        {"running", "output", 0, "FILE", "Write the network's numbers there: raw 32-bit floats",
         .text = &settings->output},
        {"running", "json", 0, NULL, "One JSON object on standard output", .flag = &settings->json},
    };
    const command_manual manual = {
        .command = "bench",
        .purpose = "how fast a model runs here",
        .usage = "gpen bench [--model NAME|FILE] [option...]",
        .examples = "gpen bench\n"
                    "gpen bench --model GPEN-BFR-512 --threads 2 --runs 9\n"
                    "gpen bench --model RetinaFace-R50 --size 1000x640\n"
                    "GPEN_CPU=avx2 gpen bench --json",
        .notes = "The network alone is timed, on an input that is always the same: no picture is\n"
                 "read or written. The output's hash is the same for any number of threads.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    return options_parse(&manual, argc, argv, operands);
}

/* ---------------------------------------------------------------- measuring */

/* Numbers in -1..1, always the same (splitmix64). */
static void fill_input(float *values, size_t count)
{
    uint64_t state = 2021;
    for (size_t i = 0; i < count; i++) {
        state += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t mixed = (state ^ state >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
        values[i] = (float)(mixed >> 40) * 0x1p-23f - 1.0f;
    }
}

/* FNV-1a over the numbers' bits, byte by byte from the lowest, so that every machine means the same. */
static uint64_t hash_bits(const float *values, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int shift = 0; shift < 32; shift += 8)
            hash = (hash ^ (bits >> shift & 0xFF)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *sorted, int count)
{
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* Runs the network; values: its input, then room for its outputs. */
static void time_runs(const model_network *network, const bench_settings *settings, float *values, size_t inputs,
                      double *seconds)
{
    float *outputs[NN_MAX_OUTPUTS], *at = values + inputs;
    for (int i = 0; i < network->outputs; i++) {
        outputs[i] = at;
        at += network->output_counts[i];
    }
    for (int i = -settings->warmup; i < settings->runs; i++) {
        double begun = clock_seconds();
        nn_plan_run(network->plan, values, outputs);
        if (i >= 0)
            seconds[i] = clock_seconds() - begun;
    }
}

static gpen_status write_output(const char *path, const float *values, size_t count, gpen_error *error)
{
    atomic_file file;
    gpen_status status = atomic_file_begin(&file, path, error);
    if (status)
        return status;
    status = atomic_file_write(&file, values, count * sizeof *values, error);
    if (!status)
        return atomic_file_commit(&file, true, error);
    atomic_file_abandon(&file);
    return status;
}

/* result has the network; its seconds have room for the runs. */
static gpen_status measure(const bench_settings *settings, measurement *result, gpen_error *error)
{
    const model_network *network = &result->network;
    size_t inputs = (size_t)3 * (size_t)network->width * (size_t)network->height, outputs = 0;
    for (int i = 0; i < network->outputs; i++)
        outputs += network->output_counts[i];
    float *values = calloc(inputs + outputs, sizeof *values);
    if (!values)
        return gpen_fail_memory(error, "the network's input and output", (inputs + outputs) * sizeof *values);
    fill_input(values, inputs);
    time_runs(network, settings, values, inputs, result->seconds);
    qsort(result->seconds, (size_t)settings->runs, sizeof *result->seconds, compare_numbers);
    result->median = median(result->seconds, settings->runs);
    result->peak = process_peak_memory(0);
    result->peak_gflops = nn_plan_peak(network->plan);
    result->output_hash = hash_bits(values + inputs, outputs);
    gpen_status status = settings->output ? write_output(settings->output, values + inputs, outputs, error) : GPEN_OK;
    free(values);
    return status;
}

/* ---------------------------------------------------------------- telling */

static double share_of_peak(const measurement *result, double gflop, double seconds)
{
    return seconds > 0 ? gflop / seconds / result->peak_gflops : 0;
}

static void print_layers_json(json_writer *json, const measurement *result)
{
    nn_step_info step;
    json_array(json, "layers");
    for (int i = 0; nn_plan_step(result->network.plan, i, &step); i++) {
        json_object(json, NULL);
        json_text(json, "name", step.name);
        json_number(json, "seconds", step.seconds);
        json_number(json, "gflop_direct", step.gflop_direct);
        json_number(json, "gflop_executed", step.gflop_executed);
        json_number(json, "share_of_peak", share_of_peak(result, step.gflop_executed, step.seconds));
        json_object_end(json);
    }
    json_array_end(json);
}

static void print_json(const measurement *result, const bench_settings *settings)
{
    char hash[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)result->output_hash);
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_path(&json, "name", result->name);
    json_text(&json, "kind", model_kind_name(result->kind));
    json_integer(&json, "width", result->network.width);
    json_integer(&json, "height", result->network.height);
    json_text(&json, "precision", gpen_precision_name(result->info.precision));
    json_text(&json, "level", result->info.level);
    json_integer(&json, "threads", result->info.threads);
    json_integer(&json, "runs", settings->runs);
    json_number(&json, "median_s", result->median);
    json_number(&json, "min_s", result->seconds[0]);
    json_array(&json, "seconds");
    for (int i = 0; i < settings->runs; i++)
        json_number(&json, NULL, result->seconds[i]);
    json_array_end(&json);
    json_number(&json, "peak_mib", (double)result->peak / MEBI);
    json_number(&json, "weight_mib", (double)result->plan.weight_bytes / MEBI);
    json_number(&json, "arena_mib", (double)result->plan.arena_bytes / MEBI);
    json_number(&json, "gflop_direct", result->plan.gflop_direct);
    json_number(&json, "gflop_executed", result->plan.gflop_executed);
    json_number(&json, "gflops_executed", result->plan.gflop_executed / result->median);
    json_number(&json, "peak_gflops", result->peak_gflops);
    json_number(&json, "share_of_peak", share_of_peak(result, result->plan.gflop_executed, result->median));
    json_text(&json, "output_hash", hash);
    if (settings->layers)
        print_layers_json(&json, result);
    json_object_end(&json);
    json_end_line(&json);
}

static void print_layers(const measurement *result)
{
    nn_step_info step;
    printf("\n%-56s %10s %10s %10s %9s %5s\n", "STEP", "SECONDS", "GFLOP", "EXECUTED", "GFLOP/s", "PEAK");
    for (int i = 0; nn_plan_step(result->network.plan, i, &step); i++)
        printf("%-56s %10.6f %10.4f %10.4f %9.1f %4.0f%%\n", step.name, step.seconds, step.gflop_direct,
               step.gflop_executed, step.seconds > 0 ? step.gflop_executed / step.seconds : 0.0,
               100 * share_of_peak(result, step.gflop_executed, step.seconds));
}

static void print_text(const measurement *result, const bench_settings *settings)
{
    text_print(stdout, result->name);
    printf(": %dx%d px, %s, %s, %d thread%s\n", result->network.width, result->network.height,
           gpen_precision_name(result->info.precision), result->info.level, result->info.threads,
           result->info.threads == 1 ? "" : "s");
    printf("  time      %.4f s median, %.4f s at best, of %d run%s\n", result->median, result->seconds[0],
           settings->runs, settings->runs == 1 ? "" : "s");
    printf("  work      %.1f GFLOP executed (%.1f counted directly): %.1f GFLOP/s, %.0f %% of the peak\n",
           result->plan.gflop_executed, result->plan.gflop_direct, result->plan.gflop_executed / result->median,
           100 * share_of_peak(result, result->plan.gflop_executed, result->median));
    printf("  memory    %.0f MiB at most: weights %.0f MiB, activations %.0f MiB\n", (double)result->peak / MEBI,
           (double)result->plan.weight_bytes / MEBI, (double)result->plan.arena_bytes / MEBI);
    printf("  output    %016llx\n", (unsigned long long)result->output_hash);
    if (settings->layers)
        print_layers(result);
}

/* A handle with nothing in it but this model. */
static gpen_status open_alone(gpen_model **model, const char *path, model_kind kind, const bench_settings *settings,
                              gpen_error *error)
{
    gpen_options options = {.threads = settings->threads,
                            .precision = (gpen_precision)settings->precision,
                            .detector = kind == MODEL_DETECTOR ? path : NULL,
                            .parser = kind == MODEL_PARSER ? path : NULL};
    return gpen_model_open(model, kind == MODEL_RESTORER ? path : NULL, &options, error);
}

static gpen_status find_kind(const bench_settings *settings, const char *path, model_kind *kind, gpen_error *error)
{
    model_facts facts;
    gpen_status status = model_facts_read(path, &facts, error);
    if (status)
        return status;
    if (!facts.known)
        return GPEN_MODEL_INVALID; /* *error says why */
    *kind = facts.kind;
    if (settings->size && facts.kind != MODEL_DETECTOR)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "only a detector takes any size; this is a %s",
                         model_kind_name(facts.kind));
    if (settings->precision == GPEN_PRECISION_BF16 && facts.kind == MODEL_DETECTOR)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "faces are always found in fp32");
    return GPEN_OK;
}

static gpen_status measure_model(gpen_model *model, const bench_settings *settings, measurement *result,
                                 gpen_error *error)
{
    gpen_status status =
        model_bare_network(model, result->kind, settings->width, settings->height, &result->network, error);
    if (status)
        return status;
    gpen_model_describe(model, &result->info);
    if (result->kind == MODEL_DETECTOR)
        result->info.precision = GPEN_PRECISION_FP32;
    nn_plan_describe(result->network.plan, &result->plan);
    result->seconds = calloc((size_t)settings->runs, sizeof *result->seconds);
    if (!result->seconds)
        return gpen_fail_memory(error, "the times", (size_t)settings->runs * sizeof *result->seconds);
    return measure(settings, result, error);
}

static gpen_status run(const bench_settings *settings, gpen_error *error)
{
    model_choice choice;
    gpen_model *model = NULL;
    measurement result = {0};
    gpen_status status = model_choose(&choice, MODEL_RESTORER, settings->model, error);
    if (!status)
        status = find_kind(settings, choice.path, &result.kind, error);
    if (!status)
        status = open_alone(&model, choice.path, result.kind, settings, error);
    if (!status)
        status = measure_model(model, settings, &result, error);
    result.name = choice.name;
    if (!status && settings->json)
        print_json(&result, settings);
    else if (!status)
        print_text(&result, settings);
    free(result.seconds);
    gpen_model_close(model);
    model_choice_free(&choice);
    return status;
}

/* "1000x640" */
static bool read_size(const char *text, int *width, int *height)
{
    int end = 0;
    return sscanf(text, "%5dx%5d%n", width, height, &end) == 2 && !text[end] && *width >= LEAST_SIDE &&
           *width <= MOST_SIDE && *height >= LEAST_SIDE && *height <= MOST_SIDE;
}

int command_bench(int argc, char **argv)
{
    bench_settings settings = {.width = 1000, .height = 640, .runs = 5, .warmup = 1, .precision = GPEN_PRECISION_FP32};
    int operands;
    int status = parse(argc, argv, &settings, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("bench", "'%s' stands alone; a model is named with --model", argv[1]);
    if (settings.size && !read_size(settings.size, &settings.width, &settings.height))
        return complain_usage("bench", "--size is a width and a height from %d to %d, such as 1000x640", LEAST_SIDE,
                              MOST_SIDE);
    gpen_error error;
    return run(&settings, &error) ? complain("%s", error.message) : CLI_DONE;
}
