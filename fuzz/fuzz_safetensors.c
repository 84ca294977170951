/* Any bytes as a .safetensors file: header, JSON, offsets, reading. */
#include "exercise_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    (void)exercise_weights(bytes, count);
    return 0;
}
