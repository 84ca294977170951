/* What a picture file has beside its pixels: taken from libvips on the way in, attached on the way out. Its own file
 * because it decides what is kept, what is too broken to keep, and what each format can hold. */
#include <stdlib.h>
#include <string.h>

#include "image/picture_room.h"

static const double DEFAULT_RESOLUTION = 72 / 25.4;

/* Formats as a set of bits. */
enum {
    IN_JPEG = 1 << PICTURE_JPEG,
    IN_PNG = 1 << PICTURE_PNG,
    IN_WEBP = 1 << PICTURE_WEBP,
    IN_TIFF = 1 << PICTURE_TIFF,
    IN_ALL = IN_JPEG | IN_PNG | IN_WEBP | IN_TIFF
};

static const struct {
    const char *name;   /* libvips' */
    const char *people; /* ours, for notes */
    size_t jpeg_limit;  /* bytes that one JPEG segment holds, with room for what libvips adds; 0: any number */
    unsigned formats;   /* that it can be written to */
} kinds[] = {
    {VIPS_META_ICC_NAME, "colour profile", 0, IN_ALL},
    {VIPS_META_EXIF_NAME, "EXIF data", 64000, IN_ALL},
    {VIPS_META_XMP_NAME, "XMP data", 60000, IN_ALL},
    {VIPS_META_IPTC_NAME, "IPTC caption", 65000, IN_JPEG | IN_TIFF},
    {VIPS_META_IMAGEDESCRIPTION, "description", 0, IN_TIFF},
    {VIPS_META_RESOLUTION_UNIT, "resolution unit", 0, IN_ALL},
    {"png-comment-", "PNG text", 0, IN_PNG},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int kind_of(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(name, kinds[i].name) || (i == KINDS - 1 && !strncmp(name, kinds[i].name, strlen(kinds[i].name))))
            return i;
    return -1;
}

/* ---------------------------------------------------------------- taking */

static bool add_field(picture_extras *extras, const char *name, const void *data, size_t length, bool text)
{
    extra_field *fields = realloc(extras->fields, (extras->count + 1) * sizeof *fields);
    if (!fields)
        return false;
    extras->fields = fields;
    char *own_name = strdup(name);
    char *own_data = length < SIZE_MAX ? malloc(length + 1) : NULL;
    if (!own_name || !own_data) {
        free(own_name);
        free(own_data);
        return false;
    }
    memcpy(own_data, data, length);
    own_data[length] = '\0';
    fields[extras->count++] = (extra_field){own_name, own_data, length, text};
    return true;
}

static void note_state(char **notes, const char *people, block_state state)
{
    if (state == BLOCK_BROKEN)
        notes_add(notes, "The %s was damaged and left out.", people);
    else if (state == BLOCK_PARTLY)
        notes_add(notes, "Part of the %s was damaged and left out.", people);
}

static bool take_blob(picture_extras *extras, const char *name, const void *data, size_t length, char **notes)
{
    block_state state = BLOCK_GOOD;
    if (!strcmp(name, VIPS_META_EXIF_NAME))
        state = exif_examine(data, length);
    else if (!strcmp(name, VIPS_META_XMP_NAME))
        state = xmp_examine(data, length);
    note_state(notes, kinds[kind_of(name)].people, state);
    if (state == BLOCK_BROKEN)
        return true;
    if (!add_field(extras, name, data, length, false))
        return false;
    extra_field *field = &extras->fields[extras->count - 1];
    if (!strcmp(name, VIPS_META_EXIF_NAME))
        exif_make_upright(field->data, field->length);
    else if (!strcmp(name, VIPS_META_XMP_NAME))
        xmp_make_upright(field->data, field->length);
    return true;
}

bool extras_add_exif(picture_extras *extras, const void *block, size_t length, char **notes)
{
    return take_blob(extras, VIPS_META_EXIF_NAME, block, length, notes);
}

typedef struct taking {
    picture_extras *extras;
    bool keep_profile;
    char **notes;
} taking;

