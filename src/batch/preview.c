/* Photos on a person's table. Its own file because here callers of many threads meet pools, which know only one: each place on the
 * table has a thread that owns a pool of one worker, and a note that says what is wanted from it.
 *
 * One lock guards the table. A place's thread lets go of it while its pool works; what it does with the pool, it does alone. */
#include "batch/preview.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/pool.h"

/* What a caller waits for. On his stack. */
typedef struct request {
    const preview_wish *wish;
    const char *output;
    job_result *result;
    bool given, ended; /* to the pool; by it */
} request;

typedef struct place {
    previews *table;
    pthread_t thread;
    bool started;
    int64_t photo;     /* 0: none */
    uint64_t number;   /* that its worker knows the photo by: no photo put here has the same */
    bool taken;        /* by a caller, until he has his answer */
    bool clear;        /* the worker is to be ended before anything else */
    double asked;      /* when last */
    request *wanted;   /* NULL: nothing */
    request *served;   /* of its thread alone: what its pool works on; NULL: nothing */
    worker_pool *pool; /* of its thread; the pointer is set under the lock, so that others may wake it */
} place;

struct previews {
    previews_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending;
    uint64_t numbers;
    place places[PREVIEWS_MOST];
};

/* ---------------------------------------------------------------- a place's pool */

static bool next_job(void *context, batch_job *job)
{
    place *at = context;
    request *wanted = at->served;
    if (!wanted || wanted->given)
        return false;
    const preview_wish *wish = wanted->wish;
    *job = (batch_job){.order = {.id = at->number,
                                 .look = wish->look,
                                 .format = PICTURE_JPEG,
                                 .quality = wish->quality,
                                 .max_pixels = wish->max_pixels,
                                 .keep = at->number,
                                 .preview_edge = wish->edge},
                       .input = strdup(wish->input),
                       .output = strdup(wanted->output),
                       .overwrite = true,
                       .seconds = at->table->options.seconds};
    wanted->given = true;
    if (!job->input || !job->output) {
        batch_job_free(job);
        gpen_fail_memory(&wanted->result->error, "a preview", strlen(wish->input));
        wanted->ended = true;
        return false;
    }
    job_name_copy(job->order.input_name, wish->input);
    job_name_copy(job->order.output_name, wanted->output);
    return true;
}

static void take_result(void *context, const batch_job *job, job_result *result)
{
    place *at = context;
    (void)job;
    if (!at->served)
        return;
    *at->served->result = *result;
    *result = (job_result){0};
    at->served->ended = true;
}

static void set_pool(place *at, worker_pool *pool)
{
    pthread_mutex_lock(&at->table->lock);
    at->pool = pool;
    pthread_mutex_unlock(&at->table->lock);
}

static void end_pool(place *at)
{
    worker_pool *pool = at->pool;
    set_pool(at, NULL);
    pool_free(pool);
}

static gpen_status begin_pool(place *at, const worker_setup *setup, gpen_error *error)
{
    const previews_options *chosen = &at->table->options;
    const pool_events events = {.context = at, .next = next_job, .ended = take_result};
    pool_options options = pool_options_default();
    worker_pool *pool;
    options.setup = *setup;
    options.ahead = 1; /* see kept_photo.h */
    options.program = chosen->program;
    options.arguments = chosen->arguments;
    gpen_status status = pool_new(&pool, &options, &events, error);
    if (!status)
        set_pool(at, pool);
    return status;
}

/* ---------------------------------------------------------------- a place's thread */

static bool is_ending(previews *table)
{
    pthread_mutex_lock(&table->lock);
    bool ending = table->ending;
    pthread_mutex_unlock(&table->lock);
    return ending;
}

