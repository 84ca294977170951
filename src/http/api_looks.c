/* How a photo would look: previews, other settings tried, and kept. What takes a worker is done in a task, whose file is sent and goes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/settings_json.h"
#include "http/body.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/new_batch.h"
#include "http/settings_take.h"
#include "http/sniff.h"
#include "http/upload.h"
#include "http/views.h"

enum { LEAST_EDGE = 64, MOST_EDGE = 4096, USUAL_EDGE = 1600, PREVIEW_QUALITY = 88, MOST_SENT_WHOLE = 12 << 20 };

/* ---------------------------------------------------------------- a picture from a worker */

typedef struct look_task {
    http_server *server;
    preview_wish wish;
    char *input, *path; /* of the photo; of the picture that is made. Owned */
} look_task;

static void look_free(void *context)
{
    look_task *look = context;
    if (look->path)
        (void)unlink(look->path);
    free(look->path);
    free(look->input);
    free(look);
}

static gpen_status make_look(void *context, gpen_error *error)
{
    look_task *look = context;
    job_result result = {.seconds = {0}};
    gpen_status status = previews_render(look->server->previews, &look->wish, look->path, &result, error);
    job_result_free(&result);
    return status;
}

static void answer_look(http_request *request)
{
    const look_task *look = request_task_result(request);
    if (look)
        answer_file(request, look->path, "preview.jpg", false);
}

/* Begins to make a picture of the item with these settings. */
static void begin_look(http_request *request, const store_item *item, const batch_settings *settings, int64_t edge)
{
    char key[UPLOAD_KEY + 1];
    gpen_error error;
    look_task *look = calloc(1, sizeof *look);
    if (!look)
        return;
    gpen_status status = upload_new_key(key, &error);
    *look = (look_task){.server = request->server,
                        .wish = {.photo = item->id,
                                 .look = settings->look,
                                 .edge = (int)edge,
                                 .quality = PREVIEW_QUALITY,
                                 .max_pixels = request->server->options.most_pixels},
                        .input = strdup(item->input)};
    if (!status && (!look->input || asprintf(&look->path, "%s/%s.jpg", request->server->previews_folder, key) < 0)) {
        look->path = NULL;
        status = gpen_fail_memory(&error, "a path", strlen(item->input));
    }
    if (status) {
        look_free(look);
        answer_error(request, &error);
        return;
    }
    look->wish.input = look->input;
    request_later(request, make_look, look, look_free, answer_look);
}

/* ---------------------------------------------------------------- previews */

/* Will a browser show this file as it is, and is it worth sending whole? */
static bool can_be_shown(const char *path)
{
    static const char *const shown[] = {"image/jpeg", "image/png", "image/webp"};
    unsigned char head[SNIFF_BYTES];
    struct stat facts;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool small = file >= 0 && !fstat(file, &facts) && S_ISREG(facts.st_mode) && facts.st_size <= MOST_SENT_WHOLE;
    ssize_t there = small ? pread(file, head, sizeof head, 0) : 0;
    if (file >= 0)
        (void)close(file);
    const char *type = sniff_type(head, there > 0 ? (size_t)there : 0);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!strcmp(type, shown[i]))
            return true;
    return false;
}

/* The look that leaves a photo as it is. */
static gpen_settings untouched(void)
{
    gpen_settings look = gpen_settings_default();
    look.strength = 0;
    return look;
}

/* The settings of the item's batch. False: answered. */
static bool batch_look(http_request *request, const store_item *item, batch_settings *settings)
{
    store_batch batch;
    int64_t id = request->id;
    request->id = item->batch;
    bool there = lookup_batch(request, &batch);
    request->id = id;
    if (!there)
        return false;
    if (batch_settings_read(settings, batch.settings, NULL))
        *settings = batch_settings_default();
    store_batch_free(&batch);
    return true;
}

static void answer_preview(http_request *request, const store_item *item, bool after, int64_t edge)
{
    batch_settings settings = batch_settings_default();
    const char *path = after ? item->output : item->input;
    if (after && (item->state != STORE_DONE || !item->output)) {
        answer_problem(request, HTTP_NOT_FOUND, "there is no result yet");
    } else if (can_be_shown(path)) {
        answer_file(request, path, after ? path : item->relative, false);
    } else if (!after) {
        settings.look = untouched();
        begin_look(request, item, &settings, edge);
    } else if (batch_look(request, item, &settings)) {
        begin_look(request, item, &settings, edge);
    }
}

