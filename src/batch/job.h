/* job.h: what is asked of a worker, and what it answers, as plain data.
 *
 * A job has two halves. The order is what the worker is told: it holds no path, because a worker may open nothing; it gets
 * the photo and the place for the result as open files. The paths stay with the supervisor. */
#ifndef GPEN_BATCH_JOB_H
#define GPEN_BATCH_JOB_H

#include "image/image.h"

/* What happens to a photo in a worker, in this order. X(IDENTIFIER, name) */
#define JOB_STAGE_LIST(X)                                                                                              \
    X(WAITING, "waiting") /* for the photo before it, or for memory */                                                 \
    X(DECODE, "decode")                                                                                                \
    X(DETECT, "detect")                                                                                                \
    X(RESTORE, "restore") /* its faces, one after another; or the crop */                                              \
    X(PASTE, "paste")     /* what changed goes into the photo's own colours */                                         \
    X(ENCODE, "encode")   /* and decode once, to verify */                                                             \
    X(SAVE, "save")       /* flush to the disk, and the final name */

typedef enum job_stage {
#define JOB_STAGE_ENUM(identifier, name) JOB_##identifier,
    JOB_STAGE_LIST(JOB_STAGE_ENUM)
#undef JOB_STAGE_ENUM
        JOB_STAGES
} job_stage;

/* The name a program reads ("decode"). Static, never NULL; "unknown" outside the list. */
const char *job_stage_name(job_stage stage);

enum {
    JOB_MOST_NAME = 256,      /* bytes of a file's bare name, and the zero behind it */
    JOB_MOST_THUMBNAIL = 320, /* pixels */
};

typedef struct job_order {
    uint64_t id;
    char input_name[JOB_MOST_NAME], output_name[JOB_MOST_NAME]; /* without folders, for messages */
    gpen_settings look;
    picture_format format; /* JPEG, PNG, WEBP or TIFF */
    int quality, max_edge; /* as in picture_save_options */
    int64_t max_pixels;    /* as in picture_limits */
    bool aligned;          /* the photo is one face */
    bool require_face;     /* NO_FACE where there is none */
    bool save_faces;       /* each face by itself as well */
    bool detect_only;      /* only say where faces are: nothing is written into the result's file */
    int thumbnail_edge; /* pixels of the longer edge of its small pictures, at most JOB_MOST_THUMBNAIL; 0: none are made */
    uint64_t
        keep; /* not 0: the worker keeps the photo, with its faces, under this number: an order with the same number
                            * that follows needs neither reading nor restoring again. Its result is a preview (preview.h) */
    int preview_edge; /* of a preview's longer edge, 64 pixels and up */
} job_order;

/* A face saved by itself: as it came, or restored. */
typedef struct job_crop {
    uint64_t id;   /* of the order */
    uint32_t face; /* from 0, in the order of job_result.faces */
    bool restored;
} job_crop;

/* A small picture of the photo: as it came, which there is as soon as it was decoded, or of the result, once that is written. */
typedef struct job_thumbnail {
    uint64_t id; /* of the order */
    bool after;
} job_thumbnail;

typedef struct job_result {
    gpen_error error; /* status OK: done */
    double seconds[JOB_STAGES];
    int width, height;    /* of the photo as it came, upright; 0 before it was read */
    gpen_faces faces;     /* of a whole photo */
    size_t restored;      /* how many faces were; an aligned one counts */
    gpen_settings look;   /* as used: the order's, or what was chosen for this photo */
    gpen_choice choice;   /* why, where the order's preset was AUTO; otherwise its preset is AUTO */
    char *notes;          /* what was lost on the way, one sentence a line, or NULL */
    int64_t peak_bytes;   /* the most memory its worker had until then, as its supervisor saw it; 0: unknown */
    int64_t output_bytes; /* length of the result's file */
    char *receipt;        /* as result_receipt_json has it, from who knows better than the supervisor; NULL: none */
} job_result;

/* CROPS-face2-before.png of the second face as it came, CROPS-face2.png restored; free. NULL: no memory. */
char *job_crop_path(const char *crops, const job_crop *which);

/* FOLDER/ID, what the paths of an order's small pictures begin with where they stand in one folder; free. NULL: no memory. */
char *job_thumbnails(const char *folder, uint64_t id);

/* THUMBNAILS-before.jpg, THUMBNAILS-after.jpg; free. NULL: no memory. */
char *job_thumbnail_path(const char *thumbnails, bool after);

/* Copies what stands behind the last slash, cut to the field's length. */
void job_name_copy(char name[JOB_MOST_NAME], const char *path);

/* Adds a sentence to result->notes; NULL and "" are fine. Without memory it is lost: a note is never worth a photo. */
void job_result_note(job_result *result, const char *sentence);

/* Releases and zeroes. Zeroed ones are fine. */
void job_result_free(job_result *result);

/* How many of the faces are in the state; how many are taken for faces: all but those of a low score. */
size_t faces_count(const gpen_faces *faces, gpen_face_state state);
size_t faces_seen(const gpen_faces *faces);

/* ---------------------------------------------------------------- the supervisor's half */

typedef struct batch_job {
    job_order order;
    char *input, *output; /* paths */
    char *crops;          /* what the paths of its saved faces begin with; NULL unless order.save_faces */
    char *thumbnails; /* likewise of its small pictures, which replace older ones; NULL unless order.thumbnail_edge */
    bool overwrite;   /* of output, and of saved faces */
    double seconds;   /* the most time that work on it may take, waiting not counted; 0: no limit */
    int shrink;       /* 0: as usual; 1: with less memory, alone in its worker */
    int endings; /* earlier attempts at the same photo that came to an end: one that was interrupted goes on in this one */
    bool interrupted; /* there was one that was */
} batch_job;

/* Releases and zeroes. Zeroed ones are fine. */
void batch_job_free(batch_job *job);

#endif
