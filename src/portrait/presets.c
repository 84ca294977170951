/* Looks that have a name, as data. Why each is as it is stands in docs/PRESETS.md. */
#include "portrait/room.h"

static const struct {
    const char *name, *titles[2], *sentences[2]; /* in the order of gpen_language */
} words[GPEN_PRESET_COUNT] = {
#define WORDS_ROW(identifier, name, title, sentence, chinese_title, chinese_sentence)                                  \
    {name, {title, chinese_title}, {sentence, chinese_sentence}},
    GPEN_PRESET_LIST(WORDS_ROW)
#undef WORDS_ROW
};

/* What a preset sets; everything that is not mentioned is off. */
typedef struct look {
    gpen_mode mode;
    int strength;
    int denoise, sharpen, contrast, brightness, skin_protect, detail_boost, fading, dust;
} look;

static const look looks[GPEN_PRESET_COUNT] = {
    [GPEN_PRESET_EVERYDAY] = {.mode = GPEN_MODE_NATURAL, .strength = 80},
    [GPEN_PRESET_CLASSIC] = {.mode = GPEN_MODE_NATURAL, .strength = 60, .denoise = 30, .sharpen = 50},
    [GPEN_PRESET_LIGHT_TOUCH] = {.mode = GPEN_MODE_NATURAL, .strength = 50},
    [GPEN_PRESET_OLD_PHOTO] =
        {.mode = GPEN_MODE_NATURAL, .strength = 90, .denoise = 60, .sharpen = 20, .fading = 70, .dust = 50},
    [GPEN_PRESET_VERY_BLURRED] = {.mode = GPEN_MODE_STRONG, .strength = 100, .sharpen = 40},
    [GPEN_PRESET_SCANNED_PRINT] =
        {.mode = GPEN_MODE_NATURAL, .strength = 80, .denoise = 75, .sharpen = 30, .fading = 30, .dust = 40},
    [GPEN_PRESET_DOCUMENT_PORTRAIT] =
        {.mode = GPEN_MODE_NATURAL, .strength = 40, .denoise = 30, .sharpen = 20, .skin_protect = 100},
    [GPEN_PRESET_AUTO] = {.mode = GPEN_MODE_NATURAL, .strength = 80},
};

const char *gpen_preset_name(gpen_preset preset)
{
    return (unsigned)preset < GPEN_PRESET_COUNT ? words[preset].name : "unknown";
}

const char *gpen_preset_title(gpen_preset preset, gpen_language language)
{
    return (unsigned)preset < GPEN_PRESET_COUNT ? words[preset].titles[language == GPEN_CHINESE] : "";
}

const char *gpen_preset_sentence(gpen_preset preset, gpen_language language)
{
    return (unsigned)preset < GPEN_PRESET_COUNT ? words[preset].sentences[language == GPEN_CHINESE] : "";
}

void gpen_settings_take_preset(gpen_settings *settings, gpen_preset preset, int held)
{
    const look *from = &looks[(unsigned)preset < GPEN_PRESET_COUNT ? preset : GPEN_PRESET_EVERYDAY];
    int bit = GPEN_HELD_DENOISE;
    settings->preset = preset;
    settings->held = held;
    if (!(held & GPEN_HELD_MODE))
        settings->mode = from->mode;
    if (!(held & GPEN_HELD_STRENGTH))
        settings->strength = from->strength;
#define TAKE_CONTROL(field, least, most)                                                                               \
    if (!(held & bit))                                                                                                 \
        settings->field = from->field;                                                                                 \
    bit *= 2;
    GPEN_CONTROL_LIST(TAKE_CONTROL)
#undef TAKE_CONTROL
}