void handle_get_preview(http_request *request)
{
    store_item item;
    bool after;
    int64_t edge = USUAL_EDGE;
    if (!lookup_side(request, &after) || !request_number(request, "edge", LEAST_EDGE, MOST_EDGE, &edge) ||
        !lookup_item(request, &item))
        return;
    answer_preview(request, &item, after, edge);
    store_item_free(&item);
}

/* ---------------------------------------------------------------- other settings */

/* Only the faces that the list names; the others stay as they came. */
static gpen_status keep_faces(const json_t *list, const store_item *item, batch_settings *settings, gpen_error *error)
{
    int64_t count = 0;
    for (int i = 0; i < GPEN_FACE_STATE_COUNT; i++)
        count += item->faces[i];
    json_t *off = json_pack("[]"), *one;
    for (int64_t face = 0; off && face < count; face++) {
        bool named = false;
        size_t index;
        json_array_foreach((json_t *)list, index, one)
        {
            named = named || json_integer_value(one) == face;
        }
        if (!named)
            (void)json_array_append_new(off, json_pack("I", (json_int_t)face));
    }
    json_t *object = json_pack("{so}", "face_off", off);
    gpen_status status = object ? settings_from_json(object, settings, error)
                                : gpen_fail_memory(error, "the list of faces", (size_t)count);
    json_decref(object);
    return status;
}

/* What the body asks for. *edge may be NULL. False: answered. */
static bool take_look(http_request *request, const store_item *item, batch_settings *settings, int64_t *edge)
{
    gpen_error error;
    json_t *object = body_json(request);
    if (!object)
        return false;
    const json_t *faces = json_object_get(object, "faces"), *asked = json_object_get(object, "edge");
    gpen_status status = settings_take(request->server, json_object_get(object, "settings"), settings, &error);
    if (!status && faces && !json_is_array(faces))
        status = gpen_fail(&error, GPEN_BAD_ARGUMENT, "faces is a list of faces");
    if (!status && faces)
        status = keep_faces(faces, item, settings, &error);
    if (!status && edge && asked) {
        *edge = json_integer_value(asked);
        if (!json_is_integer(asked) || *edge < LEAST_EDGE || *edge > MOST_EDGE)
            status =
                gpen_fail(&error, GPEN_BAD_ARGUMENT, "edge is a whole number from %d to %d", LEAST_EDGE, MOST_EDGE);
    }
    json_decref(object);
    if (status)
        answer_error(request, &error);
    return !status;
}

void handle_render_item(http_request *request)
{
    store_item item;
    batch_settings settings;
    int64_t edge = USUAL_EDGE;
    if (!lookup_item(request, &item))
        return;
    if (take_look(request, &item, &settings, &edge))
        begin_look(request, &item, &settings, edge);
    store_item_free(&item);
}

/* The item of the new batch. */
static void answer_applied(http_request *request)
{
    gpen_error error;
    batch_store *reader;
    store_item *items = NULL;
    size_t count = 0;
    const new_batch *batch = request_task_result(request);
    if (!batch)
        return;
    gpen_status status = reader_take(request->server->readers, &reader, &error);
    if (!status) {
        status = store_items_list(reader, batch->batch, STORE_STATES, 0, 1, &items, &count, &error);
        reader_give(request->server->readers, reader, status);
    }
    if (status)
        answer_error(request, &error);
    else if (!count)
        answer_problem(request, HTTP_NOT_FOUND, NULL);
    else
        answer_json(request, MHD_HTTP_CREATED, view_item(request->server, &items[0], request->language));
    store_items_free(items, count);
}

void handle_apply_item(http_request *request)
{
    store_item item;
    batch_settings settings;
    if (!lookup_item(request, &item))
        return;
    new_batch *batch = take_look(request, &item, &settings, NULL) ? calloc(1, sizeof *batch) : NULL;
    if (batch) {
        settings.single = true;
        snprintf(settings.name, sizeof settings.name, "%s", path_name(item.relative));
        *batch = (new_batch){.server = request->server,
                             .settings = settings,
                             .input = strdup(item.input),
                             .relative = strdup(item.relative)};
        if (batch->input && batch->relative)
            request_later(request, new_batch_make, batch, new_batch_free, answer_applied);
        else
            new_batch_free(batch);
    }
    store_item_free(&item);
}
