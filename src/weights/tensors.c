/* The tensors of an open file: their list, their names, and their elements in the order that a caller wants. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "weights/convert.h"
#include "weights/private.h"
#include "weights/utf8.h"

enum { CHUNK = 4096 }; /* elements gathered at a time */

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [WEIGHTS_F64] = {"F64", 8}, [WEIGHTS_F32] = {"F32", 4},   [WEIGHTS_F16] = {"F16", 2}, [WEIGHTS_BF16] = {"BF16", 2},
    [WEIGHTS_I64] = {"I64", 8}, [WEIGHTS_I32] = {"I32", 4},   [WEIGHTS_I16] = {"I16", 2}, [WEIGHTS_I8] = {"I8", 1},
    [WEIGHTS_U8] = {"U8", 1},   [WEIGHTS_BOOL] = {"BOOL", 1},
};

size_t weights_dtype_size(weights_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *weights_dtype_name(weights_dtype dtype)
{
    return dtypes[dtype].name;
}

bool shape_count(const int64_t *shape, int rank, int64_t *count)
{
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return false;
        empty |= shape[i] == 0;
    }
    int64_t product = !empty;
    for (int i = 0; i < rank && !empty; i++)
        if (__builtin_mul_overflow(product, shape[i], &product))
            return false;
    *count = product;
    return true;
}

static gpen_status check_name(const char *name, size_t length, gpen_error *error)
{
    if (length == 0 || length > WEIGHTS_MAX_NAME)
        return gpen_fail(error, GPEN_MODEL_INVALID, "a tensor has a name of %zu bytes; 1 to %d are allowed", length,
                         WEIGHTS_MAX_NAME);
    if (!utf8_valid(name, length))
        return gpen_fail(error, GPEN_MODEL_INVALID, "a tensor's name is not valid UTF-8");
    return GPEN_OK;
}

/* Many small tensors over the same bytes can claim more memory than any machine has. */
static gpen_status check_claim(weights *file, const weights_tensor *tensor, gpen_error *error)
{
    size_t bytes, allowed;
    if (!size_multiply(file->length, WEIGHTS_MAX_EXPANSION, &allowed) ||
        !size_add(allowed, WEIGHTS_FREE_BYTES, &allowed))
        allowed = SIZE_MAX;
    if (!size_multiply((size_t)tensor->count, weights_dtype_size(tensor->dtype), &bytes) ||
        !size_add(file->claimed, bytes, &bytes) || bytes > allowed)
        return gpen_fail(error, GPEN_MODEL_INVALID, "tensor %s: its %lld elements are far more than the file can hold",
                         tensor->name, (long long)tensor->count);
    file->claimed = bytes;
    return GPEN_OK;
}

