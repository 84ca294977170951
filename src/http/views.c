/* What the API shows. Its own file because the same objects are answers and events. */
#include "http/views.h"

#include <stdlib.h>
#include <string.h>

#include "base/characters.h"
#include "base/file.h"
#include "base/machine_memory.h"
#include "base/process_memory.h"
#include "base/threads.h"
#include "batch/reasons.h"
#include "batch/settings_json.h"
#include "http/choices.h"
#include "http/engine.h"
#include "http/queue.h"
#include "http/saved_faces.h"
#include "http/storage.h"

char *view_text(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
    json_decref(object);
    return text;
}

/* A text that may not be UTF-8 (a file's name on a disk), made so. NULL: no memory. */
static json_t *safe_text(const char *text)
{
    if (text_is_utf8(text))
        return json_pack("s", text);
    char *copy = strdup(text), *to = copy;
    for (const char *p = text; copy && *p;) {
        const char *from = p;
        if (text_next(&p) < 0)
            *to++ = '?';
        else
            to = mempcpy(to, from, (size_t)(p - from));
    }
    if (copy)
        *to = '\0';
    json_t *made = copy ? json_pack("s", copy) : NULL;
    free(copy);
    return made;
}

/* The object behind a text that this program wrote, or null. */
static json_t *parsed(const char *text)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    return object ? object : json_pack("n");
}

/* ---------------------------------------------------------------- batches */

static const char *batch_state(const store_batch *batch)
{
    if (batch->cancelled)
        return "cancelled";
    if (batch->ended)
        return "done";
    if (batch->paused)
        return "paused";
    return batch->counts[STORE_RUNNING] || batch->counts[STORE_DONE] || batch->counts[STORE_FAILED] ? "running"
                                                                                                    : "waiting";
}

static json_t *view_settings(const store_batch *batch, char *name, size_t capacity, bool *single)
{
    batch_settings settings;
    if (batch_settings_read(&settings, batch->settings, NULL))
        settings = batch_settings_default();
    snprintf(name, capacity, "%s", settings.name);
    *single = settings.single;
    return settings_to_json(&settings);
}

