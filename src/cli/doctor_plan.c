/* What the doctor says about how a batch would run here: the plan, with its reasons. Its own file because the plan is arithmetic over
 * what a model says of itself, without running it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine_memory.h"
#include "base/threads.h"
#include "cli/doctor.h"
#include "cli/model_choice.h"
#include "cli/text.h"

static int mebibytes(size_t bytes)
{
    return (int)((bytes + (1 << 20) - 1) >> 20);
}

/* The best installed restorer as its plan describes itself: it is opened, and not run. */
static gpen_status describe_model(doctor_plan *plan, gpen_error *error)
{
    model_choice choice;
    gpen_model *model = NULL;
    gpen_model_info info;
    gpen_status status = model_choose(&choice, MODEL_RESTORER, NULL, error);
    if (status)
        return status;
    char *cache = packed_models_folder();
    const gpen_options options = {.cache = cache};
    status = gpen_model_open(&model, choice.path, &options, error);
    free(cache);
    if (!status) {
        gpen_model_describe(model, &info);
        snprintf(plan->model, sizeof plan->model, "%s", choice.name);
        plan->precision = info.precision;
        plan->weight_mebibytes = mebibytes(info.weight_bytes);
        plan->arena_mebibytes = mebibytes(info.arena_bytes);
    }
    gpen_model_close(model);
    model_choice_free(&choice);
    return status;
}

static void write_sentence(doctor_plan *plan, gpen_language language)
{
    char workers[512], *text = plan->sentences[language];
    const size_t capacity = sizeof plan->sentences[language];
    const char *precision = gpen_precision_name(plan->precision);
    const int packed = plan->weight_mebibytes, work = plan->arena_mebibytes, photo = plan->facts.photo_mebibytes;
    machine_plan_sentence(&plan->plan, language, workers, sizeof workers);
    if (language == GPEN_CHINESE)
        snprintf(text, capacity,
                 "%s。精度 %s，每次处理一张人脸。%s 占用 %d MiB（权重 %d，计算 %d）；处理中的每张大照片另需至多 %d MiB",
                 workers, precision, plan->model, packed + work, packed, work, photo);
    else
        snprintf(
            text, capacity,
            "%s. Each works in %s, one face at a time. %s takes %d MiB, %d for its weights and %d for its work; each "
            "large photo in hand takes up to %d MiB more",
            workers, precision, plan->model, packed + work, packed, work, photo);
}

void examine_plan(finding_list *findings, doctor_plan *plan)
{
    gpen_error error;
    *plan = (doctor_plan){.known = false};
    if (describe_model(plan, &error)) {
        finding_add(findings, "plan", FINDING_PROBLEM, "how a batch would run cannot be said: %s", error.message);
        return;
    }
    int64_t available = machine_memory_free();
    plan->facts = (machine_facts){.cores = thread_count_default(),
                                  .available_mebibytes = available < 0 ? 0 : (int)(available >> 20),
                                  .model_mebibytes = plan->weight_mebibytes + plan->arena_mebibytes,
                                  .photo_mebibytes = MACHINE_USUAL_PHOTO};
    plan->plan = machine_plan_make(&plan->facts);
    plan->known = true;
    for (int language = GPEN_ENGLISH; language <= GPEN_CHINESE; language++)
        write_sentence(plan, (gpen_language)language);
    finding_add(findings, "plan", plan->plan.limit == SHORT_OF_MEMORY ? FINDING_WARNING : FINDING_OK, "%s",
                plan->sentences[text_language()]);
}

void doctor_plan_json(json_writer *json, const doctor_plan *plan)
{
    static const char *const limits[] = {[LIMITED_BY_CORES] = "cores",
                                         [LIMITED_BY_MEMORY] = "memory",
                                         [SHORT_OF_MEMORY] = "short_of_memory",
                                         [LIMITED_BY_PHOTOS] = "photos",
                                         [AS_WANTED] = "as_wanted"};
    if (!plan->known) {
        json_null(json, "plan");
        return;
    }
    json_object(json, "plan");
    json_integer(json, "workers", plan->plan.workers);
    json_integer(json, "threads", plan->plan.threads);
    json_text(json, "precision", gpen_precision_name(plan->precision));
    json_integer(json, "batch_size", 1); /* faces at a time: more gains nothing on a processor */
    json_text(json, "limit", limits[plan->plan.limit]);
    json_path(json, "model", plan->model);
    json_integer(json, "weight_mebibytes", plan->weight_mebibytes);
    json_integer(json, "arena_mebibytes", plan->arena_mebibytes);
    json_integer(json, "photo_mebibytes", plan->facts.photo_mebibytes);
    json_integer(json, "needed_mebibytes", plan->plan.needed_mebibytes);
    json_integer(json, "worker_mebibytes", plan->plan.worker_mebibytes);
    json_integer(json, "cores", plan->facts.cores);
    json_integer(json, "available_mebibytes", plan->facts.available_mebibytes);
    json_text(json, "text_en", plan->sentences[GPEN_ENGLISH]);
    json_text(json, "text_zh", plan->sentences[GPEN_CHINESE]);
    json_object_end(json);
}