static bool make_room(weights *file)
{
    if (file->count < file->capacity)
        return true;
    size_t capacity = file->capacity ? file->capacity * 2 : 64;
    weights_entry *entries = realloc(file->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    file->entries = entries;
    file->capacity = capacity;
    return true;
}

gpen_status weights_add(weights *file, const char *name, size_t name_length, const weights_entry *entry,
                        gpen_error *error)
{
    gpen_status status = check_name(name, name_length, error);
    if (status)
        return status;
    if (file->count == WEIGHTS_MAX_TENSORS)
        return gpen_fail(error, GPEN_MODEL_INVALID, "more than %d tensors", WEIGHTS_MAX_TENSORS);
    char *text = arena_text(&file->texts, name, name_length);
    if (!text || !make_room(file))
        return gpen_fail_memory(error, "the list of tensors", file->count * sizeof *entry);
    weights_entry added = *entry;
    added.tensor.name = text;
    if (!shape_count(added.tensor.shape, added.tensor.rank, &added.tensor.count))
        return gpen_fail(error, GPEN_MODEL_INVALID, "tensor %s: its shape is not possible", text);
    status = check_claim(file, &added.tensor, error);
    if (status)
        return status;
    switch (name_map_add(&file->by_name, text, name_length, (int64_t)file->count)) {
    case NAME_PRESENT: return gpen_fail(error, GPEN_MODEL_INVALID, "two tensors are named %s", text);
    case NAME_NO_MEMORY: return gpen_fail_memory(error, "the list of tensors", file->count * sizeof *entry);
    case NAME_ADDED: break;
    }
    file->entries[file->count++] = added;
    return GPEN_OK;
}

size_t weights_count(const weights *file)
{
    return file->count;
}

const weights_tensor *weights_at(const weights *file, size_t index)
{
    return index < file->count ? &file->entries[index].tensor : NULL;
}

const weights_tensor *weights_find(const weights *file, const char *name)
{
    int64_t index = name_map_find(&file->by_name, name, strlen(name));
    return index == NAME_ABSENT ? NULL : &file->entries[index].tensor;
}

const char *weights_metadata(const weights *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (!strcmp(file->metadata[i].key, key))
            return file->metadata[i].value;
    return NULL;
}

static bool is_row_major(const weights_entry *entry)
{
    int64_t expected = 1;
    for (int i = entry->tensor.rank - 1; i >= 0; i--) {
        if (entry->tensor.shape[i] != 1 && entry->strides[i] != expected)
            return false;
        expected *= entry->tensor.shape[i];
    }
    return true;
}

/* Walks through the tensor like an odometer, its last side turning fastest. */
static void gather_strided(const weights_entry *entry, int64_t first, size_t count, uint8_t *out)
{
    const weights_tensor *tensor = &entry->tensor;
    size_t size = weights_dtype_size(tensor->dtype);
    int64_t index[WEIGHTS_MAX_RANK] = {0}, offset = 0;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        index[i] = first % tensor->shape[i];
        first /= tensor->shape[i];
        offset += index[i] * entry->strides[i];
    }
    for (size_t n = 0; n < count; n++) {
        memcpy(out + n * size, entry->bytes + (size_t)offset * size, size);
        for (int i = tensor->rank - 1; i >= 0; i--) {
            offset += entry->strides[i];
            if (++index[i] < tensor->shape[i])
                break;
            offset -= index[i] * entry->strides[i];
            index[i] = 0;
        }
    }
}

void entry_gather(const weights_entry *entry, int64_t first, size_t count, uint8_t *out)
{
    size_t size = weights_dtype_size(entry->tensor.dtype);
    if (!count)
        return;
    if (is_row_major(entry))
        memcpy(out, entry->bytes + (size_t)first * size, count * size);
    else
        gather_strided(entry, first, count, out);
}

void weights_give_back(const weights *file, const uint8_t *bytes, size_t length)
{
    uintptr_t base = (uintptr_t)file->bytes, first = (uintptr_t)bytes;
    if (file->descriptor < 0 || !length || first < base || first >= base + file->length)
        return;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first_page = base + (first - base) / page * page;
    /* Only a hint; and the mapping is a read-only one of a file, so nothing can be lost. */
    (void)madvise((void *)first_page, first + length - first_page, MADV_DONTNEED);
}

gpen_status weights_check_length(const weights *file, gpen_error *error)
{
    struct stat status;
    if (file->descriptor < 0)
        return GPEN_OK;
    if (fstat(file->descriptor, &status) || status.st_size < (off_t)file->length)
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: the file was cut after it was opened", file->label);
    return GPEN_OK;
}

gpen_status weights_read_f32(const weights *file, const weights_tensor *tensor, float *values, gpen_error *error)
{
    const weights_entry *entry = (const weights_entry *)tensor;
    gpen_status status = weights_check_length(file, error);
    if (status)
        return status;
    uint8_t chunk[CHUNK * 8];
    for (int64_t first = 0; first < tensor->count; first += CHUNK) {
        size_t count = tensor->count - first < CHUNK ? (size_t)(tensor->count - first) : CHUNK;
        entry_gather(entry, first, count, chunk);
        elements_to_float(tensor->dtype, chunk, count, values + first);
    }
    weights_give_back(file, entry->bytes, entry->extent);
    return GPEN_OK;
}

gpen_status weights_read_raw(const weights *file, const weights_tensor *tensor, void *bytes, gpen_error *error)
{
    const weights_entry *entry = (const weights_entry *)tensor;
    gpen_status status = weights_check_length(file, error);
    if (status)
        return status;
    entry_gather(entry, 0, (size_t)tensor->count, bytes);
    weights_give_back(file, entry->bytes, entry->extent);
    return GPEN_OK;
}
