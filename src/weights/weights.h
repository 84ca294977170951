/* weights.h: named tensors read from a file, and the folder where models are installed. The face of src/weights.
 *
 * Two formats are read: safetensors (memory-mapped) and PyTorch's .pth, in its zip form (torch 1.6 and later) and the
 * older stream form. Nothing in a file is ever executed, no object but tensors and containers is built, and every size,
 * offset and stride is checked before it is used: a weights file is hostile input.
 */
#ifndef GPEN_WEIGHTS_H
#define GPEN_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* ---------------------------------------------------------------- tensors */

enum { WEIGHTS_MAX_RANK = 8 };

typedef enum weights_dtype {
    WEIGHTS_F64,
    WEIGHTS_F32,
    WEIGHTS_F16,
    WEIGHTS_BF16, /* the upper half of a float32 */
    WEIGHTS_I64,
    WEIGHTS_I32,
    WEIGHTS_I16,
    WEIGHTS_I8,
    WEIGHTS_U8,
    WEIGHTS_BOOL,
} weights_dtype;

size_t weights_dtype_size(weights_dtype dtype);      /* bytes an element */
const char *weights_dtype_name(weights_dtype dtype); /* safetensors' name: "F32", "BF16", ... Static. */

/* One tensor. Strings and arrays belong to the weights it came from. */
typedef struct weights_tensor {
    const char *name; /* UTF-8, without a `module.` prefix */
    weights_dtype dtype;
    int rank; /* 0 (a scalar) .. WEIGHTS_MAX_RANK */
    int64_t shape[WEIGHTS_MAX_RANK];
    int64_t count; /* product of the shape */
} weights_tensor;

/* ---------------------------------------------------------------- a file of tensors */

typedef struct weights weights;

/* Opens a .safetensors or .pth file; which of them it is, its first bytes say. The tensors of the first of the wrappers
 * params_ema, params, g_ema, state_dict that is there stand for the file (when a file has one of them); a `module.`
 * prefix on every name is taken off. Release with weights_close. *out is NULL on failure.
 * Errors: INPUT_MISSING (not there, or not readable), MODEL_INVALID (the message says what is wrong and where),
 * OUT_OF_MEMORY. */
gpen_status weights_open(weights **out, const char *path, gpen_error *error);
void weights_close(weights *file);

size_t weights_count(const weights *file);
const weights_tensor *weights_at(const weights *file, size_t index);       /* in the file's order */
const weights_tensor *weights_find(const weights *file, const char *name); /* NULL when there is none */

/* A value of safetensors' __metadata__, or NULL. */
const char *weights_metadata(const weights *file, const char *key);

/* Writes the tensor's `count` values as float32, in row-major order whatever its strides were, to values. Integers and
 * bool are converted. The pages that this touched in a mapped file are given back to the kernel.
 * Errors: MODEL_INVALID (the file was cut after it was opened. That is looked at before reading: a file that is cut
 * during the call ends the program with SIGBUS, so what may be replaced meanwhile must be replaced by rename). */
gpen_status weights_read_f32(const weights *file, const weights_tensor *tensor, float *values, gpen_error *error);

/* The tensor's values in its own dtype, row-major, little endian: count * weights_dtype_size bytes. */
gpen_status weights_read_raw(const weights *file, const weights_tensor *tensor, void *bytes, gpen_error *error);

typedef struct weights_pair {
    const char *key, *value;
} weights_pair;

/* The beginning of a path for what is made of this file and kept for the next time: FOLDER/NAME-NUMBER, the number from the file's
 * device, inode, length and times of change. Makes the folder, and removes from it what nobody used for thirty days. NULL: the file is not
 * one on a disk, the folder cannot be made, or no memory. Release with free. */
char *weights_kept_path(const weights *file, const char *folder);

