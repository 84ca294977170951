/* bfloat16: the upper half of a float, one number at a time. Where many are needed, kernels do it. */
#ifndef GPEN_NN_CPU_BF16_H
#define GPEN_NN_CPU_BF16_H

#include <stdint.h>
#include <string.h>

/* Rounded to nearest, ties to even; a NaN stays one. */
static inline uint16_t bf16_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline float bf16_to_float(uint16_t number)
{
    uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
