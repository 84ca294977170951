/* Small pictures for lists and reports. Its own file because it is a reduction by means alone, cheap for any size of photo, and
 * plain C: neither the networks' arithmetic (resize.c) nor the results' (fit.c). */
#include <stdlib.h>

#include "base/memory.h"
#include "image/image.h"

typedef struct shrinking {
    const gpen_image *from;
    gpen_image *to;
    int *columns;   /* column x of the result stands for columns[x] .. columns[x + 1] - 1 */
    uint64_t *sums; /* of a row of the result */
} shrinking;

/* Where the source's samples of the result's sample i begin. */
static int boundary(int i, int from, int to)
{
    return (int)((int64_t)i * from / to);
}

static int reduced(int length, int longer, int edge)
{
    int64_t result = ((int64_t)length * edge + longer / 2) / longer;
    return longer <= edge ? length : result < 1 ? 1 : (int)result;
}

/* bits, colours and alpha are constants where it is called, so that each gets a loop of its own. */
static inline void add_pixels(const shrinking *s, const void *row, int bits, int colours, bool alpha)
{
    const uint8_t *bytes = row;
    const uint16_t *words = row;
    const uint64_t top = bits == 8 ? 255 : 65535;
    const int channels = colours + alpha;
    for (int x = 0; x < s->to->width; x++) {
        uint64_t *sums = s->sums + (size_t)x * (size_t)colours;
        for (size_t at = (size_t)s->columns[x] * channels; at < (size_t)s->columns[x + 1] * channels; at += channels) {
            uint64_t opacity = !alpha ? top : bits == 8 ? bytes[at + colours] : words[at + colours];
            for (int c = 0; c < colours; c++) {
                uint64_t sample = bits == 8 ? bytes[at + c] : words[at + c];
                sums[c] += alpha ? (sample * opacity + top * (top - opacity) + top / 2) / top : sample;
            }
        }
    }
}

static void add_row(const shrinking *s, int y)
{
    const gpen_image *from = s->from;
    const void *row = (const unsigned char *)from->pixels + (size_t)y * from->row_bytes;
    switch (from->channels + (from->bits == 8 ? 0 : 4)) {
    case 1: add_pixels(s, row, 8, 1, false); break;
    case 2: add_pixels(s, row, 8, 1, true); break;
    case 3: add_pixels(s, row, 8, 3, false); break;
    case 4: add_pixels(s, row, 8, 3, true); break;
    case 5: add_pixels(s, row, 16, 1, false); break;
    case 6: add_pixels(s, row, 16, 1, true); break;
    case 7: add_pixels(s, row, 16, 3, false); break;
    default: add_pixels(s, row, 16, 3, true);
    }
}

/* The mean of so many rows, and zero sums again. */
static void finish_row(const shrinking *s, int y, int rows)
{
    gpen_image *to = s->to;
    unsigned char *row = (unsigned char *)to->pixels + (size_t)y * to->row_bytes;
    for (int x = 0; x < to->width; x++) {
        uint64_t count =
            (uint64_t)(s->columns[x + 1] - s->columns[x]) * (uint64_t)rows * (s->from->bits == 8 ? 1 : 257);
        for (int c = 0; c < to->channels; c++) {
            size_t index = (size_t)x * (size_t)to->channels + (size_t)c;
            row[index] = (unsigned char)((s->sums[index] + count / 2) / count);
            s->sums[index] = 0;
        }
    }
}

static void shrink(const shrinking *s)
{
    for (int x = 0; x <= s->to->width; x++)
        s->columns[x] = boundary(x, s->from->width, s->to->width);
    for (int y = 0; y < s->to->height; y++) {
        int first = boundary(y, s->from->height, s->to->height), end = boundary(y + 1, s->from->height, s->to->height);
        for (int source = first; source < end; source++)
            add_row(s, source);
        finish_row(s, y, end - first);
    }
}

gpen_status image_thumbnail(const gpen_image *from, int edge, gpen_image *to, gpen_error *error)
{
    *to = (gpen_image){0};
    gpen_status status = image_check(from, error);
    if (!status && edge < 1)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "a small picture cannot have an edge of %d", edge);
    if (status)
        return status;
    int longer = from->width > from->height ? from->width : from->height, colours = image_colours(from);
    status = image_new(to, reduced(from->width, longer, edge), reduced(from->height, longer, edge), colours, 8, error);
    if (status)
        return status;
    const shrinking s = {.from = from,
                         .to = to,
                         .columns = calloc((size_t)to->width + 1, sizeof *s.columns),
                         .sums = calloc((size_t)to->width * (size_t)colours, sizeof *s.sums)};
    if (s.columns && s.sums) {
        shrink(&s);
    } else {
        gpen_image_free(to);
        status = gpen_fail_memory(error, "a small picture", (size_t)longer * sizeof *s.sums);
    }
    free(s.columns);
    free(s.sums);
    return status;
}
