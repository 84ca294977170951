/* The likeness guard: what of a face must not change, measured before and after.
 *
 * A restorer adds what is finer than the photo shows, and may well do so. What the photo does show, the coarse shapes of eyes, brows, nose
 * and mouth and the light on them, belongs to the person. So the crops are compared where both have something to say: between 1 and 3
 * cells of a grid of 32x32 (8 to 24 px of a crop of 256), by their correlation, which does not mind more contrast. The photo may be
 * the restored face blurred: of a few blurs the one counts under which the two agree best. Colours of skin, eyes and hair, and the
 * places of the landmarks, are the other witnesses; the least of all counts. */
#include "portrait/likeness.h"

#include <math.h>
#include <string.h>

#include "finish/finish.h"

enum { CELLS = LIKENESS_CELLS, DETECTED = 256 /* the side of the crop that the detector sees */ };

/* A witness agrees by a half at its bound, and not at all at twice of it. */
static const float most_moved = 0.12f, most_strange = 0.035f; /* distances of the eyes; 1 - correlation */
static const float most_tinted[LIKENESS_REGIONS] = {20, 35, 25};
static const float agreed = 0.5f, somebody_else = 0.25f;

/* ---------------------------------------------------------------- the grid */

/* The mean samples of each cell, 0..1. */
static void fill_cells(const gpen_image *crop, float cells[3][CELLS * CELLS])
{
    int side = crop->width / CELLS, colours = image_colours(crop);
    float scale = 1.0f / ((float)(side * side) * (float)image_top(crop));
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < CELLS * CELLS; i++) {
            int64_t sum = 0;
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++)
                    sum += image_sample(crop, i % CELLS * side + x, i / CELLS * side + y, colours == 3 ? c : 0);
            cells[c][i] = (float)sum * scale;
        }
}

/* bands[0]: what lies between the two widths; each other one: that before it, blurred once more. */
static gpen_status fill_bands(float cells[3][CELLS * CELLS], float bands[LIKENESS_BLURS][CELLS * CELLS],
                              gpen_error *error)
{
    enum { FINE = 1, COARSE = 3 }; /* radii of means, in cells */
    plane near = {0}, far = {0};
    gpen_status status = plane_new(&near, CELLS, CELLS, error);
    if (!status)
        status = plane_new(&far, CELLS, CELLS, error);
    for (int i = 0; i < CELLS * CELLS && !status; i++) {
        const float colours[3] = {cells[0][i], cells[1][i], cells[2][i]};
        near.values[i] = far.values[i] = luma_of(colours);
    }
    if (!status)
        status = plane_mean_twice(&near, FINE, error);
    if (!status)
        status = plane_mean_twice(&far, COARSE, error);
    for (int i = 0; i < CELLS * CELLS && !status; i++)
        near.values[i] -= far.values[i];
    for (int k = 0; k < LIKENESS_BLURS && !status; k++) {
        if (k)
            status = plane_mean_twice(&near, FINE, error);
        memcpy(bands[k], near.values, sizeof bands[k]);
    }
    plane_free(&near);
    plane_free(&far);
    return status;
}

/* ---------------------------------------------------------------- regions */

/* Is the middle of a cell inside the ellipse? In cells. */
static bool inside(int cell, float x, float y, float across, float down)
{
    int row = cell / CELLS, column = cell % CELLS;
    float dx = ((float)column + 0.5f - x) / across, dy = ((float)row + 0.5f - y) / down;
    return dx * dx + dy * dy < 1;
}

/* Brow to chin, cheek to cheek. */
static bool is_face(int cell)
{
    return inside(cell, 16, 18.4f, 7.1f, 9.8f);
}

/* Cheeks beside the nose, the eyes, the hair above the forehead; points: where the landmarks stand in the grid. */
static bool is_region(int region, int cell, float points[5][2])
{
    if (region == 2)
        return fabsf((float)(cell % CELLS) + 0.5f - 16) < 6 && cell / CELLS >= 1 && cell / CELLS < 6;
    for (int eye = 0; eye < 2; eye++)
        if (region == 0 ? inside(cell, points[eye][0], points[2][1], 1.5f, 1.75f)
                        : inside(cell, points[eye][0], points[eye][1], 1.5f, 1))
            return true;
    return false;
}

static void fill_colours(float cells[3][CELLS * CELLS], float colours[LIKENESS_REGIONS][3])
{
    float points[5][2];
    align_template(CELLS, points);
    for (int region = 0; region < LIKENESS_REGIONS; region++) {
        float sums[3] = {0};
        int count = 0;
        for (int i = 0; i < CELLS * CELLS; i++)
            if (is_region(region, i, points)) {
                for (int c = 0; c < 3; c++)
                    sums[c] += cells[c][i];
                count++;
            }
        for (int c = 0; c < 3; c++)
            colours[region][c] = sums[c] / (float)count;
    }
}

/* ---------------------------------------------------------------- landmarks */

