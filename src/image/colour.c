/* Colour: whatever a file holds to sRGB for work, and back to the file's own profile for the result. Its own file
 * because every step is lazy libvips arithmetic on whole images; nothing here touches pixels or files.
 *
 * Intermediate images are kept in arrays that belong to a `keep` object; unref it and they are gone (what is handed out
 * holds references to what it needs). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/picture_room.h"

/* ---------------------------------------------------------------- profiles */

/* Does a profile say what sRGB says, within one level? Then the samples stay as they are, which spares them two
 * roundings. */
static bool is_like_srgb(const extra_field *profile, profile_space space, VipsIntent intent)
{
    enum { STEPS = 9, GREYS = 256, COLOURS = STEPS * STEPS * STEPS };
    unsigned char samples[(COLOURS + GREYS) * 3], *p = samples;
    int count = GREYS, bands = 1;
    if (space == PROFILE_RGB) {
        for (int i = 0; i < COLOURS; i++) {
            *p++ = (unsigned char)(i % STEPS * 255 / (STEPS - 1));
            *p++ = (unsigned char)(i / STEPS % STEPS * 255 / (STEPS - 1));
            *p++ = (unsigned char)(i / STEPS / STEPS * 255 / (STEPS - 1));
        }
        count += COLOURS;
        bands = 3;
    }
    for (int i = 0; i < GREYS; i++)
        for (int band = 0; band < bands; band++)
            *p++ = (unsigned char)i;

    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 3);
    bool alike = false;
    t[0] = vips_image_new_from_memory(samples, (size_t)count * (size_t)bands, count, 1, bands, VIPS_FORMAT_UCHAR);
    if (t[0] && !vips_copy(t[0], &t[1], "interpretation",
                           bands == 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W, NULL)) {
        vips_image_set_blob_copy(t[1], VIPS_META_ICC_NAME, profile->data, profile->length);
        size_t bytes;
        unsigned char *converted = NULL;
        if (!vips_icc_transform(t[1], &t[2], "srgb", "embedded", TRUE, "intent", intent, "black_point_compensation",
                                TRUE, NULL))
            converted = vips_image_write_to_memory(t[2], &bytes);
        alike = converted != NULL;
        for (int i = 0; alike && i < count * 3; i++)
            alike = abs(converted[i] - samples[bands == 3 ? i : i / 3]) <= 1;
        g_free(converted);
    }
    g_object_unref(keep);
    return alike;
}

/* ---------------------------------------------------------------- to sRGB */

/* The channels of a decoded image that mean colour, and whether an alpha channel follows them. */
typedef struct layout {
    int colours; /* 1 grey, 3 RGB, 4 CMYK */
    bool alpha;
} layout;

static layout find_layout(const VipsImage *image)
{
    int colours = image->Bands < 3 ? 1 : 3;
    if (image->Type == VIPS_INTERPRETATION_CMYK && image->Bands >= 4)
        colours = 4;
    return (layout){colours, image->Bands > colours};
}

static bool is_float(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_FLOAT || image->BandFmt == VIPS_FORMAT_DOUBLE;
}

/* Samples that are neither 8 nor 16 bits, and colours measured otherwise than RGB, grey or CMYK. */
static bool is_unusual(const VipsImage *image)
{
    if (image->Coding != VIPS_CODING_NONE)
        return true;
    if (image->BandFmt != VIPS_FORMAT_UCHAR && image->BandFmt != VIPS_FORMAT_USHORT)
        return true;
    switch (image->Type) {
    case VIPS_INTERPRETATION_LAB:
    case VIPS_INTERPRETATION_LABS:
    case VIPS_INTERPRETATION_LABQ:
    case VIPS_INTERPRETATION_XYZ:
    case VIPS_INTERPRETATION_scRGB: return true;
    default: return false;
    }
}

/* Floating-point samples are linear light, 0 black and 1 white, as Photoshop writes them. */
static int from_linear_light(VipsObject *keep, VipsImage *in, VipsImage **out)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 5);
    bool grey = in->Bands < 3;
    if (vips_extract_band(in, &t[0], 0, "n", grey ? 1 : 3, NULL))
        return -1;
    if (grey) {
        VipsImage *same[] = {t[0], t[0], t[0]};
        if (vips_bandjoin(same, &t[1], 3, NULL))
            return -1;
    } else if (vips_copy(t[0], &t[1], NULL)) {
        return -1;
    }
    if (vips_cast_float(t[1], &t[2], NULL) ||
        vips_copy(t[2], &t[3], "interpretation", VIPS_INTERPRETATION_scRGB, NULL) ||
        vips_colourspace(t[3], &t[4], VIPS_INTERPRETATION_RGB16, NULL))
        return -1;
    return vips_extract_band(t[4], out, 0, "n", grey ? 1 : 3, NULL);
}

static int from_whole_words(VipsObject *keep, VipsImage *in, VipsImage **out)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    return vips_rshift_const1(in, &t[0], 16, NULL) || vips_cast_ushort(t[0], out, NULL);
}

