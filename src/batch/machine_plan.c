/* Workers and threads for a machine. Its own file because it is arithmetic that can be looked at without a machine. */
#include "batch/machine_plan.h"

#include <stdio.h>

enum { PHOTOS_HELD = 3, MOST_WORKERS = 256 };

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Of the numbers of workers that fit, the one that leaves the fewest cores idle; of those the largest. */
static int choose_workers(int cores, int most)
{
    int best = 1;
    for (int workers = 2; workers <= most; workers++)
        if (cores / workers * workers >= cores / best * best)
            best = workers;
    return best;
}

machine_plan machine_plan_make(const machine_facts *facts)
{
    int cores = facts->cores > 0 ? facts->cores : 1;
    long long needed = (long long)facts->model_mebibytes + (long long)PHOTOS_HELD * facts->photo_mebibytes;
    long long usable = (long long)facts->available_mebibytes * 4 / 5;
    machine_plan plan = {.needed_mebibytes = needed < 1 ? 1 : needed > INT32_MAX ? INT32_MAX : (int)needed};
    int most = smaller(cores, MOST_WORKERS);
    if (facts->threads > 1)
        most = smaller(most, (cores + facts->threads - 1) / facts->threads);
    if (facts->photos > 0 && facts->photos < most) {
        most = facts->photos;
        plan.limit = LIMITED_BY_PHOTOS;
    }
    if (facts->available_mebibytes > 0 && usable / plan.needed_mebibytes < most) {
        most = (int)(usable / plan.needed_mebibytes);
        plan.limit = most ? LIMITED_BY_MEMORY : SHORT_OF_MEMORY;
    }
    plan.workers = facts->workers > 0 ? smaller(facts->workers, MOST_WORKERS) : choose_workers(cores, most);
    plan.threads = smaller(cores / plan.workers, MOST_WORKERS);
    plan.threads = facts->threads > 0 ? facts->threads : plan.threads > 0 ? plan.threads : 1;
    if (facts->workers > 0 || facts->threads > 0)
        plan.limit = AS_WANTED;
    plan.worker_mebibytes = (int)(usable / plan.workers);
    return plan;
}

static void say_in_english(const machine_plan *plan, char *text, size_t capacity)
{
    const char *workers = plan->workers == 1 ? "" : "s", *threads = plan->threads == 1 ? "" : "s";
    if (plan->limit == LIMITED_BY_CORES)
        snprintf(text, capacity, "%d worker%s with %d thread%s each: one for each core", plan->workers, workers,
                 plan->threads, threads);
    else if (plan->limit == LIMITED_BY_PHOTOS)
        snprintf(text, capacity, "%d worker%s with %d thread%s each: there is no more to do at once", plan->workers,
                 workers, plan->threads, threads);
    else if (plan->limit == AS_WANTED)
        snprintf(text, capacity, "%d worker%s with %d thread%s each, as asked for", plan->workers, workers,
                 plan->threads, threads);
    else if (plan->limit == LIMITED_BY_MEMORY)
        snprintf(text, capacity,
                 "%d worker%s with %d thread%s each: memory is enough for no more, since a worker may need %d MiB, so "
                 "they share the cores",
                 plan->workers, workers, plan->threads, threads, plan->needed_mebibytes);
    else
        snprintf(text, capacity,
                 "1 worker with %d thread%s: memory is short, since a worker may need %d MiB; large photos may fail",
                 plan->threads, threads, plan->needed_mebibytes);
}

static void say_in_chinese(const machine_plan *plan, char *text, size_t capacity)
{
    if (plan->limit == LIMITED_BY_CORES)
        snprintf(text, capacity, "%d 个工作进程，每个 %d 个线程：每个处理器核心一个", plan->workers, plan->threads);
    else if (plan->limit == LIMITED_BY_PHOTOS)
        snprintf(text, capacity, "%d 个工作进程，每个 %d 个线程：同时要处理的照片不多于此", plan->workers,
                 plan->threads);
    else if (plan->limit == AS_WANTED)
        snprintf(text, capacity, "%d 个工作进程，每个 %d 个线程：按所设定的数目", plan->workers, plan->threads);
    else if (plan->limit == LIMITED_BY_MEMORY)
        snprintf(text, capacity,
                 "%d 个工作进程，每个 %d 个线程：每个进程可能需要 %d MiB 内存，内存只够这么多进程，由它们分用所有核心",
                 plan->workers, plan->threads, plan->needed_mebibytes);
    else
        snprintf(text, capacity, "1 个工作进程，%d 个线程：内存不足，一个进程可能需要 %d MiB，较大的照片可能会失败",
                 plan->threads, plan->needed_mebibytes);
}

void machine_plan_sentence(const machine_plan *plan, gpen_language language, char *text, size_t capacity)
{
    if (language == GPEN_CHINESE)
        say_in_chinese(plan, text, capacity);
    else
        say_in_english(plan, text, capacity);
}
