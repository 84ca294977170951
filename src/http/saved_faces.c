/* Where saved faces are. Its own file because the worker's supervisor, the answers and the zip must mean the same files. */
#include "http/saved_faces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "http/upload.h"

char *saved_faces_stem(const http_server *server, const store_item *item)
{
    char *stem = NULL;
    size_t length = strlen(server->results);
    bool ours = item->output && !strncmp(item->output, server->results, length) && item->output[length] == '/';
    const char *key = ours ? item->output + length + 1 : "";
    if (strcspn(key, "/") != UPLOAD_KEY ||
        asprintf(&stem, "%s/%.*s/.faces/%" PRId64, server->results, UPLOAD_KEY, key, item->id) < 0)
        return NULL;
    return stem;
}

char *saved_face_path(const http_server *server, const store_item *item, const job_crop *which)
{
    char *stem = item->state == STORE_DONE ? saved_faces_stem(server, item) : NULL;
    char *path = stem ? job_crop_path(stem, which) : NULL;
    free(stem);
    return path;
}

char *saved_face_name(const store_item *item, const job_crop *which)
{
    char *stem = path_stem(item->output ? item->output : item->relative);
    char *name = stem ? job_crop_path(stem, which) : NULL;
    free(stem);
    return name;
}

static bool is_there(const http_server *server, const store_item *item, size_t face, bool restored)
{
    char *path = saved_face_path(server, item, &(job_crop){.face = (uint32_t)face, .restored = restored});
    bool there = path && !access(path, R_OK);
    free(path);
    return there;
}

bool saved_face_there(const http_server *server, const store_item *item, size_t face)
{
    return is_there(server, item, face, true) && is_there(server, item, face, false);
}
