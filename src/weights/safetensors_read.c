/* safetensors: eight bytes of header length, a JSON header, the elements of all tensors without a gap.
 * Format: https://github.com/huggingface/safetensors#format
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "weights/json_pull.h"
#include "weights/private.h"
#include "weights/utf8.h"

enum { HEADER_LIMIT = 100000000, LENGTH_BYTES = 8, MAX_METADATA = 65536 };

/* The header being read: where, and what is known by name already. */
typedef struct header {
    weights *file;
    json_cursor cursor;
    const uint8_t *data; /* what the offsets count from */
    size_t data_length;
    arena scratch; /* strings that nothing points to later */
    name_map metadata_keys;
    size_t metadata_capacity;
    gpen_error *error;
} header;

/* The failure of a json_pull call. */
static gpen_status fail_json(const header *h)
{
    if (h->scratch.no_memory || h->file->texts.no_memory)
        return gpen_fail_memory(h->error, "the header", (size_t)(h->cursor.end - h->cursor.start));
    return gpen_fail(h->error, GPEN_MODEL_INVALID, "the header is wrong at byte %zu: %s",
                     (size_t)(h->cursor.at - h->cursor.start) + LENGTH_BYTES, h->cursor.problem);
}

/* A tensor's entry in the header, as far as it has been read. */
typedef struct description {
    weights_entry entry;
    int64_t begin, end;
    bool has_dtype, has_shape, has_offsets;
} description;

static gpen_status read_dtype(header *h, description *tensor, const json_text *name)
{
    json_text text;
    if (!json_pull_string(&h->cursor, &h->scratch, &text))
        return fail_json(h);
    for (int dtype = WEIGHTS_F64; dtype <= WEIGHTS_BOOL; dtype++) {
        if (!strcmp(text.text, weights_dtype_name((weights_dtype)dtype))) {
            tensor->entry.tensor.dtype = (weights_dtype)dtype;
            return GPEN_OK;
        }
    }
    return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: the dtype %s is not supported", name->text,
                     text_shown(text.text, text.length).text);
}

static gpen_status read_shape(header *h, description *tensor, const json_text *name)
{
    if (!json_expect(&h->cursor, '['))
        return fail_json(h);
    if (json_passes(&h->cursor, ']'))
        return GPEN_OK;
    do {
        int64_t side;
        if (!json_whole_number(&h->cursor, &side))
            return fail_json(h);
        if (tensor->entry.tensor.rank == WEIGHTS_MAX_RANK)
            return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: more than %d dimensions", name->text,
                             WEIGHTS_MAX_RANK);
        tensor->entry.tensor.shape[tensor->entry.tensor.rank++] = side;
    } while (json_passes(&h->cursor, ','));
    return json_expect(&h->cursor, ']') ? GPEN_OK : fail_json(h);
}

static gpen_status read_offsets(header *h, description *tensor)
{
    json_cursor *cursor = &h->cursor;
    bool good = json_expect(cursor, '[') && json_whole_number(cursor, &tensor->begin) && json_expect(cursor, ',') &&
                json_whole_number(cursor, &tensor->end) && json_expect(cursor, ']');
    return good ? GPEN_OK : fail_json(h);
}

/* The mark for "this key has been read", or NULL for a foreign key. */
static bool *mark_of(description *tensor, const char *key)
{
    if (!strcmp(key, "dtype"))
        return &tensor->has_dtype;
    if (!strcmp(key, "shape"))
        return &tensor->has_shape;
    return strcmp(key, "data_offsets") ? NULL : &tensor->has_offsets;
}

/* One `"key": value` of a tensor; each of the three keys may come once. */
static gpen_status read_property(header *h, description *tensor, const json_text *name)
{
    json_text key;
    if (!json_pull_string(&h->cursor, &h->scratch, &key) || !json_expect(&h->cursor, ':'))
        return fail_json(h);
    bool *seen = mark_of(tensor, key.text);
    if (!seen || *seen)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: %s %s", name->text,
                         text_shown(key.text, key.length).text,
                         seen ? "is given twice" : "does not belong into its description");
    *seen = true;
    if (seen == &tensor->has_dtype)
        return read_dtype(h, tensor, name);
    return seen == &tensor->has_shape ? read_shape(h, tensor, name) : read_offsets(h, tensor);
}

