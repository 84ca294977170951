/* pickle.h: reads the pickles in a .pth file, and nothing else that a pickle can be.
 *
 * A pickle is a program for a stack machine. This machine knows only the opcodes that torch.save writes, and for the
 * ones that call something only a fixed list of names, none of which it calls: it notes what tensor they describe.
 * Everything else is refused by name. What can come out is numbers, texts, containers, and tensors that are
 * descriptions: dtype, shape, strides and a range of a storage, all checked.
 */
#ifndef GPEN_WEIGHTS_PICKLE_H
#define GPEN_WEIGHTS_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/arena.h"
#include "weights/name_map.h"
#include "weights/weights.h"

enum { PICKLE_MAX_DEPTH = 64 }; /* of containers inside each other; a checkpoint has 6 */

/* Elements that tensors share, named by a key; where they are is found out after the pickle was read. */
typedef struct pickle_storage {
    const char *key;
    size_t key_length;
    weights_dtype dtype;
    int64_t count;        /* elements that the pickle says it has */
    size_t length;        /* the same in bytes */
    const uint8_t *bytes; /* NULL until it is found */
} pickle_storage;

/* A part of a storage that stands for a storage itself (in files of the stream form); usually all of it. */
typedef struct pickle_view {
    pickle_storage *storage;
    size_t offset, length; /* bytes */
    weights_dtype dtype;
} pickle_view;

typedef struct pickle_tensor {
    const pickle_storage *storage;
    size_t offset; /* of its first element in the storage, bytes */
    size_t extent; /* bytes from there to the end of its last element; inside the storage */
    weights_dtype dtype;
    int rank;
    int64_t shape[WEIGHTS_MAX_RANK], strides[WEIGHTS_MAX_RANK];
} pickle_tensor;

typedef enum pickle_kind {
    PICKLE_MARK, /* on the stack: a mark; in the memo: never set. No value. */
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_NUMBER, /* a float, or an integer of more than 64 bits: its value is never needed */
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_SET,
    PICKLE_GLOBAL,
    PICKLE_STORAGE,
    PICKLE_TENSOR,
} pickle_kind;

typedef struct pickle_value {
    pickle_kind kind;
    uint32_t length; /* of text */
    union {
        int64_t integer;  /* BOOL, INT */
        const char *text; /* bytes of the file, not terminated */
        struct pickle_sequence *items;
        const struct pickle_global *global;
        const pickle_view *storage;
        const pickle_tensor *tensor;
    };
} pickle_value;

/* What a tuple, list or dict holds; a dict's keys and values alternate. */
typedef struct pickle_sequence {
    pickle_value *values;
    uint32_t count, capacity;
    int depth; /* of containers inside each other, this one included */
} pickle_sequence;

typedef struct pickle {
    const uint8_t *bytes; /* the pickle and whatever follows it */
    size_t length, at;    /* at: behind its end, after pickle_load */
    pickle_value result;
    pickle_storage **storages; /* each key once, in the order of their appearance */
    size_t storage_count, storage_capacity;
    name_map storage_keys;

    pickle_value *stack, *memo;
    size_t stack_count, stack_capacity, memo_capacity;
    int marks;
    arena memory; /* everything that values point to */
    gpen_error *error;
} pickle;

/* Reads the pickle that begins at `bytes`. The bytes must outlive the pickle. Release with pickle_free, after a failure
 * too.
 * Errors: MODEL_INVALID, OUT_OF_MEMORY. */
gpen_status pickle_load(pickle *p, const uint8_t *bytes, size_t length, gpen_error *error);
void pickle_free(pickle *p);

/* The value of a dict's key, or NULL. */
const pickle_value *pickle_dict_find(const pickle_value *dict, const char *key);
bool pickle_text_is(const pickle_value *value, const char *text);

/* ---------------------------------------------------------------- between the files of the machine */

/* MODEL_INVALID with the place, printf style. */
gpen_status pickle_fail(const pickle *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Why arena_take gave NULL. */
gpen_status pickle_fail_arena(const pickle *p);

/* A new empty container, and one more value in it. */
gpen_status pickle_container_new(pickle *p, pickle_kind kind, pickle_value *value);
gpen_status pickle_container_add(pickle *p, pickle_sequence *to, const pickle_value *value);

/* The global of that name. MODEL_INVALID: not one of those that belong into a weights file. */
gpen_status pickle_global_find(pickle *p, const char *module, size_t module_length, const char *name,
                               size_t name_length, pickle_value *value);

/* What calling the global with these arguments would have made. */
gpen_status pickle_reduce(pickle *p, const pickle_value *global, const pickle_value *arguments, pickle_value *value);

/* The storage that a persistent id stands for. */
gpen_status pickle_persistent(pickle *p, const pickle_value *id, pickle_value *value);

#endif
