/* What the files of the fleet share. Private to them.
 *
 * A job's way:
 *
 *     NEW      never sent
 *     UNSURE   it may be known to the broker: to be asked for before it is sent
 *     OUT      in the queue, or with a worker
 *     BACK     done, says the worker; its file is yet to be seen */
#ifndef GPEN_CELERY_FLEET_ROOM_H
#define GPEN_CELERY_FLEET_ROOM_H

#include "celery/absence.h"
#include "celery/fleet.h"
#include "celery/outcome.h"
#include "celery/queue.h"

enum { FLEET_ID = 80, FLEET_PREFIX = 32, FLEET_NODE = 256 };

typedef enum flight_phase { FLIGHT_NEW, FLIGHT_UNSURE, FLIGHT_OUT, FLIGHT_BACK } flight_phase;

typedef struct fleet_flight {
    struct fleet_flight *next;
    batch_job job;
    char id[FLEET_ID]; /* the task's */
    char *text;        /* its message: the same whenever the same job is handed in */
    flight_phase phase;
    int sendings;
    double heard;   /* when something was last known of it */
    double back;    /* BACK: since when */
    double revoked; /* since when the workers know that nobody wants it; 0: they do not */
    bool began, cancelled;
    bool ended; /* told; kept only until the workers know */
    job_stage stage;
    size_t faces_ended, faces_chosen;
    job_result result;    /* BACK */
    int64_t result_bytes; /* that its file must have */
} fleet_flight;

typedef struct fleet_machine {
    char name[FLEET_NODE];
    int processes;
    double heard;
} fleet_machine;

typedef struct fleet {
    fleet_options options;
    pool_events events;
    redis_address address;
    redis_connection redis, listener;
    broker_absence absence;
    char why[160];             /* it is away */
    char prefix[FLEET_PREFIX]; /* of all tasks of this folder */
    int wake[2];
    bool stopping;
    fleet_flight *flights;
    fleet_machine *machines;
    size_t machine_count, machine_room;
    double next_look; /* for tasks that nothing was heard of lately */
} fleet;

/* Ends the job, once. *result is taken over. */
void fleet_end(fleet *f, fleet_flight *flight, job_result *result);
void fleet_end_with(fleet *f, fleet_flight *flight, gpen_status status, const char *why);

/* A worker process died of it: that is told before its end. */
void fleet_tell_death(fleet *f, const fleet_flight *flight, const gpen_error *reason);

/* A worker has begun it. */
void fleet_begin(fleet *f, fleet_flight *flight);

/* ---------------------------------------------------------------- words (fleet_task.c) */

/* What all tasks of this folder are called. Errors: those of text_sha256. */
gpen_status fleet_name(const fleet_options *options, char prefix[FLEET_PREFIX], gpen_error *error);

/* The job's task: its name and its message. Errors: BAD_ARGUMENT (a path that is no UTF-8), OUT_OF_MEMORY. */
gpen_status fleet_write(const fleet *f, fleet_flight *flight, gpen_error *error);

/* What a worker returned; errors are in result->error. Or the exception that it ended with; true: a worker process died of it. */
void fleet_read_result(const fleet_flight *flight, const json_t *value, job_result *result);
bool fleet_read_failure(task_state state, const json_t *exception, job_result *result);

/* ---------------------------------------------------------------- asking (fleet_ask.c) */

/* Sends what is new, looks for what may be lost, takes back what nobody wants. Errors: FETCH_FAILED (the connection, or a refusal),
 * OUT_OF_MEMORY. */
gpen_status fleet_ask(fleet *f, gpen_error *error);

/* Asks all workers to tell of themselves now. Appends commands. */
void fleet_ask_for_machines(fleet *f);

/* ---------------------------------------------------------------- hearing (fleet_hear.c) */

/* Subscribes to what is told of tasks and machines. */
gpen_status fleet_listen(fleet *f, gpen_error *error);

/* Acts upon what came. Does not wait. Errors: FETCH_FAILED. */
gpen_status fleet_hear(fleet *f, gpen_error *error);

/* Acts upon what stands about a task in the results. True: it is at its end. */
bool fleet_take_record(fleet *f, fleet_flight *flight, const char *text, size_t length);
void fleet_take_result(fleet *f, fleet_flight *flight, const json_t *value);

/* Ends those whose files are there; or, after some time, are not. */
void fleet_look_for_files(fleet *f);

/* Machines that were heard of lately, and their worker processes. */
void fleet_count_machines(const fleet *f, int *machines, int *processes);

#endif
