/* Lines of tasks between threads. Its own file because nothing else in the room needs a lock for its lists. */
#include "celery/line.h"

#include "base/wake.h"
#include "celery/room.h"

gpen_status work_line_make(work_line *line, bool with_pipe, gpen_error *error)
{
    *line = (work_line){.wake = {-1, -1}};
    if (with_pipe && wake_make(line->wake, error))
        return GPEN_OUT_OF_MEMORY;
    (void)pthread_mutex_init(&line->lock, NULL);
    (void)pthread_cond_init(&line->more, NULL);
    line->last = &line->first;
    line->made = true;
    return GPEN_OK;
}

void work_line_free(work_line *line)
{
    if (!line->made)
        return;
    (void)pthread_cond_destroy(&line->more);
    (void)pthread_mutex_destroy(&line->lock);
    wake_free(line->wake);
    *line = (work_line){.wake = {-1, -1}};
}

void work_line_nudge(work_line *line)
{
    wake_ring(line->wake);
}

void work_line_push(work_line *line, work *w)
{
    w->next = NULL;
    pthread_mutex_lock(&line->lock);
    *line->last = w;
    line->last = &w->next;
    pthread_cond_signal(&line->more);
    pthread_mutex_unlock(&line->lock);
    work_line_nudge(line);
}

work *work_line_pop(work_line *line, bool wait)
{
    wake_hear(line->wake);
    pthread_mutex_lock(&line->lock);
    while (wait && !line->first && !line->closed)
        pthread_cond_wait(&line->more, &line->lock);
    work *first = line->first;
    if (first) {
        line->first = first->next;
        if (!line->first)
            line->last = &line->first;
    }
    pthread_mutex_unlock(&line->lock);
    return first;
}

void work_line_close(work_line *line)
{
    if (!line->made)
        return;
    pthread_mutex_lock(&line->lock);
    line->closed = true;
    pthread_cond_broadcast(&line->more);
    pthread_mutex_unlock(&line->lock);
}
