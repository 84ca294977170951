/* preview.h: photos on a person's table: any look of them at once, without the network.
 *
 *     previews *table;
 *     previews_new(&table, &options, &error);
 *     previews_render(table, &wish, "preview.jpg", &result, &error);      the first one of a photo: seconds
 *     previews_render(table, &wish, "preview.jpg", &result, &error);      others: a fraction of one
 *     previews_free(table);
 *
 * Pictures are only ever decoded in worker processes, so each photo that is looked at lies in a worker of its own, decoded and with its
 * restored faces, as long as someone asks for it. There are few of them: who asks for one more takes the place of the one
 * that was asked for longest ago. A worker that crashes, hangs or takes too much costs the preview that it made; the next
 * begins anew.
 *
 * Any thread may call anything but previews_free at any time. */
#ifndef GPEN_BATCH_PREVIEW_H
#define GPEN_BATCH_PREVIEW_H

#include "batch/message.h"

typedef struct previews previews;

typedef struct previews_options {
    worker_setup setup;
    int most;            /* photos on the table, 1..PREVIEWS_MOST */
    double idle_seconds; /* a photo that nobody asked for so long is taken away */
    double seconds;      /* the most time that a preview may take; 0: no limit */
    const char *program; /* as in pool_options, as is the next */
    const char *const *arguments;
} previews_options;

enum { PREVIEWS_MOST = 16, PREVIEWS_LEAST_EDGE = 64, PREVIEWS_MOST_EDGE = 8192 };

/* Two photos, five minutes, two minutes a preview; no models. */
previews_options previews_options_default(void);

/* options are copied; what program and arguments point to is not. Nothing is started before the first preview. Release with
 * previews_free. Errors: BAD_ARGUMENT, OUT_OF_MEMORY. */
gpen_status previews_new(previews **out, const previews_options *options, gpen_error *error);

/* Ends what is under way as CANCELLED, and every worker. No other call may be under way that is not already waiting. NULL is fine. */
void previews_free(previews *table);

/* What is to be seen. */
typedef struct preview_wish {
    int64_t photo;     /* what the caller knows it by, above 0 */
    const char *input; /* its file, which does not change as long as `photo` is the same */
    gpen_settings look;
    int edge;    /* of the preview's longer edge, PREVIEWS_LEAST_EDGE..PREVIEWS_MOST_EDGE; it is never enlarged */
    int quality; /* of the JPEG, 1..100 */
    int64_t max_pixels; /* as in picture_limits */
} preview_wish;

/* Makes a JPEG as the whole photo would look, and waits for it. output: its path, replaced if it is there. *result: what became of the
 * faces, and the times; the caller's (job_result_free), also after an error.
 * Errors: BAD_ARGUMENT, those of a job (pool.h), CANCELLED. */
gpen_status previews_render(previews *table, const preview_wish *wish, const char *output, job_result *result,
                            gpen_error *error);

/* The photo is deleted: its worker forgets it. */
void previews_forget(previews *table, int64_t photo);

/* Other models from the next preview on. */
void previews_renew(previews *table, const worker_setup *setup);

#endif
