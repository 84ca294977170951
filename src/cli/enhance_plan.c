/* What there is to do about each photo: its result's name, and whether anything is to be done at all. Its own file because it is decided for
 * all of them before anything begins, and in their order, so that names are the same each time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "batch/content.h"
#include "cli/enhance.h"

/* Names given so far. */
typedef struct naming {
    const enhance_settings *settings;
    output_names *results; /* beneath settings->out; NULL when that is a file */
    output_names *crops;   /* beneath its folder of faces; NULL unless they are saved there */
} naming;

static gpen_status naming_begin(naming *names, const enhance_settings *settings, gpen_error *error)
{
    *names = (naming){.settings = settings};
    if (settings->out_is_file)
        return GPEN_OK;
    names->results = output_names_new(settings->out);
    bool good = names->results != NULL;
    if (good && settings->save_faces) {
        char *faces = path_join(settings->out, "faces");
        names->crops = faces ? output_names_new(faces) : NULL;
        good = names->crops != NULL;
        free(faces);
    }
    return good ? GPEN_OK : gpen_fail_memory(error, "the results' names", 0);
}

static void naming_end(naming *names)
{
    output_names_free(names->results);
    output_names_free(names->crops);
}

/* What the format will be, without decoding anything. */
static picture_format format_of(const enhance_settings *settings, const photo_item *photo)
{
    static const picture_format chosen[] = {[WRITE_PNG] = PICTURE_PNG,
                                            [WRITE_JPEG] = PICTURE_JPEG,
                                            [WRITE_WEBP] = PICTURE_WEBP,
                                            [WRITE_TIFF] = PICTURE_TIFF};
    if (settings->format != WRITE_KEEP)
        return chosen[settings->format];
    picture_format format;
    if (!picture_format_of_file(photo->path, &format) && !picture_format_of_name(photo->path, &format))
        format = PICTURE_OTHER;
    return picture_format_kept(format);
}

/* Where the photo stands beneath OUT. OUT/faces is the saved faces' own: what would stand there gets another folder. */
static char *place_of(const naming *names, const photo_item *photo)
{
    static const char taken[] = "faces/";
    size_t length = sizeof taken - 1;
    if (!names->crops || strncasecmp(photo->relative, taken, length) != 0)
        return strdup(photo->relative);
    char *place = NULL;
    return asprintf(&place, "faces-2/%s", photo->relative + length) < 0 ? NULL : place;
}

static gpen_status name_result(const naming *names, planned_photo *planned, gpen_error *error)
{
    if (!names->results) {
        planned->output = strdup(names->settings->out);
        return planned->output ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(names->settings->out));
    }
    char *place = place_of(names, planned->photo);
    gpen_status status = place ? output_names_next(names->results, place, format_of(names->settings, planned->photo),
                                                   &planned->output, error)
                               : gpen_fail_memory(error, "a path", strlen(planned->photo->relative));
    free(place);
    return status;
}

/* What the names of the photo's saved faces begin with: beneath OUT/faces where the result stands beneath OUT, its name
 * without the ending; two results that differ in their endings only get two names. */
static gpen_status name_crops_beneath(const naming *names, planned_photo *planned, gpen_error *error)
{
    const char *place = planned->output + strlen(names->settings->out);
    char *png;
    gpen_status status = output_names_next(names->crops, place + strspn(place, "/"), PICTURE_PNG, &png, error);
    if (status)
        return status;
    planned->crops = strndup(png, strlen(png) - strlen(picture_ending(path_name(png))));
    free(png);
    return GPEN_OK;
}

/* Beside a result that has a name of its own: faces/NAME. */
static void name_crops_beside(planned_photo *planned)
{
    char *folder = path_folder(planned->output), *stem = path_stem(planned->output);
    if (!folder || !stem || asprintf(&planned->crops, "%s/faces/%s", folder, stem) < 0)
        planned->crops = NULL;
    free(folder);
    free(stem);
}

/* Asked for each photo in turn, also one that is done already, so that the names are the same each time. */
static gpen_status name_crops(const naming *names, planned_photo *planned, gpen_error *error)
{
    if (!names->settings->save_faces)
        return GPEN_OK;
    gpen_status status = GPEN_OK;
    if (names->crops)
        status = name_crops_beneath(names, planned, error);
    else
        name_crops_beside(planned);
    if (!status && !planned->crops)
        status = gpen_fail_memory(error, "a path", strlen(planned->output));
    return status;
}

/* ---------------------------------------------------------------- is there anything to do? */

static void check_input(planned_photo *planned)
{
    int problem = planned->photo->problem;
    if (!problem)
        problem = content_read(&planned->content, planned->photo->path);
    /* What is there and no file is refused in its turn, with words of its own. */
    if (!problem || problem == EISDIR || problem == EINVAL)
        return;
    gpen_fail(&planned->error, GPEN_INPUT_MISSING, "%s: %s", planned->photo->path, strerror(problem));
    planned->state = ITEM_FAILED;
}

static void check_result(const enhance_plan *plan, planned_photo *planned)
{
    struct stat facts;
    bool exists = !lstat(planned->output, &facts);
    if (exists && photo_list_has_file(&plan->photos, planned->output)) {
        gpen_fail(&planned->error, GPEN_EXISTS,
                  "%s is one of the photos themselves, which are never replaced; choose another OUT", planned->output);
        planned->state = ITEM_FAILED;
    } else if (exists && !plan->settings->overwrite) {
        gpen_fail(&planned->error, GPEN_EXISTS, "%s is there already", planned->output);
        planned->state = ITEM_SKIPPED;
    } else if (plan->settings->dry_run) {
        planned->state = ITEM_PLANNED;
    }
}

static gpen_status plan_photo(enhance_plan *plan, const naming *names, size_t index, gpen_error *error)
{
    planned_photo *planned = &plan->planned[index];
    *planned = (planned_photo){.photo = &plan->photos.photos[index], .state = ITEM_STOPPED};
    gpen_status status = name_result(names, planned, error);
    if (!status)
        status = name_crops(names, planned, error);
    if (!status)
        check_input(planned);
    if (!status && planned->state == ITEM_STOPPED)
        check_result(plan, planned);
    plan->to_do += !status && planned->state == ITEM_STOPPED;
    return status;
}

gpen_status enhance_plan_make(enhance_plan *plan, gpen_error *error)
{
    naming names;
    size_t count = plan->photos.count;
    gpen_status status = naming_begin(&names, plan->settings, error);
    if (!status) {
        plan->planned = calloc(count ? count : 1, sizeof *plan->planned);
        if (!plan->planned)
            status = gpen_fail_memory(error, "the photos", count * sizeof *plan->planned);
    }
    for (size_t i = 0; !status && i < count; i++)
        status = plan_photo(plan, &names, i, error);
    naming_end(&names);
    return status;
}

void enhance_plan_free(enhance_plan *plan)
{
    for (size_t i = 0; plan->planned && i < plan->photos.count; i++) {
        free(plan->planned[i].output);
        free(plan->planned[i].crops);
    }
    free(plan->planned);
    free(plan->by_item);
    photo_list_free(&plan->photos);
    *plan = (enhance_plan){.to_do = 0};
}
