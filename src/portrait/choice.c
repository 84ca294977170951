/* Preset auto: what a photo is like, what a person would choose for it, and a sentence that says so. The rules are a list, read from the
 * worst damage to the least; docs/PRESETS.md has the bounds with the measurements behind them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "portrait/room.h"

enum { SMALL_FACE = 48 /* pixels */, LOW_QUALITY = 45 };

static const float noisy = 5, very_noisy = 10, blurred = 0.64f; /* levels of 255; finish_measure_blur */
static const float raised_black = 0.2f, short_range = 0.6f, coloured_white = 0.15f, no_colours = 0.012f;

/* ---------------------------------------------------------------- measuring */

/* A square of the photo as far as it lies in it: left, top, right, bottom. */
static void square_around(const gpen_image *photo, const float centre[2], float away, int part[4])
{
    const int most[2] = {photo->width, photo->height};
    for (int k = 0; k < 2; k++) {
        part[k] = (int)fminf(fmaxf(centre[k] - away, 0), (float)most[k]);
        part[k + 2] = (int)fminf(fmaxf(centre[k] + away, 0), (float)most[k]);
    }
}

/* Of eyes, nose and mouth of the face. */
static gpen_status measure_face(const gpen_image *photo, const gpen_face *face, thread_pool *pool, float *blur,
                                gpen_error *error)
{
    int part[4];
    const float(*points)[2] = face->landmarks;
    float eyes = hypotf(points[1][0] - points[0][0], points[1][1] - points[0][1]);
    square_around(photo, points[2], fmaxf(0.8f * eyes, 0.35f * face_shorter_side(face)), part);
    return finish_measure_blur(photo, part, pool, blur, error);
}

/* Of the sharpest of five places: backgrounds may well be out of focus. */
static gpen_status measure_places(const gpen_image *photo, thread_pool *pool, float *blur, gpen_error *error)
{
    static const float places[5][2] = {{0.5f, 0.5f}, {0.25f, 0.25f}, {0.75f, 0.25f}, {0.25f, 0.75f}, {0.75f, 0.75f}};
    const float away = 96;
    gpen_status status = GPEN_OK;
    *blur = 1;
    for (int i = 0; i < 5 && !status; i++) {
        const float centre[2] = {places[i][0] * (float)photo->width, places[i][1] * (float)photo->height};
        float here;
        int part[4];
        square_around(photo, centre, away, part);
        status = finish_measure_blur(photo, part, pool, &here, error);
        *blur = fminf(*blur, here);
    }
    return status;
}

/* The quality whose blocks would look like this; 0: none are seen. */
static int quality_of_blocks(float blocks)
{
    const float least = 1.35f;
    return blocks < least ? 0 : (int)fmaxf(rintf(26 / (blocks - 1)), 1);
}

static const gpen_face *largest_face(const gpen_faces *faces, float least_score)
{
    const gpen_face *largest = NULL;
    for (size_t i = 0; i < faces->count; i++) {
        const gpen_face *face = &faces->faces[i];
        if (face->score > least_score && (!largest || face_shorter_side(face) > face_shorter_side(largest)))
            largest = face;
    }
    return largest;
}

