/* likeness.h: does a restored face still show the same person? Measured on the aligned crop before and after the restorer; bounds
 * and the figures behind them are in docs/LIKENESS.md. Private to the room.
 *
 *     likeness l;
 *     likeness_measure(&l, &model->detector, &before, landmarks, &after, &error);
 *     int strength = likeness_strength(&l, settings->strength);     0: leave the face
 */
#ifndef GPEN_PORTRAIT_LIKENESS_H
#define GPEN_PORTRAIT_LIKENESS_H

#include "portrait/room.h"

enum { LIKENESS_CELLS = 32, LIKENESS_BLURS = 4, LIKENESS_REGIONS = 3 };

/* What is kept of a pair of crops: little enough to keep with each face, enough to judge any strength. All of it is linear in the
 * pixels, so that of a blend is the blend of these. */
typedef struct likeness {
    /* Luma between 1 and 3 cells, as it is and blurred more and more; before, after. */
    float bands[2][LIKENESS_BLURS][LIKENESS_CELLS * LIKENESS_CELLS];
    float colours[2][LIKENESS_REGIONS][3]; /* mean samples 0..1 of skin, eyes, hair; before, after */
    float moved; /* how far the landmarks are from where they were, mean, in distances of the eyes; 0: not known */
    bool lost;   /* the detector finds no face any more where it found one */
} likeness;

/* before, after: crops of one size, channels and bits, after as the restorer left it. landmarks: in pixels of the crop. Without a
 * detector (NULL, or one that was not opened) the landmarks do not count. Errors: OUT_OF_MEMORY. */
gpen_status likeness_measure(likeness *l, detector *finder, const gpen_image *before, float landmarks[5][2],
                             const gpen_image *after, gpen_error *error);

/* How much the face, restored at a strength of 0..100, is the one before: 1 the same, 0 somebody else. */
float likeness_at(const likeness *l, int strength);

/* The strength, `asked` or less, at which the face stays itself; 0: at none. */
int likeness_strength(const likeness *l, int asked);

#endif