json_t *view_batch(http_server *server, const store_batch *batch)
{
    char name[BATCH_LONGEST_NAME + 1];
    bool single;
    json_t *settings = view_settings(batch, name, sizeof name, &single), *counts = json_pack("{}");
    int64_t total = 0, left = batch->counts[STORE_QUEUED] + batch->counts[STORE_RUNNING];
    double pace = engine_pace(server->engine, batch->id);
    for (int i = 0; i < STORE_STATES; i++) {
        total += batch->counts[i];
        (void)json_object_set_new(counts, store_state_name((store_state)i),
                                  json_pack("I", (json_int_t)batch->counts[i]));
    }
    json_t *object = json_pack("{sI ss sb sI ss so so sI}", "id", (json_int_t)batch->id, "name", name, "single", single,
                               "created", (json_int_t)batch->created, "state", batch_state(batch), "settings", settings,
                               "counts", counts, "total", (json_int_t)total);
    if (!object)
        return NULL;
    bool known = pace > 0;
    if (json_object_set_new(object, "ended",
                            batch->ended ? json_pack("I", (json_int_t)batch->ended) : json_pack("n")) ||
        json_object_set_new(object, "seconds_a_photo", known ? json_pack("f", pace) : json_pack("n")) ||
        json_object_set_new(object, "remaining_seconds",
                            known && left ? json_pack("f", pace * (double)left) : json_pack("n"))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---------------------------------------------------------------- items */

static gpen_face_state face_state_of(const char *name)
{
    for (int i = 0; name && i < GPEN_FACE_STATE_COUNT; i++)
        if (!strcmp(gpen_face_state_name((gpen_face_state)i), name))
            return (gpen_face_state)i;
    return GPEN_FACE_FOUND;
}

/* A member of the stored face, or what stands for one that older versions did not write. Borrowed is copied. */
static json_t *member(json_t *face, const char *name, const char *otherwise)
{
    json_t *value = json_object_get(face, name);
    return value ? json_incref(value) : json_pack(otherwise);
}

static json_t *view_face(json_t *face, size_t index, bool saved, gpen_language language)
{
    const char *name = json_string_value(json_object_get(face, "state"));
    gpen_face_state state = face_state_of(name);
    return json_pack("{sI so so so ss ss so sb}", "index", (json_int_t)index, "box", member(face, "box", "[iiii]"),
                     "score", member(face, "score", "i"), "landmarks", member(face, "landmarks", "[]"), "state",
                     gpen_face_state_name(state), "state_text", gpen_face_state_sentence(state, language), "strength",
                     member(face, "strength", "n"), "saved", saved);
}

static json_t *view_faces(const http_server *server, const store_item *item, gpen_language language)
{
    json_t *faces = parsed(item->faces_json), *list = json_pack("[]"), *face;
    size_t index;
    json_array_foreach(faces, index, face)
    {
        if (json_object_get(face, "box"))
            (void)json_array_append_new(list, view_face(face, index, saved_face_there(server, item, index), language));
    }
    json_decref(faces);
    return list;
}

static double seconds_spent(const store_item *item)
{
    double seconds = 0;
    for (int i = 0; i < STORE_STAGES; i++)
        seconds += item->spent.seconds[i];
    return seconds;
}

static json_t *known_text(const char *text)
{
    return text && *text ? safe_text(text) : json_pack("n");
}

/* Why it failed, and what to do about it. */
static bool put_reason(json_t *object, const store_item *item, gpen_language language)
{
    gpen_status reason = item->reason;
    const char *advice = reason_advice(reason, language);
    return !json_object_set_new(object, "reason", reason ? json_pack("s", gpen_status_name(reason)) : json_pack("n")) &&
           !json_object_set_new(object, "reason_text",
                                reason ? json_pack("s", gpen_status_sentence(reason, language)) : json_pack("n")) &&
           !json_object_set_new(object, "advice", known_text(advice)) &&
           !json_object_set_new(object, "detail", known_text(item->detail));
}

/* How far it is. */
static bool put_progress(json_t *object, http_server *server, const store_item *item)
{
    scheduler_running running;
    bool works = item->state == STORE_RUNNING && engine_running(server->engine, item->id, &running);
    double seconds = works ? running.seconds : seconds_spent(item);
    int64_t all = 0;
    for (int i = 0; i < GPEN_FACE_STATE_COUNT; i++)
        all += item->faces[i];
    json_int_t done = works ? (json_int_t)running.faces_ended : (json_int_t)item->faces[GPEN_FACE_RESTORED];
    json_int_t total = works ? (json_int_t)running.faces_chosen : (json_int_t)all;
    return !json_object_set_new(object, "stage",
                                works ? json_pack("s", job_stage_name(running.stage)) : json_pack("n")) &&
           !json_object_set_new(object, "faces_done", json_pack("I", done)) &&
           !json_object_set_new(object, "faces_total", json_pack("I", total)) &&
           !json_object_set_new(object, "seconds", seconds > 0 ? json_pack("f", seconds) : json_pack("n"));
}

static bool put_result(json_t *object, const http_server *server, const store_item *item, gpen_language language)
{
    json_t *made = parsed(item->receipt);
    json_t *width = json_object_get(made, "width"), *height = json_object_get(made, "height");
    bool done = item->state == STORE_DONE && item->output;
    return !json_object_set_new(object, "width", width ? json_incref(width) : json_pack("n")) &&
           !json_object_set_new(object, "height", height ? json_incref(height) : json_pack("n")) &&
           !json_object_set_new(object, "faces", view_faces(server, item, language)) &&
           !json_object_set_new(object, "output_name", done ? safe_text(path_name(item->output)) : json_pack("n")) &&
           !json_object_set_new(object, "receipt", made);
}

json_t *view_item(http_server *server, const store_item *item, gpen_language language)
{
    json_t *object = json_pack("{sI sI sI so ss si}", "id", (json_int_t)item->id, "batch", (json_int_t)item->batch,
                               "position", (json_int_t)item->position, "name", safe_text(item->relative), "state",
                               store_state_name(item->state), "attempts", item->attempts);
    if (object && put_reason(object, item, language) && put_progress(object, server, item) &&
        put_result(object, server, item, language))
        return object;
    json_decref(object);
    return NULL;
}

json_t *view_progress(const store_item *item, job_stage stage, size_t faces_done, size_t faces, double seconds)
{
    return json_pack("{sI sI ss sI sI sf}", "item", (json_int_t)item->id, "batch", (json_int_t)item->batch, "stage",
                     job_stage_name(stage), "faces_done", (json_int_t)faces_done, "faces", (json_int_t)faces, "seconds",
                     seconds);
}

/* ---------------------------------------------------------------- the machine */

static json_t *view_workers(const scheduler_state *state)
{
    json_t *list = json_pack("[]");
    for (int i = 0; i < state->running_count; i++) {
        const scheduler_running *running = &state->running[i];
        if (!running->worker) /* it is on another machine */
            continue;
        int64_t memory = process_memory(running->worker);
        (void)json_array_append_new(list, json_pack("{sI ss sI sI}", "pid", (json_int_t)running->worker, "state",
                                                    "working", "item", (json_int_t)running->item, "memory",
                                                    (json_int_t)(memory > 0 ? memory : 0)));
    }
    return list;
}

static json_t *view_held(const scheduler_state *state, const gpen_error *trouble, gpen_language language)
{
    if (trouble->status)
        return language == GPEN_CHINESE
                   ? json_pack("s", gpen_status_sentence(trouble->status, language))
                   : json_pack("s",
                               *trouble->message ? trouble->message : gpen_status_sentence(trouble->status, language));
    switch (state->hold) {
    case HOLD_NONE: return json_pack("n");
    case HOLD_MEMORY:
        return json_pack("s", language == GPEN_CHINESE ? "内存几乎已满，暂不开始新的照片。" : state->sentence);
    case HOLD_MEMORY_SINGLE:
        return json_pack("s", language == GPEN_CHINESE ? "内存几乎已满，每次只处理一张照片。" : state->sentence);
    case HOLD_BROKER:
        return json_pack("s", language == GPEN_CHINESE ? "无法连接任务队列；已发出的照片不会丢失，恢复连接后继续。"
                                                       : state->sentence);
    case HOLD_STORE: break;
    }
    return json_pack("s", language == GPEN_CHINESE ? "无法写入批次记录，已暂停处理。" : state->sentence);
}

/* Who works on batches: processes of this machine, and why so many; or a fleet. */
static void plan_sentences(const scheduler_state *state, char english[256], char chinese[256])
{
    const crew_look *fleet = &state->crew;
    machine_plan_sentence(&state->plan, GPEN_ENGLISH, english, 256);
    machine_plan_sentence(&state->plan, GPEN_CHINESE, chinese, 256);
    if (!fleet->far)
        return;
    snprintf(english, 256, "A fleet behind a queue. Machines: %d; worker processes: %d; photos with them: %zu.",
             fleet->machines, fleet->ready, fleet->out);
    snprintf(chinese, 256, "由任务队列后的机群处理：%d 台机器，%d 个进程；已发出 %zu 张照片。", fleet->machines,
             fleet->ready, fleet->out);
}

static json_t *view_fleet(const crew_look *fleet)
{
    if (!fleet->far)
        return json_pack("n");
    return json_pack("{sb si si sI}", "reachable", !fleet->away, "machines", fleet->machines, "processes", fleet->ready,
                     "out", (json_int_t)fleet->out);
}

json_t *view_system(http_server *server, gpen_language language)
{
    scheduler_state state;
    gpen_error trouble;
    worker_ready ready;
    queue_numbers queue;
    storage_facts space;
    char english[256], chinese[256];
    engine_look(server->engine, &state, &trouble);
    engine_ready(server->engine, &ready);
    queue_count(server, &queue);
    storage_look(server->storage, &space);
    plan_sentences(&state, english, chinese);
    int64_t used = process_memory(0);
    for (int i = 0; i < state.running_count; i++) {
        int64_t memory = state.running[i].worker ? process_memory(state.running[i].worker) : 0;
        used += memory > 0 ? memory : 0;
    }
    return json_pack("{ss ss ss ss si s{sI sI sI} so s{sI sI} ss ss so so so s{sI sI sI}}", "version", gpen_version(),
                     "device", "cpu", "level", ready.level, "precision", gpen_precision_name(ready.precision), "cores",
                     thread_count_default(), "memory", "total", (json_int_t)machine_memory(), "available",
                     (json_int_t)machine_memory_free(), "used", (json_int_t)used, "workers", view_workers(&state),
                     "queue", "queued", (json_int_t)queue.items[STORE_QUEUED], "running",
                     (json_int_t)queue.items[STORE_RUNNING], "plan_en", english, "plan_zh", chinese, "held",
                     view_held(&state, &trouble, language), "fleet", view_fleet(&state.crew), "chosen",
                     choices_machine(server), "storage", "kept", (json_int_t)space.kept, "most", (json_int_t)space.most,
                     "free", (json_int_t)space.free);
}
