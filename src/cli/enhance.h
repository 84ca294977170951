/* enhance.h: what the files of `gpen enhance` share. Private to them. */
#ifndef GPEN_CLI_ENHANCE_H
#define GPEN_CLI_ENHANCE_H

#include "batch/photo_job.h"
#include "cli/output_names.h"
#include "cli/photo_list.h"
#include "cli/report.h"

/* What a person chose. */
typedef struct enhance_settings {
    const char *model, *detector, *parser; /* NULL: the best there is */
    const char *out;
    gpen_settings look; /* how faces are chosen and restored */
    int format;         /* index of the option's choices */
    int max_edge;       /* pixels; 0: as large as it came */
    int quality, max_megapixels, threads;
    int precision; /* index of the option's choices, which are in the order of gpen_precision */
    bool aligned, save_faces, require_face, overwrite, dry_run, json, quiet;
    bool out_is_file; /* `out` is the one result's own name, not a folder */
} enhance_settings;

/* The choices of --format, in their order. */
enum { WRITE_KEEP, WRITE_PNG, WRITE_JPEG, WRITE_WEBP, WRITE_TIFF };

/* Reads the arguments and refuses what cannot be meant (enhance_options.c). The photos are moved to argv[1 .. *count].
 * Returns CLI_GO_ON, or the exit status. */
int enhance_options_read(int argc, char **argv, enhance_settings *settings, int *count);

/* A batch under way. */
typedef struct enhance_batch {
    const enhance_settings *settings;
    photo_list photos;
    output_names *names;      /* beneath settings->out; NULL when that is a file */
    output_names *crop_names; /* beneath its folder of faces; NULL unless they are saved there */
    gpen_model *model;        /* NULL in a dry run */
    receipt made;
    batch_report *report;
} enhance_batch;

/* Takes one photo from its file to its result. Never fails: what went wrong stands in *outcome, which is the caller's:
 * release with item_outcome_free. */
void enhance_photo(enhance_batch *batch, const photo_item *photo, item_outcome *outcome);
void item_outcome_free(item_outcome *outcome);

/* A photo's faces while they are worked on. */
typedef struct face_watch {
    const enhance_batch *batch;
    const char *crops; /* what the names of saved faces begin with, or NULL */
} face_watch;

/* What a photo_job shows to the command line, which counts the faces, saves them by themselves where that was asked for, and
 * stops between two when it is told to (enhance_faces.c). The watch is not copied. */
photo_job_watch enhance_watch(face_watch *watch);

#endif
