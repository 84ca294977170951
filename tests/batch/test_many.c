/* Ten thousand items leave the number of descriptors, processes and files as it was; workers that die on the way too. */
#include "pool_kit.h"

#include <errno.h>
#include <sys/wait.h>

enum { ITEMS = 10000, DYING = 500 };

typedef struct many {
    const char *folder;
    int given, ended, failed;
} many;

static bool next(void *context, batch_job *job)
{
    many *m = context;
    if (m->given == ITEMS)
        return false;
    const char *name = m->given % DYING == DYING - 1 ? "kill" : "ok";
    *job = (batch_job){.order = {.id = (uint64_t)m->given},
                       .input = kit_text(m->folder, name, ""),
                       .output = kit_text(m->folder, name, m->given % 2 ? ".1" : ".2"),
                       .overwrite = true};
    job_name_copy(job->order.input_name, job->input);
    m->given++;
    return true;
}

static void ended(void *context, const batch_job *job, job_result *result)
{
    many *m = context;
    (void)job;
    m->ended++;
    m->failed += result->error.status != GPEN_OK;
}

static const char *fake_worker;

static void ten_thousand_items_leave_nothing_behind(void **state)
{
    static const char *arguments[] = {"fake_worker", NULL};
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit names = {.folder = *state};
    many m = {.folder = *state};
    const pool_events events = {.context = &m, .next = next, .ended = ended};
    pool_options options = pool_options_default();
    options.program = fake_worker;
    options.arguments = arguments;
    options.workers = 2;
    options.setup.sandbox = false;
    kit_add(&names, "ok");
    kit_add(&names, "kill");
    int before = kit_open_descriptors(), during = 0, how;
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    while (m.ended < ITEMS) {
        if (pool_turn(pool, 1, &error))
            fail_msg("%s", error.message);
        if (m.ended > 100 && !during)
            during = kit_open_descriptors();
        if (m.ended > 100)
            assert_true(kit_open_descriptors() <= during + 12); /* three photos a worker, two files each */
    }
    pool_free(pool);
    assert_int_equal(m.failed, ITEMS / DYING);
    assert_int_equal(kit_open_descriptors(), before);
    assert_int_equal(waitpid(-1, &how, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(scratch_count(*state), 4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_items_leave_nothing_behind, scratch_setup, scratch_teardown),
    };
    if (argc < 2)
        return 2;
    fake_worker = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
