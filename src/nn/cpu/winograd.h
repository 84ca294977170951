/* Winograd's minimal filtering as matrices (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016): an axis
 * with t taps is evaluated at t + 3 points, the last of them infinity, for four outputs. Everything follows from the finite points;
 * the kernels' transforms (winograd_axis_*.h) are these matrices, multiplied out. */
#ifndef GPEN_NN_CPU_WINOGRAD_H
#define GPEN_NN_CPU_WINOGRAD_H

#include "nn/cpu/kernels.h"

/* Y = A^T [(G g) (B^T d)] for an axis; with one tap all three pass numbers on. */
typedef struct winograd_axis {
    double bt[WINOGRAD_MOST][WINOGRAD_MOST]; /* [point][input] */
    double g[WINOGRAD_MOST][3];              /* [point][tap] */
    double at[WINOGRAD_OUT][WINOGRAD_MOST];  /* [output][point] */
} winograd_axis;

/* taps: 1, 2 or 3. */
void winograd_axis_make(winograd_axis *axis, const winograd_nodes *nodes, int taps);

#endif
