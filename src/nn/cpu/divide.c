/* How a step's work is cut into tasks, so that all threads end together. Its own file because it is arithmetic about time, without any
 * number of a network. */
#include <limits.h>

#include "nn/cpu/cpu.h"

/* What a task costs beside its products, as if it had so many more rows (its weights come from the last-level cache) and columns (its
 * rows are gathered). Measured roughly: they only have to weigh small tasks against uneven ones. */
enum { MORE_ROWS = 8, MORE_COLUMNS = 8, TILE_ROWS = 12, MOST_ROUNDS = 8, MOST_THREADS = 256 };

typedef struct work {
    int rows, columns, threads;
} work;

static int pieces(int whole, int piece)
{
    return (whole + piece - 1) / piece;
}

static long task_cost(const work *w, const division *d, int row, int column)
{
    int rows = w->rows - row < d->rows ? w->rows - row : d->rows;
    int columns = w->columns - column < d->columns ? w->columns - column : d->columns;
    int quick = rows / TILE_ROWS * TILE_ROWS; /* what is left is multiplied in smaller tiles */
    return (long)(3 * (quick + MORE_ROWS) + 4 * (rows - quick)) * (columns + MORE_COLUMNS);
}

/* When the last thread ends, if each takes the next task as soon as it is free. */
static long time_of(const work *w, const division *d)
{
    long whole = 0, ends[MOST_THREADS] = {0}, last = 0;
    bool few = pieces(w->rows, d->rows) * pieces(w->columns, d->columns) <= MOST_ROUNDS * w->threads;
    for (int row = 0; row < w->rows; row += d->rows)
        for (int column = 0; column < w->columns; column += d->columns) {
            long cost = task_cost(w, d, row, column);
            int free = 0;
            for (int i = 1; few && i < w->threads; i++)
                if (ends[i] < ends[free])
                    free = i;
            ends[free] += cost;
            last = ends[free] > last ? ends[free] : last;
            whole += cost;
        }
    return few ? last : whole / w->threads + task_cost(w, d, 0, 0) / 2;
}

division divide_work(int rows, int most_rows, int columns, int column_unit, int threads)
{
    enum { ROW_UNIT = 4 }; /* rows that every level's product takes together */
    const work w = {rows, columns, threads < MOST_THREADS ? threads : MOST_THREADS};
    division best = {most_rows, columns};
    long least = LONG_MAX;
    for (int groups = 1; groups <= pieces(columns, column_unit) && groups <= MOST_ROUNDS; groups++)
        for (int size = most_rows; size >= ROW_UNIT && size > most_rows / 2; size -= ROW_UNIT) {
            division d = {size, pieces(pieces(columns, column_unit), groups) * column_unit};
            long time = time_of(&w, &d);
            if (time < least) {
                least = time;
                best = d;
            }
        }
    return best;
}
