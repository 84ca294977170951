/* Any bytes as remote control: as a whole message, and as the body inside a good one, for a worker that holds a task and whose
 * connection is gone; and as an address of a Redis. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "celery/base64.h"
#include "celery/room.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static const char held_task[] =
    "{\"body\": \"W1siYS5wbmciXSwge30sIHt9XQ==\", \"content-type\": \"application/json\", \"content-encoding\": \"utf-8\", "
    "\"headers\": {\"id\": \"a\", \"task\": \"gpen.enhance\"}, \"properties\": {\"body_encoding\": \"base64\"}}";

/* A worker that never began: what remote control looks at and changes, and nothing else. */
static bool worker_make(celery_worker *worker, const celery_options *options, work **held)
{
    const task_limits limits = {.most_body = 1 << 20};
    task_message task;
    gpen_error error;
    *worker = (celery_worker){.options = options, .node = "gpen@a", .events = {.node = "gpen@a"}};
    worker->revoked = json_pack("{}");
    worker->totals = json_pack("{}");
    (void)pthread_mutex_init(&worker->hands.lock, NULL);
    if (task_read(held_task, sizeof held_task - 1, &limits, &task, &error) != TASK_GOOD)
        abort();
    *held = work_new(&task, "tag");
    worker->works = held;
    worker->count = *held != NULL;
    return *held && worker->revoked && worker->totals;
}

static void worker_release(celery_worker *worker)
{
    work_free(worker->works[0]);
    json_decref(worker->revoked);
    json_decref(worker->totals);
    json_decref(worker->events.waiting);
    pthread_mutex_destroy(&worker->hands.lock);
}

static void act(const char *text, size_t length)
{
    celery_options options = celery_options_default();
    celery_worker worker;
    work *held;
    gpen_error error;
    if (worker_make(&worker, &options, &held)) {
        (void)control_act(&worker, text, length, &error);
        (void)worker_is_revoked(&worker, "a");
    }
    worker_release(&worker);
}

static void act_on_body(const uint8_t *bytes, size_t count)
{
    char *packed = malloc(base64_length(count) + 1), *text = NULL;
    if (!packed)
        return;
    base64_encode(bytes, count, packed);
    int length = asprintf(&text,
                          "{\"body\": \"%s\", \"content-type\": \"application/json\", \"content-encoding\": \"utf-8\", "
                          "\"headers\": {}, \"properties\": {\"body_encoding\": \"base64\"}}",
                          packed);
    if (length > 0) {
        act(text, (size_t)length);
        free(text);
    }
    free(packed);
}

/* What is shown of an address must be an address again. */
static void read_address(const uint8_t *bytes, size_t count)
{
    redis_address address, again;
    char shown[2 * ADDRESS_MOST];
    gpen_error error;
    char *text = strndup((const char *)bytes, count);
    if (text && !redis_address_read(text, &address, &error)) {
        redis_address_write(&address, shown, sizeof shown);
        (void)redis_address_read(shown, &again, &error);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    act((const char *)bytes, count);
    act_on_body(bytes, count);
    read_address(bytes, count);
    return 0;
}
