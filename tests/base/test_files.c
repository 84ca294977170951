/* Atomic files: whole or not there, never over another without leave, nothing left behind whatever happens. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#include "base/file.h"
#include "scratch.h"

static char *in_scratch(void **state, const char *name)
{
    char *path = path_join(*state, name);
    assert_non_null(path);
    return path;
}

static void begin(atomic_file *file, const char *target)
{
    gpen_error error = {0};
    if (atomic_file_begin(file, target, &error))
        fail_msg("%s", error.message);
}

static gpen_status write_file(const char *target, const char *text, bool overwrite, gpen_error *error)
{
    atomic_file file;
    begin(&file, target);
    assert_int_equal(atomic_file_write(&file, text, strlen(text), error), GPEN_OK);
    return atomic_file_commit(&file, overwrite, error);
}

static void a_file_is_there_only_after_its_commit(void **state)
{
    char *target = in_scratch(state, "result.png");
    atomic_file file;
    gpen_error error = {0};
    begin(&file, target);
    assert_int_equal(atomic_file_write(&file, "first ", 6, &error), GPEN_OK);
    assert_int_equal(atomic_file_write(&file, "second", 6, &error), GPEN_OK);
    assert_false(path_is_file(target));
    assert_int_equal(atomic_file_commit(&file, false, &error), GPEN_OK);
    assert_true(scratch_holds(target, "first second"));
    assert_int_equal(scratch_count(*state), 1);
    atomic_file_abandon(&file); /* released already: nothing happens */
    assert_true(path_is_file(target));
    free(target);
}

static void an_empty_file_is_a_file(void **state)
{
    char *target = in_scratch(state, "empty");
    assert_int_equal(write_file(target, "", false, NULL), GPEN_OK);
    assert_true(scratch_holds(target, ""));
    free(target);
}

