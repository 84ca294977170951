/* Conversions between number formats, by their bits where C has no type for them. */
#include "weights/convert.h"

#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are little endian in every file; a big-endian machine would need them turned round here"
#endif

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    if (exponent == 0x1F)
        return float_of(sign | 0x7F800000 | fraction << 13);
    if (exponent)
        return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f; /* zero and the subnormals: exact */
    return float_of(sign | bits_of(magnitude));
}

float bfloat16_to_float(uint16_t bfloat16)
{
    return float_of((uint32_t)bfloat16 << 16);
}

/* bits without its lowest `drop` ones, rounded to nearest even; a carry goes on into the exponent, as it should. */
static uint32_t shift_rounded(uint32_t bits, unsigned drop)
{
    uint32_t half = (uint32_t)1 << (drop - 1), kept = bits >> drop, cut = bits & ((half << 1) - 1);
    return kept + (cut > half || (cut == half && (kept & 1)));
}

uint16_t float_to_half(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000)
        return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF)); /* NaN, made quiet */
    if (magnitude >= 0x47800000)
        return (uint16_t)(sign | 0x7C00); /* 65536 and more */
    if (magnitude >= 0x38800000)
        return (uint16_t)(sign | shift_rounded(magnitude - 0x38000000, 13));
    if (magnitude < 0x33000000)
        return (uint16_t)sign; /* less than half of the smallest subnormal */
    unsigned exponent = magnitude >> 23;
    return (uint16_t)(sign | shift_rounded((magnitude & 0x7FFFFF) | 0x800000, 126 - exponent));
}

uint16_t float_to_bfloat16(float value)
{
    uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40); /* NaN, made quiet */
    return (uint16_t)shift_rounded(bits, 16);
}

float double_to_odd_float(double value)
{
    float nearest = (float)value;
    if (isnan(value) || (double)nearest == value)
        return nearest;
    uint32_t bits = bits_of(nearest);
    if (fabs((double)nearest) > fabs(value))
        bits--; /* towards zero, whatever the sign; from infinity to the largest float */
    return float_of(bits | 1);
}

bool dtype_is_float(weights_dtype dtype)
{
    return dtype == WEIGHTS_F64 || dtype == WEIGHTS_F32 || dtype == WEIGHTS_F16 || dtype == WEIGHTS_BF16;
}

#define LOAD(type, name)                                                                                               \
    static type name(const uint8_t *elements, size_t index)                                                            \
    {                                                                                                                  \
        type element;                                                                                                  \
        memcpy(&element, elements + index * sizeof element, sizeof element);                                           \
        return element;                                                                                                \
    }
LOAD(double, load_double)
LOAD(float, load_float)
LOAD(uint16_t, load_u16)
LOAD(int64_t, load_i64)
LOAD(int32_t, load_i32)
LOAD(int16_t, load_i16)
#undef LOAD

void elements_to_float(weights_dtype dtype, const uint8_t *elements, size_t count, float *values)
{
    switch (dtype) {
    case WEIGHTS_F64:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_double(elements, i);
        break;
    case WEIGHTS_F32:
        if (count)
            memcpy(values, elements, count * sizeof *values);
        break;
    case WEIGHTS_F16:
        for (size_t i = 0; i < count; i++)
            values[i] = half_to_float(load_u16(elements, i));
        break;
    case WEIGHTS_BF16:
        for (size_t i = 0; i < count; i++)
            values[i] = bfloat16_to_float(load_u16(elements, i));
        break;
    case WEIGHTS_I64:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_i64(elements, i);
        break;
    case WEIGHTS_I32:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)load_i32(elements, i);
        break;
    case WEIGHTS_I16:
        for (size_t i = 0; i < count; i++)
            values[i] = load_i16(elements, i);
        break;
    case WEIGHTS_I8:
        for (size_t i = 0; i < count; i++)
            values[i] = (int8_t)elements[i];
        break;
    case WEIGHTS_U8:
        for (size_t i = 0; i < count; i++)
            values[i] = elements[i];
        break;
    case WEIGHTS_BOOL:
        for (size_t i = 0; i < count; i++)
            values[i] = elements[i] != 0;
        break;
    }
}

/* The element as a float32 that rounds on to `to` correctly. *finite: whether the element itself is a number. */
static float floating_element(weights_dtype dtype, const uint8_t *elements, size_t index, weights_dtype to,
                              bool *finite)
{
    if (dtype == WEIGHTS_F64) {
        double value = load_double(elements, index);
        *finite = isfinite(value);
        return to == WEIGHTS_F32 ? (float)value : double_to_odd_float(value);
    }
    float value;
    if (dtype == WEIGHTS_F32)
        value = load_float(elements, index);
    else if (dtype == WEIGHTS_F16)
        value = half_to_float(load_u16(elements, index));
    else
        value = bfloat16_to_float(load_u16(elements, index));
    *finite = isfinite(value);
    return value;
}

/* Rounds to half or bfloat16, or not at all. False: it became infinite. */
static bool store_floating(float value, weights_dtype to, uint8_t *out)
{
    if (to == WEIGHTS_F32) {
        memcpy(out, &value, sizeof value);
        return isfinite(value);
    }
    uint16_t bits = to == WEIGHTS_F16 ? float_to_half(value) : float_to_bfloat16(value);
    memcpy(out, &bits, sizeof bits);
    return isfinite(to == WEIGHTS_F16 ? half_to_float(bits) : bfloat16_to_float(bits));
}

bool elements_to_floating(weights_dtype dtype, const uint8_t *elements, size_t count, weights_dtype to, uint8_t *out,
                          size_t *bad)
{
    size_t size = weights_dtype_size(to);
    if (dtype == to) {
        memcpy(out, elements, count * size);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        bool finite;
        float value = floating_element(dtype, elements, i, to, &finite);
        if (!store_floating(value, to, out + i * size) && finite) {
            *bad = i;
            return false;
        }
    }
    return true;
}
