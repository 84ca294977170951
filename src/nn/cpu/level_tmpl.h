/* One instruction level: included by the files in isa/ behind their vector header, with LEVEL_NAME and LEVEL_TABLE defined. */
#include "nn/cpu/kernels.h"

#include "nn/cpu/product_tmpl.h"

#include "nn/cpu/maps_tmpl.h"

#include "nn/cpu/winograd_tmpl.h"

#include "nn/cpu/fir_tmpl.h"

#include "nn/cpu/depthwise_tmpl.h"

#include "nn/cpu/project_tmpl.h"

const cpu_kernels LEVEL_TABLE = {
    .level = LEVEL_NAME,
    .columns = TILE_COLUMNS,
    .product = product,
    .gather = gather,
    .scatter = scatter,
    .winograd_input = {winograd_input_3x3, winograd_input_2x2, winograd_input_2x1, winograd_input_1x2,
                       winograd_input_1x1},
    .winograd_output = {winograd_output_3x3, winograd_output_2x2, winograd_output_2x1, winograd_output_1x2,
                        winograd_output_1x1},
    .fir_row = fir_row,
    .depthwise_row = depthwise_row,
    .dot = dot,
    .project = project,
};
