/* Any bytes as a .pth file of either form, and as a bare pickle, which no archive's CRC then stands in front of. */
#include "exercise_weights.h"
#include "weights/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    pickle bare;
    (void)exercise_weights(bytes, count);
    (void)pickle_load(&bare, bytes, count, NULL);
    pickle_free(&bare);
    return 0;
}
