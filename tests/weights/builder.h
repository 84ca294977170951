/* builder.h: weights files made byte by byte, so that tests can make the broken ones too. */
#ifndef GPEN_TESTS_WEIGHTS_BUILDER_H
#define GPEN_TESTS_WEIGHTS_BUILDER_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. Zeroed is empty. Running out of memory ends the test program. */
typedef struct bytes {
    uint8_t *data;
    size_t length, capacity;
} bytes;

void add(bytes *to, const void *data, size_t length);
void add_text(bytes *to, const char *text);                 /* without its zero byte */
void add_number(bytes *to, uint64_t number, size_t length); /* little endian */
void bytes_free(bytes *b);

/* ---------------------------------------------------------------- safetensors */

/* Header length, header, data. */
void safetensors_file(bytes *to, const char *header, const void *data, size_t length);

/* ---------------------------------------------------------------- pickles, instruction by instruction */

void put_text(bytes *to, const char *text);  /* BINUNICODE */
void put_integer(bytes *to, int64_t number); /* LONG1 */
void put_global(bytes *to, const char *module, const char *name);
void put_tuple(bytes *to, const int64_t *numbers, size_t count); /* MARK, numbers, TUPLE */

/* A storage's persistent id: ('storage', torch.CLASS, key, 'cpu', count[, None]). */
typedef enum pth_form { FORM_ZIP, FORM_STREAM } pth_form;
void put_storage(bytes *to, pth_form form, const char *class, const char *key, int64_t count);

/* _rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict()) */
typedef struct tensor_spec {
    const char *class, *key;
    int64_t count, offset; /* of the storage; of the tensor in it */
    size_t rank;
    int64_t shape[9], strides[9];
} tensor_spec;
void put_tensor(bytes *to, pth_form form, const tensor_spec *tensor);

/* PROTO 2, EMPTY_DICT, then one SETITEM an entry; put_stop stops. */
void put_dict(bytes *to);
void put_dict_tensor(bytes *to, pth_form form, const char *name, const tensor_spec *tensor);
void put_stop(bytes *to);

/* ---------------------------------------------------------------- the forms of .pth */

typedef struct storage_spec {
    const char *key;
    int64_t count; /* as written in front of the data */
    const void *data;
    size_t length;
} storage_spec;

void stream_file(bytes *to, const bytes *object, const storage_spec *storages, size_t count);

/* Zip: add entries, then finish. */
typedef struct zip_builder {
    bytes file, directory;
    unsigned count;
} zip_builder;

void zip_entry(zip_builder *zip, const char *name, const void *data, size_t length);
/* The same with forged numbers: added to the CRC, and to the size in both headers. */
void zip_entry_forged(zip_builder *zip, const char *name, const void *data, size_t length, uint32_t crc_error,
                      uint32_t size_error);
void zip_finish(zip_builder *zip, bytes *to); /* releases the zip */

/* archive/data.pkl with that object, archive/data/KEY and archive/version. */
void zip_file(bytes *to, const bytes *object, const storage_spec *storages, size_t count);

#endif
