/* The settings of a look: defaults, ranges, names. Its own file because every way into the library checks them alike. */
#include "portrait/room.h"

static const char *const modes[] = {"natural", "strong", "detail", "plain"};

enum { MODES = sizeof modes / sizeof *modes };

const char *gpen_mode_name(gpen_mode mode)
{
    return (unsigned)mode < MODES ? modes[mode] : "unknown";
}

gpen_settings gpen_settings_default(void)
{
    gpen_settings settings = {.least_face = 16, .least_score = 0.9f, .likeness = 1};
    gpen_settings_take_preset(&settings, GPEN_PRESET_EVERYDAY, 0);
    return settings;
}

int gpen_settings_face_strength(const gpen_settings *settings, size_t face)
{
    for (int i = 0; i < settings->face_strength_count; i++)
        if ((size_t)settings->face_strengths[i].face == face)
            return settings->face_strengths[i].strength;
    return settings->strength;
}

static gpen_status check_range(const char *name, int value, int least, int most, gpen_error *error)
{
    if (value >= least && value <= most)
        return GPEN_OK;
    return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s must be %d to %d, not %d", name, least, most, value);
}

static gpen_status check_face_strengths(const gpen_settings *s, gpen_error *error)
{
    gpen_status status =
        check_range("the number of faces' own strengths", s->face_strength_count, 0, GPEN_MOST_FACE_STRENGTHS, error);
    for (int i = 0; i < s->face_strength_count && !status; i++) {
        const gpen_face_strength *own = &s->face_strengths[i];
        status = check_range("a face's own strength", own->strength, 0, 100, error);
        if (!status && own->face < 1)
            status = gpen_fail(error, GPEN_BAD_ARGUMENT, "faces are numbered from 1, not %d", own->face);
        for (int j = 0; j < i && !status; j++)
            if (s->face_strengths[j].face == own->face)
                status = gpen_fail(error, GPEN_BAD_ARGUMENT, "face %d has two strengths", own->face);
    }
    return status;
}

/* Not-a-number fails every comparison. */
static bool within(float value)
{
    return value >= -(float)GPEN_MOST_EXTRA_COORDINATE && value <= (float)GPEN_MOST_EXTRA_COORDINATE;
}

static gpen_status check_extra_faces(const gpen_settings *s, gpen_error *error)
{
    gpen_status status = check_range("the number of extra faces", s->extra_face_count, 0, GPEN_MOST_EXTRA_FACES, error);
    for (int i = 0; i < s->extra_face_count && !status; i++) {
        const float *box = s->extra_faces[i];
        bool inside = within(box[0]) && within(box[1]) && within(box[2]) && within(box[3]);
        if (!inside || !(box[2] - box[0] >= GPEN_LEAST_EXTRA_SIDE && box[3] - box[1] >= GPEN_LEAST_EXTRA_SIDE))
            status = gpen_fail(error, GPEN_BAD_ARGUMENT,
                               "an extra face is a box: left, top, right, bottom, %d pixels wide and high or more",
                               GPEN_LEAST_EXTRA_SIDE);
    }
    return status;
}

gpen_status gpen_settings_check(const gpen_settings *settings, gpen_error *error)
{
    const gpen_settings *s = settings;
    gpen_error_clear(error);
    if ((unsigned)s->preset >= GPEN_PRESET_COUNT || s->held & ~GPEN_HELD_ALL)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no preset %d", (int)s->preset);
    if ((unsigned)s->mode >= MODES)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no mode %d", (int)s->mode);
    if (!(s->least_score >= 0.5f && s->least_score <= 1.0f))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the least score must be 0.5 to 1, not %g", (double)s->least_score);
    gpen_status status = check_range("strength", s->strength, 0, 100, error);
#define CHECK_CONTROL(field, least, most)                                                                              \
    if (!status)                                                                                                       \
        status = check_range(#field, s->field, least, most, error);
    GPEN_CONTROL_LIST(CHECK_CONTROL)
#undef CHECK_CONTROL
    if (!status)
        status = check_range("likeness", s->likeness, 0, 1, error);
    if (!status)
        status = check_face_strengths(s, error);
    return status ? status : check_extra_faces(s, error);
}
