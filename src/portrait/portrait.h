/* portrait.h: one face, and later one photo, through the networks. The face of src/portrait; most of it is public, in gpen.h.
 */
#ifndef GPEN_PORTRAIT_H
#define GPEN_PORTRAIT_H

#include "nn/nn.h"
#include "weights/weights.h"

/* A gpen_model from tensors that are open already. The file may be closed afterwards. Release with gpen_model_close. */
gpen_status restorer_new(gpen_model **model, const weights *file, const gpen_options *options, gpen_error *error);

/* The compiled plan, for `gpen bench`. */
nn_plan *restorer_plan(gpen_model *model);

/* Is the file a restorer this program can run? A weights_check for models_import; context is not used. */
gpen_status restorer_check(const weights *file, void *context, gpen_error *error);

/* One crop at the model's size through the network: pixels to planar floats, the network, floats to pixels, blended with the
 * crop by strength (0..100). crop and restored: size x size, the same channels and bits; alpha is copied. They may be the
 * same image. */
void restorer_apply(gpen_model *model, const gpen_image *crop, int strength, gpen_image *restored);

/* Side of the crop. */
int restorer_size(const gpen_model *model);

#endif
