/* Which known word a mistyped one comes closest to. Its own file because options, their values and commands all ask. */
#include "cli/nearest.h"

#include <string.h>

enum { MOST_LETTERS = 32 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How many letters must be added, dropped, changed or swapped with their neighbour to turn one word into the other. Words that
 * are too long count as far apart. */
static int distance(const char *a, const char *b)
{
    int rows[3][MOST_LETTERS + 1];
    int long_a = (int)strnlen(a, MOST_LETTERS + 1), long_b = (int)strnlen(b, MOST_LETTERS + 1);
    if (long_a > MOST_LETTERS || long_b > MOST_LETTERS)
        return MOST_LETTERS;
    for (int j = 0; j <= long_b; j++)
        rows[0][j] = j;
    for (int i = 1; i <= long_a; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= long_b; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], twice_above[j - 2] + 1);
        }
    }
    return rows[long_a % 3][long_b];
}

const char *nearest_word(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    int nearest_distance = (int)strnlen(word, MOST_LETTERS) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        int here = distance(word, names[i]);
        if (here < nearest_distance || (here == nearest_distance && !nearest)) {
            nearest = names[i];
            nearest_distance = here;
        }
    }
    return nearest;
}
