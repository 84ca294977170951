/* `gpen worker`: photos from a queue. Its own file because it is all that a person says to a worker: where the queue is, which
 * models, how much of the machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/threads.h"
#include "batch/machine_plan.h"
#include "celery/celery.h"
#include "cli/broker.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/receipt_model.h"
#include "cli/text.h"
#include "cli/watch.h"

static const char command_name[] = "worker";

enum { PING_SECONDS = 5 };

/* What stands in the arguments. */
typedef struct worker_arguments {
    const char *broker, *results, *password_file, *queue, *node, *concurrency, *metrics;
    const char *model, *detector, *parser;
    option_texts roots;
    int threads, prefetch, visibility, keep_results, timeout, max_megapixels, inline_mebibytes, fetch_mebibytes,
        memory_limit;
    bool private_addresses, task_events, ping;
} worker_arguments;

static const char usage[] = "gpen worker --broker redis://HOST:6379/0 [--root FOLDER]... [option...]\n"
                            "gpen worker --ping --broker redis://HOST:6379/0\n"
                            "gpen worker --ping --metrics HOST:PORT";

static const char examples[] = "gpen worker --broker redis://queue:6379/0 --root /srv/photos\n"
                               "gpen worker --broker redis://queue:6379/0 --password-file /run/secrets/redis\n"
                               "GPEN_BROKER=redis://:SECRET@queue:6379/0 gpen worker --root /srv/photos";

static const char notes[] = "Programs put photos into the queue with Celery:\n"
                            "\n"
                            "  app.send_task('gpen.enhance', ['in/a.jpg', 'out/a.jpg'], queue='gpen').get()\n"
                            "  app.send_task('gpen.enhance', [address, address, {'strength': 90}],\n"
                            "                queue='gpen')\n"
                            "  app.send_task('gpen.detect', ['in/a.jpg'], queue='gpen')\n"
                            "\n"
                            "A photo is named by a path beneath a --root, by a web address, or comes inside\n"
                            "the task as {'base64': ...}; the result goes to a path, to an address that takes\n"
                            "a PUT, or into the answer. Links are not followed, and nothing outside the roots\n"
                            "is read or written. Many workers, on many machines, may share a queue; a photo\n"
                            "whose worker dies is given to another one, and is still done once.\n"
                            "\n"
                            "Secrets do not belong on a command line, where other people of the machine can\n"
                            "see them: the password comes from --password-file, from GPEN_BROKER_PASSWORD, or\n"
                            "in GPEN_BROKER, which stands for --broker.\n"
                            "\n"
                            "Ctrl-C, or SIGTERM: the photos that are worked on are finished, the others go\n"
                            "back to the queue. Flower and 'celery inspect' show this worker as any other.\n"
                            "GPEN_LOG=info says what it does; --metrics shows numbers.\n"
                            "\n"
                            "Exit status: 0 stopped as told (--ping: it is there), 2 the command was wrong,\n"
                            "3 nothing could start (--ping: no answer).";

