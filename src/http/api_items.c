/* Items: listed, retried, and their pictures. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "http/engine.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/saved_faces.h"
#include "http/views.h"

enum { USUAL_PAGE = 100 };

/* ---------------------------------------------------------------- looking */

/* The state that the query asks for. False, and answered: there is none of that name. */
static bool asked_state(http_request *request, store_state *state)
{
    const char *name = request_argument(request, "state");
    *state = STORE_STATES;
    for (int i = 0; name && i < STORE_STATES; i++)
        if (!strcmp(name, store_state_name((store_state)i)))
            *state = (store_state)i;
    if (!name || *state != STORE_STATES)
        return true;
    answer_problem(request, HTTP_BAD_VALUE, "state is queued, running, done, failed or cancelled");
    return false;
}

void handle_list_items(http_request *request)
{
    int64_t after = 0, limit = USUAL_PAGE;
    store_state state;
    store_batch batch;
    gpen_error error;
    batch_store *reader;
    store_item *items;
    size_t count;
    if (!asked_state(request, &state) || !request_number(request, "after", 0, INT64_MAX, &after) ||
        !request_number(request, "limit", 1, STORE_LONGEST_PAGE, &limit) || !lookup_batch(request, &batch))
        return;
    store_batch_free(&batch);
    gpen_status status = reader_take(request->server->readers, &reader, &error);
    if (!status) {
        status = store_items_list(reader, request->id, state, after, (int)limit, &items, &count, &error);
        reader_give(request->server->readers, reader, status);
    }
    if (status) {
        answer_error(request, &error);
        return;
    }
    json_t *list = json_pack("[]");
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, view_item(request->server, &items[i], request->language));
    json_t *next = (int64_t)count == limit ? json_pack("I", (json_int_t)items[count - 1].position) : json_pack("n");
    store_items_free(items, count);
    answer_json(request, MHD_HTTP_OK, json_pack("{so so}", "items", list, "next", next));
}

void handle_get_item(http_request *request)
{
    answer_item(request);
}

void handle_retry_item(http_request *request)
{
    store_item item;
    gpen_error error;
    if (!lookup_item(request, &item))
        return;
    int64_t batch = item.batch;
    bool failed = item.state == STORE_FAILED;
    store_item_free(&item);
    if (!failed) {
        answer_problem(request, HTTP_CONFLICT, "it has not failed");
        return;
    }
    scheduler *s = lookup_scheduler(request);
    if (!s)
        return;
    gpen_status status = scheduler_retry(s, request->id, &error);
    engine_return(request->server->engine);
    if (status) {
        answer_error(request, &error);
        return;
    }
    engine_item_changed(request->server->engine, request->id);
    engine_batch_changed(request->server->engine, batch);
    answer_item(request);
}

/* ---------------------------------------------------------------- files */

static bool asks_to_save(const http_request *request)
{
    const char *download = request_argument(request, "download");
    return download && !strcmp(download, "1");
}

void handle_get_input(http_request *request)
{
    store_item item;
    if (!lookup_item(request, &item))
        return;
    answer_file(request, item.input, item.relative, asks_to_save(request));
    store_item_free(&item);
}

void handle_get_output(http_request *request)
{
    store_item item;
    if (!lookup_item(request, &item))
        return;
    if (item.state == STORE_DONE && item.output)
        answer_file(request, item.output, item.output, asks_to_save(request));
    else
        answer_problem(request, HTTP_NOT_FOUND, "there is no result yet");
    store_item_free(&item);
}

/* The worker's small picture. */
static void answer_thumbnail(http_request *request, const store_item *item, bool after)
{
    char *stem = job_thumbnails(request->server->thumbnails, (uint64_t)item->id);
    char *path = stem ? job_thumbnail_path(stem, after) : NULL;
    if (path)
        answer_file(request, path, "thumbnail.jpg", false);
    free(path);
    free(stem);
}

void handle_get_thumbnail(http_request *request)
{
    store_item item;
    bool after;
    if (!lookup_side(request, &after) || !lookup_item(request, &item))
        return;
    answer_thumbnail(request, &item, after);
    store_item_free(&item);
}

/* ---------------------------------------------------------------- saved faces */

/* The face's number, from 0 as Face.index has it. False, and answered: that is none. */
static bool take_face(http_request *request, uint32_t *face)
{
    enum { MOST_DIGITS = 6 };
    size_t digits = strspn(request->name, "0123456789");
    bool good = digits && digits <= MOST_DIGITS && !request->name[digits];
    *face = good ? (uint32_t)strtoul(request->name, NULL, 10) : 0;
    if (!good)
        answer_problem(request, HTTP_NOT_FOUND, "faces are numbered from 0");
    return good;
}

void handle_get_face(http_request *request)
{
    store_item item;
    job_crop which = {.restored = false};
    if (!take_face(request, &which.face) || !lookup_side(request, &which.restored) || !lookup_item(request, &item))
        return;
    char *path = saved_face_path(request->server, &item, &which), *name = saved_face_name(&item, &which);
    if (path && name)
        answer_file(request, path, name, asks_to_save(request));
    else
        answer_problem(request, HTTP_NOT_FOUND, "this face was not saved by itself; the setting is save_faces");
    free(path);
    free(name);
    store_item_free(&item);
}
