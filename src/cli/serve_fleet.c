/* The server's fleet. Its own file because here http and celery meet, which know nothing of each other. */
#include "cli/serve_fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "celery/fleet.h"
#include "cli/broker.h"
#include "cli/cli.h"

struct serve_fleet {
    fleet_options options;
    crew_maker maker;
    broker_choice broker;
    char *data;
};

void serve_fleet_free(serve_fleet *fleet)
{
    if (fleet)
        free(fleet->data);
    free(fleet);
}

/* Workers follow no links, and compare paths with their roots as they really are. */
static int resolve_data(serve_fleet *fleet, http_options *options)
{
    gpen_error error;
    if (folder_make(options->data, &error))
        return complain("%s", error.message);
    fleet->data = realpath(options->data, NULL);
    if (!fleet->data)
        return complain("%s: %s", options->data, strerror(errno));
    options->data = fleet->options.data = fleet->data;
    return CLI_GO_ON;
}

int serve_fleet_join(const char *command, const serve_fleet_arguments *arguments, http_options *options,
                     serve_fleet **out)
{
    serve_fleet *fleet = *out = calloc(1, sizeof *fleet);
    if (!fleet)
        return complain("not enough memory");
    int status = broker_choose(command, arguments->broker, NULL, arguments->password_file, &fleet->broker);
    fleet->options = fleet_options_default();
    if (status == CLI_GO_ON)
        status = resolve_data(fleet, options);
    fleet->options.broker = fleet->broker.address;
    fleet->options.password = fleet->broker.password;
    fleet->options.data_there = arguments->data_there;
    if (arguments->queue)
        fleet->options.queue = arguments->queue;
    if (arguments->ahead)
        fleet->options.ahead = arguments->ahead;
    fleet->maker = (crew_maker){fleet_make, &fleet->options};
    options->crew = &fleet->maker;
    return status;
}
