/* The kernels at level avx2; meson.build gives this file its compiler flags. */
#include "nn/cpu/vec_avx2.h"

#define LEVEL_NAME  "avx2"
#define LEVEL_TABLE cpu_kernels_avx2
#include "nn/cpu/level_tmpl.h"
