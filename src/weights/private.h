/* private.h: what the readers fill in, and what only this room and its tests use. */
#ifndef GPEN_WEIGHTS_PRIVATE_H
#define GPEN_WEIGHTS_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "weights/arena.h"
#include "weights/name_map.h"
#include "weights/weights.h"

enum {
    WEIGHTS_MAX_TENSORS = 65536,  /* the largest published restorer has about 500 */
    WEIGHTS_MAX_NAME = 255,       /* bytes of a tensor's name, so that every message has room for it */
    WEIGHTS_MAX_EXPANSION = 64,   /* tensors may claim so many times the file's length, shared or compressed... */
    WEIGHTS_FREE_BYTES = 1 << 20, /* ...and this much in any case */
};

/* One tensor and where its elements are. */
typedef struct weights_entry {
    weights_tensor tensor;             /* first, so that a weights_tensor handed out leads back here */
    const uint8_t *bytes;              /* of its element 0, 0, ...; at any address */
    size_t extent;                     /* bytes from there to the end of its last element; 0 when it has no elements */
    int64_t strides[WEIGHTS_MAX_RANK]; /* in elements, not negative */
} weights_entry;

/* A mapped file (or a caller's memory) and the tensors in it. */
struct weights {
    char *label;    /* the file's name, for messages */
    int descriptor; /* of the mapped file; -1: bytes are the caller's */
    const uint8_t *bytes;
    size_t length;

    weights_entry *entries;
    size_t count, capacity;
    name_map by_name;
    size_t claimed; /* bytes that the tensors have together */

    weights_pair *metadata;
    size_t metadata_count;

    arena texts;        /* names and metadata */
    uint8_t **inflated; /* blocks of a compressed archive */
    size_t inflated_count;
};

/* The same as weights_open for bytes in memory, which must outlive *out. label stands for the path in messages. */
gpen_status weights_open_memory(weights **out, const void *bytes, size_t length, const char *label, gpen_error *error);

/* Adds a tensor; name (copied), dtype, rank and shape are checked and its count computed. The caller has checked that
 * bytes and strides stay inside the file. Errors: MODEL_INVALID, OUT_OF_MEMORY. */
gpen_status weights_add(weights *file, const char *name, size_t name_length, const weights_entry *entry,
                        gpen_error *error);

/* *count = the product of the shape. False when a side is negative or the product does not fit. */
bool shape_count(const int64_t *shape, int rank, int64_t *count);

/* Tells the kernel that these bytes of the mapped file are not needed for now. */
void weights_give_back(const weights *file, const uint8_t *bytes, size_t length);

/* The readers: fill in a file whose bytes and length are set. What a failed one leaves, weights_close releases. */
gpen_status safetensors_read(weights *file, gpen_error *error);
gpen_status pth_zip_read(weights *file, gpen_error *error);
gpen_status pth_stream_read(weights *file, gpen_error *error);

/* Elements first .. first + count - 1 of the tensor, in row-major order and its own dtype. */
void entry_gather(const weights_entry *entry, int64_t first, size_t count, uint8_t *out);

/* MODEL_INVALID when the file on the disk is shorter than when it was opened. */
gpen_status weights_check_length(const weights *file, gpen_error *error);

/* Writes `file` as safetensors into an atomic_file that has begun. floats NULL: each tensor keeps its precision,
 * float64 becoming float32. */
gpen_status safetensors_write(const weights *file, atomic_file *target, const weights_dtype *floats,
                              const weights_pair *metadata, size_t metadata_count, gpen_error *error);

/* May this be the name of an installed model? Not with a slash, a backslash, a leading dot, a control character or bad
 * UTF-8. */
bool model_name_valid(const char *name);

/* The folder of the installed models and that of the bundled ones. *path is the caller's. */
gpen_status models_folder(char **path, gpen_error *error);
gpen_status assets_folder(char **path, gpen_error *error);

/* Whether this build can compute SHA-256 at all. */
bool sha256_available(void);

#endif
