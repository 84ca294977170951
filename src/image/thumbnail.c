/* Small pictures for lists and reports. Its own file because what people get to see has a form of its own, and plain C because it is
 * made by workers that may do nothing else. */
#include "image/image.h"

static int reduced(int length, int longer, int edge)
{
    int64_t result = ((int64_t)length * edge + longer / 2) / longer;
    return longer <= edge ? length : result < 1 ? 1 : (int)result;
}

gpen_status image_thumbnail(const gpen_image *from, int edge, gpen_image *to, gpen_error *error)
{
    *to = (gpen_image){0};
    gpen_status status = image_check(from, error);
    if (!status && edge < 1)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "a small picture cannot have an edge of %d", edge);
    if (status)
        return status;
    int longer = from->width > from->height ? from->width : from->height;
    status = image_new(to, reduced(from->width, longer, edge), reduced(from->height, longer, edge), image_colours(from),
                       8, error);
    if (status)
        return status;
    status = image_reduce(from, to, error);
    if (status)
        gpen_image_free(to);
    return status;
}
