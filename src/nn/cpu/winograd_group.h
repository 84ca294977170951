/* A group of tiles on its way through a convolution by Winograd (conv_winograd.c). Private to it and to winograd_tiles.c. */
#ifndef GPEN_NN_CPU_WINOGRAD_GROUP_H
#define GPEN_NN_CPU_WINOGRAD_GROUP_H

#include "nn/cpu/cpu.h"

enum {
    COMPUTED_TILES = 16, /* whose pixels of a map that is not kept are computed at a time */
    COMPUTED_PIXELS = WINOGRAD_MOST * (COMPUTED_TILES * WINOGRAD_OUT + WINOGRAD_MOST - WINOGRAD_OUT),
};

/* A group of tiles in one thread's or everyone's v and m. */
typedef struct group {
    const cpu_program *program;
    const cpu_step *step;
    const winograd_pass *pass;
    char *v; /* numbers */
    float *m, *sums;
    int first, tiles;
    int worker;
} group;

/* Whether the feature is a map that is not kept: a thread's scratch then has COMPUTED_PIXELS blocks at step->rows. */
bool group_feature_computed(const cpu_program *program, const cpu_step *step);

/* A tile's sums of all passes: [block][4 * 4 pixels][16]. */
size_t group_sum_floats(const cpu_step *step);

/* First stage: tiles [from, to) of the group, one block of input channels, to v. */
void group_input(const group *g, int block, int from, int to);

/* Second stage: the products of one point with the panels of columns [first, last), v to m. */
void group_multiply(const group *g, int point, int first, int last);

/* Third stage: tiles [from, to) of the group, one block of output channels, m to the map. */
void group_output(const group *g, int block, int from, int to);

/* Third stage of a pass whose outputs are added up: the sums of the passes before it, unless it is the first, plus its own; and, behind
 * the last, the sums to the map, one block. */
void group_add(const group *g, bool first);
void group_write_sums(const group *g, int block);

#endif