static bool measures_colour(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_LAB || image->Type == VIPS_INTERPRETATION_LABS ||
           image->Type == VIPS_INTERPRETATION_XYZ || image->Coding == VIPS_CODING_LABQ;
}

/* Unusual samples to 16 bits (8-bit Lab to 8). *alpha says whether an alpha channel is still meant. */
static gpen_status to_usual(VipsObject *keep, VipsImage *in, const char *name, VipsImage **out, char **notes,
                            gpen_error *error)
{
    int failed;
    if (measures_colour(in))
        failed = vips_colourspace(in, out,
                                  in->Coding == VIPS_CODING_LABQ ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16,
                                  NULL);
    else if (is_float(in) && in->Coding == VIPS_CODING_NONE && in->Type != VIPS_INTERPRETATION_CMYK) {
        failed = from_linear_light(keep, in, out);
        notes_add(notes, "The floating-point samples were converted to 16 bits.");
    } else if (in->BandFmt == VIPS_FORMAT_UINT && in->Coding == VIPS_CODING_NONE) {
        failed = from_whole_words(keep, in, out);
        notes_add(notes, "The 32-bit samples were reduced to 16 bits.");
    } else {
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT,
                         "%s: pictures with samples of this kind (%s) are not supported", name,
                         vips_enum_nick(VIPS_TYPE_BAND_FORMAT, in->BandFmt));
    }
    return failed ? GPEN_UNREADABLE : GPEN_OK;
}

static VipsInterpretation plain_interpretation(int colours, bool deep)
{
    if (colours == 4)
        return VIPS_INTERPRETATION_CMYK;
    if (colours == 3)
        return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
}

/* Lazily to sRGB by an ICC profile: the image's own when `profile` is given, else libvips' CMYK. Grey stays one
 * band. */
static int transform_in(VipsObject *keep, VipsImage *in, const extra_field *profile, VipsIntent intent, VipsImage **out)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    bool deep = in->BandFmt == VIPS_FORMAT_USHORT;
    if (vips_copy(in, &t[0], "interpretation", plain_interpretation(in->Bands, deep), NULL))
        return -1;
    vips_image_remove(t[0], VIPS_META_ICC_NAME);
    if (profile)
        vips_image_set_blob_copy(t[0], VIPS_META_ICC_NAME, profile->data, profile->length);
    if (vips_icc_transform(t[0], &t[1], "srgb", "embedded", profile != NULL, "intent", intent,
                           "black_point_compensation", TRUE, "depth", deep ? 16 : 8, NULL))
        return -1;
    return in->Bands == 1 ? vips_extract_band(t[1], out, 1, NULL) : vips_copy(t[1], out, NULL);
}

/* Is the file's profile one for these colours? If not, a note says so. */
static bool profile_fits(VipsImage *image, const extra_field *profile, VipsIntent *intent, char **notes)
{
    profile_space space = profile_read_space(profile->data, profile->length);
    profile_space wanted = image->Bands == 4 ? PROFILE_CMYK : image->Bands == 3 ? PROFILE_RGB : PROFILE_GREY;
    const char *why = NULL;
    if (space != PROFILE_BROKEN && space != wanted)
        why = "belongs to another kind of picture";
    else if (space == PROFILE_BROKEN || !vips_icc_is_compatible_profile(image, profile->data, profile->length) ||
             !profile_intent(profile->data, profile->length, false, intent))
        why = "is damaged";
    if (why)
        notes_add(notes, "The colour profile %s and was left out; the colours were taken as %s.", why,
                  wanted == PROFILE_CMYK ? "ordinary CMYK" : "sRGB");
    return !why;
}

/* The colour channels by a profile that fits: as they are where the result can be in the profile's colours again, else
 * in sRGB. */
static int use_profile(VipsObject *keep, VipsImage *in, const extra_field *profile, VipsIntent intent, work_image *out,
                       char **notes)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    bool cmyk = in->Bands == 4;
    bool alike = !cmyk && is_like_srgb(profile, in->Bands == 3 ? PROFILE_RGB : PROFILE_GREY, intent);
    if (!alike && transform_in(keep, in, profile, intent, &t[0]))
        return -1;
    out->keep_profile = alike || (!cmyk && colour_can_restore(profile, in->Bands));
    out->own = out->keep_profile && !alike;
    if (!cmyk && !out->keep_profile)
        notes_add(notes, "The colour profile works in one direction only: the colours became sRGB.");
    return vips_copy(out->keep_profile ? in : t[0], &out->image, NULL);
}

/* The colour channels to sRGB, or as they are for colour_own_to_work to convert. */
static gpen_status manage_colour(VipsObject *keep, VipsImage *in, const extra_field *profile, work_image *out,
                                 char **notes)
{
    VipsIntent intent = VIPS_INTENT_RELATIVE;
    bool cmyk = in->Bands == 4;
    bool fits = profile && vips_icc_present() && profile_fits(in, profile, &intent, notes);
    if (!fits || use_profile(keep, in, profile, intent, out, notes)) {
        if (fits)
            notes_add(notes, "The colour profile could not be used and was left out.");
        if (cmyk ? transform_in(keep, in, NULL, VIPS_INTENT_RELATIVE, &out->image) : vips_copy(in, &out->image, NULL))
            return GPEN_UNREADABLE;
    }
    if (cmyk)
        notes_add(notes, "The picture was converted from CMYK to sRGB.");
    return GPEN_OK;
}

