/* Which workers there are: how many, with what models and how much memory. Its own file because it is the plan put to use. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/machine_memory.h"
#include "base/threads.h"
#include "batch/scheduler_room.h"

/* ---------------------------------------------------------------- models */

/* What the item's batch wants of a worker. */
static void wanted_setup(const scheduler *s, const errand *e, worker_setup *setup)
{
    const batch_settings *settings = &e->settings;
    *setup = s->options.setup;
    if (*settings->restorer.path) {
        setup->restorer = settings->restorer;
        setup->detector = settings->detector;
        setup->parser = settings->parser;
    }
    gpen_precision precision = batch_settings_precision(settings);
    if (precision != GPEN_PRECISION_AUTO)
        setup->precision = precision;
}

static bool same_models(const worker_setup *a, const worker_setup *b)
{
    return !strcmp(a->restorer.path, b->restorer.path) && !strcmp(a->detector.path, b->detector.path) &&
           !strcmp(a->parser.path, b->parser.path);
}

bool errand_needs_others(const scheduler *s, const errand *e)
{
    worker_setup wanted;
    wanted_setup(s, e, &wanted);
    return s->pool && (!s->begun || wanted.precision != s->setup.precision || !same_models(&wanted, &s->setup));
}

/* ---------------------------------------------------------------- the plan */

static int mebibytes_of(const worker_model *model)
{
    struct stat facts;
    return *model->path && !stat(model->path, &facts) ? (int)(facts.st_size >> 20) : 0;
}

/* Before a worker says it: weights as they stand in their files, and as much again for the work. */
static int guess_model(const worker_setup *setup)
{
    return 64 + 2 * (mebibytes_of(&setup->restorer) + mebibytes_of(&setup->detector) + mebibytes_of(&setup->parser));
}

machine_facts scheduler_facts(const scheduler_options *options)
{
    int64_t available = machine_memory_free();
    return (machine_facts){.cores = thread_count_default(),
                           .available_mebibytes = available < 0 ? 0 : (int)(available >> 20),
                           .model_mebibytes = guess_model(&options->setup),
                           .photo_mebibytes = MACHINE_USUAL_PHOTO,
                           .photos = options->photos,
                           .workers = options->workers,
                           .threads = options->setup.threads};
}

static void make_plan(scheduler *s, int model_mebibytes)
{
    machine_facts facts = scheduler_facts(&s->options);
    facts.model_mebibytes = model_mebibytes;
    pthread_mutex_lock(&s->lock);
    s->plan = machine_plan_make(&facts);
    pthread_mutex_unlock(&s->lock);
}

static void name_model(receipt_model *named, const worker_model *model)
{
    *named = (receipt_model){.name = *model->name ? model->name : NULL};
    memcpy(named->sha256, model->sha256, sizeof named->sha256);
}

/* With less than a worker is expected to need it could not even begin, so it gets that and the system decides. */
static int memory_limit(const scheduler *s)
{
    if (s->options.setup.memory_mebibytes > 0)
        return s->options.setup.memory_mebibytes;
    int share = s->plan.worker_mebibytes, needed = s->plan.needed_mebibytes;
    return !share || share > needed ? share : needed;
}

static void begin_with(scheduler *s, const worker_setup *setup)
{
    s->setup = *setup;
    make_plan(s, guess_model(setup));
    s->setup.threads = s->plan.threads;
    s->setup.memory_mebibytes = memory_limit(s);
    s->has_own_models = !same_models(setup, &s->options.setup) ||
                        (setup->precision == GPEN_PRECISION_BF16 && setup->precision != s->options.setup.precision);
    s->made = (receipt){.level = NULL};
    name_model(&s->made.restorer, &s->setup.restorer);
    name_model(&s->made.detector, &s->setup.detector);
    name_model(&s->made.parser, &s->setup.parser);
    pool_renew(s->pool, &s->setup);
    pool_allow(s->pool, 1); /* it packs the weights, which the others then share */
    s->begun = true;
}

void scheduler_start_early(scheduler *s)
{
    begin_with(s, &s->options.setup);
    (void)pool_turn(s->pool, 0, NULL); /* what is wrong with it is said by a later turn */
}

void scheduler_man(scheduler *s)
{
    const errand *e = s->errands;
    worker_setup wanted;
    while (e && (e->given || e->ended))
        e = e->next;
    if (!s->pool || !e || s->stop || s->broken.status || errands_given(s) || !pool_idle(s->pool) ||
        !errand_needs_others(s, e))
        return;
    wanted_setup(s, e, &wanted);
    begin_with(s, &wanted);
}

void scheduler_replan(scheduler *s, const worker_ready *ready)
{
    if (!s->made.level && s->pool) {
        make_plan(s, (int)((ready->weight_bytes + ready->arena_bytes) >> 20));
        pool_allow(s->pool, s->plan.workers);
    }
    snprintf(s->level, sizeof s->level, "%s", ready->level);
    s->made.level = s->level;
    s->made.precision = gpen_precision_name(ready->precision);
}