/* Writes all tensors of `file` as safetensors to `path` (temp file in the same folder, flushed, renamed; replaces what
 * was there). Floating tensors are stored as `floats`: WEIGHTS_F32, WEIGHTS_F16, WEIGHTS_BF16, rounded to nearest even,
 * a value beyond float16's range being an error; others keep their dtype. metadata may be NULL. The same input gives
 * the same bytes. Errors: WRITE_FAILED, DISK_FULL, MODEL_INVALID, OUT_OF_MEMORY, BAD_ARGUMENT (another `floats`, or
 * metadata with a key twice). */
gpen_status weights_save(const weights *file, const char *path, weights_dtype floats, const weights_pair *metadata,
                         size_t metadata_count, gpen_error *error);

/* ---------------------------------------------------------------- installed models
 * A model NAME is the file models/NAME.safetensors in the data folder ($GPEN_HOME/data, else $XDG_DATA_HOME/gpen, else
 * ~/.local/share/gpen), or else one of the bundled models (GPEN_ASSETS, else ../assets/weights or ../share/gpen/weights
 * from the program's own folder, else where the build was told to install). A name has at most 200 bytes, no slash,
 * backslash or control character, and no leading dot. Beside an installed file stands NAME.sha256, in sha256sum's own
 * format. */

typedef struct installed_model {
    char *name;    /* file name without .safetensors */
    char *path;    /* absolute */
    bool bundled;  /* came with the program */
    int64_t bytes; /* of the file */
} installed_model;

/* All models that can be used by name, installed ones first, each group in alphabetical order; an installed model hides
 * a bundled one of its name. Release with models_list_free. A folder that is not there has no models. */
gpen_status models_list(installed_model **models, size_t *count, gpen_error *error);
void models_list_free(installed_model *models, size_t count);

/* Turns what a person wrote after --model into a path: an existing file as it is, else the installed or bundled model
 * of that name. *path is the caller's (free). Errors: MODEL_MISSING, with the names that there are. */
gpen_status models_resolve(const char *name_or_path, char **path, gpen_error *error);

/* Copies FILE (.pth or .safetensors) into the models folder as NAME.safetensors, NAME being the file's own name without
 * its ending, and records its SHA-256. `check` is asked before anything is written whether the tensors are a network
 * this program knows; NULL asks nothing. *name is the caller's (free). Floats keep their precision (float64 becomes
 * float32).
 * Errors: those of weights_open and weights_save, of check, BAD_ARGUMENT (no possible name), and EXISTS when another
 * file of that name is installed and `overwrite` is false (the same tensors again are no error, and set a lost sum
 * right). A build without GLib records no sum, and says so in the log. */
typedef gpen_status weights_check(const weights *file, void *context, gpen_error *error);
gpen_status models_import(const char *path, bool overwrite, weights_check *check, void *context, char **name,
                          gpen_error *error);

/* Reads the file of an installed model again and compares its SHA-256 with the recorded one. Bundled models are
 * compared with the sums in assets/weights/SHA256SUMS. Errors: MODEL_INVALID (changed, or no sum recorded),
 * MODEL_MISSING. */
gpen_status models_verify(const installed_model *model, gpen_error *error);

/* The digits that a list of sha256sum's form (NAME.sha256, SHA256SUMS) has for `name`. Errors: MODEL_INVALID (none there). */
gpen_status sha256_list_find(const char *list, const char *name, char digest[65], gpen_error *error);

/* SHA-256 of a file as 64 hexadecimal digits and a zero byte. Errors: INPUT_MISSING; UNSUPPORTED_FORMAT in a build
 * without GLib, which cannot compute it. */
gpen_status file_sha256(const char *path, char digest[65], gpen_error *error);

/* Likewise of a text. Errors: UNSUPPORTED_FORMAT. */
gpen_status text_sha256(const char *text, char digest[65], gpen_error *error);

/* As file_sha256, but kept in `folder` (weights_kept_path's; NULL: nowhere) for the next time, by the file's device, inode, length and
 * times of change. */
gpen_status file_sha256_kept(const char *path, const char *folder, char digest[65], gpen_error *error);

