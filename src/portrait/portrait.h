/* portrait.h: one photo, or one aligned face, through the networks. The face of src/portrait; most of it is public, in gpen.h.
 */
#ifndef GPEN_PORTRAIT_H
#define GPEN_PORTRAIT_H

#include "nn/nn.h"
#include "weights/weights.h"

/* What kind of model a file holds. */
typedef enum model_kind { MODEL_RESTORER, MODEL_DETECTOR, MODEL_PARSER } model_kind;

/* "restorer", "detector", "parser". Static. */
const char *model_kind_name(model_kind kind);

/* Says which of the networks this program knows the tensors are, all of them checked by name and shape.
 * Errors: MODEL_INVALID, with the first thing wrong for the kind that the names suggest. */
gpen_status model_identify(const weights *file, model_kind *kind, gpen_error *error);

/* Has it the kind and the size that the catalogue promises? Where no sum is published, this is what tells a model from another. What
 * pull_options.check takes. Errors: MODEL_INVALID. */
gpen_status model_check_published(const weights *file, const published_model *model, gpen_error *error);

/* One network of a handle, bare, for `gpen bench`. */
typedef struct model_network {
    nn_plan *plan;     /* the handle's */
    int width, height; /* of its input, planar [3][height][width] */
    int outputs;
    size_t output_counts[NN_MAX_OUTPUTS]; /* numbers of each */
} model_network;

/* The handle's network of a kind. A detector is laid out for pictures of width x height, from 32x32; the others have a size of
 * their own. Valid until the handle is used for something else. Errors: MODEL_MISSING, OUT_OF_MEMORY. */
gpen_status model_bare_network(gpen_model *model, model_kind kind, int width, int height, model_network *network,
                               gpen_error *error);

/* What a caller may want to see while a photo is worked on. Each may be NULL. */
typedef struct photo_watch {
    void *context;
    /* The faces were found and chosen; those in state FOUND will be restored, one after another. */
    void (*found)(void *context, const gpen_faces *faces);
    /* Face `index` has its final state. crop and restored (size x size, sRGB; restored as it was pasted) are NULL unless it was
     * RESTORED, and valid only during the call. false: stop, the photo is CANCELLED. */
    bool (*done)(void *context, const gpen_faces *faces, size_t index, const gpen_image *crop,
                 const gpen_image *restored);
} photo_watch;

/* gpen_enhance, with two things more. touched: [height][width] bytes, set to 1 where a mask changed the pixel (the caller zeroes
 * it), or NULL. watch may be NULL. */
gpen_status photo_enhance(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                          gpen_image *restored, uint8_t *touched, gpen_faces *faces, const photo_watch *watch,
                          gpen_error *error);

/* gpen_restore_aligned, and what became of the face: state, strength, likeness. */
gpen_status aligned_restore(gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                            gpen_image *restored, gpen_face *what, gpen_error *error);

/* Pictures as large as the photo that photo_enhance holds beside it at the most: the result, what it was before it was finished, the
 * photo without its noise. */
int photo_copies(const gpen_settings *settings);

#endif
