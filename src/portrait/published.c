/* Is a weights file the published model that it is said to be? Its own file because whoever fetches models asks it. */
#include <string.h>

#include "models/models.h"
#include "portrait/portrait.h"

gpen_status model_check_published(const weights *file, const published_model *model, gpen_error *error)
{
    model_kind kind;
    gpen_architecture architecture;
    gpen_status status = model_identify(file, &kind, error);
    if (status)
        return status;
    if (strcmp(model_kind_name(kind), model->kind) != 0)
        return gpen_fail(error, GPEN_MODEL_INVALID, "it is a %s, not the %s that was asked for", model_kind_name(kind),
                         model->kind);
    if (kind != MODEL_RESTORER)
        return GPEN_OK;
    status = gpen_architecture_read(&architecture, file, error);
    if (!status && architecture.size != model->size)
        status = gpen_fail(error, GPEN_MODEL_INVALID, "it is a restorer of %d px, not of %d px", architecture.size,
                           model->size);
    return status;
}
