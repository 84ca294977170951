/* ICC profiles, as far as their header and table of tags tell: what colours they describe and in which directions. Its
 * own file because libvips silently puts sRGB in the place of a profile that does not fit, and the photographer is to
 * know. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef GPEN_HAVE_LCMS
#include <lcms2.h>
#endif

#include "base/memory.h"
#include "image/picture_room.h"

enum { HEADER_BYTES = 128, TAG_BYTES = 12 };

static uint32_t read_big(const void *profile, size_t at)
{
    const unsigned char *p = (const unsigned char *)profile + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool says(const void *profile, size_t at, const char *word)
{
    return !memcmp((const char *)profile + at, word, 4);
}

static bool has_tag(const void *profile, size_t length, const char *tag)
{
    if (length < HEADER_BYTES + 4)
        return false;
    uint32_t count = read_big(profile, HEADER_BYTES);
    for (size_t at = HEADER_BYTES + 4; count && length - at >= TAG_BYTES; count--, at += TAG_BYTES)
        if (says(profile, at, tag))
            return true;
    return false;
}

profile_space profile_read_space(const void *profile, size_t length)
{
    if (length < HEADER_BYTES + 4 || !says(profile, 36, "acsp") || read_big(profile, 0) > length)
        return PROFILE_BROKEN;
    if (says(profile, 12, "link") || says(profile, 12, "abst") || says(profile, 12, "nmcl"))
        return PROFILE_OTHER;
    if (says(profile, 16, "RGB "))
        return PROFILE_RGB;
    if (says(profile, 16, "GRAY"))
        return PROFILE_GREY;
    if (says(profile, 16, "CMYK"))
        return PROFILE_CMYK;
    return PROFILE_OTHER;
}

bool profile_intent(const void *profile, size_t length, bool output, VipsIntent *intent)
{
    *intent = VIPS_INTENT_RELATIVE;
    if (has_tag(profile, length, output ? "B2A1" : "A2B1"))
        return true;
    if (has_tag(profile, length, output ? "B2A0" : "A2B0")) {
        *intent = VIPS_INTENT_PERCEPTUAL;
        return true;
    }
    return has_tag(profile, length, "rTRC") || has_tag(profile, length, "kTRC");
}

#ifdef GPEN_HAVE_LCMS

bool profile_can_convert(void)
{
    return true;
}

/* libvips' own sRGB, so that the way there and the way back meet. */
static cmsHPROFILE open_srgb(void)
{
    VipsBlob *blob = NULL;
    size_t length;
    if (vips_profile_load("srgb", &blob, NULL))
        return NULL;
    const void *bytes = vips_blob_get(blob, &length);
    cmsHPROFILE srgb = cmsOpenProfileFromMem(bytes, (cmsUInt32Number)length);
    vips_area_unref(VIPS_AREA(blob));
    return srgb;
}

/* The same as vips_icc_transform does, so that both ways have one arithmetic. */
static cmsHTRANSFORM make_transform(const void *profile, size_t length, VipsIntent intent, bool deep, int bands)
{
    const cmsUInt32Number grey = deep ? TYPE_GRAY_16 : TYPE_GRAY_8, colours = deep ? TYPE_RGB_16 : TYPE_RGB_8;
    cmsHPROFILE from = open_srgb(), to = cmsOpenProfileFromMem(profile, (cmsUInt32Number)length);
    cmsHTRANSFORM transform =
        from && to ? cmsCreateTransform(from, colours, to, bands == 1 ? grey : colours, (cmsUInt32Number)intent,
                                        cmsFLAGS_NOCACHE | cmsFLAGS_BLACKPOINTCOMPENSATION)
                   : NULL;
    if (from)
        cmsCloseProfile(from);
    if (to)
        cmsCloseProfile(to);
    return transform;
}

int profile_from_srgb(VipsImage *in, const void *profile, size_t length, VipsIntent intent, VipsImage **out)
{
    bool deep = in->BandFmt == VIPS_FORMAT_USHORT;
    int bands = profile_read_space(profile, length) == PROFILE_GREY ? 1 : 3, result = -1;
    size_t row, bytes, sample = deep ? 2 : 1;
    *out = NULL;
    if (length > UINT32_MAX || !size_multiply((size_t)in->Xsize * sample, (size_t)bands, &row) ||
        !size_multiply(row, (size_t)in->Ysize, &bytes))
        return -1;
    unsigned char *from = vips_image_write_to_memory(in, NULL), *to = from ? malloc(bytes) : NULL;
    cmsHTRANSFORM transform = to ? make_transform(profile, length, intent, deep, bands) : NULL;
    for (int y = 0; transform && y < in->Ysize; y++)
        cmsDoTransform(transform, from + (size_t)y * (size_t)in->Xsize * 3 * sample, to + (size_t)y * row,
                       (cmsUInt32Number)in->Xsize);
    if (transform) {
        *out = vips_image_new_from_memory_copy(to, bytes, in->Xsize, in->Ysize, bands,
                                               deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
        result = *out ? 0 : -1;
        cmsDeleteTransform(transform);
    }
    free(to);
    g_free(from);
    return result;
}

#else

bool profile_can_convert(void)
{
    return false;
}

int profile_from_srgb(VipsImage *in, const void *profile, size_t length, VipsIntent intent, VipsImage **out)
{
    (void)in, (void)profile, (void)length, (void)intent;
    *out = NULL;
    return -1;
}

#endif
