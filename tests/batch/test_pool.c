/* The pool with workers that do what they are told, every misfortune among it: each job ends once, for the right reason, and
 * costs no other. */
#include "pool_kit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static const char *fake_worker;

static pool_options fake_options(int workers, const char *script)
{
    static const char *arguments[3];
    arguments[0] = "fake_worker";
    arguments[1] = script;
    pool_options options = pool_options_default();
    options.program = fake_worker;
    options.arguments = arguments;
    options.workers = workers;
    options.setup.sandbox = false;
    options.silence_seconds = 3.0;
    return options;
}

static void run_all(pool_kit *kit, const pool_options *options)
{
    worker_pool *pool;
    gpen_error error = {0};
    const pool_events events = kit_events(kit);
    int before = kit_open_descriptors();
    assert_int_equal(pool_new(&pool, options, &events, &error), GPEN_OK);
    if (kit_run(pool, kit, 30, &error))
        fail_msg("%s", error.message);
    pool_free(pool);
    for (int i = 0; i < kit->count; i++)
        assert_int_equal(kit->ends[i], KIT_ONE_EACH);
    assert_int_equal(kit_open_descriptors(), before);
    int how;
    assert_int_equal(waitpid(-1, &how, WNOHANG), -1); /* no child is left, dead or alive */
    assert_int_equal(errno, ECHILD);
}

static void check_result(const pool_kit *kit, const char *name, bool there)
{
    char *path = kit_text(kit->folder, name, ".out");
    assert_int_equal(scratch_holds(path, "done\n"), there);
    free(path);
}

static void every_job_ends_once(void **state)
{
    enum { JOBS = 100 };
    static char names[JOBS][16];
    pool_kit kit = {.folder = *state};
    for (int i = 0; i < JOBS; i++) {
        snprintf(names[i], sizeof names[i], i % 7 == 3 ? "fail%d" : "ok%d", i);
        kit_add(&kit, names[i]);
    }
    pool_options options = fake_options(3, NULL);
    run_all(&kit, &options);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(kit.errors[i].status, i % 7 == 3 ? GPEN_UNREADABLE : GPEN_OK);
        check_result(&kit, names[i], i % 7 != 3);
    }
    assert_int_equal(kit.deaths, 0);
    assert_int_equal(kit.begun, JOBS);
    assert_int_equal(scratch_count(*state), 2 * JOBS - 14); /* nothing half, nothing temporary */
}

/* One photo of the kind among good ones, on one worker, so that the others were in the same hands. */
static void one_bad_among_good(const char *folder, const char *bad, gpen_status status, const char *words)
{
    pool_kit kit = {.folder = folder, .seconds = strcmp(bad, "hang") ? 0 : 2};
    kit_add(&kit, "ok1");
    kit_add(&kit, bad);
    kit_add(&kit, "ok2");
    kit_add(&kit, "slow1");
    kit_add(&kit, "ok3");
    pool_options options = fake_options(1, NULL);
    if (!strcmp(bad, "swell")) /* a machine may take its time to give memory */
        options.silence_seconds = 60;
    options.setup.memory_mebibytes = strcmp(bad, "swell") ? 0 : 100;
    run_all(&kit, &options);
    for (int i = 0; i < kit.count; i++) {
        bool is_bad = kit.names[i] == bad;
        if (kit.errors[i].status != (is_bad ? status : GPEN_OK))
            fail_msg("%s: %s %s", kit.names[i], gpen_status_name(kit.errors[i].status), kit.errors[i].message);
        check_result(&kit, kit.names[i], !is_bad);
        if (is_bad && !strstr(kit.errors[i].message, words))
            fail_msg("%s: '%s' does not say '%s'", bad, kit.errors[i].message, words);
    }
    assert_int_equal(kit.deaths, 1);
    assert_int_equal(kit.deaths_with_job, 1);
    assert_int_equal(kit.started, 2);
    assert_int_equal(scratch_count(folder), 9);
}