/* The least that any face found in the crop has its landmarks away from these, in distances of the eyes; below 0: none found. */
static gpen_status find_moved(detector *finder, const gpen_image *crop, float landmarks[5][2], float *moved,
                              gpen_error *error)
{
    const float least_score = 0.5f;
    float scale = (float)DETECTED / (float)crop->width;
    float eyes = hypotf(landmarks[1][0] - landmarks[0][0], landmarks[1][1] - landmarks[0][1]) * scale;
    gpen_image seen = {0};
    gpen_faces faces = {0};
    *moved = -1;
    gpen_status status = image_new(&seen, DETECTED, DETECTED, crop->channels, crop->bits, error);
    if (!status)
        status = image_resize_bilinear(crop, &seen, error);
    if (!status)
        status = detector_find(finder, &seen, least_score, &faces, error);
    for (size_t i = 0; i < faces.count && !status; i++) {
        float sum = 0;
        for (int k = 0; k < 5; k++)
            sum += hypotf(faces.faces[i].landmarks[k][0] - landmarks[k][0] * scale,
                          faces.faces[i].landmarks[k][1] - landmarks[k][1] * scale);
        float mean = sum / 5 / fmaxf(eyes, 1);
        *moved = *moved < 0 || mean < *moved ? mean : *moved;
    }
    gpen_faces_free(&faces);
    gpen_image_free(&seen);
    return status;
}

static gpen_status measure_landmarks(likeness *l, detector *finder, const gpen_image *before, float landmarks[5][2],
                                     const gpen_image *after, gpen_error *error)
{
    float moved, here;
    gpen_status status = find_moved(finder, after, landmarks, &moved, error);
    if (status || moved >= 0) {
        l->moved = moved;
        return status;
    }
    status = find_moved(finder, before, landmarks, &here, error);
    l->lost = !status && here >= 0 && here < most_moved;
    return status;
}

/* ---------------------------------------------------------------- the verdict */

gpen_status likeness_measure(likeness *l, detector *finder, const gpen_image *before, float landmarks[5][2],
                             const gpen_image *after, gpen_error *error)
{
    *l = (likeness){.moved = 0};
    for (int i = 0; i < 2; i++) {
        float cells[3][CELLS * CELLS];
        fill_cells(i ? after : before, cells);
        fill_colours(cells, l->colours[i]);
        gpen_status status = fill_bands(cells, l->bands[i], error);
        if (status)
            return status;
    }
    return finder && finder->file ? measure_landmarks(l, finder, before, landmarks, after, error) : GPEN_OK;
}

static float agreement(float change, float bound)
{
    return fmaxf(1 - change / (2 * bound), 0);
}

/* 1 - the correlation, within the face, of the one before with the one restored by `share` and blurred. */
static float strangeness_at(const likeness *l, float share, int blur)
{
    const double least = 1e-7; /* variance: a hundredth of a grey level */
    double count = 0, sums[2] = {0}, products[3] = {0};
    for (int i = 0; i < CELLS * CELLS; i++) {
        if (!is_face(i))
            continue;
        double from = (double)l->bands[0][blur][i], to = (double)l->bands[1][blur][i];
        double a = (double)l->bands[0][0][i], b = from + (double)share * (to - from);
        count++;
        sums[0] += a;
        sums[1] += b;
        products[0] += a * a;
        products[1] += b * b;
        products[2] += a * b;
    }
    double one = products[0] / count - sums[0] * sums[0] / count / count;
    double other = products[1] / count - sums[1] * sums[1] / count / count;
    double both = products[2] / count - sums[0] * sums[1] / count / count;
    if (one < least) /* the photo shows no shapes at all */
        return 0;
    return (float)(1 - both / sqrt(one * fmax(other, least)));
}

static float strangeness(const likeness *l, float share)
{
    float strange = strangeness_at(l, share, 0);
    for (int blur = 1; blur < LIKENESS_BLURS; blur++)
        strange = fminf(strange, strangeness_at(l, share, blur));
    return strange;
}

/* How far a region's colour is from what it was, CIE76 with half the weight on lightness, which a restorer may give back. */
static float tint(const likeness *l, int region, float share)
{
    float mixed[3], was[3], is[3];
    for (int c = 0; c < 3; c++) {
        float before = l->colours[0][region][c];
        mixed[c] = before + share * (l->colours[1][region][c] - before);
    }
    finish_lab(l->colours[0][region], was);
    finish_lab(mixed, is);
    float light = (is[0] - was[0]) / 2, a = is[1] - was[1], b = is[2] - was[2];
    return sqrtf(light * light + a * a + b * b);
}

float likeness_at(const likeness *l, int strength)
{
    float share = (float)strength / 100, least = agreement(strangeness(l, share), most_strange);
    for (int region = 0; region < LIKENESS_REGIONS; region++)
        least = fminf(least, agreement(tint(l, region, share), most_tinted[region]));
    least = fminf(least, agreement(l->moved * share, most_moved));
    return l->lost && strength > 0 ? 0 : least;
}

/* A blend with a stranger is a stranger's too, though its shapes may correlate: so the strength falls at least as far as the restored
 * face's own likeness does. */
int likeness_strength(const likeness *l, int asked)
{
    const int step = 10, least = 20;
    float whole = likeness_at(l, 100), most = (float)asked * fminf(whole / agreed, 1);
    if (whole < somebody_else)
        return 0;
    int strength = asked;
    while (strength >= least && ((float)strength > most || likeness_at(l, strength) < agreed))
        strength -= step;
    return strength >= least || strength == asked ? strength : 0;
}
