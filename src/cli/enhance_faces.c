/* The faces of one photo, as the command line sees them go by: counted, and saved by themselves where that was asked for. Its
 * own file because a whole photo has many faces, while a crop (--aligned) is one. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"

static gpen_status save_crop(const face_watch *watch, const gpen_image *crop, const char *path, gpen_error *error)
{
    const picture_save_options options = {.format = PICTURE_PNG, .overwrite = watch->batch->settings->overwrite};
    char *folder = path_folder(path);
    gpen_status status = folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", strlen(path));
    free(folder);
    if (!status && photo_list_has_file(&watch->batch->photos, path))
        status = gpen_fail(error, GPEN_EXISTS, "%s is one of the photos themselves", path);
    return status ? status : picture_save(crop, NULL, path, &options, NULL, error);
}

static gpen_status keep_crop(void *context, const job_crop *which, const gpen_image *pixels, gpen_error *error)
{
    const face_watch *watch = context;
    char *path = job_crop_path(watch->crops, which);
    if (!path)
        return gpen_fail_memory(error, "a path", strlen(watch->crops));
    interrupt_hold(true);
    gpen_status status = save_crop(watch, pixels, path, error);
    interrupt_hold(false);
    free(path);
    return status;
}

static bool see_faces(void *context, size_t ended, size_t chosen)
{
    const face_watch *watch = context;
    report_faces(watch->batch->report, ended, chosen);
    return !interrupted();
}

photo_job_watch enhance_watch(face_watch *watch)
{
    return (photo_job_watch){.context = watch, .faces = see_faces, .crop = watch->crops ? keep_crop : NULL};
}