static int parse(int argc, char **argv, worker_arguments *a, int *operands)
{
    const command_option options[] = {
        {"queue", "broker", 0, "ADDRESS",
         "Redis with the queue: redis://HOST:PORT/DATABASE,\n"
         "rediss:// with TLS, redis+socket:///PATH",
         .text = &a->broker},
        {"queue", "password-file", 0, "FILE", "Its password, in a file", .text = &a->password_file},
        {"queue", "queue", 0, "NAME", "Take photos from this queue. Default: gpen", .text = &a->queue},
        {"queue", "result-backend", 0, "ADDRESS|none", "Where results go. Default: to the broker", .text = &a->results},
        {"queue", "keep-results", 0, "SECONDS", "Default: 86400, a day; 0: for ever", .number = &a->keep_results,
         .low = 0, .high = 31536000},
        {"queue", "visibility-timeout", 0, "SECONDS",
         "What a worker that died had taken is given out again\n"
         "after so long. The same for the whole fleet.\n"
         "Default: 3600, as Celery's",
         .number = &a->visibility, .low = 1, .high = 604800},
        {"queue", "prefetch", 0, "N", "Photos held ready for each one worked on. Default: 1", .number = &a->prefetch,
         .low = 0, .high = 100},
        {"queue", "name", 0, "NAME", "This worker's name in the fleet.\nDefault: gpen@ and the machine's",
         .text = &a->node},
        {"queue", "task-events", 0, NULL, "Tell about each photo from the start\n(Flower asks for it by itself)",
         .flag = &a->task_events},
        {"photos", "root", 0, "FOLDER", "Tasks may name photos beneath it. May be given again", .list = &a->roots},
        {"photos", "allow-private", 0, NULL, "Fetch from this machine and its own network too",
         .flag = &a->private_addresses},
        {"photos", "inline-limit", 0, "MIB", "The largest photo inside a task or answer.\nDefault: 16",
         .number = &a->inline_mebibytes, .low = 1, .high = 256},
        {"photos", "fetch-limit", 0, "MIB", "The largest photo that is fetched. Default: 256",
         .number = &a->fetch_mebibytes, .low = 1, .high = 4096},
        {"photos", "max-megapixels", 0, "N", "Larger pictures are refused unread. Default: 120",
         .number = &a->max_megapixels, .low = 1, .high = 4290},
        {"models", "model", 0, "NAME|FILE", "The restorer. Default: the best installed", .text = &a->model},
        {"models", "detector", 0, "NAME|FILE", "A RetinaFace. Default: the best installed", .text = &a->detector},
        {"models", "parser", 0, "NAME|FILE|none", "A ParseNet. Default: an installed one, else none",
         .text = &a->parser},
        {"machine", "concurrency", 0, "auto|N",
         "Photos worked on at the same time. Default: auto, as\nmany as this "
         "machine has cores and memory for",
         .text = &a->concurrency},
        {"machine", "threads", 0, "N", "Of each photo. Default: 1, or what auto leaves", .number = &a->threads,
         .low = 1, .high = 256},
        {"machine", "timeout", 0, "SECONDS",
         "The most time for a photo, where the sender says\nnone. Default: 600; 0: no limit", .number = &a->timeout,
         .low = 0, .high = 86400},
        {"machine", "memory-limit", 0, "MIB", "Of each photo's process. Default: none, or what\nauto says",
         .number = &a->memory_limit, .low = 64, .high = 1048576},
        {"watching", "ping", 0, NULL,
         "Ask over the queue whether the worker of that name is\nthere; with --metrics: that one, whether it is ready",
         .flag = &a->ping},
        {"watching", "metrics", 0, "HOST:PORT",
         "Show /metrics (for Prometheus), /healthz and /readyz\nthere. PORT alone: on this machine only",
         .text = &a->metrics},
    };
    const command_manual manual = {.command = command_name,
                                   .purpose = "take photos from a queue that Celery's programs fill",
                                   .usage = usage,
                                   .examples = examples,
                                   .notes = notes,
                                   .options = options,
                                   .option_count = sizeof options / sizeof *options};
    return options_parse(&manual, argc, argv, operands);
}

/* ---------------------------------------------------------------- models */

typedef struct worker_models {
    model_choice restorer, detector, parser;
} worker_models;

static gpen_status name_model(worker_model *named, const model_choice *choice, gpen_error *error)
{
    receipt_model facts;
    if (!choice->path)
        return GPEN_OK;
    if (strlen(choice->path) >= sizeof named->path)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: the path is too long", choice->path);
    gpen_status status = receipt_name_model(&facts, choice, error);
    snprintf(named->path, sizeof named->path, "%s", choice->path);
    snprintf(named->name, sizeof named->name, "%s", choice->name);
    memcpy(named->sha256, facts.sha256, sizeof named->sha256);
    return status;
}

