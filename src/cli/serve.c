/* `gpen serve`: the page and its API, until somebody stops it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/receipt_model.h"
#include "cli/serve_fleet.h"
#include "cli/text.h"
#include "http/http.h"
#include "image/image.h"

enum { MOST_LIST = 64, LOOK_MICROSECONDS = 200000 };

static const char command_name[] = "serve";

/* What stands in the arguments and not yet in the options. */
typedef struct serve_settings {
    http_options options;
    const char *data, *allow, *names;
    serve_fleet_arguments fleet;
    int port, most_mebibytes, most_kept_mebibytes, most_photos, most_megapixels, keep_days, most_clients, slow_seconds;
    bool quiet;
} serve_settings;

static int parse(int argc, char **argv, serve_settings *s)
{
    http_options *options = &s->options;
    const command_option table[] = {
        {"where", "host", 0, "ADDRESS",
         "The address to listen on. Default: 127.0.0.1, this\n"
         "machine alone; any other needs a token",
         .text = &options->host},
        {"where", "port", 0, "N", "Default: 7860; 0: any that is free", .number = &s->port, .low = 0, .high = 65535},
        {"where", "base-path", 0, "PATH", "Where a proxy shows the page, for instance /gpen",
         .text = &options->base_path},
        {"where", "data", 0, "DIR",
         "Folder for photos, results and the record of them.\n"
         "Default: server in gpen's state folder",
         .text = &s->data},
        {"who may", "token-file", 0, "FILE",
         "Ask for the token in the first line of FILE.\n"
         "GPEN_TOKEN in the environment does the same",
         .text = &options->token_file},
        {"who may", "allow-host", 0, "NAME,...", "Further names of this server that a browser may use",
         .text = &s->names},
        {"who may", "allow", 0, "DIR:...", "Folders whose photos may be named by their paths", .text = &s->allow},
        {"limits", "max-upload", 0, "MIB", "Of one photo. Default: 512", .number = &s->most_mebibytes, .low = 1,
         .high = 65536},
        {"limits", "max-photos", 0, "N", "Of one batch. Default: 10000", .number = &s->most_photos, .low = 1,
         .high = 1000000},
        {"limits", "max-kept", 0, "MIB",
         "Of all photos that are kept. Default: until a tenth of the\ndisk is left free, or 10 GiB",
         .number = &s->most_kept_mebibytes, .low = 1, .high = 1 << 30},
        {"limits", "max-megapixels", 0, "N", "Of one photo. Default: 120", .number = &s->most_megapixels, .low = 1,
         .high = 4290},
        {"limits", "max-clients", 0, "N", "Connections at a time. Default: 2048", .number = &s->most_clients, .low = 16,
         .high = 100000},
        {"limits", "slow-seconds", 0, "S",
         "After so long a client that sends or takes next to\nnothing is cut off. Default: 20",
         .number = &s->slow_seconds, .low = 1, .high = 3600},
        {"limits", "keep-days", 0, "N", "Batches that ended so long ago go, with photos and\nresults. Default: 0, none",
         .number = &s->keep_days, .low = 0, .high = 36500},
        {"machine", "workers", 0, "N", "Processes that restore photos.\nDefault: as the machine allows",
         .number = &options->workers, .low = 1, .high = 256},
        {"machine", "threads", 0, "N", "Of each of them", .number = &options->threads, .low = 1, .high = 256},
        {"fleet", "broker", 0, "ADDRESS",
         "Hand batches to the workers behind this queue\n(`gpen worker`): redis://HOST:PORT/DATABASE, rediss://\n"
         "with TLS, redis+socket:///PATH",
         .text = &s->fleet.broker},
        {"fleet", "password-file", 0, "FILE", "Its password, in a file; or GPEN_BROKER_PASSWORD",
         .text = &s->fleet.password_file},
        {"fleet", "queue", 0, "NAME", "Default: gpen", .text = &s->fleet.queue},
        {"fleet", "fleet-data", 0, "DIR",
         "What the data folder is called on the workers, where\nthat differs; they need it as a --root",
         .text = &s->fleet.data_there},
        {"fleet", "fleet-ahead", 0, "N", "Photos sent ahead for each worker process. Default: 3",
         .number = &s->fleet.ahead, .low = 1, .high = 100},
        {"running", "web", 0, "DIR", "Take the page from this folder, for its authors", .text = &options->web},
        {"running", "quiet", 0, NULL, "Do not say the address", .flag = &s->quiet},
    };
    const command_manual manual = {
        .command = command_name,
        .purpose = "the page in a browser, and its API",
        .usage = "gpen serve [option...]",
        .examples = "gpen serve                                        http://127.0.0.1:7860\n"
                    "gpen serve --data /srv/gpen --keep-days 30        old batches go by themselves\n"
                    "gpen serve --host 0.0.0.0 --token-file token      for other machines too\n"
                    "gpen serve --base-path /gpen                      behind a proxy\n"
                    "gpen serve --broker redis://queue:6379/0 --data /srv/gpen\n"
                    "                                                  batches go to a fleet",
        .notes = "What is uploaded and what comes out stands in the data folder until it is\n"
                 "deleted on the page, or --keep-days have passed. The server can be stopped\n"
                 "(Ctrl-C) and killed at any time: photos that are being worked on are done again\n"
                 "when it is started the next time.\n"
                 "\n"
                 "With --broker this machine only keeps batches: workers anywhere, which see the\n"
                 "data folder (`gpen worker --root`), restore them with the models that they have.\n"
                 "While the queue cannot be reached nothing is lost, and the page says so; a queue\n"
                 "that has forgotten photos gets them again. Previews and single photos in the\n"
                 "page are still made here, with this machine's models.\n"
                 "\n"
                 "It speaks plain HTTP. Where others can listen, put a proxy before it that speaks\n"
                 "HTTPS. /openapi.json describes the API, /healthz and /readyz are for whatever\n"
                 "watches it, /metrics is for Prometheus.",
        .options = table,
        .option_count = sizeof table / sizeof *table,
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status == CLI_GO_ON && operands)
        return complain_usage(command_name, "it takes options only, and no '%s'", argv[1]);
    return status;
}