#define MISFORTUNE(kind, status, words)                                                                                \
    static void a_worker_meets_##kind(void **state)                                                                    \
    {                                                                                                                  \
        one_bad_among_good(*state, #kind, status, words);                                                              \
    }

MISFORTUNE(crash, GPEN_CRASHED, "SIGSEGV in decode")
MISFORTUNE(kill, GPEN_CRASHED, "killed from outside")
MISFORTUNE(exit, GPEN_CRASHED, "exit status 7")
MISFORTUNE(hang, GPEN_TIMED_OUT, "longer than 2 seconds")
MISFORTUNE(stop, GPEN_TIMED_OUT, "no sign of life")
MISFORTUNE(half, GPEN_TIMED_OUT, "no sign of life")
MISFORTUNE(garbage, GPEN_CRASHED, "sent what it should not")
MISFORTUNE(huge, GPEN_CRASHED, "sent what it should not")
MISFORTUNE(foreign, GPEN_CRASHED, "sent what it should not")
MISFORTUNE(swell, GPEN_OUT_OF_MEMORY, "more than 100 MiB")

static void many_bad_ones_cost_only_themselves(void **state)
{
    enum { JOBS = 60 };
    static const char *const kinds[] = {"crash", "ok", "kill", "slow", "ok", "exit", "ok", "garbage", "fail", "ok"};
    static char names[JOBS][16];
    pool_kit kit = {.folder = *state, .seconds = 5};
    for (int i = 0; i < JOBS; i++) {
        snprintf(names[i], sizeof names[i], "%s%d", kinds[i % 10], i);
        kit_add(&kit, names[i]);
    }
    pool_options options = fake_options(3, NULL);
    run_all(&kit, &options);
    for (int i = 0; i < JOBS; i++) {
        bool good = !strncmp(names[i], "ok", 2) || !strncmp(names[i], "slow", 4);
        assert_int_equal(kit.errors[i].status == GPEN_OK, good);
        check_result(&kit, names[i], good);
    }
    assert_int_equal(kit.deaths, JOBS / 10 * 4);
}

/* A photo is blamed only when it alone was worked on; none is lost, and none is done twice. */
static void workers_killed_from_outside_lose_nothing(void **state)
{
    enum { JOBS = 60 };
    static char names[JOBS][16];
    pool_kit kit = {.folder = *state, .kill_every = 7};
    for (int i = 0; i < JOBS; i++) {
        snprintf(names[i], sizeof names[i], "ok%d", i);
        kit_add(&kit, names[i]);
    }
    pool_options options = fake_options(2, NULL);
    run_all(&kit, &options);
    int blamed = 0;
    for (int i = 0; i < JOBS; i++) {
        blamed += kit.errors[i].status == GPEN_CRASHED;
        assert_true(kit.errors[i].status == GPEN_OK || kit.errors[i].status == GPEN_CRASHED);
        check_result(&kit, names[i], !kit.errors[i].status);
    }
    assert_true(kit.deaths >= JOBS / 7);
    assert_true(blamed <= kit.deaths);
}

static void a_crash_leaves_a_record(void **state)
{
    pool_kit kit = {.folder = *state};
    char text[4096] = "";
    kit_add(&kit, "crash");
    char *folder = kit_text(*state, "records", "");
    pool_options options = fake_options(1, NULL);
    options.crash_folder = folder;
    run_all(&kit, &options);
    assert_int_equal(kit.last_signal, SIGSEGV);
    assert_int_equal(kit.last_stage, JOB_DECODE);
    FILE *file = fopen(kit.last_record, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "SIGSEGV"));
    assert_non_null(strstr(text, "/crash\n"));
    assert_non_null(strstr(text, "stage: decode"));
#ifdef GPEN_HAVE_BACKTRACE
    assert_non_null(strstr(text, "fake_worker"));
#endif
    free(folder);
}

static void expect_no_start(const char *folder, const char *script, gpen_status status, const char *words)
{
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit kit = {.folder = folder};
    const pool_events events = kit_events(&kit);
    pool_options options = fake_options(2, script);
    if (!strcmp(script, "mute"))
        options.start_seconds = 0.2;
    kit_add(&kit, "ok1");
    int before = kit_open_descriptors();
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    assert_int_equal(kit_run(pool, &kit, 30, &error), status);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    pool_free(pool);
    assert_int_equal(kit.given, 0); /* no job was taken for nothing */
    assert_int_equal(kit_open_descriptors(), before);
}

static void workers_that_never_start_are_a_clear_error(void **state)
{
    expect_no_start(*state, "die", GPEN_CRASHED, "exit status 9");
    expect_no_start(*state, "refuse", GPEN_MODEL_MISSING, "no such model");
    expect_no_start(*state, "mute", GPEN_TIMED_OUT, "not ready after 0.2 seconds");
}

static void a_program_that_is_not_there_is_a_clear_error(void **state)
{
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit kit = {.folder = *state};
    const pool_events events = kit_events(&kit);
    pool_options options = fake_options(1, NULL);
    options.program = "/nowhere/gpen";
    kit_add(&kit, "ok1");
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    assert_int_equal(kit_run(pool, &kit, 30, &error), GPEN_INPUT_MISSING);
    pool_free(pool);
}