static gpen_status choose_models(const worker_arguments *a, worker_models *models, worker_setup *setup,
                                 gpen_error *error)
{
    bool parser_wanted = !a->parser || strcmp(a->parser, "none") != 0;
    gpen_status status = model_choose(&models->restorer, MODEL_RESTORER, a->model, error);
    if (!status)
        status = model_choose(&models->detector, MODEL_DETECTOR, a->detector, error);
    if (!status && parser_wanted)
        status = model_choose(&models->parser, MODEL_PARSER, a->parser, error);
    if (!status)
        status = name_model(&setup->restorer, &models->restorer, error);
    if (!status)
        status = name_model(&setup->detector, &models->detector, error);
    return status ? status : name_model(&setup->parser, &models->parser, error);
}

static void free_models(worker_models *models)
{
    model_choice_free(&models->restorer);
    model_choice_free(&models->detector);
    model_choice_free(&models->parser);
}

/* ---------------------------------------------------------------- the machine */

static int mebibytes_of(const char *path)
{
    struct stat facts;
    return *path && !stat(path, &facts) ? (int)(facts.st_size >> 20) : 0;
}

static void plan_machine(celery_options *options)
{
    enum { PHOTO_MEBIBYTES = 400, WORKER_MEBIBYTES = 200 };
    worker_setup *setup = &options->pool.setup;
    char sentence[256];
    int64_t available = machine_memory_free();
    const machine_facts facts = {.cores = thread_count_default(),
                                 .available_mebibytes = available > 0 ? (int)(available >> 20) : 0,
                                 .model_mebibytes = WORKER_MEBIBYTES + 2 * (mebibytes_of(setup->restorer.path) +
                                                                            mebibytes_of(setup->detector.path) +
                                                                            mebibytes_of(setup->parser.path)),
                                 .photo_mebibytes = PHOTO_MEBIBYTES};
    const machine_plan plan = machine_plan_make(&facts);
    options->pool.workers = plan.workers;
    setup->threads = plan.threads;
    setup->memory_mebibytes = plan.worker_mebibytes;
    machine_plan_sentence(&plan, text_language(), sentence, sizeof sentence);
    complain("%s", sentence);
}

static int choose_machine(const worker_arguments *a, celery_options *options)
{
    worker_setup *setup = &options->pool.setup;
    if (!a->concurrency || !strcmp(a->concurrency, "auto")) {
        plan_machine(options);
    } else {
        char *end;
        long number = strtol(a->concurrency, &end, 10);
        if (end == a->concurrency || *end || number < 1 || number > 256)
            return complain_usage(command_name, "--concurrency takes auto or a number from 1 to 256, not '%s'",
                                  a->concurrency);
        options->pool.workers = (int)number;
    }
    if (a->threads)
        setup->threads = a->threads;
    if (a->memory_limit)
        setup->memory_mebibytes = a->memory_limit;
    return CLI_GO_ON;
}

/* ---------------------------------------------------------------- roots */

/* Absolute and without links, as paths in tasks are compared with them. */
static int resolve_roots(const option_texts *given, char *roots[MOST_OPTION_TEXTS + 1])
{
    for (int i = 0; i < given->count; i++) {
        roots[i] = realpath(given->texts[i], NULL);
        if (!roots[i] || !path_is_folder(roots[i]))
            return complain("%s: this is no folder", given->texts[i]);
    }
    return CLI_GO_ON;
}

static void free_roots(char *roots[MOST_OPTION_TEXTS + 1])
{
    for (int i = 0; i < MOST_OPTION_TEXTS; i++)
        free(roots[i]);
}

/* ---------------------------------------------------------------- the whole */

static bool is_stopping(void *context)
{
    (void)context;
    return interrupted() != 0;
}

static void write_numbers(void *context, FILE *out)
{
    celery_numbers_write(context, out);
}

static bool is_alive(void *context)
{
    return celery_numbers_health(context).alive;
}

static bool is_ready(void *context, const char **detail)
{
    celery_health health = celery_numbers_health(context);
    *detail = health.detail;
    return health.ready;
}