static int split(VipsObject *keep, VipsImage *in, layout channels, VipsImage **colours, VipsImage **alpha)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    *alpha = NULL;
    if (vips_extract_band(in, &t[0], 0, "n", channels.colours, NULL) ||
        (channels.alpha && vips_extract_band(in, &t[1], channels.colours, NULL)))
        return -1;
    *colours = t[0];
    *alpha = t[1];
    return 0;
}

/* colours and alpha in one image, or a copy of colours; the interpretation is that of what is there. */
static int join(VipsObject *keep, VipsImage *colours, VipsImage *alpha, VipsImage **out)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    if (alpha ? vips_bandjoin2(colours, alpha, &t[0], NULL) : vips_copy(colours, &t[0], NULL))
        return -1;
    return vips_copy(t[0], out, "interpretation",
                     plain_interpretation(colours->Bands, colours->BandFmt == VIPS_FORMAT_USHORT), NULL);
}

static const void *find_profile(VipsImage *image, size_t *length)
{
    const void *data = NULL;
    if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME) ||
        vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, length))
        return NULL;
    return data;
}

static gpen_status convert(VipsObject *keep, VipsImage *decoded, const char *name, work_image *out, char **notes,
                           gpen_error *error)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    VipsImage *usual = decoded, *colours, *alpha;
    bool unusual = is_unusual(decoded);
    if (unusual) {
        gpen_status status = to_usual(keep, decoded, name, &t[0], notes, error);
        if (status)
            return status;
        usual = t[0];
    }
    layout channels = find_layout(usual);
    if (usual->Bands > channels.colours + 1)
        notes_add(notes, "%d extra channels were left out.", usual->Bands - channels.colours - 1);
    if (split(keep, usual, channels, &colours, &alpha))
        return GPEN_UNREADABLE;
    extra_field profile = {0};
    profile.data = unusual ? NULL : (void *)find_profile(decoded, &profile.length);
    work_image work = {0};
    gpen_status status = manage_colour(keep, colours, profile.data ? &profile : NULL, &work, notes);
    t[1] = work.image;
    *out = work;
    out->image = NULL;
    if (!status && join(keep, work.image, alpha, &out->image))
        status = GPEN_UNREADABLE;
    return status;
}

gpen_status colour_to_work(VipsImage *decoded, const char *name, work_image *out, char **notes, gpen_error *error)
{
    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    gpen_status status = convert(keep, decoded, name, out, notes, error);
    g_object_unref(keep);
    return status;
}

int colour_own_to_work(VipsImage *image, const extra_field *profile, VipsImage **out)
{
    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    VipsImage *colours, *alpha;
    VipsIntent intent;
    int result = !profile_intent(profile->data, profile->length, false, &intent) ||
                 split(keep, image, find_layout(image), &colours, &alpha) ||
                 transform_in(keep, colours, profile, intent, &t[0]) || join(keep, t[0], alpha, out);
    g_object_unref(keep);
    return result ? -1 : 0;
}

/* ---------------------------------------------------------------- and back */

bool colour_can_restore(const extra_field *profile, int colours)
{
    VipsIntent intent;
    return profile_can_convert() && vips_icc_present() &&
           profile_read_space(profile->data, profile->length) == (colours == 3 ? PROFILE_RGB : PROFILE_GREY) &&
           profile_intent(profile->data, profile->length, true, &intent);
}

static int transform_out(VipsObject *keep, VipsImage *in, const extra_field *profile, VipsImage **out)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 3);
    VipsIntent intent;
    if (!profile_intent(profile->data, profile->length, true, &intent))
        return -1;
    VipsImage *same[] = {in, in, in};
    if (in->Bands == 1 ? vips_bandjoin(same, &t[0], 3, NULL) : vips_copy(in, &t[0], NULL))
        return -1;
    if (vips_copy(t[0], &t[1], "interpretation", plain_interpretation(3, in->BandFmt == VIPS_FORMAT_USHORT), NULL))
        return -1;
    if (profile_from_srgb(t[1], profile->data, profile->length, intent, &t[2]))
        return -1;
    return vips_copy(t[2], out, "interpretation", plain_interpretation(t[2]->Bands, in->BandFmt == VIPS_FORMAT_USHORT),
                     NULL);
}

int colour_from_work(VipsImage *image, const extra_field *profile, VipsImage **out)
{
    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    VipsImage *colours, *alpha;
    int result = split(keep, image, find_layout(image), &colours, &alpha) ||
                 transform_out(keep, colours, profile, &t[0]) || join(keep, t[0], alpha, out);
    g_object_unref(keep);
    return result ? -1 : 0;
}
