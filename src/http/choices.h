/* choices.h: what people chose for good: models, how the machine is used, presets of their own. Kept as JSON in the data folder. */
#ifndef GPEN_HTTP_CHOICES_H
#define GPEN_HTTP_CHOICES_H

#include <jansson.h>

#include "batch/scheduler.h"
#include "http/server.h"

enum { CHOICES_MOST_PRESETS = 200 };

/* Reads both files, as far as they are there and whole; a damaged one is put aside and said so in the log. */
gpen_status choices_open(http_server *server, gpen_error *error);
void choices_close(http_server *server);

/* Objects of the API: ModelChoice, SystemChange. The caller's; NULL: no memory. */
json_t *choices_models(http_server *server);
json_t *choices_machine(http_server *server);

/* Takes over what an object of the API sets; what it does not mention stays. Errors: BAD_ARGUMENT, WRITE_FAILED, DISK_FULL. */
gpen_status choices_set_models(http_server *server, const json_t *object, gpen_error *error);
gpen_status choices_set_machine(http_server *server, const json_t *object, gpen_error *error);

/* What was chosen, put into a batch's settings (models, precision) and into the scheduler's options (workers, threads). */
gpen_status choices_into_batch(http_server *server, batch_settings *settings, gpen_error *error);
void choices_into_options(http_server *server, scheduler_options *options);

/* And into the account of photos that are kept. */
void choices_into_storage(http_server *server);

/* All of it for a worker of the scheduler, where no threads are those it thinks best, and for one that makes previews. Errors: those of
 * options.choose_models. */
gpen_status choices_setup(http_server *server, worker_setup *setup, gpen_error *error);
gpen_status choices_preview_setup(http_server *server, worker_setup *setup, gpen_error *error);

/* Models were chosen or installed: they are looked for anew. */
void choices_forget_models(http_server *server);

/* What was chosen, or what can be chosen, is different now: whoever works goes by it from the next photo on. */
void choices_changed(http_server *server);

/* The person's presets: an array of {name, settings}; one preset's settings, NULL: there is none of that name. The caller's. */
json_t *choices_presets(http_server *server);
json_t *choices_preset(http_server *server, const char *name);

/* Keeps settings (an object that settings_from_json takes) under a name. Errors: BAD_ARGUMENT (too many), WRITE_FAILED, DISK_FULL. */
gpen_status choices_keep_preset(http_server *server, const char *name, const json_t *settings, gpen_error *error);

/* False: there was none. */
gpen_status choices_forget_preset(http_server *server, const char *name, bool *there, gpen_error *error);

#endif
