/* What the scheduler itself costs: works through COUNT tiny items with workers that do next to nothing, and prints milliseconds of its own
 * processor time and of waiting an item, the store's size, how long a page of the list takes, and what is left open behind it.
 *
 *     scheduler_items FAKE_WORKER COUNT [WORKERS]
 *
 * FAKE_WORKER: tests/batch/fake_worker of the build folder. TMPDIR says on which disk the store is. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/content.h"
#include "batch/scheduler.h"

typedef struct measure {
    int ended, failed;
} measure;

static void ended(void *context, const scheduler_end *end)
{
    measure *m = context;
    m->ended++;
    m->failed += end->state != STORE_DONE;
}

static int count_entries(const char *folder)
{
    DIR *listing = opendir(folder);
    int count = 0;
    while (listing && readdir(listing))
        count++;
    if (listing)
        (void)closedir(listing);
    return count;
}

static double own_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int64_t size_of(const char *folder)
{
    static const char *const names[] = {"batches.db", "batches.db-wal", "batches.db-shm"};
    int64_t bytes = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat facts;
        char *path = path_join(folder, names[i]);
        if (path && !stat(path, &facts))
            bytes += facts.st_size;
        free(path);
    }
    return bytes;
}

static store_new_item *make_items(int count, const char *input)
{
    store_new_item *items = calloc((size_t)count, sizeof *items);
    for (int i = 0; items && i < count; i++) {
        char *output = NULL;
        if (asprintf(&output, "%03d/%05d.png", i / 1000, i) < 0)
            abort();
        items[i] = (store_new_item){.input = input, .relative = "ok.png", .output = output};
        (void)content_read(&items[i].content, input);
    }
    return items;
}

/* The slowest page of a hundred, of those that a reader may ask for. */
static double slowest_page(const char *folder, int64_t batch, int count)
{
    batch_store *store;
    double slowest = 0;
    if (store_open_reader(&store, folder, NULL))
        return -1;
    for (int64_t after = 0; after < count; after += 997) {
        store_item *page;
        size_t found;
        double begun = clock_seconds();
        if (!store_items_list(store, batch, STORE_STATES, after, 100, &page, &found, NULL))
            store_items_free(page, found);
        double seconds = clock_seconds() - begun;
        slowest = seconds > slowest ? seconds : slowest;
    }
    store_close(store);
    return slowest;
}

int main(int argc, char **argv)
{
    static const char *arguments[] = {"fake_worker", NULL};
    const char *parent = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char folder[4096], store[4200], out[4200], input[4200];
    gpen_error error = {0};
    measure m = {0};
    int count = argc > 2 ? atoi(argv[2]) : 0;
    if (count < 1)
        return 2;
    snprintf(folder, sizeof folder, "%s/gpen-items-XXXXXX", parent);
    if (!mkdtemp(folder))
        return 1;
    snprintf(store, sizeof store, "%s/store", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(input, sizeof input, "%s/ok.png", folder);
    if (file_replace(input, "a photo", 7, &error))
        return 1;
    scheduler_options options = scheduler_options_default();
    options.folder = store;
    options.program = argv[1];
    options.arguments = arguments;
    options.workers = argc > 3 ? atoi(argv[3]) : 2;
    options.setup.sandbox = false;
    const scheduler_events events = {.context = &m, .ended = ended};
    const batch_settings settings = batch_settings_default();
    const scheduler_batch batch = {.settings = &settings, .output_folder = out};
    store_new_item *items = make_items(count, input);
    int64_t id;
    int descriptors = count_entries("/proc/self/fd");
    double begun = clock_seconds();
    scheduler *s;
    if (!items || scheduler_new(&s, &options, &events, &error) ||
        scheduler_add(s, &batch, items, (size_t)count, &id, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("%d items added in %.2f s\n", count, clock_seconds() - begun);
    begun = clock_seconds();
    double spent = own_seconds();
    while (!scheduler_finished(s))
        if (scheduler_turn(s, 0.5, &error)) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
    double seconds = clock_seconds() - begun;
    spent = own_seconds() - spent;
    double page = slowest_page(store, id, count);
    scheduler_free(s);
    printf(
        "%d ended, %d failed; %.3f ms an item by the clock, %.3f ms of processor time; store %.2f MiB; slowest page of "
        "100: %.2f ms; descriptors %d, before %d\n",
        m.ended, m.failed, 1000 * seconds / count, 1000 * spent / count, (double)size_of(store) / 1048576, page * 1000,
        count_entries("/proc/self/fd"), descriptors);
    printf("the folder is %s\n", folder);
    return 0;
}