/* The offsets must lie in the file and hold exactly what the shape says. Gaps and overlaps come later. */
static gpen_status add_tensor(header *h, description *tensor, const json_text *name)
{
    weights_entry *entry = &tensor->entry;
    if (!tensor->has_dtype || !tensor->has_shape || !tensor->has_offsets)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: dtype, shape or data_offsets is missing",
                         name->text);
    if (tensor->begin > tensor->end || (uint64_t)tensor->end > h->data_length)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: its data would lie outside the file", name->text);
    entry->bytes = h->data + tensor->begin;
    entry->extent = (size_t)(tensor->end - tensor->begin);
    int64_t count, bytes, stride = 1;
    if (!shape_count(entry->tensor.shape, entry->tensor.rank, &count) ||
        __builtin_mul_overflow(count, (int64_t)weights_dtype_size(entry->tensor.dtype), &bytes) ||
        bytes != tensor->end - tensor->begin)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: its shape does not fit its %lld bytes of data",
                         name->text, (long long)(tensor->end - tensor->begin));
    for (int i = entry->tensor.rank - 1; i >= 0 && count > 0; i--) {
        entry->strides[i] = stride;
        stride *= entry->tensor.shape[i];
    }
    return weights_add(h->file, name->text, name->length, entry, h->error);
}

static gpen_status read_tensor(header *h, const json_text *name)
{
    description tensor = {0};
    if (name->length > WEIGHTS_MAX_NAME)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "a name longer than %d bytes: %s", WEIGHTS_MAX_NAME,
                         text_shown(name->text, name->length).text);
    if (!json_expect(&h->cursor, '{'))
        return fail_json(h);
    do {
        gpen_status status = read_property(h, &tensor, name);
        if (status)
            return status;
    } while (json_passes(&h->cursor, ','));
    if (!json_expect(&h->cursor, '}'))
        return fail_json(h);
    return add_tensor(h, &tensor, name);
}

static gpen_status add_metadata(header *h, const json_text *key, const json_text *value)
{
    weights *file = h->file;
    if (file->metadata_count == MAX_METADATA)
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "more than %d entries in __metadata__", MAX_METADATA);
    if (file->metadata_count == h->metadata_capacity) {
        size_t capacity = h->metadata_capacity ? h->metadata_capacity * 2 : 16;
        weights_pair *grown = realloc(file->metadata, capacity * sizeof *grown);
        if (!grown)
            return gpen_fail_memory(h->error, "the metadata", capacity * sizeof *grown);
        file->metadata = grown;
        h->metadata_capacity = capacity;
    }
    switch (name_map_add(&h->metadata_keys, key->text, key->length, 0)) {
    case NAME_PRESENT:
        return gpen_fail(h->error, GPEN_MODEL_INVALID, "__metadata__ has %s twice",
                         text_shown(key->text, key->length).text);
    case NAME_NO_MEMORY: return gpen_fail_memory(h->error, "the metadata", 0);
    case NAME_ADDED: break;
    }
    file->metadata[file->metadata_count++] = (weights_pair){.key = key->text, .value = value->text};
    return GPEN_OK;
}

static gpen_status read_metadata(header *h)
{
    json_cursor *cursor = &h->cursor;
    arena *texts = &h->file->texts;
    if (!json_expect(cursor, '{'))
        return fail_json(h);
    if (json_passes(cursor, '}'))
        return GPEN_OK;
    do {
        json_text key, value;
        if (!json_pull_string(cursor, texts, &key) || !json_expect(cursor, ':') ||
            !json_pull_string(cursor, texts, &value))
            return fail_json(h);
        gpen_status status = add_metadata(h, &key, &value);
        if (status)
            return status;
    } while (json_passes(cursor, ','));
    return json_expect(cursor, '}') ? GPEN_OK : fail_json(h);
}