static gpen_status measure(const gpen_image *photo, const gpen_face *face, int jpeg_quality, thread_pool *pool,
                           gpen_choice *choice, gpen_error *error)
{
    finish_noise noise;
    finish_condition state;
    gpen_status status = finish_measure_noise(photo, pool, &noise, error);
    if (!status)
        status = finish_examine(photo, &state, error);
    if (!status)
        status = face ? measure_face(photo, face, pool, &choice->blur, error)
                      : measure_places(photo, pool, &choice->blur, error);
    if (status)
        return status;
    choice->noise = noise.fine[0] * 255;
    choice->quality = jpeg_quality ? jpeg_quality : quality_of_blocks(state.blocks);
    choice->range = state.light - state.dark;
    choice->cast = state.cast;
    choice->face = face ? (int)face_shorter_side(face) : 0;
    float own_spread =
        sqrtf(fmaxf(state.spread * state.spread - noise.fine[1] * noise.fine[1] - noise.fine[2] * noise.fine[2], 0));
    bool faded = state.dark > raised_black && choice->range < short_range;
    const struct {
        int reason;
        bool holds;
    } findings[] = {{GPEN_REASON_NOISE, choice->noise > noisy},
                    {GPEN_REASON_BLUR, choice->blur > blurred},
                    {GPEN_REASON_COMPRESSED, choice->quality && choice->quality < LOW_QUALITY},
                    {GPEN_REASON_FADED, faded},
                    {GPEN_REASON_CAST, faded && choice->cast > coloured_white},
                    {GPEN_REASON_GREY, state.chroma < no_colours || own_spread < no_colours},
                    {GPEN_REASON_SMALL, face && choice->face < SMALL_FACE}};
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        choice->reasons |= findings[i].holds ? findings[i].reason : 0;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- choosing */

/* The first whose reasons are all there; `also` are told beside them. */
static const struct {
    int reasons, also;
    gpen_preset preset;
} rules[] = {
    {GPEN_REASON_FADED, GPEN_REASON_CAST | GPEN_REASON_GREY, GPEN_PRESET_OLD_PHOTO},
    {GPEN_REASON_GREY | GPEN_REASON_NOISE, 0, GPEN_PRESET_OLD_PHOTO},
    {GPEN_REASON_BLUR, GPEN_REASON_SMALL, GPEN_PRESET_VERY_BLURRED},
    {0, 0, GPEN_PRESET_EVERYDAY},
};

/* Noise and JPEG's traces are met by one control, as strong as the worse of them asks. */
static int denoise_for(const gpen_choice *choice)
{
    int strength = 0;
    if (choice->reasons & GPEN_REASON_COMPRESSED)
        strength = choice->quality < LOW_QUALITY / 2 ? 60 : 40;
    if (choice->reasons & GPEN_REASON_NOISE)
        strength = choice->noise > very_noisy || strength > 50 ? 60 : 50;
    return strength;
}

static void choose(gpen_choice *choice)
{
    int rule = 0;
    while ((choice->reasons & rules[rule].reasons) != rules[rule].reasons)
        rule++;
    choice->preset = rules[rule].preset;
    choice->reasons &= rules[rule].reasons | rules[rule].also | GPEN_REASON_NOISE | GPEN_REASON_COMPRESSED;
}

/* The preset's settings, but no more fading undone than there is, and noise taken away as far as this photo needs it. */
void gpen_settings_take_choice(gpen_settings *settings, gpen_choice *choice)
{
    int held = settings->held;
    gpen_settings_take_preset(settings, choice->preset, held);
    if (!(held & GPEN_HELD_FADING) && !(choice->reasons & GPEN_REASON_FADED))
        settings->fading = 0;
    if (!(held & GPEN_HELD_DENOISE) && denoise_for(choice) > settings->denoise)
        settings->denoise = choice->denoise = denoise_for(choice);
}

gpen_status gpen_choose(gpen_model *model, const gpen_image *photo, int jpeg_quality, gpen_settings *settings,
                        gpen_choice *choice, gpen_error *error)
{
    gpen_faces faces = {0};
    *choice = (gpen_choice){.preset = GPEN_PRESET_AUTO};
    gpen_error_clear(error);
    gpen_status status = gpen_settings_check(settings, error);
    if (!status)
        status = model->detector.file ? gpen_detect(model, photo, LEAST_MENTIONED, &faces, error)
                                      : image_check(photo, error);
    if (!status)
        status = measure(photo, largest_face(&faces, settings->least_score), jpeg_quality,
                         nn_device_pool(model->device), choice, error);
    gpen_faces_free(&faces);
    if (status)
        return status;
    choose(choice);
    gpen_settings_take_choice(settings, choice);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- telling */

typedef struct telling {
    char *text;
    size_t used;
} telling;

__attribute__((format(printf, 2, 3))) static void tell(telling *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(t->text + t->used, GPEN_CHOICE_BYTES - t->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        t->used = t->used + (size_t)length < GPEN_CHOICE_BYTES ? t->used + (size_t)length : GPEN_CHOICE_BYTES - 1;
}

/* What was found, in the order of their weight; a number may stand in it. */
static void tell_reason(telling *t, const gpen_choice *c, int reason, bool chinese)
{
    switch (reason) {
    case GPEN_REASON_FADED: tell(t, "%s", chinese ? "照片已褪色" : "it is faded"); break;
    case GPEN_REASON_CAST: tell(t, "%s", chinese ? "白色部分偏色" : "its whites have a colour cast"); break;
    case GPEN_REASON_GREY: tell(t, "%s", chinese ? "它是黑白或单色照片" : "it is black and white"); break;
    case GPEN_REASON_BLUR:
        if (c->face)
            tell(t, "%s", chinese ? "人脸模糊" : "its faces are blurred");
        else
            tell(t, "%s", chinese ? "画面模糊" : "it is blurred");
        break;
    case GPEN_REASON_SMALL:
        tell(t, chinese ? "最大的人脸只有 %d 像素" : "its largest face has only %d pixels", c->face);
        break;
    case GPEN_REASON_NOISE:
        tell(t, chinese ? "噪点明显（约 %d 级）" : "it is noisy (about %d levels)", (int)lrintf(c->noise));
        break;
    default:
        tell(t, chinese ? " JPEG 压缩很强（质量约 %d）" : "it was strongly compressed (JPEG quality about %d)",
             c->quality);
    }
}

void gpen_choice_sentence(const gpen_choice *choice, gpen_language language, char text[GPEN_CHOICE_BYTES])
{
    static const int order[] = {GPEN_REASON_FADED, GPEN_REASON_CAST,  GPEN_REASON_GREY,      GPEN_REASON_BLUR,
                                GPEN_REASON_SMALL, GPEN_REASON_NOISE, GPEN_REASON_COMPRESSED};
    bool chinese = language == GPEN_CHINESE;
    telling t = {.text = text};
    text[0] = '\0';
    if ((unsigned)choice->preset >= GPEN_PRESET_AUTO)
        return;
    tell(&t, chinese ? "已选择“%s”" : "Chosen: %s", gpen_preset_title(choice->preset, language));
    if (choice->denoise)
        tell(&t, chinese ? "，降噪 %d" : ", denoise %d", choice->denoise);
    if (!choice->reasons) {
        tell(&t, "%s", chinese ? "，因为照片没有明显的损坏。" : ", because nothing is wrong with the photo.");
        return;
    }
    tell(&t, "%s", chinese ? "，因为" : ", because ");
    int left = choice->reasons;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (!(left & order[i]))
            continue;
        left &= ~order[i];
        tell_reason(&t, choice, order[i], chinese);
        tell(&t, "%s", left & (left - 1) ? (chinese ? "，" : ", ") : left ? (chinese ? "，并且" : " and ") : "");
    }
    tell(&t, "%s", chinese ? "。" : ".");
}
