/* One row of the separable 4x4 FIR: down the four rows first, then across. */

static void fir_row(const void *const rows[4], int columns, int before, const float down[4], const float across[4],
                    float *sums, void *row, int width, const write_map *map)
{
    const number *from[4] = {rows[0], rows[1], rows[2], rows[3]};
    number *to = row;
    size_t first = (size_t)before * BLOCK, last = (size_t)(before + columns) * BLOCK, end = (size_t)(width + 3) * BLOCK;
    vec d[4], a[4];
    for (int i = 0; i < 4; i++) {
        d[i] = vec_all(down[i]);
        a[i] = vec_all(across[i]);
    }
    for (size_t i = 0; i < first; i += LANES)
        vec_store(sums + i, vec_zero());
    for (size_t i = last; i < end; i += LANES)
        vec_store(sums + i, vec_zero());
    for (size_t i = 0; i < last - first; i += LANES) {
        vec sum = vec_mul(d[0], number_load(from[0] + i));
        sum = vec_fma(d[1], number_load(from[1] + i), sum);
        sum = vec_fma(d[2], number_load(from[2] + i), sum);
        vec_store(sums + first + i, vec_fma(d[3], number_load(from[3] + i), sum));
    }
    vec slope = vec_all(map->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(map->scale + lane), bias = vec_load(map->bias + lane);
        for (int x = 0; x < width; x++) {
            const float *sum_at = sums + (size_t)x * BLOCK + lane;
            vec sum = vec_mul(a[0], vec_load(sum_at));
            sum = vec_fma(a[1], vec_load(sum_at + BLOCK), sum);
            sum = vec_fma(a[2], vec_load(sum_at + 2 * BLOCK), sum);
            sum = vec_fma(a[3], vec_load(sum_at + 3 * BLOCK), sum);
            number_store(to + (size_t)x * BLOCK + lane, written(sum, scale, bias, slope));
        }
    }
}
