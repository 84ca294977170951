/* Alignment: known turns, scales and shifts are found, and the way back undoes the way there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "portrait/room.h"

static void apply(const image_affine *a, double x, double y, double to[2])
{
    for (int k = 0; k < 2; k++)
        to[k] = a->m[k][0] * x + a->m[k][1] * y + a->m[k][2];
}

static void the_template_is_at_home(void **state)
{
    (void)state;
    image_affine forward, back;
    float points[5][2];
    align_template(512, points);
    assert_true(align_face(points, 512, &forward, &back));
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 3; i++) {
            double bound = i == 2 ? 1e-3 : 1e-5;
            assert_true(fabs(forward.m[k][i] - (k == i)) < bound);
            assert_true(fabs(back.m[k][i] - (k == i)) < bound);
        }
}

static void turns_scales_and_shifts_are_undone(void **state)
{
    (void)state;
    for (int trial = 0; trial < 36; trial++) {
        double angle = trial * 10 * 3.14159265358979 / 180, scale = 0.1 + 0.3 * trial, dx = 1000 - 77 * trial,
               dy = 31 * trial;
        float points[5][2], marks[5][2];
        align_template(256, points);
        for (int i = 0; i < 5; i++) {
            double x = (double)points[i][0], y = (double)points[i][1];
            marks[i][0] = (float)(scale * (cos(angle) * x - sin(angle) * y) + dx);
            marks[i][1] = (float)(scale * (sin(angle) * x + cos(angle) * y) + dy);
        }
        image_affine forward, back;
        assert_true(align_face(marks, 256, &forward, &back));
        for (int i = 0; i < 5; i++) {
            double there[2], again[2];
            apply(&forward, (double)marks[i][0], (double)marks[i][1], there);
            apply(&back, there[0], there[1], again);
            for (int k = 0; k < 2; k++) {
                assert_true(fabs(there[k] - (double)points[i][k]) < 0.01);
                assert_true(fabs(again[k] - (double)marks[i][k]) < 0.01);
            }
        }
    }
}

static void points_that_say_nothing_are_refused(void **state)
{
    (void)state;
    image_affine forward, back;
    float same[5][2] = {{7, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}}, wild[5][2] = {{0}};
    assert_false(align_face(same, 256, &forward, &back));
    wild[2][1] = NAN;
    assert_false(align_face(wild, 256, &forward, &back));
    wild[2][1] = INFINITY;
    assert_false(align_face(wild, 256, &forward, &back));
    float huge[5][2] = {{0, 0}, {3e18f, 0}, {0, 3e18f}, {1, 1}, {2, 2}};
    assert_false(align_face(huge, 256, &forward, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_is_at_home),
        cmocka_unit_test(turns_scales_and_shifts_are_undone),
        cmocka_unit_test(points_that_say_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
