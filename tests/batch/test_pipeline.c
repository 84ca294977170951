/* Orders that are taken back from a worker whose present photo takes long: wherever they wait they end at once, as cancelled, and
 * the photo in work goes on.
 *
 *     test_pipeline RESTORER FACE */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/file.h"
#include "batch/pipeline.h"

enum { ORDERS = 4, PATIENCE = 60, LONG_ONE = 1 };

static const char *restorer, *face;

typedef struct kit {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held, released, decoded[ORDERS + 1];
    int ends[ORDERS + 1];
    gpen_status status[ORDERS + 1];
    job_stage stage[ORDERS + 1];
} kit;

/* The first photo stays in the middle of its work until the test lets it go on. */
static void see_stage(void *context, const job_order *order, job_stage stage)
{
    kit *k = context;
    pthread_mutex_lock(&k->lock);
    k->decoded[order->id] |= k->stage[order->id] == JOB_DECODE && stage == JOB_WAITING;
    k->stage[order->id] = stage;
    k->held |= order->id == LONG_ONE && stage == JOB_RESTORE;
    pthread_cond_broadcast(&k->changed);
    while (order->id == LONG_ONE && stage == JOB_RESTORE && !k->released)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

static void see_end(void *context, const job_order *order, job_result *result)
{
    kit *k = context;
    pthread_mutex_lock(&k->lock);
    k->ends[order->id]++;
    k->status[order->id] = result->error.status;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* Until the flag is there. */
#define AWAIT(k, flag)                                                                                                 \
    do {                                                                                                               \
        struct timespec until;                                                                                         \
        int late = 0;                                                                                                  \
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);                                                    \
        until.tv_sec += PATIENCE;                                                                                      \
        pthread_mutex_lock(&(k)->lock);                                                                                \
        while (!(flag) && !late)                                                                                       \
            late = pthread_cond_timedwait(&(k)->changed, &(k)->lock, &until);                                          \
        pthread_mutex_unlock(&(k)->lock);                                                                              \
        assert_int_equal(late, 0);                                                                                     \
    } while (0)

static void add(pipeline *line, uint64_t id)
{
    job_order order = {.id = id, .look = gpen_settings_default(), .format = PICTURE_PNG, .aligned = true};
    int input = open(face, O_RDONLY | O_CLOEXEC), output = file_nameless(NULL);
    assert_true(input >= 0 && output >= 0);
    snprintf(order.input_name, sizeof order.input_name, "%d", (int)id);
    pipeline_add(line, &order, input, output);
}

static void *run(void *line)
{
    pipeline_run(line);
    return NULL;
}

static void what_waits_can_be_taken_back(void **state)
{
    (void)state;
    kit k = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    gpen_error error = {0};
    gpen_model *model;
    pipeline *line;
    pthread_t thread;
    const receipt made = {.level = "any"};
    const gpen_options options = {.threads = 1};
    assert_int_equal(gpen_model_open(&model, restorer, &options, &error), GPEN_OK);
    const pipeline_options how = {.model = model,
                                  .made = &made,
                                  .watch = {.context = &k, .stage = see_stage, .ended = see_end}};
    assert_int_equal(pipeline_new(&line, &how, &error), GPEN_OK);
    assert_int_equal(pthread_create(&thread, NULL, run, line), 0);
    for (uint64_t id = LONG_ONE; id <= ORDERS; id++)
        add(line, id);
    AWAIT(&k, k.held && k.decoded[2]); /* the second waits decoded, the third to be decoded, the fourth behind it */
    for (uint64_t id = ORDERS; id > LONG_ONE; id--) {
        pipeline_take_back(line, id);
        AWAIT(&k, k.ends[id]);
        assert_int_equal(k.status[id], GPEN_CANCELLED);
    }
    pipeline_take_back(line, LONG_ONE); /* it is begun */
    pipeline_take_back(line, 99);       /* there is no such one */
    assert_int_equal(k.ends[LONG_ONE], 0);
    pthread_mutex_lock(&k.lock);
    k.released = true;
    pthread_cond_broadcast(&k.changed);
    pthread_mutex_unlock(&k.lock);
    add(line, 2); /* once more: nothing of it is left */
    AWAIT(&k, k.ends[2] == 2);
    pipeline_quit(line);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(k.status[LONG_ONE], GPEN_OK);
    assert_int_equal(k.status[2], GPEN_OK);
    assert_int_equal(k.ends[LONG_ONE], 1);
    assert_int_equal(k.ends[3] + k.ends[4], 2);
    pipeline_free(line);
    gpen_model_close(model);
}

int main(int argc, char **argv)
{
    gpen_error error;
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_waits_can_be_taken_back)};
    if (argc < 3 || pictures_begin("test_pipeline", &error))
        return 2;
    restorer = argv[1];
    face = argv[2];
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pictures_end();
    return failed;
}