static void nothing_is_replaced_without_leave(void **state)
{
    char *target = in_scratch(state, "result.png");
    gpen_error error = {0};
    assert_int_equal(write_file(target, "old", false, &error), GPEN_OK);
    assert_int_equal(write_file(target, "new", false, &error), GPEN_EXISTS);
    assert_int_equal(error.status, GPEN_EXISTS);
    assert_non_null(strstr(error.message, "result.png"));
    assert_true(scratch_holds(target, "old"));
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void a_file_that_appears_meanwhile_is_not_replaced(void **state)
{
    char *target = in_scratch(state, "result.png");
    atomic_file first, second;
    begin(&first, target);
    begin(&second, target);
    assert_int_equal(atomic_file_write(&first, "1", 1, NULL), GPEN_OK);
    assert_int_equal(atomic_file_write(&second, "2", 1, NULL), GPEN_OK);
    assert_int_equal(atomic_file_commit(&second, false, NULL), GPEN_OK);
    assert_int_equal(atomic_file_commit(&first, false, NULL), GPEN_EXISTS);
    assert_true(scratch_holds(target, "2"));
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void a_dangling_link_is_not_written_through(void **state)
{
    char *target = in_scratch(state, "result.png"), *elsewhere = in_scratch(state, "elsewhere");
    assert_int_equal(symlink(elsewhere, target), 0);
    assert_int_equal(write_file(target, "new", false, NULL), GPEN_EXISTS);
    assert_false(path_is_file(elsewhere));
    assert_int_equal(scratch_count(*state), 1);
    free(target);
    free(elsewhere);
}

static void overwriting_replaces_at_once(void **state)
{
    char *target = in_scratch(state, "result.png");
    assert_int_equal(write_file(target, "old and longer", true, NULL), GPEN_OK);
    assert_int_equal(write_file(target, "new", true, NULL), GPEN_OK);
    assert_true(scratch_holds(target, "new"));
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void what_is_not_flushed_is_whole_all_the_same(void **state)
{
    char *target = in_scratch(state, "small.jpg");
    gpen_error error;
    atomic_file file;
    for (int i = 0; i < 2; i++) { /* the second time over the first */
        begin(&file, target);
        assert_int_equal(atomic_file_write(&file, i ? "two" : "one", 3, &error), GPEN_OK);
        assert_int_equal(atomic_file_commit_unflushed(&file, &error), GPEN_OK);
        assert_true(scratch_holds(target, i ? "two" : "one"));
    }
    assert_int_equal(scratch_count(*state), 1);
    begin(&file, target);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(folder_make(target, &error), GPEN_OK);
    assert_int_equal(atomic_file_commit_unflushed(&file, &error), GPEN_WRITE_FAILED);
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void a_folder_in_the_way_is_an_error(void **state)
{
    char *target = in_scratch(state, "result.png");
    gpen_error error = {0};
    assert_int_equal(folder_make(target, &error), GPEN_OK);
    assert_int_equal(write_file(target, "new", true, &error), GPEN_WRITE_FAILED);
    assert_true(strlen(error.message) > 0);
    assert_int_equal(scratch_count(*state), 1);
    assert_int_equal(write_file(target, "new", false, &error), GPEN_EXISTS);
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void abandoning_leaves_nothing(void **state)
{
    char *target = in_scratch(state, "result.png");
    atomic_file file;
    begin(&file, target);
    assert_int_equal(atomic_file_write(&file, "half", 4, NULL), GPEN_OK);
    assert_int_equal(scratch_count(*state), 1);
    atomic_file_abandon(&file);
    assert_int_equal(scratch_count(*state), 0);
    atomic_file_abandon(&file);
    atomic_file zeroed = {0};
    atomic_file_abandon(&zeroed);
    free(target);
}

static void a_missing_folder_is_an_error_that_names_the_target(void **state)
{
    char *target = in_scratch(state, "nowhere/result.png");
    gpen_error error = {0};
    atomic_file file;
    assert_int_equal(atomic_file_begin(&file, target, &error), GPEN_WRITE_FAILED);
    assert_non_null(strstr(error.message, "nowhere/result.png"));
    atomic_file_abandon(&file);
    assert_int_equal(scratch_count(*state), 0);
    free(target);
}

/* The temporary name has to stay within the file system's limit too. */
static void names_of_the_greatest_length_work(void **state)
{
    char name[256];
    memset(name, 'n', 255);
    memcpy(name + 251, ".png", 5);
    char *target = in_scratch(state, name);
    gpen_error error = {0};
    if (write_file(target, "long", false, &error))
        fail_msg("%s", error.message);
    assert_true(scratch_holds(target, "long"));
    assert_int_equal(scratch_count(*state), 1);
    free(target);
}

static void odd_names_work(void **state)
{
    static const char *const names[] = {"with space",   "图片.png", "-rf",  "a\nb",
                                        "quote'\".png", "\xFF\xFE", "%s%n", ".hidden"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *target = in_scratch(state, names[i]);
        assert_int_equal(write_file(target, names[i], false, NULL), GPEN_OK);
        assert_true(scratch_holds(target, names[i]));
        free(target);
    }
    assert_int_equal(scratch_count(*state), sizeof names / sizeof *names);
}

/* Runs the rest of a case in a process of its own, because what it changes cannot be taken back. 0: as it should be. */
static int in_child(int (*body)(const char *folder), const char *folder)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child)
        _exit(body(folder));
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

enum { AS_IT_SHOULD_BE, WRONG, CANNOT_BE_TRIED };

/* Writes until the disk is full; then the target must not exist and nothing be left. */
static int fill(const char *folder)
{
    char target[4096];
    snprintf(target, sizeof target, "%s/big", folder);
    static const char block[65536];
    atomic_file file;
    gpen_error error = {0};
    if (atomic_file_begin(&file, target, &error))
        return WRONG;
    gpen_status status = GPEN_OK;
    for (int i = 0; i < 64 && !status; i++)
        status = atomic_file_write(&file, block, sizeof block, &error);
    atomic_file_abandon(&file);
    return status == GPEN_DISK_FULL && error.status == status && strstr(error.message, "big") &&
                   scratch_count(folder) == 0
               ? AS_IT_SHOULD_BE
               : WRONG;
}

static int fill_a_small_disk(const char *folder)
{
#ifdef __linux__
    if (unshare(CLONE_NEWNS))
        return CANNOT_BE_TRIED;
    /* Keeps the mount from being seen outside; refused below a changed root, which is why it is taken back, too. */
    (void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1m"))
        return CANNOT_BE_TRIED;
    int outcome = fill(folder);
    return umount2(folder, MNT_DETACH) ? WRONG : outcome;
#else
    (void)folder;
    return CANNOT_BE_TRIED;
#endif
}

static void a_full_disk_is_said_and_leaves_nothing(void **state)
{
    int outcome = in_child(fill_a_small_disk, *state);
    if (outcome == CANNOT_BE_TRIED) {
        print_message("a small disk cannot be mounted here (that takes root on Linux)\n");
        skip();
    }
    assert_int_equal(outcome, AS_IT_SHOULD_BE);
}

/* A limit on files' sizes makes write() come up short and then fail, at any rank and on any system. */
static int exceed_a_file_limit(const char *folder)
{
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 100000, .rlim_max = 100000}))
        return CANNOT_BE_TRIED;
    char target[4096];
    snprintf(target, sizeof target, "%s/big", folder);
    static const char block[65536];
    atomic_file file;
    gpen_error error = {0};
    if (atomic_file_begin(&file, target, &error) || atomic_file_write(&file, block, sizeof block, &error))
        return WRONG;
    gpen_status status = atomic_file_write(&file, block, sizeof block, &error);
    atomic_file_abandon(&file);
    return status == GPEN_WRITE_FAILED && strstr(error.message, "writing") && scratch_count(folder) == 0
               ? AS_IT_SHOULD_BE
               : WRONG;
}

static void a_write_that_comes_up_short_is_an_error(void **state)
{
    assert_int_equal(in_child(exceed_a_file_limit, *state), AS_IT_SHOULD_BE);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Reads a pipe to its end and compares with the pattern that the case below writes. 0: all of it came, in order. */
static int read_pattern(int descriptor, size_t expected)
{
    unsigned char bytes[3001];
    size_t position = 0;
    for (ssize_t count; (count = read(descriptor, bytes, sizeof bytes)) > 0;) {
        for (ssize_t i = 0; i < count; i++, position++)
            if (bytes[i] != position % 251)
                return WRONG;
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL); /* so that the writer has to wait */
    }
    return position == expected ? AS_IT_SHOULD_BE : WRONG;
}

/* A pipe that fills up, and an alarm that interrupts: the kernel splits these writes as it likes. */
static void writes_that_the_kernel_splits_arrive_whole(void **state)
{
    enum { LENGTH = 2000000 };
    int ends[2];
    signal(SIGPIPE, SIG_IGN); /* a reader that gives up is a failed write, not the end of this program */
    assert_int_equal(pipe(ends), 0);
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (!reader) {
        close(ends[1]);
        _exit(read_pattern(ends[0], LENGTH));
    }
    close(ends[0]);
    unsigned char *bytes = malloc(LENGTH);
    assert_non_null(bytes);
    for (size_t i = 0; i < LENGTH; i++)
        bytes[i] = (unsigned char)(i % 251);
    assert_int_equal(sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL), 0);
    const struct itimerval often = {{.tv_usec = 200}, {.tv_usec = 200}}, never = {{0}, {0}};
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    atomic_file file = {.target = in_scratch(state, "pipe"), .descriptor = ends[1]};
    gpen_status status = atomic_file_write(&file, bytes, LENGTH, NULL);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    atomic_file_abandon(&file);
    int outcome = -1;
    assert_int_equal(waitpid(reader, &outcome, 0), reader);
    free(bytes);
    assert_int_equal(status, GPEN_OK);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), AS_IT_SHOULD_BE);
}

