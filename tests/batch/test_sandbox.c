/* What a worker cannot do once it has shut itself in. Each case runs in a process of its own, because there is no way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "batch/sandbox.h"

#include "../base/scratch.h"

enum { AS_IT_SHOULD_BE, FAILED_TO_ENTER = 100 };

/* A case: 0, or the number of the line that went wrong. */
typedef int inside(const char *folder);

#define CHECK(condition)                                                                                               \
    if (!(condition))                                                                                                  \
    return __LINE__ & 0x7F ? __LINE__ & 0x7F : 1

static void run_inside(inside *body, const char *folder)
{
    int how = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child)
        _exit(body(folder));
    assert_int_equal(waitpid(child, &how, 0), child);
    if (WIFSIGNALED(how))
        fail_msg("signal %d", WTERMSIG(how));
    if (WEXITSTATUS(how))
        fail_msg("line %d (of its last seven bits)", WEXITSTATUS(how));
}

static bool calls, files;

static gpen_status enter(const char *folder)
{
    static char model[4096];
    snprintf(model, sizeof model, "%s/model", folder);
    const char *const allowed[] = {model, NULL};
    return sandbox_enter(allowed, NULL, &calls, &files, NULL);
}

static void *nothing(void *argument)
{
    return argument;
}

static bool is_closed_to(int result)
{
    return result < 0 && (errno == EPERM || errno == EACCES);
}

/* ---------------------------------------------------------------- cases */

static int no_network(const char *folder)
{
    CHECK(!enter(folder));
    CHECK(calls);
    CHECK(is_closed_to(socket(AF_INET, SOCK_STREAM, 0)));
    CHECK(is_closed_to(socket(AF_UNIX, SOCK_STREAM, 0)));
    struct sockaddr nowhere = {.sa_family = AF_INET};
    CHECK(is_closed_to(connect(0, &nowhere, sizeof nowhere)));
    int ends[2];
    CHECK(is_closed_to(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
    return 0;
}

static int no_other_processes(const char *folder)
{
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    CHECK(!enter(folder));
    CHECK(is_closed_to(execv("/bin/true", arguments)));
    pid_t child = fork();
    if (!child)
        _exit(0);
    CHECK(is_closed_to(child));
    CHECK(is_closed_to(kill(getppid(), 0)));
    return 0;
}

static int only_its_files(const char *folder)
{
    char path[4096], byte;
    CHECK(!enter(folder));
    CHECK(files);
    CHECK(is_closed_to(open("/etc/passwd", O_RDONLY)));
    snprintf(path, sizeof path, "%s/model", folder);
    CHECK(is_closed_to(open(path, O_RDWR)));
    int model = open(path, O_RDONLY);
    CHECK(model >= 0);
    CHECK(read(model, &byte, 1) == 1 && byte == 'm');
    snprintf(path, sizeof path, "%s/new", folder);
    CHECK(is_closed_to(open(path, O_WRONLY | O_CREAT, 0600)));
    snprintf(path, sizeof path, "%s/model", folder);
    CHECK(is_closed_to(unlink(path)));
    CHECK(is_closed_to(rename(path, "elsewhere")));
    CHECK(is_closed_to(mkdir("folder", 0700)));
    return 0;
}

static int nothing_opens_when_closed(const char *folder)
{
    char path[4096], byte;
    snprintf(path, sizeof path, "%s/model", folder);
    CHECK(!enter(folder));
    int model = open(path, O_RDONLY);
    CHECK(model >= 0);
    CHECK(!sandbox_close(NULL));
    CHECK(is_closed_to(open(path, O_RDONLY)));
    CHECK(is_closed_to(openat(AT_FDCWD, path, O_RDONLY)));
    CHECK(is_closed_to(open("/etc/passwd", O_RDONLY)));
    CHECK(is_closed_to(socket(AF_INET, SOCK_STREAM, 0)));
    CHECK(pread(model, &byte, 1, 0) == 1 && byte == 'm');
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    return 0;
}

static int work_goes_on_when_closed(const char *folder)
{
    pthread_t thread;
    struct stat facts;
    CHECK(!enter(folder));
    CHECK(!sandbox_close(NULL));
    CHECK(!pthread_create(&thread, NULL, nothing, NULL));
    CHECK(!pthread_join(thread, NULL));
    int file = file_nameless(NULL);
    CHECK(file >= 0);
    CHECK(write(file, "bytes", 5) == 5 && !fsync(file) && !ftruncate(file, 3));
    CHECK(!fstat(file, &facts) && facts.st_size == 3);
    void *block = malloc(64 << 20);
    CHECK(block);
    free(block);
    return 0;
}

static void *try_a_socket(void *argument)
{
    int *go = argument;
    char byte;
    if (read(go[0], &byte, 1) != 1)
        return argument;
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? NULL : argument;
}

static int threads_from_before_are_shut_in(const char *folder)
{
    pthread_t thread;
    int go[2];
    void *answer = NULL;
    CHECK(!pipe(go));
    CHECK(!pthread_create(&thread, NULL, try_a_socket, go));
    CHECK(!enter(folder));
    CHECK(write(go[1], "", 1) == 1);
    CHECK(!pthread_join(thread, &answer));
    CHECK(!answer);
    return 0;
}

static int abort_is_still_possible(const char *folder)
{
    pid_t self = getpid();
    CHECK(!enter(folder));
    CHECK(!sandbox_close(NULL));
    (void)signal(SIGABRT, SIG_IGN);
    CHECK(!raise(SIGABRT));
    CHECK(getpid() == self);
    return 0;
}

/* ---------------------------------------------------------------- */

static void make_model(void **state)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/model", (const char *)*state);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs("model", file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

#define CALLS_CASE(name)                                                                                               \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        if (!sandbox_has_system_calls())                                                                               \
            skip();                                                                                                    \
        make_model(state);                                                                                             \
        run_inside(name, *state);                                                                                      \
    }

CALLS_CASE(no_network)
CALLS_CASE(no_other_processes)
CALLS_CASE(nothing_opens_when_closed)
CALLS_CASE(work_goes_on_when_closed)
CALLS_CASE(threads_from_before_are_shut_in)
CALLS_CASE(abort_is_still_possible)

static void test_only_its_files(void **state)
{
    if (!sandbox_landlock_version())
        skip();
    make_model(state);
    run_inside(only_its_files, *state);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(test_##name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(no_network),
        SCRATCH_TEST(no_other_processes),
        SCRATCH_TEST(only_its_files),
        SCRATCH_TEST(nothing_opens_when_closed),
        SCRATCH_TEST(work_goes_on_when_closed),
        SCRATCH_TEST(threads_from_before_are_shut_in),
        SCRATCH_TEST(abort_is_still_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
