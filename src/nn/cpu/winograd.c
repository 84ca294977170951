/* The matrices of Winograd's minimal filtering from its points: polynomials through them (Toom and Cook). Its own file because packing,
 * the reference and the tests must mean the same by a point. */
#include "nn/cpu/winograd.h"

static double power(double x, int exponent)
{
    double y = 1;
    for (int i = 0; i < exponent; i++)
        y *= x;
    return y;
}

/* The coefficients of the product of (x - point) over all points but number `without`. */
static void multiply_roots(double *coefficients, const double *points, int count, int without)
{
    for (int i = 0; i < WINOGRAD_MOST; i++)
        coefficients[i] = i == 0;
    for (int k = 0; k < count; k++)
        for (int i = WINOGRAD_MOST - 1; k != without && i >= 0; i--)
            coefficients[i] = (i ? coefficients[i - 1] : 0) - points[k] * coefficients[i];
}

void winograd_axis_make(winograd_axis *axis, const winograd_nodes *nodes, int taps)
{
    const double *finite = taps == 3 ? nodes->of_three : nodes->of_two;
    int last = winograd_inputs(taps) - 1;
    *axis = (winograd_axis){0};
    if (taps == 1) {
        for (int i = 0; i <= last; i++)
            axis->bt[i][i] = axis->g[i][0] = axis->at[i][i] = 1;
        return;
    }
    for (int p = 0; p < last; p++) {
        double product = 1;
        for (int k = 0; k < last; k++)
            product *= k == p ? 1 : finite[p] - finite[k];
        for (int tap = 0; tap < taps; tap++)
            axis->g[p][tap] = power(finite[p], tap) / product;
        for (int i = 0; i < WINOGRAD_OUT; i++)
            axis->at[i][p] = power(finite[p], i);
        multiply_roots(axis->bt[p], finite, last, p);
    }
    axis->g[last][taps - 1] = axis->at[WINOGRAD_OUT - 1][last] = 1;
    multiply_roots(axis->bt[last], finite, last, -1);
}
