/* enhance.h: what the files of `gpen enhance` share. Private to them. */
#ifndef GPEN_CLI_ENHANCE_H
#define GPEN_CLI_ENHANCE_H

#include "cli/output_names.h"
#include "cli/photo_list.h"
#include "cli/report.h"

/* What a person chose. */
typedef struct enhance_settings {
    const char *model; /* NULL: the best there is */
    const char *out;
    int mode, strength, format, quality, max_megapixels, threads; /* mode, format: indices of the options' choices */
    bool aligned, overwrite, dry_run, json, quiet;
    bool out_is_file; /* `out` is the one result's own name, not a folder */
} enhance_settings;

/* The choices of --format, in their order. */
enum { WRITE_KEEP, WRITE_PNG, WRITE_JPEG, WRITE_WEBP, WRITE_TIFF };

/* A batch under way. */
typedef struct enhance_batch {
    const enhance_settings *settings;
    photo_list photos;
    output_names *names; /* beneath settings->out; NULL when that is a file */
    gpen_model *model;   /* NULL in a dry run */
} enhance_batch;

/* Takes one photo from its file to its result. Never fails: what went wrong stands in *outcome, which is the caller's:
 * release with item_outcome_free. */
void enhance_photo(enhance_batch *batch, const photo_item *photo, item_outcome *outcome);
void item_outcome_free(item_outcome *outcome);

#endif
