/* engine.h: the scheduler in a thread of its own, and what it tells put where it belongs: the ring of events, the numbers, the log. */
#ifndef GPEN_HTTP_ENGINE_H
#define GPEN_HTTP_ENGINE_H

#include "batch/scheduler.h"
#include "http/http.h"

typedef struct engine engine;

/* Opens the store in server->store_folder and starts the thread. Errors: those of scheduler_new, and of choosing models. */
gpen_status engine_start(engine **out, http_server *server, gpen_error *error);

/* Finishes what is being computed, gives the rest back to the queue, and ends the thread. NULL is fine. */
void engine_stop(engine *e);
void engine_free(engine *e);

/* The scheduler, for what scheduler.h marks [any]; to be given back at once, also where it is NULL: one takes another's place. */
scheduler *engine_borrow(engine *e);
void engine_return(engine *e);

/* The same for a task, which can wait: NULL, and to be returned too, only when the server is being stopped or a minute has passed. */
scheduler *engine_await(engine *e);

/* Other models, or other numbers of workers, were chosen: from the next photo on they are used. */
void engine_change(engine *e);

/* What it is doing. *trouble (status OK: none): why no worker can be started. */
void engine_look(engine *e, scheduler_state *state, gpen_error *trouble);

/* What a worker said when it was ready; level "": none was yet. */
void engine_ready(engine *e, worker_ready *ready);

/* The item's stage and faces, when it is being worked on. */
bool engine_running(engine *e, int64_t item, scheduler_running *running);

/* Seconds between two photos of a batch that came to their end, as they were lately; 0: not known. */
double engine_pace(engine *e, int64_t batch);

/* The batch changed, by a person's wish: everybody is told. */
void engine_batch_changed(engine *e, int64_t batch);
void engine_item_changed(engine *e, int64_t item);

/* Tells of the batches that changed since the last call; to be called several times a second. */
void engine_tell_batches(engine *e);

#endif
