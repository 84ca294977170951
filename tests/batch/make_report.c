/* Makes a store of photos that are called what photos are not called, and a report of it:
 *
 *     make_report FOLDER en|zh REPORT [MIB]     REPORT as its ending says; into a file that may not become larger than MIB
 *     make_report --many N FOLDER REPORT        of N photos
 *
 * The store and its small pictures are made below FOLDER when they are not there. tests/batch/test_report.py reads the reports. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "batch/job.h"
#include "batch/report.h"

static const int64_t now = INT64_C(1777889472345); /* 2026-05-04T10:11:12.345Z */

/* What becomes of each; GPEN_OK: done, CANCELLED: it waits. */
static const struct {
    const char *name;
    gpen_status fate;
} photos[] = {
    {"plain.jpg", GPEN_OK},
    {"<script>alert(\"x\")</script>&amp;.jpg", GPEN_UNREADABLE},
    {"=HYPERLINK(\"http://example.org\",\"y\").png", GPEN_MODEL_INVALID},
    {"a, \"b\"\r\nc'.jpg", GPEN_OK},
    {"bytes \xFF\xC3 of no text.png", GPEN_OK},
    {"\xE5\x9B\xBE\xE7\x89\x87/\xE7\x85\xA7.jpg", GPEN_OK},
    {"\xE2\x80\xAEgpj.exe", GPEN_DISK_FULL},
    {"no face.jpg", GPEN_OK},
    {"@waits.jpg", GPEN_CANCELLED},
};

static void require(gpen_status status, const gpen_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* The picture after of the fourth photo lacks its end, as after a power cut. */
static void write_picture(const char *folder, int64_t item, bool after)
{
    gpen_error error;
    char bytes[64];
    int length = snprintf(bytes, sizeof bytes, "\xFF\xD8\xFF%s%s", after ? "after" : "before",
                          after && item == 4 ? "" : "\xFF\xD9");
    char *beginning = job_thumbnails(folder, (uint64_t)item), *path = job_thumbnail_path(beginning, after);
    require(folder_make(folder, &error), &error);
    require(file_replace(path, bytes, (size_t)length, &error), &error);
    free(path);
    free(beginning);
}

static void finish_done(batch_store *store, const store_item *item, gpen_error *error)
{
    store_result result = {.spent = {.seconds = {0.25, 0.5, 1.5, 0, 0.25}, .peak_memory = 1 << 20},
                           .written = {.bytes = 77, .modified = 9},
                           .faces_json = "[{\"state\":\"restored\"}]",
                           .receipt = "{\"program\":\"gpen\"}"};
    if (!strstr(item->relative, "no face")) {
        result.faces[GPEN_FACE_RESTORED] = 2;
        result.faces[GPEN_FACE_TOO_SMALL] = 1;
        result.faces[GPEN_FACE_LOW_SCORE] = 4;
    }
    require(store_finish_done(store, item->id, item->attempts, &result, now + 5000, error), error);
}

/* Fates the next photo: the store hands them out in order. */
static void finish_next(batch_store *store, gpen_status fate, const char *thumbnails)
{
    store_item item;
    gpen_error error = {0};
    require(store_claim(store, 99, now + 1000, &item, &error), &error);
    const store_failure failure = {.reason = fate, .detail = "-details <b>of</b> it"};
    if (thumbnails)
        write_picture(thumbnails, item.id, false);
    if (thumbnails && !fate)
        write_picture(thumbnails, item.id, true);
    if (fate)
        require(store_finish_failed(store, item.id, item.attempts, &failure, now + 5000, NULL, &error), &error);
    else
        finish_done(store, &item, &error);
    store_item_free(&item);
}

static void add_batch(batch_store *store, const store_new_item *items, size_t count)
{
    int64_t id;
    gpen_error error;
    const store_new_batch batch = {
        .settings =
            "{\"mode\":\"natural\",\"strength\":73,\"restorer\":{\"path\":\"/m\",\"name\":\"gpen-<mini>\",\"sha256\":"
            "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}}",
        .settings_key = "key",
        .output_folder = "/results/of <today>"};
    require(store_batch_add(store, &batch, items, count, now, &id, &error), &error);
}

static void fill(batch_store *store, const char *thumbnails)
{
    enum { COUNT = sizeof photos / sizeof *photos };
    store_new_item items[COUNT];
    char inputs[COUNT][256], outputs[COUNT][32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(inputs[i], sizeof inputs[i], "/photos/%s", photos[i].name);
        snprintf(outputs[i], sizeof outputs[i], "re\"sult<%d>%%.jpg", i);
        items[i] = (store_new_item){.input = inputs[i],
                                    .relative = photos[i].name,
                                    .content = {.bytes = 1000 + i, .modified = 5000000},
                                    .output = outputs[i]};
    }
    add_batch(store, items, COUNT);
    for (int i = 0; i < COUNT && photos[i].fate != GPEN_CANCELLED; i++)
        finish_next(store, photos[i].fate, thumbnails);
}

static void fill_many(batch_store *store, int count)
{
    store_new_item *items = calloc((size_t)count, sizeof *items);
    char(*texts)[32] = calloc((size_t)count, sizeof *texts);
    if (!items || !texts)
        exit(1);
    for (int i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "/photos/%d.jpg", i);
        items[i] = (store_new_item){.input = texts[i], .relative = texts[i] + 8, .output = texts[i] + 8};
    }
    add_batch(store, items, (size_t)count);
    free(items);
    free(texts);
}

static batch_store *open_store(const char *folder, const char *thumbnails, int many)
{
    batch_store *store;
    gpen_error error;
    char *path = path_join(folder, "store");
    if (!path_is_folder(path)) {
        require(store_open(&store, path, now, &error), &error);
        if (many)
            fill_many(store, many);
        else
            fill(store, thumbnails);
        store_close(store);
    }
    require(store_open_reader(&store, path, &error), &error);
    free(path);
    return store;
}

/* A disk that is full behaves so. */
static void limit_files(const char *mebibytes)
{
    const rlim_t bytes = (rlim_t)atoi(mebibytes) << 20;
    const struct rlimit most = {bytes, bytes};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &most))
        exit(1);
}

int main(int argc, char **argv)
{
    const int many = argc == 5 && !strcmp(argv[1], "--many") ? atoi(argv[2]) : 0;
    if (argc < 4)
        return 2;
    const char *folder = many ? argv[3] : argv[1], *path = many ? argv[4] : argv[3];
    const int64_t first = 1;
    gpen_error error = {0};
    char *thumbnails = path_join(folder, "small");
    batch_store *store = open_store(folder, thumbnails, many);
    const report_options options = {.batches = &first,
                                    .batch_count = 1,
                                    .thumbnails = thumbnails,
                                    .language = strcmp(argv[2], "zh") ? GPEN_ENGLISH : GPEN_CHINESE,
                                    .now = now + 60000,
                                    .interrupted = !many};
    if (argc == 5 && !many)
        limit_files(argv[4]);
    gpen_status status = report_write(store, &options, path, &error);
    printf("%s\n", status ? gpen_status_name(status) : "written");
    store_close(store);
    free(thumbnails);
    return 0;
}
