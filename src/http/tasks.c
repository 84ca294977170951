/* Tasks. Their own file because of the three that may be the last to hold one: the thread that works, the connection, the end of
 * the server. */
#include "http/tasks.h"

#include <pthread.h>
#include <stdlib.h>

struct task_list {
    pthread_mutex_t lock;
    pthread_cond_t fewer;
    int running, most;
    bool stopping;
};

struct task {
    task_list *list;
    struct MHD_Connection *connection; /* sleeping; NULL: nobody waits */
    task_work *work;
    void *context;
    void (*release)(void *context);
    bool done, left; /* by the thread; by the request */
    gpen_status status;
    gpen_error error;
};

gpen_status tasks_new(task_list **out, int most, gpen_error *error)
{
    task_list *list = calloc(1, sizeof *list);
    *out = NULL;
    if (!list)
        return gpen_fail_memory(error, "the list of tasks", sizeof *list);
    list->most = most;
    if (pthread_mutex_init(&list->lock, NULL)) {
        free(list);
        return gpen_fail_memory(error, "a lock", 0);
    }
    if (pthread_cond_init(&list->fewer, NULL)) {
        pthread_mutex_destroy(&list->lock);
        free(list);
        return gpen_fail_memory(error, "a lock", 0);
    }
    *out = list;
    return GPEN_OK;
}

void tasks_stop(task_list *list)
{
    pthread_mutex_lock(&list->lock);
    list->stopping = true;
    while (list->running)
        pthread_cond_wait(&list->fewer, &list->lock);
    pthread_mutex_unlock(&list->lock);
}

void tasks_free(task_list *list)
{
    if (!list)
        return;
    pthread_cond_destroy(&list->fewer);
    pthread_mutex_destroy(&list->lock);
    free(list);
}

bool tasks_stopping(task_list *list)
{
    pthread_mutex_lock(&list->lock);
    bool stopping = list->stopping;
    pthread_mutex_unlock(&list->lock);
    return stopping;
}

static void release(task *one)
{
    if (one->release)
        one->release(one->context);
    free(one);
}

static void *run(void *argument)
{
    task *one = argument;
    task_list *list = one->list;
    gpen_error error = {0};
    gpen_status status = one->work(one->context, &error);
    pthread_mutex_lock(&list->lock);
    one->status = status;
    one->error = error;
    one->done = true;
    bool last = one->left;
    if (!last)
        MHD_resume_connection(one->connection);
    list->running--;
    pthread_cond_broadcast(&list->fewer);
    pthread_mutex_unlock(&list->lock);
    if (last)
        release(one);
    return NULL;
}

gpen_status task_start(task **out, task_list *list, struct MHD_Connection *connection, task_work *work, void *context,
                       void (*release_context)(void *context), gpen_error *error)
{
    pthread_t thread;
    task *one = calloc(1, sizeof *one);
    *out = NULL;
    if (!one)
        return gpen_fail_memory(error, "a task", sizeof *one);
    *one = (task){.list = list,
                  .connection = connection,
                  .work = work,
                  .context = context,
                  .release = release_context,
                  .left = !connection};
    pthread_mutex_lock(&list->lock);
    gpen_status status = GPEN_OK;
    if (list->stopping || list->running >= list->most)
        status = gpen_fail(error, GPEN_CANCELLED, "the server is busy with other work");
    if (!status && pthread_create(&thread, NULL, run, one))
        status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "no thread can be started");
    if (!status) {
        (void)pthread_detach(thread);
        list->running++;
        /* Before the thread can resume it, which needs the lock. */
        if (connection) {
            MHD_suspend_connection(connection);
            *out = one;
        }
    }
    pthread_mutex_unlock(&list->lock);
    if (status)
        free(one);
    return status;
}

bool task_done(task *one, gpen_status *status, gpen_error *error)
{
    pthread_mutex_lock(&one->list->lock);
    bool done = one->done;
    *status = one->status;
    *error = one->error;
    pthread_mutex_unlock(&one->list->lock);
    return done;
}

void *task_context(task *one)
{
    return one->context;
}

void task_leave(task *one)
{
    if (!one)
        return;
    task_list *list = one->list;
    pthread_mutex_lock(&list->lock);
    one->left = true;
    bool done = one->done;
    pthread_mutex_unlock(&list->lock);
    if (done)
        release(one);
}
