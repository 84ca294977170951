/* Writing safetensors: the same tensors give the same bytes.
 *
 * The header lists the tensors in the file's order. Their data is laid out by falling element size, each size in the
 * file's order, and the header is padded with spaces to a multiple of 64 bytes, so that in a mapped file every element
 * is aligned although the format allows no gaps.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "weights/convert.h"
#include "weights/private.h"
#include "weights/utf8.h"

enum { CHUNK = 4096, DATA_ALIGNMENT = 64, LENGTH_BYTES = 8, LARGEST_ELEMENT = 8 };

/* A text that grows. After a failed allocation it stays as it is and `failed` says so. */
typedef struct text_buffer {
    char *text;
    size_t length, capacity;
    bool failed;
} text_buffer;

static void append(text_buffer *buffer, const char *text, size_t length)
{
    if (buffer->failed)
        return;
    if (buffer->capacity - buffer->length < length) {
        size_t capacity = (buffer->length + length) * 2 + 1024;
        char *grown = realloc(buffer->text, capacity);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->text = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
}

static void append_format(text_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append_format(text_buffer *buffer, const char *format, ...)
{
    char text[128]; /* callers print two numbers at most */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    append(buffer, text, (size_t)length);
}

static void append_string(text_buffer *buffer, const char *string)
{
    append(buffer, "\"", 1);
    for (const char *p = string; *p; p++) {
        if (*p == '"' || *p == '\\')
            append_format(buffer, "\\%c", *p);
        else if ((unsigned char)*p < 0x20)
            append_format(buffer, "\\u%04x", (unsigned)*p);
        else
            append(buffer, p, 1);
    }
    append(buffer, "\"", 1);
}

/* What is written: the tensors' dtypes and places. */
typedef struct plan {
    const weights *file;
    weights_dtype *dtypes;
    int64_t *begins;  /* from the start of the data */
    const char *path; /* for messages */
} plan;

static weights_dtype stored_as(weights_dtype dtype, const weights_dtype *floats)
{
    if (!dtype_is_float(dtype))
        return dtype;
    if (floats)
        return *floats;
    return dtype == WEIGHTS_F64 ? WEIGHTS_F32 : dtype;
}

static int64_t stored_bytes(const plan *p, size_t index)
{
    /* Cannot overflow: weights_add bounded count * size, and no stored element is more than twice as large. */
    return p->file->entries[index].tensor.count * (int64_t)weights_dtype_size(p->dtypes[index]);
}

static gpen_status plan_layout(plan *p, const weights_dtype *floats, gpen_error *error)
{
    size_t count = p->file->count;
    p->dtypes = malloc((count + 1) * sizeof *p->dtypes);
    p->begins = malloc((count + 1) * sizeof *p->begins);
    if (!p->dtypes || !p->begins)
        return gpen_fail_memory(error, "the list of tensors", count * sizeof *p->begins);
    for (size_t i = 0; i < count; i++)
        p->dtypes[i] = stored_as(p->file->entries[i].tensor.dtype, floats);
    int64_t end = 0;
    for (size_t size = LARGEST_ELEMENT; size > 0; size /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (weights_dtype_size(p->dtypes[i]) != size)
                continue;
            p->begins[i] = end;
            end += stored_bytes(p, i);
        }
    }
    return GPEN_OK;
}

static void append_tensor(text_buffer *buffer, const plan *p, size_t index)
{
    const weights_tensor *tensor = &p->file->entries[index].tensor;
    append_string(buffer, tensor->name);
    append_format(buffer, ":{\"dtype\":\"%s\",\"shape\":[", weights_dtype_name(p->dtypes[index]));
    for (int i = 0; i < tensor->rank; i++)
        append_format(buffer, i ? ",%" PRId64 : "%" PRId64, tensor->shape[i]);
    append_format(buffer, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", p->begins[index],
                  p->begins[index] + stored_bytes(p, index));
}

static void append_metadata(text_buffer *buffer, const weights_pair *metadata, size_t count)
{
    append(buffer, "\"__metadata__\":{", 16);
    for (size_t i = 0; i < count; i++) {
        if (i)
            append(buffer, ",", 1);
        append_string(buffer, metadata[i].key);
        append(buffer, ":", 1);
        append_string(buffer, metadata[i].value);
    }
    append(buffer, "}", 1);
}

/* The header with the eight bytes of its length in front. */
static gpen_status write_header(const plan *p, atomic_file *target, const weights_pair *metadata, size_t metadata_count,
                                gpen_error *error)
{
    text_buffer buffer = {0};
    append(&buffer, "\0\0\0\0\0\0\0\0{", LENGTH_BYTES + 1);
    if (metadata_count)
        append_metadata(&buffer, metadata, metadata_count);
    for (size_t i = 0; i < p->file->count; i++) {
        if (i || metadata_count)
            append(&buffer, ",", 1);
        append_tensor(&buffer, p, i);
    }
    append(&buffer, "}", 1);
    while (!buffer.failed && buffer.length % DATA_ALIGNMENT)
        append(&buffer, " ", 1);
    gpen_status status;
    if (buffer.failed) {
        status = gpen_fail_memory(error, "the header", buffer.capacity);
    } else {
        uint64_t length = buffer.length - LENGTH_BYTES;
        memcpy(buffer.text, &length, sizeof length);
        status = atomic_file_write(target, buffer.text, buffer.length, error);
    }
    free(buffer.text);
    return status;
}

static gpen_status write_tensor(const plan *p, size_t index, atomic_file *target, gpen_error *error)
{
    const weights_entry *entry = &p->file->entries[index];
    uint8_t raw[CHUNK * LARGEST_ELEMENT], converted[CHUNK * LARGEST_ELEMENT];
    weights_dtype from = entry->tensor.dtype, to = p->dtypes[index];
    for (int64_t first = 0; first < entry->tensor.count; first += CHUNK) {
        size_t count = entry->tensor.count - first < CHUNK ? (size_t)(entry->tensor.count - first) : CHUNK, bad;
        entry_gather(entry, first, count, raw);
        if (from != to && !elements_to_floating(from, raw, count, to, converted, &bad))
            return gpen_fail(error, GPEN_MODEL_INVALID, "%s: tensor %s: its value number %lld is too large for %s",
                             p->path, entry->tensor.name, (long long)first + (long long)bad, weights_dtype_name(to));
        gpen_status status =
            atomic_file_write(target, from == to ? raw : converted, count * weights_dtype_size(to), error);
        if (status)
            return status;
    }
    weights_give_back(p->file, entry->bytes, entry->extent);
    return GPEN_OK;
}

static gpen_status write_data(const plan *p, atomic_file *target, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    for (size_t size = LARGEST_ELEMENT; size > 0 && !status; size /= 2)
        for (size_t i = 0; i < p->file->count && !status; i++)
            if (weights_dtype_size(p->dtypes[i]) == size)
                status = write_tensor(p, i, target, error);
    return status;
}

static gpen_status check_metadata(const weights_pair *metadata, size_t count, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    name_map keys = {0};
    for (size_t i = 0; i < count && !status; i++) {
        const char *key = metadata[i].key, *value = metadata[i].value;
        if (!utf8_valid(key, strlen(key)) || !utf8_valid(value, strlen(value))) {
            status = gpen_fail(error, GPEN_BAD_ARGUMENT, "the metadata is not valid UTF-8");
            break;
        }
        name_added added = name_map_add(&keys, key, strlen(key), 0);
        if (added == NAME_PRESENT)
            status =
                gpen_fail(error, GPEN_BAD_ARGUMENT, "the metadata has %s twice", text_shown(key, strlen(key)).text);
        else if (added == NAME_NO_MEMORY)
            status = gpen_fail_memory(error, "the metadata", 0);
    }
    name_map_free(&keys);
    return status;
}

/* What the reader would refuse is not written. */
static gpen_status check_names(const plan *p, const weights_pair *metadata, size_t metadata_count, gpen_error *error)
{
    if (weights_find(p->file, "__metadata__"))
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: a tensor named __metadata__ has no place in safetensors",
                         p->path);
    return check_metadata(metadata, metadata_count, error);
}