/* Some programs hide a second EXIF or IPTC block in PNG text, with the old orientation. */
static bool is_hidden_block(const char *name)
{
    return strstr(name, "Raw profile type") != NULL;
}

/* vips_image_map's callback: NULL goes on, anything else stops. */
static void *take_field(VipsImage *image, const char *name, GValue *value, void *context)
{
    (void)image;
    taking *job = context;
    bool profile = !strcmp(name, VIPS_META_ICC_NAME);
    bool caption = !strcmp(name, VIPS_META_IPTC_NAME); /* has its own way, see take_caption */
    if (kind_of(name) < 0 || caption || is_hidden_block(name) || (profile && !job->keep_profile))
        return NULL;
    bool taken = true;
    if (G_VALUE_TYPE(value) == VIPS_TYPE_BLOB) {
        size_t length;
        const void *data = vips_value_get_blob(value, &length);
        taken = !data || take_blob(job->extras, name, data, length, job->notes);
    } else if (G_VALUE_TYPE(value) == VIPS_TYPE_REF_STRING) {
        size_t length;
        const char *text = vips_value_get_ref_string(value, &length);
        taken = !text || add_field(job->extras, name, text, strlen(text), true);
    }
    return taken ? NULL : job;
}

/* From Photoshop's block if there is one with a caption, else from where it lies bare (in JPEG they are the same
 * block). */
static bool take_caption(VipsImage *image, picture_extras *extras, char **notes)
{
    static const char *const places[] = {VIPS_META_PHOTOSHOP_NAME, VIPS_META_IPTC_NAME};
    block_state worst = BLOCK_GOOD;
    for (int i = 0; i < 2; i++) {
        const void *data;
        size_t length, start, count;
        if (!vips_image_get_typeof(image, places[i]) || vips_image_get_blob(image, places[i], &data, &length))
            continue;
        block_state state = iptc_unwrap(data, length, &start, &count);
        if (state == BLOCK_BROKEN)
            worst = state;
        else if (count)
            return add_field(extras, VIPS_META_IPTC_NAME, (const char *)data + start, count, false);
    }
    note_state(notes, "IPTC caption", worst);
    return true;
}

/* Pixels a millimetre. Loaders of formats without a resolution of their own say 1: then EXIF's counts, else 72
 * an inch. */
static void take_resolution(VipsImage *image, picture_extras *extras)
{
    extras->horizontal = image->Xres;
    extras->vertical = image->Yres;
    if (image->Xres != 1.0 || image->Yres != 1.0)
        return;
    extras->horizontal = extras->vertical = DEFAULT_RESOLUTION;
    const extra_field *exif = extras_find(extras, VIPS_META_EXIF_NAME);
    VipsImage *scratch = exif ? vips_image_new() : NULL;
    if (!scratch)
        return;
    scratch->Xres = scratch->Yres = DEFAULT_RESOLUTION;
    /* This sets the resolution on the way. */
    vips_image_set_blob_copy(scratch, VIPS_META_EXIF_NAME, exif->data, exif->length);
    extras->horizontal = scratch->Xres;
    extras->vertical = scratch->Yres;
    g_object_unref(scratch);
}

picture_extras *extras_take(VipsImage *image, bool keep_profile, char **notes)
{
    picture_extras *extras = calloc(1, sizeof *extras);
    if (!extras)
        return NULL;
    taking job = {extras, keep_profile, notes};
    if (vips_image_map(image, take_field, &job) || !take_caption(image, extras, notes)) {
        extras_free(extras);
        return NULL;
    }
    take_resolution(image, extras);
    return extras;
}

void extras_free(picture_extras *extras)
{
    if (!extras)
        return;
    for (size_t i = 0; i < extras->count; i++) {
        free(extras->fields[i].name);
        free(extras->fields[i].data);
    }
    free(extras->fields);
    free(extras);
}

const extra_field *extras_find(const picture_extras *extras, const char *name)
{
    for (size_t i = 0; extras && i < extras->count; i++)
        if (!strcmp(extras->fields[i].name, name))
            return &extras->fields[i];
    return NULL;
}

/* ---------------------------------------------------------------- attaching */

