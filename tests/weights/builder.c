/* Weights files made byte by byte. */
#include "builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void add(bytes *to, const void *data, size_t length)
{
    if (to->capacity - to->length < length) {
        to->capacity = (to->length + length) * 2 + 256;
        to->data = realloc(to->data, to->capacity);
        if (!to->data)
            abort();
    }
    if (length)
        memcpy(to->data + to->length, data, length);
    to->length += length;
}

void add_text(bytes *to, const char *text)
{
    add(to, text, strlen(text));
}

void add_number(bytes *to, uint64_t number, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)(i < 8 ? number >> (8 * i) : 0);
        add(to, &byte, 1);
    }
}

void bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}

void safetensors_file(bytes *to, const char *header, const void *data, size_t length)
{
    add_number(to, strlen(header), 8);
    add_text(to, header);
    add(to, data, length);
}

void put_text(bytes *to, const char *text)
{
    add_text(to, "X");
    add_number(to, strlen(text), 4);
    add_text(to, text);
}

void put_integer(bytes *to, int64_t number)
{
    add_text(to, "\x8a\x08");
    add_number(to, (uint64_t)number, 8);
}

void put_global(bytes *to, const char *module, const char *name)
{
    add_text(to, "c");
    add_text(to, module);
    add_text(to, "\n");
    add_text(to, name);
    add_text(to, "\n");
}

void put_tuple(bytes *to, const int64_t *numbers, size_t count)
{
    add_text(to, "(");
    for (size_t i = 0; i < count; i++)
        put_integer(to, numbers[i]);
    add_text(to, "t");
}

void put_storage(bytes *to, pth_form form, const char *class, const char *key, int64_t count)
{
    add_text(to, "(");
    put_text(to, "storage");
    put_global(to, "torch", class);
    put_text(to, key);
    put_text(to, "cpu");
    put_integer(to, count);
    add_text(to, form == FORM_STREAM ? "NtQ" : "tQ");
}

void put_tensor(bytes *to, pth_form form, const tensor_spec *tensor)
{
    put_global(to, "torch._utils", "_rebuild_tensor_v2");
    add_text(to, "(");
    put_storage(to, form, tensor->class, tensor->key, tensor->count);
    put_integer(to, tensor->offset);
    put_tuple(to, tensor->shape, tensor->rank);
    put_tuple(to, tensor->strides, tensor->rank);
    add_text(to, "\x89");
    put_global(to, "collections", "OrderedDict");
    add_text(to, ")RtR");
}

void put_dict(bytes *to)
{
    add_text(to, "\x80\x02}");
}

void put_dict_tensor(bytes *to, pth_form form, const char *name, const tensor_spec *tensor)
{
    put_text(to, name);
    put_tensor(to, form, tensor);
    add_text(to, "s");
}

void put_stop(bytes *to)
{
    add_text(to, ".");
}

void stream_file(bytes *to, const bytes *object, const storage_spec *storages, size_t count)
{
    add_text(to, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
    add_text(to, "\x80\x02M\xe9\x03.");
    add_text(to, "\x80\x02}");
    put_text(to, "little_endian");
    add_text(to, "\x88s.");
    add(to, object->data, object->length);
    add_text(to, "\x80\x02](");
    for (size_t i = 0; i < count; i++)
        put_text(to, storages[i].key);
    add_text(to, "e.");
    for (size_t i = 0; i < count; i++) {
        add_number(to, (uint64_t)storages[i].count, 8);
        add(to, storages[i].data, storages[i].length);
    }
}

static uint32_t crc_of(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

/* Whether all is ASCII: if not, a flag says that the name is UTF-8. */
static int is_ascii(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name > 0x7F)
            return 0;
    return 1;
}

/* The fields that the local header and the directory share, from "version needed" to the lengths of name and extra. */
static void add_common_fields(bytes *to, const char *name, size_t length, uint32_t crc)
{
    add_number(to, 20, 2);
    add_number(to, is_ascii(name) ? 0 : 0x800, 2); /* flags */
    add_number(to, 0, 2);                          /* stored */
    add_number(to, 0x21 << 16, 4);
    add_number(to, crc, 4);
    add_number(to, length, 4);
    add_number(to, length, 4);
    add_number(to, strlen(name), 2);
    add_number(to, 0, 2);
}

void zip_entry_forged(zip_builder *zip, const char *name, const void *data, size_t length, uint32_t crc_error,
                      uint32_t size_error)
{
    uint32_t crc = crc_of(data, length) + crc_error;
    size_t offset = zip->file.length, size = length + size_error;
    add_text(&zip->file, "PK\003\004");
    add_common_fields(&zip->file, name, size, crc);
    add_text(&zip->file, name);
    add(&zip->file, data, length);
    add_text(&zip->directory, "PK\001\002");
    add_number(&zip->directory, 20, 2);
    add_common_fields(&zip->directory, name, size, crc);
    add_number(&zip->directory, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
    add_number(&zip->directory, offset, 4);
    add_text(&zip->directory, name);
    zip->count++;
}

void zip_entry(zip_builder *zip, const char *name, const void *data, size_t length)
{
    zip_entry_forged(zip, name, data, length, 0, 0);
}

void zip_finish(zip_builder *zip, bytes *to)
{
    size_t offset = zip->file.length;
    add(to, zip->file.data, zip->file.length);
    add(to, zip->directory.data, zip->directory.length);
    add_text(to, "PK\005\006");
    add_number(to, 0, 4);
    add_number(to, zip->count, 2);
    add_number(to, zip->count, 2);
    add_number(to, zip->directory.length, 4);
    add_number(to, offset, 4);
    add_number(to, 0, 2);
    bytes_free(&zip->file);
    bytes_free(&zip->directory);
}

void zip_file(bytes *to, const bytes *object, const storage_spec *storages, size_t count)
{
    zip_builder zip = {0};
    zip_entry(&zip, "archive/data.pkl", object->data, object->length);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "archive/data/%s", storages[i].key);
        zip_entry(&zip, name, storages[i].data, storages[i].length);
    }
    zip_entry(&zip, "archive/version", "3\n", 2);
    zip_finish(&zip, to);
}