static void stopping(const char *folder, bool at_once)
{
    enum { JOBS = 20 };
    static char names[JOBS][16];
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit kit = {.folder = folder};
    const pool_events events = kit_events(&kit);
    const pool_options options = fake_options(2, NULL);
    for (int i = 0; i < JOBS; i++) {
        snprintf(names[i], sizeof names[i], "slow%d", i);
        kit_add(&kit, names[i]);
    }
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    while (kit_ended_count(&kit) < 3)
        assert_int_equal(pool_turn(pool, 0.1, &error), GPEN_OK);
    pool_stop(pool, at_once);
    double begun = clock_seconds();
    while (!pool_idle(pool))
        assert_int_equal(pool_turn(pool, 0.1, &error), GPEN_OK);
    assert_true(clock_seconds() - begun < 2);
    assert_int_equal(kit_ended_count(&kit), kit.given);
    assert_true(kit.given < JOBS);
    for (int i = 0; i < kit.given; i++) {
        assert_int_equal(kit.ends[i], KIT_ONE_EACH);
        assert_true(kit.errors[i].status == GPEN_OK || kit.errors[i].status == GPEN_CANCELLED);
        check_result(&kit, names[i], kit.errors[i].status == GPEN_OK);
    }
    assert_int_equal(kit.deaths, 0);
    pool_free(pool);
}

static void a_graceful_stop_finishes_what_is_begun(void **state)
{
    stopping(*state, false);
}

static void an_immediate_stop_ends_at_once(void **state)
{
    stopping(*state, true);
}

static void inputs_and_outputs_are_checked_without_a_worker(void **state)
{
    pool_kit kit = {.folder = *state};
    kit_add(&kit, "ok-gone");
    kit_add(&kit, "ok-there");
    kit_add(&kit, "ok-folder");
    char *gone = kit_text(*state, "ok-gone", ""), *there = kit_text(*state, "ok-there", ".out"),
         *folder = kit_text(*state, "ok-folder", ".out");
    assert_int_equal(remove(gone), 0);
    fclose(fopen(there, "w"));
    assert_int_equal(folder_make(folder, NULL), GPEN_OK);
    pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    assert_int_equal(kit.errors[0].status, GPEN_INPUT_MISSING);
    assert_int_equal(kit.errors[1].status, GPEN_EXISTS);
    assert_int_equal(kit.errors[2].status, GPEN_WRITE_FAILED);
    assert_int_equal(kit.begun, 0);
    free(gone);
    free(there);
    free(folder);
}

static void saved_faces_arrive(void **state)
{
    pool_kit kit = {.folder = *state};
    kit_add(&kit, "crop1");
    pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    char *face = kit_text(*state, "crop1", ".crops-face1.png");
    assert_true(scratch_holds(face, "a face\n"));
    free(face);
}

static void check_file(const pool_kit *kit, const char *name, const char *ending, const char *text)
{
    char *path = kit_text(kit->folder, name, ending);
    if (text ? !scratch_holds(path, text) : path_is_file(path))
        fail_msg("%s%s is not as it should be", name, ending);
    free(path);
}

/* Of a photo that failed there is the first; those of a photo that is done again replace the older ones. */
static void small_pictures_arrive(void **state)
{
    pool_kit kit = {.folder = *state, .thumbnail_edge = 100};
    kit_add(&kit, "small1.small-after.jpg"); /* stands where one will be */
    kit.count = 0;
    kit_add(&kit, "small1");
    kit_add(&kit, "lost1");
    kit_add(&kit, "ok1");
    pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    check_file(&kit, "small1", ".small-before.jpg", "before\n");
    check_file(&kit, "small1", ".small-after.jpg", "after\n");
    check_file(&kit, "lost1", ".small-before.jpg", "before\n");
    check_file(&kit, "lost1", ".small-after.jpg", NULL);
    check_file(&kit, "ok1", ".small-before.jpg", NULL);
    assert_int_equal(kit.errors[1].status, GPEN_UNREADABLE);
    assert_int_equal(scratch_count(*state), 3 + 2 + 3); /* photos, results, small pictures */
}

static void small_pictures_that_nobody_wants_are_dropped(void **state)
{
    pool_kit kit = {.folder = *state};
    kit_add(&kit, "small1");
    pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    assert_int_equal(kit.errors[0].status, GPEN_OK);
    assert_int_equal(scratch_count(*state), 2);
}

