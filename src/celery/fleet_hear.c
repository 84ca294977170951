/* What is told of tasks and machines. Its own file because anyone who can write to the broker can say it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "celery/fleet_room.h"
#include "celery/scratch.h"

enum { MOST_MACHINES = 10000, MOST_EVENT = 1 << 16 };

/* A machine tells of itself every two seconds; a file may be seen later on another machine than it was written on. */
static const double machine_patience = 10.0, file_patience = 10.0;

static const char record_channel[] = "celery-task-meta-";

/* ---------------------------------------------------------------- machines */

void fleet_count_machines(const fleet *f, int *machines, int *processes)
{
    double now = clock_seconds();
    *machines = *processes = 0;
    for (size_t i = 0; i < f->machine_count; i++) {
        if (f->absence.since > 0 || now - f->machines[i].heard <= machine_patience) {
            ++*machines;
            *processes += f->machines[i].processes;
        }
    }
}

/* The machine's place; one that was not heard of for long gives way. NULL: there is none. */
static fleet_machine *machine_place(fleet *f, const char *name)
{
    double now = clock_seconds();
    fleet_machine *silent = NULL;
    for (size_t i = 0; i < f->machine_count; i++) {
        if (!strcmp(f->machines[i].name, name))
            return &f->machines[i];
        if (now - f->machines[i].heard > machine_patience)
            silent = &f->machines[i];
    }
    if (silent || f->machine_count == MOST_MACHINES)
        return silent;
    if (f->machine_count == f->machine_room) {
        size_t room = f->machine_room ? f->machine_room * 2 : 16;
        fleet_machine *larger = realloc(f->machines, room * sizeof *larger);
        if (!larger)
            return NULL;
        f->machines = larger;
        f->machine_room = room;
    }
    return &f->machines[f->machine_count++];
}

static void hear_machine(fleet *f, const char *text, size_t length)
{
    json_t *envelope, *event;
    if (!envelope_read(text, length, MOST_EVENT, &envelope, &event, NULL))
        return;
    const json_t *about = json_object_get(event, "gpen");
    const char *name = json_string_value(json_object_get(event, "hostname")),
               *type = json_string_value(json_object_get(event, "type")),
               *queue = json_string_value(json_object_get(about, "queue"));
    json_int_t processes = json_integer_value(json_object_get(about, "processes"));
    bool ours = name && type && queue && strlen(name) < FLEET_NODE && !strcmp(queue, f->options.queue);
    fleet_machine *place = ours ? machine_place(f, name) : NULL;
    if (place) {
        bool leaves = !strcmp(type, "worker-offline");
        snprintf(place->name, sizeof place->name, "%s", name);
        place->processes = processes > 0 && processes <= 1024 ? (int)processes : 1;
        place->heard = leaves ? clock_seconds() - machine_patience - 1 : clock_seconds();
    }
    json_decref(envelope);
    json_decref(event);
}

/* ---------------------------------------------------------------- tasks */

/* Is the result where the worker said, and as long? */
static bool file_is_there(const fleet_flight *flight)
{
    struct stat facts;
    return !stat(flight->job.output, &facts) && S_ISREG(facts.st_mode) &&
           (int64_t)facts.st_size == flight->result.output_bytes;
}

/* What workers that died over it left half-written goes: nobody who writes it still can matter. */
static void sweep_parts(const fleet_flight *flight)
{
    char *folder = flight->job.interrupted || flight->sendings > 1 ? path_folder(flight->job.output) : NULL;
    int opened = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (opened >= 0) {
        parts_remove(opened, path_name(flight->job.output));
        close(opened);
    }
    free(folder);
}

void fleet_look_for_files(fleet *f)
{
    char why[400];
    for (fleet_flight *flight = f->flights; flight; flight = flight->next) {
        if (flight->phase != FLIGHT_BACK || flight->ended)
            continue;
        if (file_is_there(flight)) {
            sweep_parts(flight);
            fleet_end(f, flight, &flight->result);
        } else if (clock_seconds() - flight->back > file_patience) {
            snprintf(
                why, sizeof why,
                "a worker has done it, but its result is not to be seen here (%.200s): do both see the same folder?",
                flight->job.output);
            fleet_end_with(f, flight, GPEN_WRITE_FAILED, why);
        }
    }
}

