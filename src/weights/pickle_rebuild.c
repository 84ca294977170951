/* The few names that a weights file's pickle may call, and what a call would make: an OrderedDict, a tensor, a storage.
 * Sources: PyTorch, torch/_utils.py (_rebuild_*), torch/serialization.py (persistent ids).
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "weights/pickle.h"
#include "weights/utf8.h"

typedef enum pickle_role {
    ROLE_ORDERED_DICT, /* (), or ([[key, value], ...],) as Python 2 wrote it */
    ROLE_TENSOR_V2,    /* storage, offset, size, stride, requires_grad, hooks[, metadata] */
    ROLE_TENSOR_V3,    /* storage, offset, size, stride, requires_grad, hooks, dtype[, metadata] */
    ROLE_PARAMETER,    /* tensor, requires_grad, hooks */
    ROLE_STORAGE,      /* only inside a persistent id */
    ROLE_DTYPE,        /* only as TENSOR_V3's */
} pickle_role;

struct pickle_global {
    const char *module, *name;
    pickle_role role;
    weights_dtype dtype; /* of STORAGE and DTYPE */
};

static const struct pickle_global globals[] = {
    {"collections", "OrderedDict", ROLE_ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", ROLE_TENSOR_V2, 0},
    {"torch._utils", "_rebuild_tensor_v3", ROLE_TENSOR_V3, 0},
    {"torch._utils", "_rebuild_parameter", ROLE_PARAMETER, 0},
    {"torch", "DoubleStorage", ROLE_STORAGE, WEIGHTS_F64},
    {"torch", "FloatStorage", ROLE_STORAGE, WEIGHTS_F32},
    {"torch", "HalfStorage", ROLE_STORAGE, WEIGHTS_F16},
    {"torch", "BFloat16Storage", ROLE_STORAGE, WEIGHTS_BF16},
    {"torch", "LongStorage", ROLE_STORAGE, WEIGHTS_I64},
    {"torch", "IntStorage", ROLE_STORAGE, WEIGHTS_I32},
    {"torch", "ShortStorage", ROLE_STORAGE, WEIGHTS_I16},
    {"torch", "CharStorage", ROLE_STORAGE, WEIGHTS_I8},
    {"torch", "ByteStorage", ROLE_STORAGE, WEIGHTS_U8},
    {"torch", "BoolStorage", ROLE_STORAGE, WEIGHTS_BOOL},
    {"torch", "UntypedStorage", ROLE_STORAGE, WEIGHTS_U8}, /* counts bytes */
    {"torch.storage", "UntypedStorage", ROLE_STORAGE, WEIGHTS_U8},
    {"torch", "float64", ROLE_DTYPE, WEIGHTS_F64},
    {"torch", "float32", ROLE_DTYPE, WEIGHTS_F32},
    {"torch", "float16", ROLE_DTYPE, WEIGHTS_F16},
    {"torch", "bfloat16", ROLE_DTYPE, WEIGHTS_BF16},
    {"torch", "int64", ROLE_DTYPE, WEIGHTS_I64},
    {"torch", "int32", ROLE_DTYPE, WEIGHTS_I32},
    {"torch", "int16", ROLE_DTYPE, WEIGHTS_I16},
    {"torch", "int8", ROLE_DTYPE, WEIGHTS_I8},
    {"torch", "uint8", ROLE_DTYPE, WEIGHTS_U8},
    {"torch", "bool", ROLE_DTYPE, WEIGHTS_BOOL},
};

static bool equals(const char *text, size_t length, const char *other)
{
    return length == strlen(other) && !memcmp(text, other, length);
}

gpen_status pickle_global_find(pickle *p, const char *module, size_t module_length, const char *name,
                               size_t name_length, pickle_value *value)
{
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        if (equals(module, module_length, globals[i].module) && equals(name, name_length, globals[i].name)) {
            *value = (pickle_value){.kind = PICKLE_GLOBAL, .global = &globals[i]};
            return GPEN_OK;
        }
    }
    return pickle_fail(p, "it asks for %s.%s, which does not belong into a weights file",
                       text_shown(module, module_length).text, text_shown(name, name_length).text);
}

/* ---------------------------------------------------------------- storages */

