/* The transforms of an axis in floats, with the points 0, 1, -1, 2, -2 of three taps, and 0, 1, -1, 2 of two (winograd.h). */

/* B^T d of an axis with `taps` taps, in place of its inputs. */
static inline __attribute__((always_inline)) void winograd_bt(const int taps, vec *to, const vec *d)
{
    const vec two = vec_all(2), three = vec_all(3), four = vec_all(4), five = vec_all(5);
    if (taps == 3) {
        to[0] = vec_fma(four, d[0], vec_fnma(five, d[2], d[4]));
        vec a = vec_fnma(four, d[1], d[3]), b = vec_fnma(four, d[2], d[4]);
        to[1] = vec_add(a, b);
        to[2] = vec_sub(b, a);
        vec c = vec_sub(d[4], d[2]), e = vec_mul(two, vec_sub(d[3], d[1]));
        to[3] = vec_add(c, e);
        to[4] = vec_sub(c, e);
        to[5] = vec_fma(four, d[1], vec_fnma(five, d[3], d[5]));
    } else if (taps == 2) {
        vec rise = vec_sub(d[3], d[1]);
        to[0] = vec_fma(two, vec_sub(d[0], d[2]), rise);
        to[1] = vec_fnma(two, d[1], vec_sub(d[3], d[2]));
        to[2] = vec_fma(two, d[1], vec_fnma(three, d[2], d[3]));
        to[3] = rise;
        to[4] = vec_fnma(two, rise, vec_sub(d[4], d[2]));
    } else {
        for (int i = 0; i < WINOGRAD_OUT; i++)
            to[i] = d[i];
    }
}

/* A^T m of an axis: its points to four numbers. */
static inline __attribute__((always_inline)) void winograd_at(const int taps, vec *to, const vec *m)
{
    if (taps == 1) {
        for (int i = 0; i < WINOGRAD_OUT; i++)
            to[i] = m[i];
        return;
    }
    vec p = vec_add(m[1], m[2]), q = vec_sub(m[1], m[2]);
    vec r = taps == 3 ? vec_add(m[3], m[4]) : m[3], s = taps == 3 ? vec_sub(m[3], m[4]) : m[3];
    to[0] = vec_add(m[0], vec_add(p, r));
    to[1] = vec_fma(vec_all(2), s, q);
    to[2] = vec_fma(vec_all(4), r, p);
    to[3] = vec_add(vec_fma(vec_all(8), s, q), m[taps == 3 ? 5 : 4]);
}