/* Without the lock: until the request has its answer. */
static void serve(place *at, const worker_setup *setup)
{
    gpen_error error = {0};
    gpen_status status = at->pool ? GPEN_OK : begin_pool(at, setup, &error);
    while (!status && !at->served->ended) {
        if (is_ending(at->table))
            pool_stop(at->pool, true);
        status = pool_turn(at->pool, 1.0, &error);
        if (!status && !at->served->ended && pool_idle(at->pool) && is_ending(at->table))
            status = gpen_fail(&error, GPEN_CANCELLED, "the program ends");
    }
    if (status && at->pool)
        end_pool(at);
    if (!at->served->ended) {
        at->served->result->error = error;
        at->served->ended = true;
    }
    at->served = NULL;
}

/* With the lock: waits for a second at most, or looks after the worker meanwhile. */
static void wait_a_little(place *at)
{
    previews *table = at->table;
    worker_pool *pool = at->pool;
    gpen_status status = GPEN_OK;
    if (pool) {
        pthread_mutex_unlock(&table->lock);
        status = pool_turn(pool, 1.0, NULL);
        if (status)
            end_pool(at);
        pthread_mutex_lock(&table->lock);
    } else {
        pthread_cond_wait(&table->changed, &table->lock);
    }
}

/* With the lock; lets go of it for a while. */
static void clear_place(place *at)
{
    at->clear = false;
    at->photo = 0;
    if (!at->pool)
        return;
    pthread_mutex_unlock(&at->table->lock);
    end_pool(at);
    pthread_mutex_lock(&at->table->lock);
}

static void answer(place *at)
{
    previews *table = at->table;
    worker_setup *setup = malloc(sizeof *setup);
    if (setup) {
        *setup = table->options.setup;
        at->served = at->wanted;
        pthread_mutex_unlock(&table->lock);
        serve(at, setup);
        pthread_mutex_lock(&table->lock);
    } else {
        gpen_fail_memory(&at->wanted->result->error, "a preview", sizeof *setup);
        at->wanted->ended = true;
    }
    free(setup);
    at->wanted = NULL;
    pthread_cond_broadcast(&table->changed);
}

static void *place_main(void *argument)
{
    place *at = argument;
    previews *table = at->table;
    pthread_mutex_lock(&table->lock);
    while (!table->ending) {
        bool idle = at->pool && !at->wanted && clock_seconds() - at->asked > table->options.idle_seconds;
        if (at->clear || idle)
            clear_place(at);
        else if (at->wanted)
            answer(at);
        else
            wait_a_little(at);
    }
    if (at->wanted) {
        gpen_fail(&at->wanted->result->error, GPEN_CANCELLED, "the program ends");
        at->wanted->ended = true;
        at->wanted = NULL;
        pthread_cond_broadcast(&table->changed);
    }
    pthread_mutex_unlock(&table->lock);
    end_pool(at);
    return NULL;
}

/* ---------------------------------------------------------------- callers */

/* With the lock. The photo's own place, or an empty one, or the one asked for longest ago; NULL: all are taken. */
static place *choose_place(previews *table, int64_t photo)
{
    place *best = NULL;
    for (int i = 0; i < table->options.most; i++) {
        place *at = &table->places[i];
        if (at->photo == photo && !at->clear)
            return at->taken ? NULL : at;
        if (!at->taken && (!best || (best->photo && (!at->photo || at->asked < best->asked))))
            best = at;
    }
    return best;
}

static gpen_status start_thread(place *at, gpen_error *error)
{
    if (at->started)
        return GPEN_OK;
    if (pthread_create(&at->thread, NULL, place_main, at))
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a thread could not be started");
    at->started = true;
    return GPEN_OK;
}

/* With the lock: takes a place, waiting for one. NULL: the table is being taken down. */
static place *take_place(previews *table, int64_t photo)
{
    place *at = NULL;
    while (!table->ending && !(at = choose_place(table, photo)))
        pthread_cond_wait(&table->changed, &table->lock);
    if (!at)
        return NULL;
    at->taken = true;
    at->asked = clock_seconds();
    if (at->photo != photo) {
        at->photo = photo;
        at->number = ++table->numbers;
    }
    return at;
}

