/* The bfloat16 table of processors with AVX-512 BF16; meson.build gives this file its compiler flags. */
#include "nn/cpu/vec_avx512.h"

#define LEVEL_NAME  "avx512-bf16"
#define LEVEL_TABLE cpu_kernels_avx512_bf16
#define LEVEL_BF16
#include "nn/cpu/level_tmpl.h"
