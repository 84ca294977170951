/* Small batches, and a store's contents as one text. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t kit_add(batch_store *store, const char *out, int count, gpen_error *error)
{
    char names[KIT_MOST][2][64];
    store_new_item items[KIT_MOST];
    int64_t id = 0;
    for (int i = 0; i < count && i < KIT_MOST; i++) {
        snprintf(names[i][0], 64, "/in/%d.jpg", i + 1);
        snprintf(names[i][1], 64, "%d.jpg", i + 1);
        items[i] = (store_new_item){.input = names[i][0],
                                    .relative = names[i][1],
                                    .content = {.bytes = 1000 + i, .modified = 5},
                                    .output = names[i][1]};
    }
    store_new_batch batch = {.settings = "{\"strength\": 80}", .settings_key = "key", .output_folder = out};
    return store_batch_add(store, &batch, items, (size_t)count, KIT_NOW, &id, error) ? 0 : id;
}

store_result kit_result(void)
{
    return (store_result){.spent = {.seconds = {0.1, 0.2, 0.3, 0, 0.4}, .peak_memory = 1 << 20},
                          .input_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                          .written = {.bytes = 77, .modified = 9},
                          .faces = {[GPEN_FACE_RESTORED] = 2, [GPEN_FACE_TOO_SMALL] = 1},
                          .faces_json = "[1, 2, 3]",
                          .receipt = "{\"program\": \"gpen\"}"};
}

/* ---------------------------------------------------------------- the digest */

static gpen_status write_attempts(batch_store *store, FILE *out, int64_t item, gpen_error *error)
{
    store_attempt *attempts;
    size_t count;
    gpen_status status = store_attempts_list(store, item, &attempts, &count, error);
    for (size_t i = 0; i < count; i++) {
        const store_attempt *attempt = &attempts[i];
        store_outcome outcome = attempt->outcome == STORE_ATTEMPT_OPEN ? STORE_ATTEMPT_INTERRUPTED : attempt->outcome;
        fprintf(out, "    attempt %d worker %lld %s %s %d %d\n", attempt->number, (long long)attempt->worker,
                store_outcome_name(outcome), gpen_status_name(attempt->reason), attempt->signal, attempt->shrink);
    }
    store_attempts_free(attempts, count);
    return status;
}

static gpen_status write_item(batch_store *store, FILE *out, const store_item *item, gpen_error *error)
{
    store_state state = item->state == STORE_RUNNING ? STORE_QUEUED : item->state;
    fprintf(out, "  item %lld at %lld %s %s -> %s %s %s %s attempts %d retries %d kills %d shrink %d\n",
            (long long)item->id, (long long)item->position, item->input, item->relative,
            item->output ? item->output : "-", store_state_name(state), gpen_status_name(item->reason),
            item->detail ? item->detail : "-", item->attempts, item->retries, item->kills, item->shrink);
    fprintf(out, "    bytes %lld %s faces %lld %lld %s receipt %s seconds %g %g memory %lld\n",
            (long long)item->content.bytes, item->content.sha256, (long long)item->faces[GPEN_FACE_RESTORED],
            (long long)item->faces[GPEN_FACE_TOO_SMALL], item->faces_json ? item->faces_json : "-",
            item->receipt ? item->receipt : "-", item->spent.seconds[0], item->spent.seconds[STORE_STAGE_ENCODE],
            (long long)item->spent.peak_memory);
    return write_attempts(store, out, item->id, error);
}

static gpen_status write_batch(batch_store *store, FILE *out, const store_batch *batch, gpen_error *error)
{
    store_item *items;
    size_t count;
    int64_t total = 0;
    for (int i = 0; i < STORE_STATES; i++)
        total += batch->counts[i];
    fprintf(out, "batch %lld priority %d paused %d cancelled %d cleaning %d items %lld %s %s %s\n",
            (long long)batch->id, batch->priority, batch->paused, batch->cancelled, batch->cleaning, (long long)total,
            batch->settings, batch->settings_key, batch->output_folder);
    gpen_status status = store_items_list(store, batch->id, STORE_STATES, 0, STORE_LONGEST_PAGE, &items, &count, error);
    for (size_t i = 0; !status && i < count; i++)
        status = write_item(store, out, &items[i], error);
    store_items_free(items, count);
    return status;
}

char *kit_digest(batch_store *store, gpen_error *error)
{
    char *text = NULL;
    size_t length = 0, count = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    store_batch *batches = NULL;
    gpen_status status = store_batches_list(store, 0, STORE_LONGEST_PAGE, &batches, &count, error);
    for (size_t i = 0; !status && i < count; i++)
        status = write_batch(store, out, &batches[i], error);
    store_batches_free(batches, count);
    fclose(out);
    if (!status)
        return text;
    free(text);
    return NULL;
}

/* ---------------------------------------------------------------- files */

unsigned char *kit_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *length = bytes ? (size_t)size : 0;
    return bytes;
}

bool kit_write(const char *path, const unsigned char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(bytes, 1, length, file) == length;
    return !fclose(file) && good;
}