/* A folder in its way: the photo is none the worse. */
static void a_small_picture_is_never_worth_a_photo(void **state)
{
    pool_kit kit = {.folder = *state, .thumbnail_edge = 100};
    char *folder = kit_text(*state, "small1", ".small-before.jpg");
    assert_int_equal(folder_make(folder, NULL), GPEN_OK);
    kit_add(&kit, "small1");
    pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    assert_int_equal(kit.errors[0].status, GPEN_OK);
    assert_int_equal(scratch_count(*state), 4); /* photo, result, folder, the other small picture */
    free(folder);
}

/* Each worker may hold several, but a job that is to be alone gets one for itself. */
static void a_job_that_must_be_alone_is(void **state)
{
    pool_kit kit = {.folder = *state, .shrink = 1};
    kit_add(&kit, "slow1");
    kit_add(&kit, "slow2");
    kit_add(&kit, "slow3");
    worker_pool *pool;
    gpen_error error = {0};
    const pool_events events = kit_events(&kit);
    const pool_options options = fake_options(1, NULL);
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    while (kit_ended_count(&kit) < 3) {
        assert_int_equal(pool_turn(pool, 0.1, &error), GPEN_OK);
        assert_true(pool_held(pool) <= 1);
    }
    pool_free(pool);
}

/* One worker takes its time; what it holds besides is done by the other before that. */
static void nothing_waits_behind_a_long_one_beside_an_idle_worker(void **state)
{
    pool_kit kit = {.folder = *state};
    kit_add(&kit, "long1");
    kit_add(&kit, "ok1");
    kit_add(&kit, "ok2");
    kit_add(&kit, "fail1");
    kit_add(&kit, "ok3");
    pool_options options = fake_options(2, NULL);
    options.silence_seconds = 60; /* one that has nothing to do says nothing */
    run_all(&kit, &options);
    for (int i = 0; i < kit.count; i++) {
        bool bad = !strcmp(kit.names[i], "fail1");
        assert_int_equal(kit.errors[i].status, bad ? GPEN_UNREADABLE : GPEN_OK);
        check_result(&kit, kit.names[i], !bad);
    }
    assert_int_equal(kit.last_ended, 0);
    assert_true(kit.begun > kit.count); /* some were handed out twice */
    assert_int_equal(kit.deaths, 0);
    assert_int_equal(scratch_count(*state), 2 * kit.count - 1);
}

/* Without an idle one they stay where they are. */
static void alone_a_worker_keeps_what_waits_behind_a_long_one(void **state)
{
    pool_kit kit = {.folder = *state};
    kit_add(&kit, "long1");
    kit_add(&kit, "ok1");
    kit_add(&kit, "ok2");
    const pool_options options = fake_options(1, NULL);
    run_all(&kit, &options);
    for (int i = 0; i < kit.count; i++)
        assert_int_equal(kit.errors[i].status, GPEN_OK);
    assert_int_equal(kit.begun, kit.count);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(every_job_ends_once),
        SCRATCH_TEST(a_worker_meets_crash),
        SCRATCH_TEST(a_worker_meets_kill),
        SCRATCH_TEST(a_worker_meets_exit),
        SCRATCH_TEST(a_worker_meets_hang),
        SCRATCH_TEST(a_worker_meets_stop),
        SCRATCH_TEST(a_worker_meets_half),
        SCRATCH_TEST(a_worker_meets_garbage),
        SCRATCH_TEST(a_worker_meets_huge),
        SCRATCH_TEST(a_worker_meets_foreign),
        SCRATCH_TEST(a_worker_meets_swell),
        SCRATCH_TEST(many_bad_ones_cost_only_themselves),
        SCRATCH_TEST(workers_killed_from_outside_lose_nothing),
        SCRATCH_TEST(a_crash_leaves_a_record),
        SCRATCH_TEST(workers_that_never_start_are_a_clear_error),
        SCRATCH_TEST(a_program_that_is_not_there_is_a_clear_error),
        SCRATCH_TEST(a_graceful_stop_finishes_what_is_begun),
        SCRATCH_TEST(an_immediate_stop_ends_at_once),
        SCRATCH_TEST(inputs_and_outputs_are_checked_without_a_worker),
        SCRATCH_TEST(saved_faces_arrive),
        SCRATCH_TEST(small_pictures_arrive),
        SCRATCH_TEST(small_pictures_that_nobody_wants_are_dropped),
        SCRATCH_TEST(a_small_picture_is_never_worth_a_photo),
        SCRATCH_TEST(a_job_that_must_be_alone_is),
        SCRATCH_TEST(nothing_waits_behind_a_long_one_beside_an_idle_worker),
        SCRATCH_TEST(alone_a_worker_keeps_what_waits_behind_a_long_one),
    };
    if (argc < 2)
        return 2;
    fake_worker = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
