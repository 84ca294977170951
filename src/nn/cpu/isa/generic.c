/* The kernels at level generic; meson.build gives this file its compiler flags. */
#include "nn/cpu/vec_generic.h"

#define LEVEL_NAME  "generic"
#define LEVEL_TABLE cpu_kernels_generic
#include "nn/cpu/level_tmpl.h"
