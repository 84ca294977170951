/* What the tests of the scheduler share: a folder with photos and a store, and a record of what was told. */
#ifndef TESTS_BATCH_SCHEDULER_KIT_H
#define TESTS_BATCH_SCHEDULER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/content.h"
#include "batch/scheduler.h"

#include "../base/scratch.h"

enum { KIT_MOST_ITEMS = 1024 };

typedef struct kit {
    char *folder, *out, *store;
    const char *arguments[3];
    scheduler_options options;
    scheduler_events events;
    scheduler *s;
    batch_settings settings;
    int64_t batch;              /* the newest */
    int ended[KIT_MOST_ITEMS];  /* by item: how often it came to its end (not: was queued again) */
    int queued[KIT_MOST_ITEMS]; /* how often it was queued again */
    store_state state[KIT_MOST_ITEMS];
    gpen_status reason[KIT_MOST_ITEMS];
    char copy[4096]; /* the last one */
    int begun, batches_ended, deaths, started, holds;
    int64_t order[KIT_MOST_ITEMS]; /* items as they began */
    scheduler_hold hold;
    char sentence[256];
    int kill_every; /* so many begun photos, their worker is killed; 0: never */
    double memory;  /* share in use */
    int64_t disk;
} kit;

static const char *kit_worker; /* the fake one's path */

static inline void kit_began(void *context, const store_item *item, pid_t worker)
{
    kit *k = context;
    k->order[k->begun++ % KIT_MOST_ITEMS] = item->id;
    if (k->kill_every && k->begun % k->kill_every == 0)
        (void)kill(worker, SIGKILL);
}

static inline void kit_ended(void *context, const scheduler_end *end)
{
    kit *k = context;
    int64_t id = end->item->id;
    assert_in_range(id, 1, KIT_MOST_ITEMS - 1);
    if (end->state == STORE_QUEUED)
        k->queued[id]++;
    else
        k->ended[id]++;
    k->state[id] = end->state;
    k->reason[id] = end->reason;
    if (end->copy)
        snprintf(k->copy, sizeof k->copy, "%s", end->copy);
}

static inline void kit_batch_ended(void *context, const store_batch *batch)
{
    assert_true(batch->ended > 0);
    ((kit *)context)->batches_ended++;
}

static inline void kit_started(void *context, pid_t worker, const worker_ready *ready)
{
    (void)worker, (void)ready;
    ((kit *)context)->started++;
}

static inline void kit_died(void *context, const pool_death *death)
{
    (void)death;
    ((kit *)context)->deaths++;
}

static inline void kit_held(void *context, scheduler_hold why, const char *sentence)
{
    kit *k = context;
    k->holds++;
    k->hold = why;
    snprintf(k->sentence, sizeof k->sentence, "%s", sentence);
}

static inline double kit_memory(void *context)
{
    return ((kit *)context)->memory;
}

static inline int64_t kit_disk(void *context, const char *folder)
{
    (void)folder;
    return ((kit *)context)->disk;
}

static inline char *kit_path(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    assert_non_null(path);
    return path;
}

static inline kit *kit_new(int workers)
{
    kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    void *folder = NULL;
    assert_int_equal(scratch_setup(&folder), 0);
    k->folder = folder;
    k->out = kit_path(k->folder, "out");
    k->store = kit_path(k->folder, "store");
    k->arguments[0] = "fake_worker";
    k->settings = batch_settings_default();
    k->options = scheduler_options_default();
    k->options.folder = k->store;
    k->options.program = kit_worker;
    k->options.arguments = k->arguments;
    k->options.setup.sandbox = false;
    k->options.setup.threads = 1;
    k->options.workers = workers;
    k->options.memory_used = kit_memory;
    k->options.disk_free = kit_disk;
    k->options.context = k;
    k->disk = -1;
    k->events = (scheduler_events){.context = k,
                                   .began = kit_began,
                                   .ended = kit_ended,
                                   .batch_ended = kit_batch_ended,
                                   .worker_started = kit_started,
                                   .worker_died = kit_died,
                                   .held = kit_held};
    return k;
}

static inline void kit_open(kit *k)
{
    gpen_error error = {0};
    if (scheduler_new(&k->s, &k->options, &k->events, &error))
        fail_msg("%s", error.message);
}

static inline void kit_close(kit *k)
{
    scheduler_free(k->s);
    k->s = NULL;
}

static inline void kit_free(kit *k)
{
    kit_close(k);
    (void)scratch_teardown((void **)&k->folder);
    free(k->out);
    free(k->store);
    free(k);
}

static inline void kit_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Adds a batch of photos by name, which the fake worker obeys; names ends with NULL. The first item's id. */
static inline int64_t kit_add(kit *k, const char *const *names, int priority)
{
    store_new_item items[64] = {{.input = NULL}};
    size_t count = 0;
    gpen_error error = {0};
    char outputs[64][64];
    for (; names[count]; count++) {
        char *path = kit_path(k->folder, names[count]);
        kit_write(path, "a photo");
        snprintf(outputs[count], sizeof outputs[count], "%s.png", names[count]);
        items[count] = (store_new_item){.input = path, .relative = names[count], .output = outputs[count]};
        assert_int_equal(content_read(&items[count].content, path), 0);
    }
    const scheduler_batch batch = {.settings = &k->settings, .output_folder = k->out, .priority = priority};
    if (scheduler_add(k->s, &batch, items, count, &k->batch, &error))
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; i++)
        free((char *)items[i].input);
    batch_store *store;
    store_item *first;
    size_t found;
    assert_int_equal(store_open_reader(&store, k->store, &error), GPEN_OK);
    assert_int_equal(store_items_list(store, k->batch, STORE_STATES, 0, 1, &first, &found, &error), GPEN_OK);
    int64_t id = found ? first->id : 0;
    store_items_free(first, found);
    store_close(store);
    return id;
}

/* Until there is nothing more to do. */
static inline void kit_run(kit *k, double most_seconds)
{
    double begun = clock_seconds();
    gpen_error error = {0};
    while (!scheduler_finished(k->s)) {
        if (scheduler_turn(k->s, 0.2, &error))
            fail_msg("%s", error.message);
        if (clock_seconds() - begun > most_seconds)
            fail_msg("not finished after %g seconds", most_seconds);
    }
}

static inline store_item kit_item(const kit *k, int64_t id)
{
    batch_store *store;
    store_item item;
    assert_int_equal(store_open_reader(&store, k->store, NULL), GPEN_OK);
    assert_int_equal(store_item_get(store, id, &item, NULL), GPEN_OK);
    store_close(store);
    return item;
}

static inline bool kit_has(const kit *k, const char *name)
{
    char *path = kit_path(k->out, name);
    bool has = path_is_file(path);
    free(path);
    return has;
}

#endif
