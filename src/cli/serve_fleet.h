/* serve_fleet.h: `gpen serve --broker`, which hands batches to a fleet. */
#ifndef GPEN_CLI_SERVE_FLEET_H
#define GPEN_CLI_SERVE_FLEET_H

#include "http/http.h"

/* What stands in the arguments. */
typedef struct serve_fleet_arguments {
    const char *broker, *password_file, *queue, *data_there; /* NULL: not said */
    int ahead;                                               /* 0: not said */
} serve_fleet_arguments;

/* Makes the server's crew a fleet whose workers see options->data too; to be released with serve_fleet_free when the server has
 * stopped. CLI_GO_ON, or an exit status when that was said. */
typedef struct serve_fleet serve_fleet;
int serve_fleet_join(const char *command, const serve_fleet_arguments *arguments, http_options *options,
                     serve_fleet **out);
void serve_fleet_free(serve_fleet *fleet);

#endif
