/* output_names.h: what each result will be called. Private to src/cli. */
#ifndef GPEN_CLI_OUTPUT_NAMES_H
#define GPEN_CLI_OUTPUT_NAMES_H

#include "image/image.h"

typedef struct output_names output_names;

/* The names beneath `folder`, which is only read from. Release with output_names_free. NULL: no memory. */
output_names *output_names_new(const char *folder);
void output_names_free(output_names *names);

/* The path for the photo that stood at `relative`, written in `format`: the photo's own name, with another ending when the
 * format is another. The second photo that comes to the same name gets NAME-2, and so on: asked in the same order, the names
 * are the same each time. *path is the caller's (free). Errors: OUT_OF_MEMORY. */
gpen_status output_names_next(output_names *names, const char *relative, picture_format format, char **path,
                              gpen_error *error);

#endif
