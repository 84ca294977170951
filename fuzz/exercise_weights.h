/* exercise_weights.h: what a program does with an open weights file, all of it; for inputs that try to break the
 * readers. */
#ifndef GPEN_FUZZ_EXERCISE_WEIGHTS_H
#define GPEN_FUZZ_EXERCISE_WEIGHTS_H

#include <stdlib.h>

#include "weights/private.h"

/* Opens the bytes and reads every tensor. The status of the opening. */
static inline gpen_status exercise_weights(const void *bytes, size_t length)
{
    gpen_error error;
    weights *file;
    gpen_status status = weights_open_memory(&file, bytes, length, "input", &error);
    for (size_t i = 0; !status && i < weights_count(file); i++) {
        const weights_tensor *tensor = weights_at(file, i);
        size_t count = (size_t)tensor->count + 1;
        float *values = malloc(count * sizeof *values);
        void *raw = malloc(count * weights_dtype_size(tensor->dtype));
        if (!values || !raw || weights_read_f32(file, tensor, values, &error) ||
            weights_read_raw(file, tensor, raw, &error) || weights_find(file, tensor->name) != tensor)
            abort();
        free(values);
        free(raw);
    }
    weights_close(file);
    return status;
}

#endif
