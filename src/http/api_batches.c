/* Batches: listed, told what to do, forgotten one by one or by their age. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "http/body.h"
#include "http/engine.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/sweep.h"
#include "http/upload.h"
#include "http/views.h"

enum { USUAL_PAGE = 100 };

/* ---------------------------------------------------------------- looking */

/* Which batches a list has: all, those of single photos, or those that are none. */
typedef enum single_wish { SINGLE_NOT, SINGLE_ONLY, SINGLE_ALL } single_wish;

/* Adds those of a page that are wished for, at most `limit` in all. *before: where the next page begins, 0: there is none. */
static gpen_status list_page(http_server *server, batch_store *reader, single_wish wish, int64_t limit, json_t *list,
                             int64_t *before, gpen_error *error)
{
    store_batch *batches;
    size_t count, i;
    gpen_status status = store_batches_list(reader, *before, (int)limit, &batches, &count, error);
    if (status)
        return status;
    *before = (int64_t)count == limit ? batches[count - 1].id : 0;
    for (i = 0; i < count && (int64_t)json_array_size(list) < limit; i++) {
        json_t *batch = view_batch(server, &batches[i]);
        bool single = json_is_true(json_object_get(batch, "single"));
        if (wish == SINGLE_ALL || single == (wish == SINGLE_ONLY))
            (void)json_array_append_new(list, batch);
        else
            json_decref(batch);
    }
    if (i < count)
        *before = batches[i - 1].id;
    store_batches_free(batches, count);
    return GPEN_OK;
}

void handle_list_batches(http_request *request)
{
    int64_t before = 0, limit = USUAL_PAGE, wish = SINGLE_ALL;
    gpen_error error;
    batch_store *reader;
    if (!request_number(request, "before", 1, INT64_MAX, &before) ||
        !request_number(request, "limit", 1, STORE_LONGEST_PAGE, &limit) ||
        !request_number(request, "single", SINGLE_NOT, SINGLE_ONLY, &wish))
        return;
    json_t *list = json_pack("[]");
    gpen_status status = reader_take(request->server->readers, &reader, &error);
    if (!status) {
        do
            status = list_page(request->server, reader, (single_wish)wish, limit, list, &before, &error);
        while (!status && before && (int64_t)json_array_size(list) < limit);
        reader_give(request->server->readers, reader, status);
    }
    if (status) {
        json_decref(list);
        answer_error(request, &error);
        return;
    }
    json_t *next = before ? json_pack("I", (json_int_t)before) : json_pack("n");
    answer_json(request, MHD_HTTP_OK, json_pack("{so so}", "batches", list, "next", next));
}

void handle_get_batch(http_request *request)
{
    answer_batch(request, request->id, MHD_HTTP_OK);
}

/* ---------------------------------------------------------------- wishes */

typedef gpen_status batch_wish(scheduler *s, int64_t batch, gpen_error *error);

static gpen_status wish_pause(scheduler *s, int64_t batch, gpen_error *error)
{
    return scheduler_pause(s, batch, true, error);
}

static gpen_status wish_resume(scheduler *s, int64_t batch, gpen_error *error)
{
    return scheduler_pause(s, batch, false, error);
}

static gpen_status wish_retry(scheduler *s, int64_t batch, gpen_error *error)
{
    return scheduler_retry_failed(s, batch, NULL, error);
}

static void answer_wish(http_request *request, batch_wish *wish)
{
    store_batch batch;
    gpen_error error;
    if (!lookup_batch(request, &batch))
        return;
    store_batch_free(&batch);
    scheduler *s = lookup_scheduler(request);
    if (!s)
        return;
    gpen_status status = wish(s, request->id, &error);
    engine_return(request->server->engine);
    if (status) {
        answer_error(request, &error);
        return;
    }
    engine_batch_changed(request->server->engine, request->id);
    answer_batch(request, request->id, MHD_HTTP_OK);
}

void handle_pause_batch(http_request *request)
{
    answer_wish(request, wish_pause);
}

void handle_resume_batch(http_request *request)
{
    answer_wish(request, wish_resume);
}

void handle_cancel_batch(http_request *request)
{
    answer_wish(request, scheduler_cancel);
}

void handle_retry_batch(http_request *request)
{
    answer_wish(request, wish_retry);
}

/* ---------------------------------------------------------------- forgetting */

typedef struct deletion {
    http_server *server;
    int64_t batch;
    char key[UPLOAD_KEY + 1];
} deletion;

static gpen_status try_deletion(const deletion *d, gpen_error *error)
{
    scheduler *s = engine_borrow(d->server->engine);
    gpen_status status =
        s ? scheduler_delete(s, d->batch, error) : gpen_fail(error, GPEN_IN_USE, "batches are being taken up again");
    engine_return(d->server->engine);
    return status;
}

/* What is being worked on is stopped first, which takes a moment. */
static gpen_status delete_batch(void *context, gpen_error *error)
{
    static const double patience = 30;
    const deletion *d = context;
    double until = clock_seconds() + patience;
    scheduler *s = engine_await(d->server->engine);
    gpen_status status = s ? scheduler_cancel(s, d->batch, error) : GPEN_OK;
    engine_return(d->server->engine);
    if (!status)
        status = try_deletion(d, error);
    while (status == GPEN_IN_USE && clock_seconds() < until && !tasks_stopping(d->server->tasks)) {
        (void)usleep(50000);
        status = try_deletion(d, error);
    }
    if (!status)
        sweep_batch(d->server, d->key);
    return status;
}

static void answer_deleted(http_request *request)
{
    if (request_task_result(request))
        answer_empty(request, MHD_HTTP_NO_CONTENT);
}

void handle_delete_batch(http_request *request)
{
    store_batch batch;
    if (!lookup_batch(request, &batch))
        return;
    deletion *d = malloc(sizeof *d);
    if (d) {
        *d = (deletion){.server = request->server, .batch = batch.id};
        snprintf(d->key, sizeof d->key, "%s", batch_key(&batch));
        request_later(request, delete_batch, d, free, answer_deleted);
    }
    store_batch_free(&batch);
}

/* ---------------------------------------------------------------- making room */

enum { MOST_DAYS = 36500 };

typedef struct cleaning {
    http_server *server;
    int64_t days;
    sweep_sum swept;
} cleaning;

static gpen_status clean(void *context, gpen_error *error)
{
    cleaning *c = context;
    (void)error;
    c->swept = sweep_old(c->server, c->days);
    return GPEN_OK;
}

static void answer_cleaned(http_request *request)
{
    const cleaning *c = request_task_result(request);
    if (c)
        answer_json(request, MHD_HTTP_OK,
                    json_pack("{sI sI}", "batches", (json_int_t)c->swept.batches, "bytes", (json_int_t)c->swept.bytes));
}

void handle_clean_batches(http_request *request)
{
    json_t *object = body_json(request);
    if (!object)
        return;
    const json_t *asked = json_object_get(object, "days");
    json_int_t days = json_integer_value(asked);
    bool good = json_is_integer(asked) && days >= 0 && days <= MOST_DAYS;
    json_decref(object);
    cleaning *c = good ? calloc(1, sizeof *c) : NULL;
    if (!good)
        answer_problem(request, HTTP_BAD_VALUE, "days is a whole number from 0 to %d", MOST_DAYS);
    if (!c)
        return;
    *c = (cleaning){.server = request->server, .days = days};
    request_later(request, clean, c, free, answer_cleaned);
}
