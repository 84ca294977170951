/* The .pth form before torch 1.6: five pickles in a row (magic, version, system, object, storage keys), then for each
 * key the number of elements in eight bytes and the elements. */
#include <string.h>

#include "weights/pth.h"
#include "weights/utf8.h"

enum { MAGIC_BYTES = 15, VERSION = 1001, COUNT_BYTES = 8 };

/* The file from `at` on. */
typedef struct stream {
    weights *file;
    size_t at;
    gpen_error *error;
} stream;

/* Reads the next pickle. Release *p in any case. */
static gpen_status next_pickle(stream *s, pickle *p)
{
    gpen_status status = pickle_load(p, s->file->bytes + s->at, s->file->length - s->at, s->error);
    if (!status)
        s->at += p->at;
    return status;
}

static gpen_status check_version(stream *s)
{
    pickle p;
    gpen_status status = next_pickle(s, &p);
    if (!status && (p.result.kind != PICKLE_INT || p.result.integer != VERSION))
        status = gpen_fail(s->error, GPEN_MODEL_INVALID, "its protocol version is not %d", VERSION);
    pickle_free(&p);
    return status;
}

static gpen_status check_system(stream *s)
{
    pickle p;
    gpen_status status = next_pickle(s, &p);
    if (!status && p.result.kind != PICKLE_DICT)
        status = gpen_fail(s->error, GPEN_MODEL_INVALID, "it does not say what system it was written on");
    const pickle_value *little = status ? NULL : pickle_dict_find(&p.result, "little_endian");
    if (little && (little->kind != PICKLE_BOOL || !little->integer))
        status =
            gpen_fail(s->error, GPEN_MODEL_INVALID, "it was written on a big-endian machine, which is not supported");
    pickle_free(&p);
    return status;
}

/* A storage's place in the file: the count in front of it must be the one in the pickle. */
static gpen_status find_storage(stream *s, const pickle *object, const pickle_value *key)
{
    int64_t number =
        key->kind == PICKLE_TEXT ? name_map_find(&object->storage_keys, key->text, key->length) : NAME_ABSENT;
    if (number == NAME_ABSENT || object->storages[number]->bytes)
        return gpen_fail(s->error, GPEN_MODEL_INVALID, "its list of storages is not that of its tensors");
    pickle_storage *storage = object->storages[number];
    size_t left = s->file->length - s->at;
    int64_t count = -1;
    if (left >= COUNT_BYTES)
        memcpy(&count, s->file->bytes + s->at, sizeof count);
    if (count != storage->count)
        return gpen_fail(s->error, GPEN_MODEL_INVALID, "storage %s does not have the %lld elements it should have",
                         text_shown(key->text, key->length).text, (long long)storage->count);
    if (storage->length > left - COUNT_BYTES)
        return gpen_fail(s->error, GPEN_MODEL_INVALID, "the file ends in the middle of storage %s",
                         text_shown(key->text, key->length).text);
    storage->bytes = s->file->bytes + s->at + COUNT_BYTES;
    s->at += COUNT_BYTES + storage->length;
    return GPEN_OK;
}

static gpen_status find_storages(stream *s, const pickle *object)
{
    pickle keys;
    gpen_status status = next_pickle(s, &keys);
    if (!status && keys.result.kind != PICKLE_LIST)
        status = gpen_fail(s->error, GPEN_MODEL_INVALID, "its list of storages is none");
    for (uint32_t i = 0; !status && i < keys.result.items->count; i++)
        status = find_storage(s, object, &keys.result.items->values[i]);
    if (!status && keys.result.items->count != object->storage_count)
        status = gpen_fail(s->error, GPEN_MODEL_INVALID, "its list of storages is not that of its tensors");
    if (!status && s->at != s->file->length)
        status = gpen_fail(s->error, GPEN_MODEL_INVALID, "%zu bytes at the end belong to no tensor",
                           s->file->length - s->at);
    pickle_free(&keys);
    return status;
}

gpen_status pth_stream_read(weights *file, gpen_error *error)
{
    stream s = {.file = file, .at = MAGIC_BYTES, .error = error}; /* weights_open looked at the magic */
    pickle object = {0};
    gpen_status status = check_version(&s);
    if (!status)
        status = check_system(&s);
    if (!status)
        status = next_pickle(&s, &object);
    if (!status)
        status = find_storages(&s, &object);
    if (!status)
        status = pth_add_tensors(file, &object, error);
    pickle_free(&object);
    return status;
}
