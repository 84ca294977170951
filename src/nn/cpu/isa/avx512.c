/* The kernels at level avx512; meson.build gives this file its compiler flags. */
#include "nn/cpu/vec_avx512.h"

#define LEVEL_NAME  "avx512"
#define LEVEL_TABLE cpu_kernels_avx512
#include "nn/cpu/level_tmpl.h"
