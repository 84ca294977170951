/* model_choice.h: which models a command uses. Private to src/cli. */
#ifndef GPEN_CLI_MODEL_CHOICE_H
#define GPEN_CLI_MODEL_CHOICE_H

#include <stdbool.h>

#include "portrait/portrait.h"

/* The restorer that came with the program. */
#define BUNDLED_RESTORER "gpen-mini"

typedef struct model_choice {
    char *name; /* the file's, without folder and ending; NULL: none */
    char *path;
    bool bundled; /* nobody asked for it: there is no better one */
} model_choice;

/* `wanted` as a person wrote it; or, when that is NULL, the best of its kind that there is:
 *   restorer   GPEN-BFR-512, 1024, 2048, 256, any other that is installed, the bundled one; models for colourising and
 *              inpainting are never chosen unasked
 *   detector   RetinaFace-R50, RetinaFace-MobileNet0.25, any other that is installed, the bundled one
 *   parser     ParseNet, any other that is installed; none is no error, and then name and path are NULL
 * Release with model_choice_free. Errors: MODEL_MISSING, saying what to do about it; OUT_OF_MEMORY. */
gpen_status model_choose(model_choice *choice, model_kind kind, const char *wanted, gpen_error *error);
void model_choice_free(model_choice *choice);

typedef struct model_facts {
    bool known; /* one of the networks of this program; else some other file of tensors */
    model_kind kind;
    int size; /* of a restorer, pixels */
    int64_t parameters;
} model_facts;

/* Opens the file and reads what it is; of a file that is not known, *error says why. Errors: those of weights_open. */
gpen_status model_facts_read(const char *path, model_facts *facts, gpen_error *error);

/* What --precision takes, in the order of gpen_precision; ends with NULL. */
extern const char *const precision_choices[];

/* Where models are kept in the form this processor wants: `packed` in the cache folder. NULL: no home is known, or no memory;
 * then each process packs for itself. Release with free. */
char *packed_models_folder(void);

#endif
