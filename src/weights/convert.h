/* convert.h: numbers of one width made numbers of another. Every conversion to a narrower float rounds to nearest, ties
 * to even; conversions to a wider one are exact, NaN payloads included. */
#ifndef GPEN_WEIGHTS_CONVERT_H
#define GPEN_WEIGHTS_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/weights.h"

float half_to_float(uint16_t half);
float bfloat16_to_float(uint16_t bfloat16);

/* Beyond the target's range: infinity. */
uint16_t float_to_half(float value);
uint16_t float_to_bfloat16(float value);

/* The float32 from which a rounding to half or bfloat16 gives what a rounding straight from the double gives ("round to
 * odd": what was cut off stays visible in the last bit). */
float double_to_odd_float(double value);

bool dtype_is_float(weights_dtype dtype);

/* count elements of dtype, little endian and at any address, to float32. */
void elements_to_float(weights_dtype dtype, const uint8_t *elements, size_t count, float *values);

/* count elements of a floating dtype to a floating dtype, both little endian and at any address. False when a finite
 * value is too large for `to`: *bad is its index. */
bool elements_to_floating(weights_dtype dtype, const uint8_t *elements, size_t count, weights_dtype to, uint8_t *out,
                          size_t *bad);

#endif
