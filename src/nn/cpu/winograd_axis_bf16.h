/* The transforms of an axis for bfloat16, with points of both signs: near and far of two taps, and 0 of three (winograd.h). Points of
 * opposite signs share their even and their odd half. */

/* B^T d of an axis with `taps` taps, in place of its inputs. */
static inline __attribute__((always_inline)) void winograd_bt(const int taps, vec *to, const vec *d)
{
    if (taps == 1) {
        for (int i = 0; i < WINOGRAD_OUT; i++)
            to[i] = d[i];
        return;
    }
    const float a = taps == 3 ? (float)WINOGRAD_BF16_THREE_NEAR : (float)WINOGRAD_BF16_TWO_NEAR;
    const float b = taps == 3 ? (float)WINOGRAD_BF16_THREE_FAR : (float)WINOGRAD_BF16_TWO_FAR;
    const vec near = vec_all(a * a), far = vec_all(b * b), both = vec_all(a * a * b * b), sum = vec_all(a * a + b * b);
    vec *pairs = to;
    if (taps == 3) {
        *pairs++ = vec_fma(both, d[0], vec_fnma(sum, d[2], d[4]));
        d++;
    }
    vec even = vec_fnma(far, d[1], d[3]), odd = vec_mul(vec_all(a), vec_fnma(far, d[0], d[2]));
    pairs[0] = vec_add(even, odd);
    pairs[1] = vec_sub(even, odd);
    even = vec_fnma(near, d[1], d[3]);
    odd = vec_mul(vec_all(b), vec_fnma(near, d[0], d[2]));
    pairs[2] = vec_add(even, odd);
    pairs[3] = vec_sub(even, odd);
    pairs[4] = vec_fma(both, d[0], vec_fnma(sum, d[2], d[4]));
}

/* A^T m of an axis: its points to four numbers. */
static inline __attribute__((always_inline)) void winograd_at(const int taps, vec *to, const vec *m)
{
    if (taps == 1) {
        for (int i = 0; i < WINOGRAD_OUT; i++)
            to[i] = m[i];
        return;
    }
    const float a = taps == 3 ? (float)WINOGRAD_BF16_THREE_NEAR : (float)WINOGRAD_BF16_TWO_NEAR;
    const float b = taps == 3 ? (float)WINOGRAD_BF16_THREE_FAR : (float)WINOGRAD_BF16_TWO_FAR;
    const vec *pairs = taps == 3 ? m + 1 : m;
    vec p = vec_add(pairs[0], pairs[1]), q = vec_sub(pairs[0], pairs[1]);
    vec r = vec_add(pairs[2], pairs[3]), s = vec_sub(pairs[2], pairs[3]);
    to[0] = taps == 3 ? vec_add(m[0], vec_add(p, r)) : vec_add(p, r);
    to[1] = vec_fma(vec_all(a), q, vec_mul(vec_all(b), s));
    to[2] = vec_fma(vec_all(a * a), p, vec_mul(vec_all(b * b), r));
    to[3] = vec_fma(vec_all(a * a * a), q, vec_fma(vec_all(b * b * b), s, pairs[4]));
}