/* Works, and shows its numbers meanwhile where that is wanted. */
static gpen_status work_watched(const char *where, celery_options *options, gpen_error *error)
{
    watch *page = NULL;
    gpen_status status = where ? celery_numbers_new(&options->numbers, error) : GPEN_OK;
    const watch_source source = {.context = options->numbers,
                                 .write = write_numbers,
                                 .alive = is_alive,
                                 .ready = is_ready};
    if (!status && where)
        status = watch_start(&page, where, &source, error);
    if (!status && where)
        complain("numbers: port %d, /metrics", watch_port(page));
    if (!status)
        status = celery_worker_run(options, error);
    watch_stop(page);
    celery_numbers_free(options->numbers);
    return status;
}

static int work(const worker_arguments *a, celery_options *options)
{
    gpen_error error = {0};
    worker_models models = {0};
    gpen_status status = choose_models(a, &models, &options->pool.setup, &error);
    int exit_status = CLI_DONE;
    if (!status)
        exit_status = choose_machine(a, options);
    if (!status && exit_status == CLI_GO_ON) {
        options->restorer = models.restorer.name;
        complain("%s restores, %d at a time; queue %s", models.restorer.name, options->pool.workers, options->queue);
        interrupt_listen();
        status = work_watched(a->metrics, options, &error);
        exit_status = CLI_DONE;
    }
    if (status)
        exit_status = status == GPEN_BAD_ARGUMENT ? complain_usage(command_name, "%s", error.message)
                                                  : complain("%s", error.message);
    free_models(&models);
    return exit_status;
}

static int ping(const celery_options *options, const char *metrics)
{
    gpen_error error = {0};
    if (metrics ? watch_ask(metrics, &error) : celery_worker_ping(options, PING_SECONDS, &error))
        return complain("%s", error.message);
    printf("pong\n");
    return CLI_DONE;
}

static int run(const worker_arguments *a)
{
    broker_choice broker = {.address = NULL};
    char *roots[MOST_OPTION_TEXTS + 1] = {NULL};
    celery_options options = celery_options_default();
    int status = CLI_GO_ON;
    if (!a->ping || !a->metrics)
        status = broker_choose(command_name, a->broker, a->results, a->password_file, &broker);
    options.broker = broker.address;
    options.password = broker.password;
    options.results = a->results;
    options.queue = a->queue;
    options.node = a->node;
    options.roots = (const char *const *)roots;
    options.prefetch = a->prefetch;
    options.visibility_seconds = a->visibility;
    options.result_seconds = a->keep_results;
    options.task_seconds = a->timeout;
    options.inline_bytes = (size_t)a->inline_mebibytes << 20;
    options.fetch_bytes = (size_t)a->fetch_mebibytes << 20;
    options.max_pixels = (int64_t)a->max_megapixels * 1000000;
    options.private_addresses = a->private_addresses;
    options.task_events = a->task_events;
    options.stopping = is_stopping;
    if (status == CLI_GO_ON && a->ping)
        return ping(&options, a->metrics);
    if (status == CLI_GO_ON)
        status = resolve_roots(&a->roots, roots);
    if (status == CLI_GO_ON)
        status = work(a, &options);
    free_roots(roots);
    return status;
}

int command_worker(int argc, char **argv)
{
    const celery_options usual = celery_options_default();
    worker_arguments arguments = {.queue = usual.queue,
                                  .prefetch = usual.prefetch,
                                  .visibility = (int)usual.visibility_seconds,
                                  .keep_results = usual.result_seconds,
                                  .timeout = (int)usual.task_seconds,
                                  .max_megapixels = (int)(usual.max_pixels / 1000000),
                                  .inline_mebibytes = (int)(usual.inline_bytes >> 20),
                                  .fetch_mebibytes = (int)(usual.fetch_bytes >> 20)};
    int operands;
    int status = parse(argc, argv, &arguments, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage(command_name, "there is nothing to name but options: photos come from the queue");
    return run(&arguments);
}