/* The storage of that key; a key seen before must mean the same storage. */
static gpen_status storage_of_key(pickle *p, const pickle_value *key, weights_dtype dtype, int64_t count,
                                  pickle_storage **storage)
{
    size_t length;
    if (count < 0 || !size_multiply((size_t)count, weights_dtype_size(dtype), &length))
        return pickle_fail(p, "a storage of an impossible size");
    int64_t known = name_map_find(&p->storage_keys, key->text, key->length);
    if (known != NAME_ABSENT) {
        *storage = p->storages[known];
        if ((*storage)->dtype != dtype || (*storage)->count != count)
            return pickle_fail(p, "storage %s is described in two ways", text_shown(key->text, key->length).text);
        return GPEN_OK;
    }
    if (p->storage_count == p->storage_capacity) {
        size_t capacity = p->storage_capacity ? p->storage_capacity * 2 : 64;
        pickle_storage **grown = realloc(p->storages, capacity * sizeof *grown);
        if (!grown)
            return gpen_fail_memory(p->error, "the list of tensors", capacity * sizeof *grown);
        p->storages = grown;
        p->storage_capacity = capacity;
    }
    *storage = arena_take(&p->memory, sizeof **storage);
    if (!*storage)
        return pickle_fail_arena(p);
    **storage =
        (pickle_storage){.key = key->text, .key_length = key->length, .dtype = dtype, .count = count, .length = length};
    if (name_map_add(&p->storage_keys, key->text, key->length, (int64_t)p->storage_count) == NAME_NO_MEMORY)
        return gpen_fail_memory(p->error, "the list of tensors", length);
    p->storages[p->storage_count++] = *storage;
    return GPEN_OK;
}

/* Narrows a view to (view key, first element, elements); the key is not needed, the range says it all. */
static gpen_status narrow(pickle *p, const pickle_value *range, pickle_view *view)
{
    const pickle_value *parts = range->kind == PICKLE_TUPLE && range->items->count == 3 ? range->items->values : NULL;
    if (!parts || parts[1].kind != PICKLE_INT || parts[2].kind != PICKLE_INT)
        return pickle_fail(p, "a storage's view is not as torch writes it");
    int64_t first = parts[1].integer, count = parts[2].integer;
    if (first < 0 || count < 0 || first > view->storage->count || count > view->storage->count - first)
        return pickle_fail(p, "a storage's view lies outside it");
    view->offset = (size_t)first * weights_dtype_size(view->dtype);
    view->length = (size_t)count * weights_dtype_size(view->dtype);
    return GPEN_OK;
}

/* ('storage', class, key, location, elements[, view]) */
gpen_status pickle_persistent(pickle *p, const pickle_value *id, pickle_value *value)
{
    const pickle_value *parts = id->kind == PICKLE_TUPLE ? id->items->values : NULL;
    uint32_t count = parts ? id->items->count : 0;
    if (count < 5 || count > 6 || !pickle_text_is(&parts[0], "storage") || parts[1].kind != PICKLE_GLOBAL ||
        parts[1].global->role != ROLE_STORAGE || parts[2].kind != PICKLE_TEXT || parts[4].kind != PICKLE_INT)
        return pickle_fail(p, "a reference to something that is no storage");
    pickle_view *view = arena_take(&p->memory, sizeof *view);
    if (!view)
        return pickle_fail_arena(p);
    view->dtype = parts[1].global->dtype;
    gpen_status status = storage_of_key(p, &parts[2], view->dtype, parts[4].integer, &view->storage);
    if (status)
        return status;
    view->length = view->storage->length;
    if (count == 6 && parts[5].kind != PICKLE_NONE)
        status = narrow(p, &parts[5], view);
    *value = (pickle_value){.kind = PICKLE_STORAGE, .storage = view};
    return status;
}

/* ---------------------------------------------------------------- tensors */

static gpen_status read_sides(pickle *p, const pickle_value *sizes, const pickle_value *strides, pickle_tensor *tensor)
{
    if (sizes->kind != PICKLE_TUPLE || strides->kind != PICKLE_TUPLE || sizes->items->count != strides->items->count)
        return pickle_fail(p, "a tensor's size and stride do not belong together");
    if (sizes->items->count > WEIGHTS_MAX_RANK)
        return pickle_fail(p, "a tensor of more than %d dimensions", WEIGHTS_MAX_RANK);
    tensor->rank = (int)sizes->items->count;
    for (int i = 0; i < tensor->rank; i++) {
        const pickle_value *size = &sizes->items->values[i], *stride = &strides->items->values[i];
        if (size->kind != PICKLE_INT || stride->kind != PICKLE_INT || size->integer < 0 || stride->integer < 0)
            return pickle_fail(p, "a tensor's size or stride is not possible");
        tensor->shape[i] = size->integer;
        tensor->strides[i] = stride->integer;
    }
    return GPEN_OK;
}

