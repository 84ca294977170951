/* model_choice.h: which restorer a command uses. Private to src/cli. */
#ifndef GPEN_CLI_MODEL_CHOICE_H
#define GPEN_CLI_MODEL_CHOICE_H

#include <stdbool.h>

#include "models/models.h"

/* The restorer that came with the program. */
#define BUNDLED_RESTORER "gpen-mini"

typedef struct model_choice {
    char *name; /* the file's, without folder and ending */
    char *path;
    bool bundled; /* nobody asked for it: there is no better one */
} model_choice;

/* `wanted` as a person wrote it after --model; or, when that is NULL, the best restorer there is: GPEN-BFR-512, 1024, 2048, 256, any
 * other that is installed, the bundled one. Models for colourising and inpainting are never chosen unasked.
 * Release with model_choice_free. Errors: MODEL_MISSING, OUT_OF_MEMORY. */
gpen_status model_choose(model_choice *choice, const char *wanted, gpen_error *error);
void model_choice_free(model_choice *choice);

typedef struct model_facts {
    bool restorer; /* a GPEN; else some other file of tensors */
    int size;      /* of a restorer, pixels */
    int64_t parameters;
} model_facts;

/* Opens the file and reads what it is; of a file that is no restorer, *error says why. Errors: those of weights_open. */
gpen_status model_identify(const char *path, model_facts *facts, gpen_error *error);

#endif
