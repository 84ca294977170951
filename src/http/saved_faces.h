/* saved_faces.h: faces that a batch's settings had saved by themselves, each as it came and as it was restored.
 *
 * They stand in results/KEY/.faces, by the numbers of their items: no photo's name begins with a point, so none of them can be taken for
 * a result, and two photos whose names differ in their endings only cannot take each other's. They go when their batch goes. */
#ifndef GPEN_HTTP_SAVED_FACES_H
#define GPEN_HTTP_SAVED_FACES_H

#include "batch/job.h"
#include "http/server.h"

/* What the paths of the item's saved faces begin with, for scheduler_events.crops. The caller's (free). NULL: it has no output among the
 * results yet, or no memory. */
char *saved_faces_stem(const http_server *server, const store_item *item);

/* The file of one of them, and what it is called beside the result: NAME-face2.png, NAME-face2-before.png. which->id is not looked at. The
 * caller's (free). NULL: there is none, or no memory. */
char *saved_face_path(const http_server *server, const store_item *item, const job_crop *which);
char *saved_face_name(const store_item *item, const job_crop *which);

/* Is the face there, restored and as it came? */
bool saved_face_there(const http_server *server, const store_item *item, size_t face);

#endif
