/* The tests' kit: see kit.h. */
#include "kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];

int kit_begin(void **state)
{
    (void)state;
    gpen_error error;
    snprintf(folder, sizeof folder, "%s/gpen-image-XXXXXX", g_get_tmp_dir());
    if (!mkdtemp(folder))
        return -1;
    return pictures_begin("test", &error) ? -1 : 0;
}

int kit_end(void **state)
{
    (void)state;
    kit_clear();
    pictures_end();
    return rmdir(folder);
}

const char *kit_path(const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int each_file(bool remove_it)
{
    DIR *open = opendir(folder);
    assert_non_null(open);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(open));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        count++;
        if (remove_it && remove(kit_path(entry->d_name)))
            fail_msg("cannot remove %s", entry->d_name);
    }
    closedir(open);
    return count;
}

int kit_count_files(void)
{
    return each_file(false);
}

void kit_clear(void)
{
    each_file(true);
}

static unsigned pattern(int x, int y, int channel)
{
    unsigned soft = (unsigned)(x * 5 + y * 11 + channel * 40);
    unsigned hard = (unsigned)((x / 8 + y / 4) % 2 * 60);
    return (soft + hard) % 256;
}

gpen_image kit_image(int width, int height, int channels, int bits)
{
    gpen_image image;
    gpen_error error;
    assert_int_equal(image_new(&image, width, height, channels, bits, &error), GPEN_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                size_t at = ((size_t)y * (size_t)width + (size_t)x) * (size_t)channels + (size_t)c;
                unsigned value = pattern(x, y, c);
                if (bits == 8)
                    ((uint8_t *)image.pixels)[at] = (uint8_t)value;
                else
                    ((uint16_t *)image.pixels)[at] = (uint16_t)(value * 257 ^ (unsigned)(x * 7 + y * 3 + c) % 128);
            }
    return image;
}

