/* Rows of maps added, compared, and turned into floats and back. */

static void add_row(const void *first, const void *second, int columns, void *row, int width)
{
    const number *a = first, *b = second;
    number *to = row;
    for (int x = 0; x < width; x++) {
        const number *nearest = b + (ptrdiff_t)((int64_t)x * columns / width) * BLOCK;
        for (int lane = 0; lane < BLOCK; lane += LANES) {
            size_t at = (size_t)x * BLOCK + (size_t)lane;
            number_store(to + at, vec_add(number_load(a + at), number_load(nearest + lane)));
        }
    }
}

static void max_row(const void *const from[3], int columns, void *row, int width)
{
    number *to = row;
    for (int x = 0; x < width; x++) {
        int first = x ? 2 * x - 1 : 0, last = 2 * x + 1 < columns ? 2 * x + 1 : columns - 1;
        for (int lane = 0; lane < BLOCK; lane += LANES) {
            vec most = vec_all(-INFINITY);
            for (int i = 0; i < 3; i++) {
                const number *pixels = from[i];
                for (int column = first; pixels && column <= last; column++)
                    most = vec_max(number_load(pixels + (ptrdiff_t)column * BLOCK + lane), most);
            }
            number_store(to + (size_t)x * BLOCK + lane, most);
        }
    }
}

static void widen(const void *numbers, size_t count, float *to)
{
    const number *from = numbers;
    for (size_t i = 0; i < count; i += LANES)
        vec_store(to + i, number_load(from + i));
}

static void narrow(const float *from, size_t count, void *numbers)
{
    number *to = numbers;
    for (size_t i = 0; i < count; i += LANES)
        number_store(to + i, vec_load(from + i));
}
