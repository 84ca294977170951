/* The kernels at level neon; meson.build gives this file its compiler flags. */
#include "nn/cpu/vec_neon.h"

#define LEVEL_NAME  "neon"
#define LEVEL_TABLE cpu_kernels_neon
#include "nn/cpu/level_tmpl.h"