/* Two processes, one name, without leave to overwrite: the kernel picks one winner. */
static int race(const char *folder)
{
    char target[4096];
    snprintf(target, sizeof target, "%s/one", folder);
    atomic_file file;
    if (atomic_file_begin(&file, target, NULL) || atomic_file_write(&file, "x", 1, NULL))
        return WRONG;
    gpen_status status = atomic_file_commit(&file, false, NULL);
    return status == GPEN_OK ? 10 : status == GPEN_EXISTS ? 20 : WRONG;
}

static void of_many_processes_one_wins(void **state)
{
    enum { RACERS = 8 };
    pid_t racers[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racers[i] = fork();
        assert_true(racers[i] >= 0);
        if (!racers[i])
            _exit(race(*state));
    }
    int winners = 0, others = 0;
    for (int i = 0; i < RACERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(racers[i], &status, 0), racers[i]);
        winners += WIFEXITED(status) && WEXITSTATUS(status) == 10;
        others += WIFEXITED(status) && WEXITSTATUS(status) == 20;
    }
    assert_int_equal(winners, 1);
    assert_int_equal(others, RACERS - 1);
    assert_int_equal(scratch_count(*state), 1);
}

static void no_descriptor_is_kept(void **state)
{
    char *target = in_scratch(state, "result.png");
    int before = open("/dev/null", O_RDONLY);
    assert_true(before >= 0);
    close(before);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(write_file(target, "x", true, NULL), GPEN_OK);
        assert_int_equal(write_file(target, "x", false, NULL), GPEN_EXISTS);
        atomic_file file;
        begin(&file, target);
        atomic_file_abandon(&file);
    }
    int after = open("/dev/null", O_RDONLY);
    assert_int_equal(after, before);
    close(after);
    free(target);
}

