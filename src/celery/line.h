/* line.h: tasks on their way from one thread to another. Private to src/celery.
 *
 * A task belongs to one line, or to the thread that took it from one. */
#ifndef GPEN_CELERY_LINE_H
#define GPEN_CELERY_LINE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/error.h"

struct work;

typedef struct work_line {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work *first, **last;
    int wake[2]; /* a pipe that can be read from when something is there */
    bool closed, made;
} work_line;

/* with_pipe: for a reader that waits for other things too. Release with work_line_free. Errors: OUT_OF_MEMORY. */
gpen_status work_line_make(work_line *line, bool with_pipe, gpen_error *error);
void work_line_free(work_line *line);

void work_line_push(work_line *line, struct work *w);

/* The first of it. NULL: it is empty (and, where that is waited for, closed). */
struct work *work_line_pop(work_line *line, bool wait);

/* The reader looks up, as if something had come. */
void work_line_nudge(work_line *line);

/* Those who wait go on. */
void work_line_close(work_line *line);

#endif