/* ---------------------------------------------------------------- published models
 * What can be fetched with `gpen models pull`, and how. While a model is fetched, and between two attempts, what is
 * there of it stands in the folder downloads below the models folder, where nothing is taken for a model:
 *   NAME.part      the bytes so far, locked by the process that fetches them
 *   NAME.note      where they came from, so that they can be continued
 *   NAME.license   the licence that was accepted
 *   NAME.sha256    of a model whose publisher names no sum: that of the file that was installed first */

typedef struct published_model {
    const char *name; /* as it will be installed */
    const char *file; /* what its publisher calls it; a mirror has it under this name */
    const char *kind; /* "restorer", "detector", "parser"; "upscaler" has no network in this program yet */
    int size;         /* of a restorer: pixels; else 0 */
    const char *purpose;
    const char *license;
    int64_t bytes;                /* of the file; 0: not published */
    const char *sha256;           /* of the file; NULL: not published */
    const char *const *addresses; /* in the order in which they are tried; ends with NULL */
} published_model;

/* The catalogue. Static. */
const published_model *published_models(size_t *count);
const published_model *published_find(const char *name); /* NULL when there is none of that name */

/* Can this program run it? */
bool published_usable(const published_model *model);

/* Was this model's licence, as the catalogue words it now, accepted before? Then nobody is asked again. A note that
 * cannot be read is none. */
bool license_accepted(const published_model *model);

/* Remembers that it was. Errors: WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY, MODEL_MISSING (no folder for models is known). */
gpen_status license_accept(const published_model *model, gpen_error *error);

typedef enum pull_step {
    PULL_ASKING,     /* `address` is asked; `bytes` are there already */
    PULL_RECEIVING,  /* `bytes` of `total` are there; several times a second at most, at least once a second */
    PULL_FAILED,     /* `address` did not deliver it: `reason` */
    PULL_WAITING,    /* all addresses failed; they are tried again in `seconds`. Repeated while it waits */
    PULL_INSTALLING, /* all of it is there, and is checked and written as safetensors */
} pull_step;

typedef struct pull_event {
    pull_step step;
    const char *address;  /* without a password or query */
    int64_t bytes, total; /* total -1: unknown */
    double seconds;
    const gpen_error *reason;
} pull_event;

typedef struct pull_options {
    const char *from;    /* the one address to ask, in place of all others; or NULL */
    const char *mirrors; /* folders on web servers, separated by spaces, that are asked first; or NULL */
    int retries;         /* how often all addresses are tried once more, with longer and longer waits between */
    int stall_seconds;   /* an address that sends nearly nothing for so long is given up */
    bool overwrite;      /* fetch it although it is installed, and replace that */

    /* Whether the tensors are what the catalogue says; asked before anything is installed. */
    gpen_status (*check)(const weights *file, const published_model *model, gpen_error *error);

    /* Told what happens, when it is not NULL. false: stop, the call ends with CANCELLED. */
    bool (*watch)(void *context, const pull_event *event);
    void *context;
} pull_options;

/* Can this build fetch anything? (It needs libcurl and a SHA-256.) */
bool models_pull_available(void);

/* Fetches the model and installs it. The file is compared with the published length and SHA-256; where no sum is
 * published, with the one recorded when it was first installed. *present: it was installed and whole, and nothing was
 * done. Proxies are those of libcurl's environment variables (https_proxy, all_proxy, no_proxy, ...).
 * Not to be called while another thread starts or ends a use of a libcurl that is older than 7.84.
 * Errors: FETCH_FAILED (no address delivered it, or another process is fetching it), FETCH_REFUSED (an address that is
 * not http or https, or leads to one that is not), MODEL_INVALID (what came is not the model), EXISTS (something else is
 * installed under this name), CANCELLED, UNSUPPORTED_FORMAT (this build cannot), and those of models_import. What came
 * is kept and continued by the next call, unless it was wrong. */
gpen_status models_pull(const published_model *model, const pull_options *options, bool *present, gpen_error *error);

#endif
