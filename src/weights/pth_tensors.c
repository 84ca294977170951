/* From a .pth file's object to named tensors: the wrapper that stands for the file, and the values in it that are
 * tensors. */
#include "weights/pth.h"
#include "weights/utf8.h"

/* Training code keeps the averaged weights beside the others and says so by these names; the best come first. */
static const char *const wrappers[] = {"params_ema", "params", "g_ema", "state_dict"};

static const pickle_value *unwrap(const pickle_value *object)
{
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        const pickle_value *inner = pickle_dict_find(object, wrappers[i]);
        if (inner && inner->kind == PICKLE_DICT)
            return inner;
    }
    return object;
}

static gpen_status add_tensor(weights *file, const pickle_value *name, const pickle_tensor *tensor, gpen_error *error)
{
    if (name->kind != PICKLE_TEXT)
        return gpen_fail(error, GPEN_MODEL_INVALID, "there is a tensor whose name is no text");
    weights_entry entry = {
        .tensor = {.dtype = tensor->dtype, .rank = tensor->rank},
        .bytes = tensor->storage->bytes + tensor->offset,
        .extent = tensor->extent,
    };
    for (int i = 0; i < tensor->rank; i++) {
        entry.tensor.shape[i] = tensor->shape[i];
        entry.strides[i] = tensor->strides[i];
    }
    return weights_add(file, name->text, name->length, &entry, error);
}

static gpen_status fail_empty(const pickle_value *dict, gpen_error *error)
{
    const pickle_value *key = dict->items->count ? &dict->items->values[0] : NULL;
    if (key && key->kind == PICKLE_TEXT)
        return gpen_fail(error, GPEN_MODEL_INVALID, "there are no tensors in its outermost dict, which begins with %s",
                         text_shown(key->text, key->length).text);
    return gpen_fail(error, GPEN_MODEL_INVALID, "there are no tensors in it");
}

gpen_status pth_add_tensors(weights *file, const pickle *object, gpen_error *error)
{
    if (object->result.kind != PICKLE_DICT)
        return gpen_fail(error, GPEN_MODEL_INVALID, "it holds no dict of tensors, but something else");
    const pickle_value *dict = unwrap(&object->result);
    gpen_status status = GPEN_OK;
    for (uint32_t i = 0; i + 1 < dict->items->count && !status; i += 2) {
        const pickle_value *name = &dict->items->values[i], *value = name + 1;
        if (value->kind == PICKLE_TENSOR)
            status = add_tensor(file, name, value->tensor, error);
    }
    if (!status && file->count == 0)
        status = fail_empty(dict, error);
    return status;
}
