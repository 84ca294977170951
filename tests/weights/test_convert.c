/* Number formats: every half, and the roundings where they can go wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "weights/convert.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The half's value by the definition of the format. */
static double half_by_definition(uint16_t half)
{
    int exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return half & 0x8000 ? -magnitude : magnitude;
}

static void test_every_half(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 65536; half++) {
        float value = half_to_float((uint16_t)half);
        if ((half & 0x7C00) != 0x7C00) {
            assert_true((double)value == half_by_definition((uint16_t)half));
            assert_int_equal(signbit(value) != 0, half >> 15);
            assert_int_equal(float_to_half(value), half);
        } else if (half & 0x3FF) {
            assert_int_equal(bits_of(value), (half & 0x8000) << 16 | 0x7F800000 | (half & 0x3FF) << 13);
            assert_int_equal(float_to_half(value), half | 0x200); /* made quiet */
        } else {
            assert_true(isinf(value));
            assert_int_equal(float_to_half(value), half);
        }
    }
}

/* Between each pair of neighbours: just below the middle, the middle, just above it. */
static void test_rounding_to_half(void **state)
{
    (void)state;
    for (uint16_t half = 0; half < 0x7BFF; half++) {
        float low = half_to_float(half), high = half_to_float((uint16_t)(half + 1)), middle = (low + high) / 2;
        uint16_t even = half & 1 ? (uint16_t)(half + 1) : half;
        assert_int_equal(float_to_half(middle), even);
        assert_int_equal(float_to_half(nextafterf(middle, 0)), half);
        assert_int_equal(float_to_half(nextafterf(middle, INFINITY)), half + 1);
        assert_int_equal(float_to_half(-middle), 0x8000 | even);
    }
    assert_int_equal(float_to_half(65519.996f), 0x7BFF);
    assert_int_equal(float_to_half(65520.0f), 0x7C00);
    assert_int_equal(float_to_half(3e38f), 0x7C00);
    assert_int_equal(float_to_half(1e-45f), 0);
    assert_int_equal(float_to_half(-1e-45f), 0x8000);
}

static void test_every_bfloat16(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float value = bfloat16_to_float((uint16_t)bits);
        assert_int_equal(bits_of(value), bits << 16);
        assert_int_equal(float_to_bfloat16(value), isnan(value) ? bits | 0x40 : bits);
    }
}

static void test_rounding_to_bfloat16(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7F7F; bits++) {
        float middle;
        uint32_t pattern = bits << 16 | 0x8000;
        memcpy(&middle, &pattern, sizeof middle);
        assert_int_equal(float_to_bfloat16(middle), bits + (bits & 1));
        assert_int_equal(float_to_bfloat16(nextafterf(middle, 0)), bits);
        assert_int_equal(float_to_bfloat16(nextafterf(middle, INFINITY)), bits + 1);
    }
}

/* A double a hair above the middle of two halves: rounding it to float first would lose the hair, and then round down.
 * */
static void test_double_is_rounded_once(void **state)
{
    (void)state;
    for (uint16_t half = 0; half < 0x7BFF; half++) {
        double low = half_by_definition(half), high = half_by_definition((uint16_t)(half + 1)),
               middle = (low + high) / 2;
        uint16_t even = half & 1 ? (uint16_t)(half + 1) : half;
        assert_int_equal(float_to_half(double_to_odd_float(middle)), even);
        assert_int_equal(float_to_half(double_to_odd_float(nextafter(middle, 0))), half);
        assert_int_equal(float_to_half(double_to_odd_float(nextafter(middle, INFINITY))), half + 1);
        assert_int_equal(float_to_half(double_to_odd_float(-nextafter(middle, INFINITY))), 0x8000 | (half + 1));
    }
    assert_true(isfinite(double_to_odd_float(1e300)));
    assert_true(isinf(double_to_odd_float(INFINITY)));
    assert_true(isnan(double_to_odd_float(NAN)));
    assert_int_equal(bits_of(double_to_odd_float(1e-300)), 1);
}

static void test_elements_to_float(void **state)
{
    (void)state;
    float values[3];
    const double doubles[] = {0.1, -1e300, 3.0};
    const int64_t wide[] = {INT64_MIN, 16777217, -1};
    const int32_t words[] = {INT32_MIN, 5, -5};
    const int16_t shorts[] = {-32768, 32767, 0};
    const uint8_t small[] = {0x80, 0x7F, 2};
    uint8_t unaligned[1 + sizeof doubles];

    memcpy(unaligned + 1, doubles, sizeof doubles);
    elements_to_float(WEIGHTS_F64, unaligned + 1, 3, values);
    assert_true(values[0] == 0.1f && values[1] == -INFINITY && values[2] == 3.0f);
    elements_to_float(WEIGHTS_I64, (const uint8_t *)wide, 3, values);
    assert_true(values[0] == -0x1p63f && values[1] == 16777216.0f && values[2] == -1.0f);
    elements_to_float(WEIGHTS_I32, (const uint8_t *)words, 3, values);
    assert_true(values[0] == -0x1p31f && values[1] == 5.0f && values[2] == -5.0f);
    elements_to_float(WEIGHTS_I16, (const uint8_t *)shorts, 3, values);
    assert_true(values[0] == -32768.0f && values[1] == 32767.0f && values[2] == 0.0f);
    elements_to_float(WEIGHTS_I8, small, 3, values);
    assert_true(values[0] == -128.0f && values[1] == 127.0f && values[2] == 2.0f);
    elements_to_float(WEIGHTS_U8, small, 3, values);
    assert_true(values[0] == 128.0f && values[1] == 127.0f && values[2] == 2.0f);
    elements_to_float(WEIGHTS_BOOL, small, 3, values);
    assert_true(values[0] == 1.0f && values[1] == 1.0f && values[2] == 1.0f);
}

static void test_too_large(void **state)
{
    (void)state;
    uint8_t out[16];
    size_t bad = 99;
    const float floats[] = {1.0f, INFINITY, 65504.0f, -70000.0f};
    const double doubles[] = {1e38, -1e39};
    assert_false(elements_to_floating(WEIGHTS_F32, (const uint8_t *)floats, 4, WEIGHTS_F16, out, &bad));
    assert_int_equal(bad, 3);
    assert_true(elements_to_floating(WEIGHTS_F32, (const uint8_t *)floats, 4, WEIGHTS_BF16, out, &bad));
    assert_false(elements_to_floating(WEIGHTS_F64, (const uint8_t *)doubles, 2, WEIGHTS_F32, out, &bad));
    assert_int_equal(bad, 1);
    assert_false(elements_to_floating(WEIGHTS_F64, (const uint8_t *)doubles, 2, WEIGHTS_BF16, out, &bad));
    assert_int_equal(bad, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_rounding_to_half),
        cmocka_unit_test(test_every_bfloat16),
        cmocka_unit_test(test_rounding_to_bfloat16),
        cmocka_unit_test(test_double_is_rounded_once),
        cmocka_unit_test(test_elements_to_float),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
