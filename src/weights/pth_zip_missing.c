/* Stands for pth_zip.c in a build without libarchive. */
#include "weights/private.h"

gpen_status pth_zip_read(weights *file, gpen_error *error)
{
    (void)file;
    return gpen_fail(error, GPEN_MODEL_INVALID,
                     "a .pth file in zip form, which this build cannot read (it was made without libarchive); "
                     "convert it to .safetensors");
}