static gpen_status check_wish(const preview_wish *wish, gpen_error *error)
{
    if (wish->photo < 1 || wish->edge < PREVIEWS_LEAST_EDGE || wish->edge > PREVIEWS_MOST_EDGE || wish->quality < 1 ||
        wish->quality > 100)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a preview has %d to %d pixels and a quality of 1 to 100",
                         PREVIEWS_LEAST_EDGE, PREVIEWS_MOST_EDGE);
    return gpen_settings_check(&wish->look, error);
}

static void ask(previews *table, place *at, request *wanted)
{
    at->wanted = wanted;
    if (at->pool)
        pool_wake(at->pool);
    pthread_cond_broadcast(&table->changed);
    while (!wanted->ended || at->wanted == wanted)
        pthread_cond_wait(&table->changed, &table->lock);
}

gpen_status previews_render(previews *table, const preview_wish *wish, const char *output, job_result *result,
                            gpen_error *error)
{
    *result = (job_result){0};
    gpen_error_clear(error);
    gpen_status status = check_wish(wish, error);
    if (status)
        return status;
    request wanted = {.wish = wish, .output = output, .result = result};
    pthread_mutex_lock(&table->lock);
    place *at = take_place(table, wish->photo);
    if (!at) {
        status = gpen_fail(error, GPEN_CANCELLED, "the program ends");
    } else {
        status = start_thread(at, error);
        if (!status)
            ask(table, at, &wanted);
        at->taken = false;
        pthread_cond_broadcast(&table->changed);
    }
    pthread_mutex_unlock(&table->lock);
    if (!status && result->error.status) {
        status = result->error.status;
        if (error)
            *error = result->error;
    }
    return status;
}

void previews_forget(previews *table, int64_t photo)
{
    pthread_mutex_lock(&table->lock);
    for (int i = 0; i < table->options.most; i++) {
        place *at = &table->places[i];
        if (at->photo == photo && at->started) {
            at->clear = true;
            if (at->pool)
                pool_wake(at->pool);
        }
    }
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

void previews_renew(previews *table, const worker_setup *setup)
{
    pthread_mutex_lock(&table->lock);
    table->options.setup = *setup;
    for (int i = 0; i < table->options.most; i++) {
        place *at = &table->places[i];
        at->clear = at->started;
        if (at->pool)
            pool_wake(at->pool);
    }
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

/* ---------------------------------------------------------------- the table */

previews_options previews_options_default(void)
{
    const pool_options pool = pool_options_default();
    return (previews_options){.setup = pool.setup, .most = 2, .idle_seconds = 300, .seconds = 120};
}

gpen_status previews_new(previews **out, const previews_options *options, gpen_error *error)
{
    *out = NULL;
    if (options->most < 1 || options->most > PREVIEWS_MOST || options->idle_seconds < 0 || options->seconds < 0)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "from 1 to %d previews can be kept", PREVIEWS_MOST);
    previews *table = calloc(1, sizeof *table);
    if (!table)
        return gpen_fail_memory(error, "previews", sizeof *table);
    table->options = *options;
    pthread_mutex_init(&table->lock, NULL);
    pthread_cond_init(&table->changed, NULL);
    for (int i = 0; i < options->most; i++)
        table->places[i].table = table;
    *out = table;
    return GPEN_OK;
}

void previews_free(previews *table)
{
    if (!table)
        return;
    pthread_mutex_lock(&table->lock);
    table->ending = true;
    for (int i = 0; i < table->options.most; i++)
        if (table->places[i].pool)
            pool_wake(table->places[i].pool);
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
    for (int i = 0; i < table->options.most; i++)
        if (table->places[i].started)
            pthread_join(table->places[i].thread, NULL);
    /* Who still waits has his answer, or is told that there will be none. */
    pthread_mutex_lock(&table->lock);
    for (int i = 0; i < table->options.most; i++)
        while (table->places[i].taken)
            pthread_cond_wait(&table->changed, &table->lock);
    pthread_mutex_unlock(&table->lock);
    pthread_cond_destroy(&table->changed);
    pthread_mutex_destroy(&table->lock);
    free(table);
}