VipsImage *kit_picture(int width, int height, int channels, int bits)
{
    gpen_image image = kit_image(width, height, channels, bits);
    VipsImage *wrapped = vips_image_new_from_memory_copy(image.pixels, image.row_bytes * (size_t)height, width, height,
                                                         channels, bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
    assert_non_null(wrapped);
    gpen_image_free(&image);
    VipsInterpretation interpretation = channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (bits == 16)
        interpretation = channels < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
    VipsImage *named;
    assert_int_equal(vips_copy(wrapped, &named, "interpretation", interpretation, NULL), 0);
    g_object_unref(wrapped);
    return kit_solid(named);
}

VipsImage *kit_muted_picture(int width, int height, int channels, int bits)
{
    VipsImage *full = kit_picture(width, height, channels, bits), *muted, *cast, *named;
    double scale[] = {0.4, 0.35, 0.3}, offset[] = {90, 70, 60};
    for (int i = 0; bits == 16 && i < 3; i++)
        offset[i] *= 257;
    assert_int_equal(vips_linear(full, &muted, scale, offset, channels, NULL), 0);
    assert_int_equal(vips_cast(muted, &cast, full->BandFmt, NULL), 0);
    assert_int_equal(vips_copy(cast, &named, "interpretation", full->Type, NULL), 0);
    g_object_unref(full);
    g_object_unref(muted);
    g_object_unref(cast);
    return named;
}

VipsImage *kit_in_profile(VipsImage *image, const char *profile, int bits)
{
    VipsImage *converted;
    assert_int_equal(vips_icc_transform(image, &converted, profile, "input_profile", "srgb", "depth", bits, "intent",
                                        VIPS_INTENT_RELATIVE, NULL),
                     0);
    return kit_solid(converted);
}

VipsImage *kit_solid(VipsImage *image)
{
    VipsImage *solid = vips_image_copy_memory(image);
    assert_non_null(solid);
    g_object_unref(image);
    return solid;
}

void kit_write(VipsImage *image, const char *name_and_options)
{
    if (vips_image_write_to_file(image, kit_path(name_and_options), NULL))
        fail_msg("%s: %s", name_and_options, vips_error_buffer());
}

kit_bytes kit_read_file(const char *name)
{
    gchar *data;
    gsize length;
    assert_true(g_file_get_contents(kit_path(name), &data, &length, NULL));
    return (kit_bytes){(unsigned char *)data, length};
}

void kit_write_file(const char *name, const void *data, size_t length)
{
    FILE *file = fopen(kit_path(name), "wb");
    assert_non_null(file);
    assert_true(!length || fwrite(data, length, 1, file) == 1);
    assert_int_equal(fclose(file), 0);
}

kit_bytes kit_insert_segment(kit_bytes jpeg, int marker, const void *payload, size_t length)
{
    kit_bytes out = {g_malloc(jpeg.length + length + 4), jpeg.length + length + 4};
    unsigned char *p = out.data;
    memcpy(p, jpeg.data, 2);
    p[2] = 0xFF;
    p[3] = (unsigned char)marker;
    p[4] = (unsigned char)((length + 2) >> 8);
    p[5] = (unsigned char)(length + 2);
    memcpy(p + 6, payload, length);
    memcpy(p + 6 + length, jpeg.data + 2, jpeg.length - 2);
    return out;
}

kit_bytes kit_linear_grey_profile(void)
{
    enum { LENGTH = 128 + 4 + 3 * 12 + 20 + 12 + 16 };
    static unsigned char p[LENGTH];
    memset(p, 0, sizeof p);
    p[2] = LENGTH >> 8;
    p[3] = LENGTH & 255;
    p[8] = 2;
    memcpy(p + 12, "mntrGRAYXYZ ", 12);
    memcpy(p + 36, "acsp", 4);
    static const unsigned char d50[] = {0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D};
    memcpy(p + 68, d50, 12);
    static const struct {
        const char *tag;
        unsigned char at, length;
    } tags[] = {{"wtpt", 168, 20}, {"kTRC", 188, 12}, {"cprt", 200, 16}};
    p[131] = 3;
    for (int i = 0; i < 3; i++) {
        memcpy(p + 132 + 12 * i, tags[i].tag, 4);
        p[132 + 12 * i + 7] = tags[i].at;
        p[132 + 12 * i + 11] = tags[i].length;
    }
    memcpy(p + 168, "XYZ ", 4);
    memcpy(p + 176, d50, 12);
    memcpy(p + 188, "curv", 4);
    memcpy(p + 200, "text", 4);
    memcpy(p + 208, "free", 5);
    return (kit_bytes){p, LENGTH};
}

picture kit_load(const char *name)
{
    picture pic;
    gpen_error error;
    if (picture_load(&pic, kit_path(name), NULL, &error))
        fail_msg("%s", error.message);
    assert_int_equal(image_check(&pic.image, &error), GPEN_OK);
    return pic;
}

gpen_status kit_fail_load(const char *name, gpen_error *error)
{
    picture pic;
    gpen_status status = picture_load(&pic, kit_path(name), NULL, error);
    assert_int_not_equal(status, GPEN_OK);
    assert_int_equal(error->status, status);
    assert_null(pic.image.pixels);
    assert_null(pic.extras);
    assert_null(pic.notes);
    assert_null(strchr(error->message, '\n'));
    return status;
}

void kit_save(const picture *pic, const char *name, picture_format format, int quality)
{
    gpen_error error;
    picture_save_options options = {.format = format, .quality = quality};
    if (picture_save(&pic->image, pic->extras, kit_path(name), &options, NULL, &error))
        fail_msg("%s", error.message);
}

void kit_save_own(const picture *pic, const char *name, const picture_save_options *options)
{
    gpen_error error;
    if (picture_save_own(pic, kit_path(name), options, NULL, &error))
        fail_msg("%s", error.message);
}

VipsImage *kit_open(const char *name)
{
    VipsImage *image = vips_image_new_from_file(kit_path(name), NULL);
    if (!image)
        fail_msg("%s: %s", name, vips_error_buffer());
    return kit_solid(image);
}

int kit_sample(const gpen_image *image, int x, int y, int channel)
{
    const char *row = (const char *)image->pixels + image->row_bytes * (size_t)y;
    size_t at = (size_t)x * (size_t)image->channels + (size_t)channel;
    return image->bits == 16 ? ((const uint16_t *)(const void *)row)[at] : ((const uint8_t *)row)[at];
}

int kit_largest_difference(const gpen_image *a, const gpen_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->bits, b->bits);
    int largest = 0;
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++)
            for (int c = 0; c < a->channels; c++) {
                int difference = abs(kit_sample(a, x, y, c) - kit_sample(b, x, y, c));
                if (difference > largest)
                    largest = difference;
            }
    return largest;
}
