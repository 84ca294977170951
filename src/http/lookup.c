/* Looking things up for a request. */
#include "http/lookup.h"

#include <string.h>

#include "http/engine.h"
#include "http/views.h"

static bool answer_unless(http_request *request, gpen_status status, const gpen_error *error, bool there)
{
    if (status)
        answer_error(request, error);
    else if (!there)
        answer_problem(request, HTTP_NOT_FOUND, NULL);
    return !status && there;
}

static gpen_status get_batch(http_server *server, int64_t id, store_batch *batch, gpen_error *error)
{
    batch_store *reader;
    gpen_status status = reader_take(server->readers, &reader, error);
    if (status)
        return status;
    status = store_batch_get(reader, id, batch, error);
    reader_give(server->readers, reader, status);
    return status;
}

bool lookup_batch(http_request *request, store_batch *batch)
{
    gpen_error error;
    *batch = (store_batch){0};
    gpen_status status = get_batch(request->server, request->id, batch, &error);
    return answer_unless(request, status, &error, batch->id != 0);
}

bool lookup_item(http_request *request, store_item *item)
{
    gpen_error error;
    batch_store *reader;
    *item = (store_item){0};
    gpen_status status = reader_take(request->server->readers, &reader, &error);
    if (!status) {
        status = store_item_get(reader, request->id, item, &error);
        reader_give(request->server->readers, reader, status);
    }
    return answer_unless(request, status, &error, item->id != 0);
}

scheduler *lookup_scheduler(http_request *request)
{
    scheduler *s = engine_borrow(request->server->engine);
    if (!s) {
        engine_return(request->server->engine);
        answer_problem(request, HTTP_BUSY, NULL);
    }
    return s;
}

void answer_batch(http_request *request, int64_t id, unsigned status)
{
    store_batch batch;
    request->id = id;
    if (!lookup_batch(request, &batch))
        return;
    answer_json(request, status, view_batch(request->server, &batch));
    store_batch_free(&batch);
}

void answer_item(http_request *request)
{
    store_item item;
    if (!lookup_item(request, &item))
        return;
    answer_json(request, MHD_HTTP_OK, view_item(request->server, &item, request->language));
    store_item_free(&item);
}

bool lookup_side(http_request *request, bool *after)
{
    const char *of = request_argument(request, "of");
    *after = of && !strcmp(of, "output");
    if (!of || *after || !strcmp(of, "input"))
        return true;
    answer_problem(request, HTTP_BAD_VALUE, "of is input or output");
    return false;
}