gpen_status safetensors_write(const weights *file, atomic_file *target, const weights_dtype *floats,
                              const weights_pair *metadata, size_t metadata_count, gpen_error *error)
{
    plan p = {.file = file, .path = file->label};
    gpen_status status = check_names(&p, metadata, metadata_count, error);
    if (!status)
        status = weights_check_length(file, error);
    if (!status)
        status = plan_layout(&p, floats, error);
    if (!status)
        status = write_header(&p, target, metadata, metadata_count, error);
    if (!status)
        status = write_data(&p, target, error);
    free(p.dtypes);
    free(p.begins);
    return status;
}

gpen_status weights_save(const weights *file, const char *path, weights_dtype floats, const weights_pair *metadata,
                         size_t metadata_count, gpen_error *error)
{
    if (floats != WEIGHTS_F32 && floats != WEIGHTS_F16 && floats != WEIGHTS_BF16)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "floats can be stored as F32, F16 or BF16, not as %s",
                         weights_dtype_name(floats));
    atomic_file target;
    gpen_status status = atomic_file_begin(&target, path, error);
    if (status)
        return status;
    status = safetensors_write(file, &target, &floats, metadata, metadata_count, error);
    if (status) {
        atomic_file_abandon(&target);
        return status;
    }
    return atomic_file_commit(&target, true, error);
}
