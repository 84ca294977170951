/* One table of an instruction level: included by the files in isa/ behind their vector header, with LEVEL_NAME and LEVEL_TABLE
 * defined, and LEVEL_BF16 where its numbers are bfloat16. */
#include <math.h>
#include <string.h>

#include "nn/cpu/kernels.h"

#ifdef LEVEL_BF16
#include "nn/cpu/numbers_bf16.h"
#else
#include "nn/cpu/numbers_float.h"
#endif

#include "nn/cpu/maps_tmpl.h"

#include "nn/cpu/product_tmpl.h"

#include "nn/cpu/peak_tmpl.h"

#include "nn/cpu/winograd_tmpl.h"

#include "nn/cpu/fir_tmpl.h"

#include "nn/cpu/depthwise_tmpl.h"

#include "nn/cpu/picture_tmpl.h"

#include "nn/cpu/project_tmpl.h"

#include "nn/cpu/rows_tmpl.h"

const cpu_kernels LEVEL_TABLE = {
    .level = LEVEL_NAME,
    .number_bytes = sizeof(number),
    .columns = TILE_COLUMNS,
#ifdef LEVEL_BF16
    .nodes = &winograd_nodes_bf16,
#else
    .nodes = &winograd_nodes_floats,
#endif
    .product = product,
    .product_write = product_write,
    .peak = peak,
    .peak_flop = 2 * PEAK_SUMS * LANES * (int)(sizeof(float) / sizeof(number)),
    .gather = gather,
    .scatter = scatter,
    .winograd_input = {winograd_input_3x3, winograd_input_2x2, winograd_input_2x1, winograd_input_1x2,
                       winograd_input_1x1},
    .winograd_output = {winograd_output_3x3, winograd_output_2x2, winograd_output_2x1, winograd_output_1x2,
                        winograd_output_1x1},
    .fir_row = fir_row,
    .depthwise_row = depthwise_row,
    .picture_row = picture_row,
    .dot = dot,
    .project = project,
    .add_row = add_row,
    .max_row = max_row,
    .widen = widen,
    .narrow = narrow,
};
