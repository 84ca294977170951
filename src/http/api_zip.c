/* A batch's results as a zip. Its own file because the zip is sent while batches go on, so it walks through the store item by item. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/saved_faces.h"
#include "http/zip.h"

/* Where the walk stands: item has given its result, and of its saved faces those before `face`, and, where `restored`, that one as it
 * came. */
typedef struct result_walk {
    http_server *server;
    int64_t batch;
    char *folder;
    bool faces;      /* are saved faces wanted? */
    store_item item; /* id 0: none yet */
    job_crop face;
} result_walk;

/* What the item's result is called in the zip: its path below the batch's folder. */
static const char *name_of(const result_walk *walk)
{
    size_t length = strlen(walk->folder);
    const char *output = walk->item.output;
    bool below = !strncmp(output, walk->folder, length) && output[length] == '/';
    return below ? output + length + 1 : path_name(output);
}

/* faces/FOLDER/NAME-face2.png, with the result's ending kept: IMG_1.jpg and IMG_1.png are two photos. */
static char *face_name(const result_walk *walk)
{
    char *stem = NULL, *name = NULL;
    if (asprintf(&stem, "faces/%s", name_of(walk)) >= 0) {
        name = job_crop_path(stem, &walk->face);
        free(stem);
    }
    return name;
}

/* The item's next saved face. False: it has no more. */
static bool next_face(result_walk *walk, char **path, char **name)
{
    size_t most = 0;
    for (int i = 0; walk->faces && i < GPEN_FACE_STATE_COUNT; i++)
        most += (size_t)walk->item.faces[i];
    for (; walk->face.face < most; walk->face.face++, walk->face.restored = false) {
        if (!walk->face.restored && !saved_face_there(walk->server, &walk->item, walk->face.face))
            continue;
        *path = saved_face_path(walk->server, &walk->item, &walk->face);
        *name = face_name(walk);
        if (walk->face.restored)
            walk->face.face++;
        walk->face.restored = !walk->face.restored;
        return true;
    }
    return false;
}

/* On to the next item that is done. False: there is none. */
static bool next_item(result_walk *walk)
{
    batch_store *reader;
    store_item *items;
    size_t count = 0;
    if (reader_take(walk->server->readers, &reader, NULL))
        return false;
    gpen_status status =
        store_items_list(reader, walk->batch, STORE_DONE, walk->item.position, 1, &items, &count, NULL);
    reader_give(walk->server->readers, reader, status);
    if (status)
        return false;
    store_item_free(&walk->item);
    walk->face = (job_crop){.face = 0};
    bool there = count == 1;
    if (there) {
        walk->item = items[0]; /* with its strings */
        items[0] = (store_item){0};
    }
    store_items_free(items, count);
    return there;
}

static bool next_file(void *context, char **path, char **name)
{
    result_walk *walk = context;
    *path = *name = NULL;
    if (walk->item.id && walk->item.output && next_face(walk, path, name))
        return true;
    if (!next_item(walk))
        return false;
    if (walk->item.output) {
        *path = strdup(walk->item.output);
        *name = strdup(name_of(walk));
    }
    return true;
}

static void end_walk(void *context)
{
    result_walk *walk = context;
    store_item_free(&walk->item);
    free(walk->folder);
    free(walk);
}

void handle_zip_batch(http_request *request)
{
    store_batch batch;
    int64_t faces = 0;
    if (!request_number(request, "faces", 0, 1, &faces) || !lookup_batch(request, &batch))
        return;
    result_walk *walk = calloc(1, sizeof *walk);
    if (walk) {
        *walk = (result_walk){.server = request->server,
                              .batch = batch.id,
                              .folder = strdup(batch.output_folder),
                              .faces = faces};
        const zip_source source = {walk, next_file, end_walk};
        if (walk->folder)
            zip_answer(request, &source, batch.id);
        else
            end_walk(walk);
    }
    store_batch_free(&batch);
}
