/* `gpen bench`: how long the bare network takes here, how much memory, and what its output's bits are. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/process_memory.h"
#include "cli/cli.h"
#include "cli/json_write.h"
#include "cli/machine.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/text.h"
#include "portrait/portrait.h"

typedef struct bench_settings {
    const char *model;
    int threads, runs, warmup, precision;
    bool layers, json;
} bench_settings;

typedef struct measurement {
    const char *name;
    gpen_model_info info;
    nn_plan_info plan;
    double median, least; /* seconds a run */
    int64_t peak;         /* bytes */
    double peak_gflops;   /* what the processor could do, GFLOP/s */
    uint64_t output_hash;
} measurement;

static const char *const precision_choices[] = {"auto", "fp32", "bf16", NULL}; /* in the order of gpen_precision */

static const double MEBI = 1024.0 * 1024.0;

static int parse(int argc, char **argv, bench_settings *settings, int *operands)
{
    const command_option options[] = {
        {"models", "model", 0, "NAME|FILE", "Default: the best that is installed", .text = &settings->model},
        {"machine", "threads", 0, "N", "1 to 256. Default: one for each processor", .number = &settings->threads,
         .low = 1, .high = 256},
        {"machine", "precision", 0, "P", "auto, fp32 or bf16. Default: fp32", .choice = &settings->precision,
         .choices = precision_choices},
        {"running", "runs", 0, "N", "How many runs are timed. Default: 5", .number = &settings->runs, .low = 1,
         .high = 10000},
        {"running", "warmup", 0, "N", "How many go before. Default: 1", .number = &settings->warmup, .low = 0,
         .high = 10000},
        {"running", "layers", 0, NULL, "Each step of the network, as it took in the last run",
         .flag = &settings->layers},
        {"running", "json", 0, NULL, "One JSON object on standard output", .flag = &settings->json},
    };
    const command_manual manual = {
        .command = "bench",
        .purpose = "how fast a restorer runs here",
        .usage = "gpen bench [--model NAME|FILE] [option...]",
        .examples = "gpen bench\n"
                    "gpen bench --model GPEN-BFR-512 --threads 2 --runs 9\n"
                    "GPEN_CPU=avx2 gpen bench --json",
        .notes = "The network alone is timed, on an input that is always the same: no picture is\n"
                 "read or written. The output's hash is the same for any number of threads.\n"
                 "Detectors and parsers are not timed.",
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

static gpen_status time_runs(gpen_model *model, const bench_settings *settings, const float *input, float *output,
                             double *seconds, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    for (int i = -settings->warmup; !status && i < settings->runs; i++) {
        double begun = clock_seconds();
        status = gpen_model_run(model, input, output, error);
        if (i >= 0)
            seconds[i] = clock_seconds() - begun;
    }
    return status;
}

static gpen_status measure(gpen_model *model, const bench_settings *settings, measurement *result, gpen_error *error)
{
    gpen_model_describe(model, &result->info);
    nn_plan_describe(model_restorer_plan(model), &result->plan);
    size_t count = (size_t)3 * (size_t)result->info.size * (size_t)result->info.size;
    float *input = calloc(count, sizeof *input), *output = calloc(count, sizeof *output);
    double *seconds = calloc((size_t)settings->runs, sizeof *seconds);
    gpen_status status = GPEN_OK;
    if (!input || !output || !seconds)
        status = gpen_fail_memory(error, "the network's input and output", 2 * count * sizeof *input);
    if (!status) {
        fill_input(input, count);
        status = time_runs(model, settings, input, output, seconds, error);
    }
    if (!status) {
        qsort(seconds, (size_t)settings->runs, sizeof *seconds, compare_numbers);
        result->median = median(seconds, settings->runs);
        result->least = seconds[0];
        result->peak = process_peak_memory(0);
        result->peak_gflops = nn_plan_peak(model_restorer_plan(model));
        result->output_hash = hash_bits(output, count);
    }
    free(input);
    free(output);
    free(seconds);
    return status;
}

/* ---------------------------------------------------------------- telling */

/* Of what the processor could do at this level and precision and with these threads. */
static double share_of_peak(const measurement *result, double gflop, double seconds)
{
    return seconds > 0 ? gflop / seconds / result->peak_gflops : 0;
}

static void print_layers_json(json_writer *json, const measurement *result, const nn_plan *plan)
{
    nn_step_info step;
    json_array(json, "layers");
    for (int i = 0; nn_plan_step(plan, i, &step); i++) {
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

static void print_json(const measurement *result, const bench_settings *settings, const nn_plan *plan)
{
    char hash[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)result->output_hash);
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_path(&json, "name", result->name);
    json_integer(&json, "size", result->info.size);
    json_text(&json, "precision", gpen_precision_name(result->info.precision));
    json_text(&json, "level", result->info.level);
    json_integer(&json, "threads", result->info.threads);
    json_integer(&json, "runs", settings->runs);
    json_number(&json, "median_s", result->median);
    json_number(&json, "min_s", result->least);
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
        print_layers_json(&json, result, plan);
    json_object_end(&json);
    json_end_line(&json);
}

static void print_layers(const measurement *result, const nn_plan *plan)
{
    nn_step_info step;
    printf("\n%-56s %10s %10s %10s %9s %5s\n", "STEP", "SECONDS", "GFLOP", "EXECUTED", "GFLOP/s", "PEAK");
    for (int i = 0; nn_plan_step(plan, i, &step); i++)
        printf("%-56s %10.6f %10.4f %10.4f %9.1f %4.0f%%\n", step.name, step.seconds, step.gflop_direct,
               step.gflop_executed, step.seconds > 0 ? step.gflop_executed / step.seconds : 0.0,
               100 * share_of_peak(result, step.gflop_executed, step.seconds));
}

static void print_text(const measurement *result, const bench_settings *settings, const nn_plan *plan)
{
    text_print(stdout, result->name);
    printf(": %d px, %s, %s, %d thread%s\n", result->info.size, gpen_precision_name(result->info.precision),
           result->info.level, result->info.threads, result->info.threads == 1 ? "" : "s");
    printf("  time      %.4f s median, %.4f s at best, of %d run%s\n", result->median, result->least, settings->runs,
           settings->runs == 1 ? "" : "s");
    printf("  work      %.1f GFLOP executed (%.1f counted directly): %.1f GFLOP/s, %.0f %% of the peak\n",
           result->plan.gflop_executed, result->plan.gflop_direct, result->plan.gflop_executed / result->median,
           100 * share_of_peak(result, result->plan.gflop_executed, result->median));
    printf("  memory    %.0f MiB at most: weights %.0f MiB, activations %.0f MiB\n", (double)result->peak / MEBI,
           (double)result->plan.weight_bytes / MEBI, (double)result->plan.arena_bytes / MEBI);
    printf("  output    %016llx\n", (unsigned long long)result->output_hash);
    if (settings->layers)
        print_layers(result, plan);
}

static gpen_status run(const bench_settings *settings, gpen_error *error)
{
    model_choice choice;
    gpen_model *model = NULL;
    measurement result = {0};
    gpen_options options = {.threads = settings->threads, .precision = (gpen_precision)settings->precision};
    gpen_status status = model_choose(&choice, MODEL_RESTORER, settings->model, error);
    if (!status)
        status = gpen_model_open(&model, choice.path, &options, error);
    if (!status)
        status = measure(model, settings, &result, error);
    result.name = choice.name;
    if (!status && settings->json)
        print_json(&result, settings, model_restorer_plan(model));
    else if (!status)
        print_text(&result, settings, model_restorer_plan(model));
    gpen_model_close(model);
    model_choice_free(&choice);
    return status;
}

int command_bench(int argc, char **argv)
{
    bench_settings settings = {.runs = 5, .warmup = 1, .precision = GPEN_PRECISION_FP32};
    int operands;
    int status = parse(argc, argv, &settings, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("bench", "'%s' stands alone; a model is named with --model", argv[1]);
    gpen_error error;
    return run(&settings, &error) ? complain("%s", error.message) : CLI_DONE;
}
