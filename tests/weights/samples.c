/* Small weights files of every form. */
#include "samples.h"

static const float numbers[6] = {1.0f, -2.0f, 0.5f, 4.0f, -0.0f, 1e-3f};
static const int64_t whole[2] = {7, -9};

static const tensor_spec matrix = {"FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};
static const tensor_spec transposed = {"FloatStorage", "0", 6, 0, 2, {3, 2}, {1, 3}};
static const tensor_spec tail = {"FloatStorage", "0", 6, 4, 1, {2}, {1}};
static const tensor_spec scalar = {"LongStorage", "1", 2, 1, 0, {0}, {0}};
static const storage_spec storages[2] = {{"0", 6, numbers, sizeof numbers}, {"1", 2, whole, sizeof whole}};

static void add_object(bytes *to, pth_form form)
{
    put_dict(to);
    put_dict_tensor(to, form, "matrix", &matrix);
    put_dict_tensor(to, form, "transposed", &transposed);
    put_dict_tensor(to, form, "tail", &tail);
    put_dict_tensor(to, form, "scalar", &scalar);
}

static void finish(bytes *to, pth_form form, bytes *object)
{
    put_stop(object);
    if (form == FORM_ZIP)
        zip_file(to, object, storages, 2);
    else
        stream_file(to, object, storages, 2);
    bytes_free(object);
}

static void plain(bytes *to, pth_form form)
{
    bytes object = {0};
    add_object(&object, form);
    finish(to, form, &object);
}

static void wrapped(bytes *to, pth_form form)
{
    bytes object = {0};
    put_dict(&object);
    put_text(&object, "epoch");
    add_text(&object, "K\x05s");
    put_text(&object, "params_ema");
    add_text(&object, "}q");
    add_number(&object, 1, 1);
    put_dict_tensor(&object, form, "module.matrix", &matrix);
    put_dict_tensor(&object, form, "module.scalar", &scalar);
    add_text(&object, "}b"); /* BUILD */
    add_text(&object, "s");
    finish(to, form, &object);
}

static void zip_plain(bytes *to)
{
    plain(to, FORM_ZIP);
}

static void zip_wrapped(bytes *to)
{
    wrapped(to, FORM_ZIP);
}

static void stream_plain(bytes *to)
{
    plain(to, FORM_STREAM);
}

static void stream_wrapped(bytes *to)
{
    wrapped(to, FORM_STREAM);
}

/* Every instruction once. */
static void stream_instructions(bytes *to)
{
    bytes object = {0};
    put_dict(&object);
    add_text(&object, "(");
    put_text(&object, "list");
    add_text(&object, "](K\x01M\x01\x02J\x01\x02\x03\x04");
    add_text(&object, "\x8a\x01\xff"
                      "eNa");
    put_text(&object, "tuples");
    add_text(&object, "N\x85\x88\x89\x86\x86"
                      "NNN\x87\x86)\x86");
    put_text(&object, "float");
    add_text(&object, "G\x3f\xf1\x11\x11\x11\x11\x11\x11");
    put_text(&object, "bytes");
    add_text(&object, "U\x03"
                      "abc\x8f\x86");
    put_text(&object, "memo");
    add_text(&object, "Nq\x07r\x08");
    add_number(&object, 0, 3);
    add_text(&object, "h\x07j\x08");
    add_number(&object, 0, 3);
    add_text(&object, "\x87u");
    put_dict_tensor(&object, FORM_STREAM, "matrix", &matrix);
    put_dict_tensor(&object, FORM_STREAM, "scalar", &scalar);
    finish(to, FORM_STREAM, &object);
}

static void stream_foreign_global(bytes *to)
{
    bytes object = {0};
    add_text(&object, "\x80\x02");
    put_global(&object, "posix", "system");
    put_text(&object, "id");
    add_text(&object, "\x85R");
    finish(to, FORM_STREAM, &object);
}

/* No file at all, but what fuzz_pth also reads: the object alone, which no CRC protects. */
static void bare_pickle(bytes *to)
{
    add_object(to, FORM_ZIP);
    put_stop(to);
}

/* 10^18 elements with stride 0 over one float. */
static void zip_expanded(bytes *to)
{
    static const tensor_spec vast = {"FloatStorage", "0", 6, 0, 2, {1000000000, 1000000000}, {0, 0}};
    bytes object = {0};
    put_dict(&object);
    put_dict_tensor(&object, FORM_ZIP, "vast", &vast);
    finish(to, FORM_ZIP, &object);
}

static void safetensors_plain(bytes *to)
{
    safetensors_file(to,
                     "{\"__metadata__\":{\"kind\":\"sample\",\"\\u00e9\\ud83d\\ude00\":\"\\n\"},"
                     "\"matrix\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                     "\"empty\":{\"dtype\":\"BF16\",\"shape\":[0],\"data_offsets\":[24,24]},"
                     "\"scalar\" : {\"shape\":[], \"data_offsets\":[24,32], \"dtype\":\"I64\"}}  ",
                     "aaaabbbbccccddddeeeeffffgggggggg", 32);
}

static void safetensors_all_dtypes(bytes *to)
{
    safetensors_file(to,
                     "{\"module.a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                     "\"module.b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[8,12]},"
                     "\"module.c\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                     "\"module.d\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[16,18]},"
                     "\"module.e\":{\"dtype\":\"I8\",\"shape\":[1,1],\"data_offsets\":[18,19]},"
                     "\"module.f\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[19,22]},"
                     "\"module.g\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[22,24]}}",
                     "abcdefghijklmnopqrstuv\0\1", 24);
}

static void safetensors_vast(bytes *to)
{
    safetensors_file(to, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1000000000,1000000000],\"data_offsets\":[0,4]}}", "aaaa",
                     4);
}

static void safetensors_overlap(bytes *to)
{
    safetensors_file(to,
                     "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
                     "aabbcc", 6);
}

const sample samples[] = {
    {"fuzz_safetensors", "plain", true, safetensors_plain},
    {"fuzz_safetensors", "dtypes", true, safetensors_all_dtypes},
    {"fuzz_safetensors", "vast", false, safetensors_vast},
    {"fuzz_safetensors", "overlap", false, safetensors_overlap},
    {"fuzz_pth", "zip-plain", true, zip_plain},
    {"fuzz_pth", "zip-wrapped", true, zip_wrapped},
    {"fuzz_pth", "zip-vast", false, zip_expanded},
    {"fuzz_pth", "stream-plain", true, stream_plain},
    {"fuzz_pth", "stream-wrapped", true, stream_wrapped},
    {"fuzz_pth", "stream-instructions", true, stream_instructions},
    {"fuzz_pth", "pickle", false, bare_pickle},
    {"fuzz_pth", "stream-foreign", false, stream_foreign_global},
};
const size_t sample_count = sizeof samples / sizeof *samples;
