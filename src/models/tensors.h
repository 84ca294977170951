/* Finding and checking the tensors of a file: private to src/models. */
#ifndef GPEN_MODELS_TENSORS_H
#define GPEN_MODELS_TENSORS_H

#include "models/models.h"

/* The tensor "prefix" followed by "suffix", times scale; absent when there is none of that name. */
nn_weight tensor_weight(const weights *file, const char *prefix, const char *suffix, double scale);

/* Dimension `dimension` of that tensor; 0 when it is not there, has another rank, or the number is not 1..8192. */
int tensor_dimension(const weights *file, const char *prefix, const char *suffix, int rank, int dimension);

/* Goes through a file's tensors: each must be expected, and each expected one there, with its shape. */
typedef struct tensor_check {
    const weights *file;
    const char *network; /* for messages: "GPEN" */
    bool *known;         /* one for each tensor of the file */
    gpen_error *error;
    gpen_status status; /* the first failure; later calls do nothing */
} tensor_check;

/* OUT_OF_MEMORY is left in status. End with tensor_check_end. */
void tensor_check_begin(tensor_check *check, const weights *file, const char *network, gpen_error *error);

/* The tensor prefix + suffix must be there, hold floating-point numbers and have the shape that follows (rank ints). */
void tensor_expect(tensor_check *check, const char *prefix, const char *suffix, int rank, ...);

/* Refuses tensors that nobody expected, but for those whose names end in `ignored_suffix` (NULL: none); returns the status. */
gpen_status tensor_check_end(tensor_check *check, const char *ignored_suffix);

#endif