/* ---------------------------------------------------------------- models */

static gpen_status choose(worker_model *model, model_kind kind, const char *wanted, gpen_error *error)
{
    model_choice choice;
    if (kind == MODEL_PARSER && wanted && !strcmp(wanted, "none"))
        return GPEN_OK;
    gpen_status status = model_choose(&choice, kind, wanted, error);
    if (status)
        return status;
    status = receipt_worker_model(model, &choice, error);
    model_choice_free(&choice);
    return status;
}

static gpen_status choose_models(const http_models *wanted, worker_setup *setup, gpen_error *error)
{
    gpen_status status = choose(&setup->restorer, MODEL_RESTORER, wanted->restorer, error);
    if (!status)
        status = choose(&setup->detector, MODEL_DETECTOR, wanted->detector, error);
    return status ? status : choose(&setup->parser, MODEL_PARSER, wanted->parser, error);
}

/* ---------------------------------------------------------------- running */

/* Takes "a:b" apart, in place, into a list that ends with NULL. False: it is too long. */
static bool take_apart(char *text, const char *separators, const char *list[MOST_LIST + 1])
{
    int count = 0;
    char *rest = NULL;
    for (char *part = strtok_r(text, separators, &rest); part; part = strtok_r(NULL, separators, &rest)) {
        if (count == MOST_LIST)
            return false;
        list[count++] = part;
    }
    list[count] = NULL;
    return true;
}

static void say_address(const serve_settings *s, int port)
{
    const char *base = s->options.base_path ? s->options.base_path : "";
    base += strspn(base, "/");
    bool chinese = text_language() == GPEN_CHINESE, v6 = strchr(s->options.host, ':');
    printf("%s http://%s%s%s:%d/%s%s\n", chinese ? "网页地址：" : "the page is at", v6 ? "[" : "", s->options.host,
           v6 ? "]" : "", port, base, *base && base[strlen(base) - 1] != '/' ? "/" : "");
    (void)fflush(stdout);
}

static int wait_for_end(http_server *server)
{
    gpen_error error = {0};
    while (!interrupted()) {
        (void)usleep(LOOK_MICROSECONDS);
        if (http_server_failed(server, &error))
            return complain("%s", error.message);
    }
    return CLI_DONE;
}

static int serve(serve_settings *s)
{
    http_server *server;
    gpen_error error;
    const char *allowed[MOST_LIST + 1], *names[MOST_LIST + 1];
    char *allow = strdup(s->allow ? s->allow : ""), *name_list = strdup(s->names ? s->names : "");
    int status = CLI_NOTHING_STARTED;
    if (!allow || !name_list || !take_apart(allow, ":", allowed) || !take_apart(name_list, ",", names)) {
        status = complain_usage(command_name, "at most %d folders can be allowed, and as many names", MOST_LIST);
    } else {
        s->options.allowed = allowed;
        s->options.names = *names ? names : NULL;
        interrupt_listen();
        if (http_server_start(&server, &s->options, &error)) {
            status = complain("%s", error.message);
        } else {
            if (!s->quiet)
                say_address(s, http_server_port(server));
            status = wait_for_end(server);
            http_server_stop(server);
        }
    }
    free(allow);
    free(name_list);
    return status;
}

/* The data folder's absolute path; NULL: no home is known, or no memory. The caller's. */
static char *data_folder(const char *given)
{
    if (given)
        return path_absolute(given);
    char *state = folder_state(), *folder = state ? path_join(state, "server") : NULL;
    free(state);
    return folder;
}

int command_serve(int argc, char **argv)
{
    serve_settings s = {.options = http_options_default(), .port = -1};
    int status = parse(argc, argv, &s);
    if (status != CLI_GO_ON)
        return status;
    http_options *options = &s.options;
    options->port = s.port >= 0 ? s.port : options->port;
    options->most_upload = s.most_mebibytes ? (int64_t)s.most_mebibytes << 20 : options->most_upload;
    options->most_kept = (int64_t)s.most_kept_mebibytes << 20;
    options->most_photos = s.most_photos ? s.most_photos : options->most_photos;
    options->most_pixels = s.most_megapixels ? (int64_t)s.most_megapixels * 1000000 : options->most_pixels;
    options->most_clients = s.most_clients ? s.most_clients : options->most_clients;
    options->slow_seconds = s.slow_seconds ? s.slow_seconds : options->slow_seconds;
    options->keep_days = s.keep_days;
    options->token = getenv("GPEN_TOKEN");
    options->choose_models = choose_models;
    char *data = data_folder(s.data), *cache = packed_models_folder();
    options->data = data;
    options->cache = cache;
    serve_fleet *fleet = NULL;
    const serve_fleet_arguments *a = &s.fleet;
    status = data ? CLI_GO_ON : complain("no folder for the data is known: say which, with --data");
    if (status == CLI_GO_ON && a->broker)
        status = serve_fleet_join(command_name, a, options, &fleet);
    else if (status == CLI_GO_ON && (a->password_file || a->queue || a->data_there || a->ahead))
        status = complain_usage(command_name, "a fleet's options need --broker");
    if (status == CLI_GO_ON)
        status = serve(&s);
    serve_fleet_free(fleet);
    free(data);
    free(cache);
    return status;
}