void fleet_take_result(fleet *f, fleet_flight *flight, const json_t *value)
{
    job_result result;
    fleet_read_result(flight, value, &result);
    if (result.error.status) {
        fleet_end(f, flight, &result);
        return;
    }
    job_result_free(&flight->result);
    flight->result = result;
    flight->phase = FLIGHT_BACK;
    flight->back = clock_seconds();
}

static void take_failure(fleet *f, fleet_flight *flight, task_state state, const json_t *exception)
{
    job_result result;
    if (state == TASK_REVOKED && flight->cancelled) {
        fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
        return;
    }
    if (fleet_read_failure(state, exception, &result))
        fleet_tell_death(f, flight, &result.error);
    fleet_end(f, flight, &result);
}

static void take_progress(fleet *f, fleet_flight *flight, const json_t *value)
{
    const pool_events *events = &f->events;
    const char *name = json_string_value(json_object_get(value, "stage"));
    json_int_t ended = json_integer_value(json_object_get(value, "faces_done")),
               chosen = json_integer_value(json_object_get(value, "faces_total"));
    for (int stage = 0; name && stage < JOB_STAGES; stage++) {
        if (strcmp(job_stage_name((job_stage)stage), name) != 0 || flight->stage == (job_stage)stage)
            continue;
        flight->stage = (job_stage)stage;
        if (events->stage)
            events->stage(events->context, &flight->job, flight->stage);
    }
    if (ended < 0 || chosen < 0 || ((size_t)ended == flight->faces_ended && (size_t)chosen == flight->faces_chosen))
        return;
    flight->faces_ended = (size_t)ended;
    flight->faces_chosen = (size_t)chosen;
    if (events->faces)
        events->faces(events->context, &flight->job, flight->faces_ended, flight->faces_chosen);
}

bool fleet_take_record(fleet *f, fleet_flight *flight, const char *text, size_t length)
{
    json_t *record = json_loadb(text, length, 0, NULL);
    const json_t *value = json_object_get(record, "result");
    const char *name = json_string_value(json_object_get(record, "status"));
    int state = 0;
    while (name && state < TASK_STATES && strcmp(task_state_name((task_state)state), name) != 0)
        state++;
    bool final = name && (state == TASK_SUCCESS || state == TASK_FAILURE || state == TASK_REVOKED);
    if (name && (final || state == TASK_STARTED || state == TASK_PROGRESS))
        fleet_begin(f, flight);
    if (name && state == TASK_SUCCESS)
        fleet_take_result(f, flight, value);
    else if (final)
        take_failure(f, flight, (task_state)state, value);
    else if (name && state == TASK_PROGRESS)
        take_progress(f, flight, value);
    json_decref(record);
    return final;
}

static void hear_record(fleet *f, const char *id, const char *text, size_t length)
{
    for (fleet_flight *flight = f->flights; flight; flight = flight->next) {
        if (strcmp(flight->id, id) != 0 || flight->ended || flight->phase == FLIGHT_BACK)
            continue;
        flight->heard = clock_seconds();
        (void)fleet_take_record(f, flight, text, length);
        return;
    }
}

/* ---------------------------------------------------------------- the connection */

gpen_status fleet_listen(fleet *f, gpen_error *error)
{
    redis_append(&f->listener, "PSUBSCRIBE %s%s*", record_channel, f->prefix);
    redis_append(&f->listener, "PSUBSCRIBE /%d.celeryev/worker.*", f->address.database);
    return redis_settle(&f->listener, error);
}

/* "pmessage", pattern, channel, text */
static void hear_one(fleet *f, const redisReply *told)
{
    bool good = told->type == REDIS_REPLY_ARRAY && told->elements == 4;
    for (size_t i = 0; good && i < 4; i++)
        good = told->element[i]->type == REDIS_REPLY_STRING;
    if (!good)
        return;
    const redisReply *channel = told->element[2], *text = told->element[3];
    size_t head = sizeof record_channel - 1;
    if (!strncmp(channel->str, record_channel, head))
        hear_record(f, channel->str + head, text->str, (size_t)text->len);
    else
        hear_machine(f, text->str, (size_t)text->len);
}

gpen_status fleet_hear(fleet *f, gpen_error *error)
{
    redisReply *told;
    gpen_status status;
    while (!(status = redis_hear(&f->listener, &told, error)) && told) {
        hear_one(f, told);
        freeReplyObject(told);
    }
    return status;
}