static bool format_holds(const extra_field *field, int kind, picture_format format, char **notes)
{
    bool too_long = format == PICTURE_JPEG && kinds[kind].jpeg_limit && field->length > kinds[kind].jpeg_limit;
    if ((kinds[kind].formats >> format & 1) && !too_long)
        return true;
    notes_add(notes, "The %s was left out: %s.", kinds[kind].people,
              too_long ? "it is too long for a JPEG file" : "it cannot be written to this format");
    return false;
}

static int attach_caption(VipsImage *image, const extra_field *field, picture_format format)
{
    bool jpeg = format == PICTURE_JPEG;
    size_t length;
    unsigned char *wrapped = iptc_wrap(field->data, field->length, jpeg, &length);
    if (!wrapped)
        return -1;
    vips_image_set_blob_copy(image, jpeg ? VIPS_META_IPTC_NAME : VIPS_META_PHOTOSHOP_NAME, wrapped, length);
    free(wrapped);
    return 0;
}

static int attach_field(VipsImage *image, const extra_field *field, picture_format format)
{
    if (!strcmp(field->name, VIPS_META_IPTC_NAME))
        return attach_caption(image, field, format);
    if (field->text)
        vips_image_set_string(image, field->name, field->data);
    else
        vips_image_set_blob_copy(image, field->name, field->data, field->length);
    return 0;
}

/* The file's XMP data with the receipt; the receipt alone where the two cannot be had together. */
static void attach_receipt(VipsImage *image, const extras_wish *wish, char **notes)
{
    const extra_field *old = extras_find(wish->extras, VIPS_META_XMP_NAME);
    size_t length, limit = wish->format == PICTURE_JPEG ? kinds[kind_of(VIPS_META_XMP_NAME)].jpeg_limit : SIZE_MAX;
    bool replaced;
    char *packet = receipt_merge(wish->receipt, old ? old->data : NULL, old ? old->length : 0, &length, &replaced);
    if (old && length > limit) {
        g_free(packet);
        packet = receipt_merge(wish->receipt, NULL, 0, &length, &replaced);
        replaced = true;
    }
    if (replaced)
        notes_add(notes, "The XMP data of the photo was left out: the receipt could not be added to it.");
    if (length <= limit)
        vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, packet, length);
    else
        notes_add(notes, "The receipt was left out: it is too long for a JPEG file.");
    g_free(packet);
}

/* Is a field of the file to be attached as it is? */
static bool is_wished(const extra_field *field, const extras_wish *wish, char **notes)
{
    if (!strcmp(field->name, VIPS_META_ICC_NAME) && !wish->with_profile)
        return false;
    if (!strcmp(field->name, VIPS_META_XMP_NAME) && wish->receipt)
        return false;
    bool also_in_exif =
        !strcmp(field->name, VIPS_META_IMAGEDESCRIPTION) && extras_find(wish->extras, VIPS_META_EXIF_NAME);
    if (also_in_exif && wish->format != PICTURE_TIFF)
        return false;
    return format_holds(field, kind_of(field->name), wish->format, notes);
}

int extras_attach(VipsImage *image, const extras_wish *wish, VipsImage **out, char **notes)
{
    const picture_extras *extras = wish->extras;
    VipsImage *dressed;
    if (vips_copy(image, &dressed, NULL))
        return -1;
    int result = 0;
    for (size_t i = 0; !result && extras && i < extras->count; i++)
        if (is_wished(&extras->fields[i], wish, notes))
            result = attach_field(dressed, &extras->fields[i], wish->format);
    if (wish->receipt)
        attach_receipt(dressed, wish, notes);
    vips_image_set_int(dressed, VIPS_META_ORIENTATION, 1);
    /* Last, because setting the EXIF block sets the resolution too. */
    double horizontal = extras ? extras->horizontal : DEFAULT_RESOLUTION;
    double vertical = extras ? extras->vertical : DEFAULT_RESOLUTION;
    if (!result)
        result = vips_copy(dressed, out, "xres", horizontal, "yres", vertical, NULL);
    g_object_unref(dressed);
    return result;
}
