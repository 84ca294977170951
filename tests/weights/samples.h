/* samples.h: small weights files, good and hostile, that the mutation test starts from and the fuzz corpora are made
 * of. */
#ifndef GPEN_TESTS_WEIGHTS_SAMPLES_H
#define GPEN_TESTS_WEIGHTS_SAMPLES_H

#include <stdbool.h>

#include "builder.h"

typedef struct sample {
    const char *target; /* the fuzz target it is for */
    const char *name;
    bool good; /* it must open */
    void (*build)(bytes *to);
} sample;

extern const sample samples[];
extern const size_t sample_count;

#endif