/* *last = the element, counted from the tensor's first, that lies farthest behind it. False: too far to count. */
static bool last_element(const pickle_tensor *tensor, int64_t *last)
{
    *last = 0;
    for (int i = 0; i < tensor->rank; i++) {
        int64_t reach;
        if (__builtin_mul_overflow(tensor->shape[i] - 1, tensor->strides[i], &reach) ||
            __builtin_add_overflow(*last, reach, last))
            return false;
    }
    return true;
}

/* Every element must lie inside the view, `first` being the tensor's offset in elements. */
static gpen_status place(pickle *p, const pickle_view *view, int64_t first, pickle_tensor *tensor)
{
    int64_t size = (int64_t)weights_dtype_size(tensor->dtype), available = (int64_t)view->length / size, last;
    for (int i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] == 0)
            return GPEN_OK; /* no elements, nowhere */
    if (first < 0 || first >= available || !last_element(tensor, &last) || last >= available - first)
        return pickle_fail(p, "a tensor's elements would lie outside its storage");
    tensor->offset = view->offset + (size_t)(first * size);
    tensor->extent = (size_t)((last + 1) * size);
    return GPEN_OK;
}

static gpen_status rebuild_tensor(pickle *p, pickle_role role, const pickle_value *arguments, uint32_t count,
                                  pickle_value *value)
{
    uint32_t least = role == ROLE_TENSOR_V3 ? 7 : 6;
    if (count < least || count > least + 1 || arguments[0].kind != PICKLE_STORAGE || arguments[1].kind != PICKLE_INT)
        return pickle_fail(p, "a tensor is not described as torch does it");
    pickle_tensor *tensor = arena_take(&p->memory, sizeof *tensor);
    if (!tensor)
        return pickle_fail_arena(p);
    const pickle_view *view = arguments[0].storage;
    tensor->storage = view->storage;
    tensor->dtype = view->dtype;
    if (role == ROLE_TENSOR_V3) {
        if (arguments[6].kind != PICKLE_GLOBAL || arguments[6].global->role != ROLE_DTYPE)
            return pickle_fail(p, "a tensor's dtype is none");
        tensor->dtype = arguments[6].global->dtype;
    }
    gpen_status status = read_sides(p, &arguments[2], &arguments[3], tensor);
    if (!status)
        status = place(p, view, arguments[1].integer, tensor);
    *value = (pickle_value){.kind = PICKLE_TENSOR, .tensor = tensor};
    return status;
}

/* ---------------------------------------------------------------- the rest */

static gpen_status make_ordered_dict(pickle *p, const pickle_value *arguments, uint32_t count, pickle_value *value)
{
    gpen_status status = pickle_container_new(p, PICKLE_DICT, value);
    if (status || count == 0)
        return status;
    if (count > 1 || arguments[0].kind != PICKLE_LIST)
        return pickle_fail(p, "an OrderedDict made from something that is no list");
    const pickle_sequence *pairs = arguments[0].items;
    for (uint32_t i = 0; i < pairs->count && !status; i++) {
        const pickle_value *pair = &pairs->values[i];
        if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->items->count != 2)
            return pickle_fail(p, "an OrderedDict made from something that is no pair");
        for (int part = 0; part < 2 && !status; part++)
            status = pickle_container_add(p, value->items, &pair->items->values[part]);
    }
    return status;
}

gpen_status pickle_reduce(pickle *p, const pickle_value *global, const pickle_value *arguments, pickle_value *value)
{
    if (global->kind != PICKLE_GLOBAL || arguments->kind != PICKLE_TUPLE)
        return pickle_fail(p, "REDUCE calls something that cannot be called");
    const pickle_value *values = arguments->items->values;
    uint32_t count = arguments->items->count;
    switch (global->global->role) {
    case ROLE_ORDERED_DICT: return make_ordered_dict(p, values, count, value);
    case ROLE_TENSOR_V2:
    case ROLE_TENSOR_V3: return rebuild_tensor(p, global->global->role, values, count, value);
    case ROLE_PARAMETER:
        if (count != 3 || values[0].kind != PICKLE_TENSOR)
            return pickle_fail(p, "a parameter that is no tensor");
        *value = values[0];
        return GPEN_OK;
    case ROLE_STORAGE:
    case ROLE_DTYPE: break;
    }
    return pickle_fail(p, "REDUCE calls %s.%s, which is not called in a weights file", global->global->module,
                       global->global->name);
}
