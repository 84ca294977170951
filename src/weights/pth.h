/* pth.h: what the two forms of a .pth file have in common: its object, and the way from there to named tensors. */
#ifndef GPEN_WEIGHTS_PTH_H
#define GPEN_WEIGHTS_PTH_H

#include "weights/pickle.h"
#include "weights/private.h"

/* Adds the tensors that the pickle's result describes to the file. The bytes of all storages have been found.
 * Errors: MODEL_INVALID, OUT_OF_MEMORY. */
gpen_status pth_add_tensors(weights *file, const pickle *object, gpen_error *error);

#endif