static gpen_status read_header(header *h)
{
    bool has_metadata = false;
    if (!json_expect(&h->cursor, '{'))
        return fail_json(h);
    bool empty = json_passes(&h->cursor, '}');
    while (!empty) {
        json_text name;
        gpen_status status;
        if (!json_pull_string(&h->cursor, &h->scratch, &name) || !json_expect(&h->cursor, ':'))
            return fail_json(h);
        if (strcmp(name.text, "__metadata__")) {
            status = read_tensor(h, &name);
        } else if (has_metadata) {
            status = gpen_fail(h->error, GPEN_MODEL_INVALID, "__metadata__ is there twice");
        } else {
            has_metadata = true;
            status = read_metadata(h);
        }
        if (status)
            return status;
        if (!json_passes(&h->cursor, ','))
            break;
    }
    if (!empty && !json_expect(&h->cursor, '}'))
        return fail_json(h);
    return json_end(&h->cursor) ? GPEN_OK : fail_json(h);
}

static int by_position(const void *left, const void *right)
{
    const weights_entry *a = *(const weights_entry *const *)left, *b = *(const weights_entry *const *)right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? -1 : 1;
    return (a->extent > b->extent) - (a->extent < b->extent); /* empty tensors before the one at their place */
}

/* Sorted by position each tensor must begin where the one before it ended, the last one at the end of the file. */
static gpen_status check_coverage(const header *h)
{
    const weights *file = h->file;
    const weights_entry **sorted = malloc((file->count + 1) * sizeof *sorted);
    if (!sorted)
        return gpen_fail_memory(h->error, "the list of tensors", file->count * sizeof *sorted);
    for (size_t i = 0; i < file->count; i++)
        sorted[i] = &file->entries[i];
    qsort(sorted, file->count, sizeof *sorted, by_position);
    gpen_status status = GPEN_OK;
    const uint8_t *end = h->data;
    for (size_t i = 0; i < file->count && !status; i++) {
        if (sorted[i]->bytes != end)
            status = gpen_fail(h->error, GPEN_MODEL_INVALID, "tensor %s: its data %s", sorted[i]->tensor.name,
                               sorted[i]->bytes < end ? "overlaps another tensor's" : "comes after a gap");
        end = sorted[i]->bytes + sorted[i]->extent;
    }
    if (!status && end != h->data + h->data_length)
        status = gpen_fail(h->error, GPEN_MODEL_INVALID, "%zu bytes at the end belong to no tensor",
                           (size_t)(h->data + h->data_length - end));
    free(sorted);
    return status;
}

gpen_status safetensors_read(weights *file, gpen_error *error)
{
    uint64_t length;
    if (file->length < sizeof length)
        return gpen_fail(error, GPEN_MODEL_INVALID, "the file is only %zu bytes long", file->length);
    memcpy(&length, file->bytes, sizeof length);
    if (length > HEADER_LIMIT || length > file->length - LENGTH_BYTES)
        return gpen_fail(error, GPEN_MODEL_INVALID, "its header would be %llu bytes long, which %s",
                         (unsigned long long)length, length > HEADER_LIMIT ? "is too much" : "is more than the file");
    const char *text = (const char *)file->bytes + LENGTH_BYTES;
    header h = {.file = file, .error = error, .scratch = {.budget = (size_t)length * 32 + 65536}};
    h.cursor = (json_cursor){.start = text, .at = text, .end = text + length};
    h.data = file->bytes + LENGTH_BYTES + length;
    h.data_length = file->length - LENGTH_BYTES - (size_t)length;
    gpen_status status = read_header(&h);
    if (!status)
        status = check_coverage(&h);
    arena_free(&h.scratch);
    name_map_free(&h.metadata_keys);
    return status;
}