/* Of a process that is gone they go; of one that lives, and what only looks like them, stays. */
static void temporary_files_of_the_dead_go(void **state)
{
    char path[4300];
    pid_t child = fork();
    if (!child)
        _exit(0);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    const char *names[][2] = {
        {".a photo.jpg.", ".0.part"}, {".b.", ".12.part"}, {"c.", ".0.part"}, {".d.", ".part"}, {".e.", ".0.parts"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int alive = 0; alive < 2; alive++) {
            snprintf(path, sizeof path, "%s/%s%ld%s", (const char *)*state, names[i][0],
                     (long)(alive ? getpid() : child), names[i][1]);
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            assert_int_equal(fclose(file), 0);
        }
    assert_int_equal(scratch_count(*state), 10);
    atomic_files_sweep(*state);
    assert_int_equal(scratch_count(*state), 8);
    snprintf(path, sizeof path, "%s/.b.%ld.12.part", (const char *)*state, (long)child);
    assert_int_equal(access(path, F_OK), -1);
    atomic_files_sweep("/nowhere/at/all");
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(temporary_files_of_the_dead_go),
        SCRATCH_TEST(a_file_is_there_only_after_its_commit),
        SCRATCH_TEST(an_empty_file_is_a_file),
        SCRATCH_TEST(nothing_is_replaced_without_leave),
        SCRATCH_TEST(a_file_that_appears_meanwhile_is_not_replaced),
        SCRATCH_TEST(a_dangling_link_is_not_written_through),
        SCRATCH_TEST(overwriting_replaces_at_once),
        SCRATCH_TEST(a_folder_in_the_way_is_an_error),
        SCRATCH_TEST(what_is_not_flushed_is_whole_all_the_same),
        SCRATCH_TEST(abandoning_leaves_nothing),
        SCRATCH_TEST(a_missing_folder_is_an_error_that_names_the_target),
        SCRATCH_TEST(names_of_the_greatest_length_work),
        SCRATCH_TEST(odd_names_work),
        SCRATCH_TEST(a_full_disk_is_said_and_leaves_nothing),
        SCRATCH_TEST(a_write_that_comes_up_short_is_an_error),
        SCRATCH_TEST(writes_that_the_kernel_splits_arrive_whole),
        SCRATCH_TEST(of_many_processes_one_wins),
        SCRATCH_TEST(no_descriptor_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
