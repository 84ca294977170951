/* Everything that the supervisor asks of the system fails once: the n-th call, for every n, until a run needs no more calls.
 * Whatever fails, every job that was taken ends once, nothing half-written is left, and no descriptor, process or memory
 * (the sanitizer sees to that). The linker puts the functions below before the real ones. */
#include "pool_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int calls_left; /* until one fails; negative: none does */

static bool fails_now(int reason)
{
    if (calls_left < 0 || calls_left-- > 0)
        return false;
    errno = reason;
    return true;
}

#define FAILING(type, name, parameters, arguments, reason, failure)                                                    \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails_now(reason) ? (failure) : __real_##name arguments;                                                \
    }

FAILING(void *, malloc, (size_t size), (size), ENOMEM, NULL)
FAILING(void *, calloc, (size_t count, size_t size), (count, size), ENOMEM, NULL)
FAILING(void *, realloc, (void *block, size_t size), (block, size), ENOMEM, NULL)
FAILING(char *, strdup, (const char *text), (text), ENOMEM, NULL)
FAILING(char *, strndup, (const char *text, size_t most), (text, most), ENOMEM, NULL)
FAILING(pid_t, fork, (void), (), EAGAIN, -1)
FAILING(int, socketpair, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends), EMFILE, -1)
FAILING(int, pipe, (int ends[2]), (ends), EMFILE, -1)
FAILING(int, pipe2, (int ends[2], int flags), (ends, flags), EMFILE, -1)
FAILING(ssize_t, sendmsg, (int file, const struct msghdr *head, int flags), (file, head, flags), ENOBUFS, -1)
FAILING(ssize_t, recvmsg, (int file, struct msghdr *head, int flags), (file, head, flags), EIO, -1)
FAILING(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count), ENOSPC, -1)
FAILING(ssize_t, pread, (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at), EIO, -1)
FAILING(ssize_t, pread64, (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at), EIO, -1)
FAILING(int, fsync, (int file), (file), EIO, -1)
FAILING(int, rename, (const char *from, const char *to), (from, to), EIO, -1)
FAILING(int, link, (const char *from, const char *to), (from, to), EIO, -1)

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    return fails_now(EMFILE) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text, const char *format, ...)
{
    if (fails_now(ENOMEM))
        return -1;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

/* ---------------------------------------------------------------- a run */

static const char *fake_worker;

/* Jobs are made without the system's failing, and only the pool meets it. */
static bool next_untouched(void *context, batch_job *job)
{
    int left = calls_left;
    calls_left = -1;
    bool given = kit_next(context, job);
    calls_left = left;
    return given;
}

static void work(pool_kit *kit)
{
    static const char *arguments[] = {"fake_worker", NULL};
    worker_pool *pool;
    gpen_error error;
    pool_events events = kit_events(kit);
    pool_options options = pool_options_default();
    char records[4096];
    events.next = next_untouched;
    options.program = fake_worker;
    options.arguments = arguments;
    options.setup.sandbox = false;
    options.crash_folder = records;
    snprintf(records, sizeof records, "%s/records", kit->folder);
    if (pool_new(&pool, &options, &events, &error))
        return;
    (void)kit_run(pool, kit, 60, &error);
    pool_free(pool);
}

/* Names of unfinished files, wherever they are in the folder. */
static int count_temporary(const char *folder)
{
    DIR *listing = opendir(folder);
    int count = 0;
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strstr(entry->d_name, ".part") != NULL;
    closedir(listing);
    return count;
}

static void check(const pool_kit *kit, int n, int descriptors)
{
    int how;
    for (int i = 0; i < kit->given; i++) {
        if (kit->ends[i] != KIT_ONE_EACH)
            fail_msg("call %d failed: %s ended %d times", n, kit->names[i], kit->ends[i]);
        char *path = kit_text(kit->folder, kit->names[i], ".out");
        /* What is done is whole; what failed in its very last step, the flush of its folder, may be there too. */
        if (path_is_file(path) ? !scratch_holds(path, "done\n") : !kit->errors[i].status)
            fail_msg("call %d failed: %s is not whole", n, kit->names[i]);
        free(path);
    }
    char *small = kit_text(kit->folder, "small1", ".small-before.jpg");
    if (path_is_file(small) && !scratch_holds(small, "before\n"))
        fail_msg("call %d failed: a small picture is not whole", n);
    free(small);
    assert_int_equal(count_temporary(kit->folder), 0);
    assert_int_equal(kit_open_descriptors(), descriptors);
    assert_int_equal(waitpid(-1, &how, WNOHANG), -1);
}

static void whatever_fails_no_job_is_lost(void **state)
{
    enum { MOST_CALLS = 2000, MANY_CALLS = 60 };
    int descriptors = kit_open_descriptors();
    (void)state;
    int n = 0;
    for (bool needed = true; needed; n++) {
        void *folder = NULL;
        assert_true(n < MOST_CALLS);
        assert_int_equal(scratch_setup(&folder), 0);
        pool_kit kit = {.folder = folder, .thumbnail_edge = 100};
        kit_add(&kit, "ok1");
        kit_add(&kit, "crash1");
        kit_add(&kit, "crop1");
        kit_add(&kit, "small1");
        calls_left = n;
        work(&kit);
        needed = calls_left < 0;
        calls_left = -1;
        check(&kit, n, descriptors);
        scratch_teardown(&folder);
    }
    print_message("%d calls, each failed once\n", n - 1);
    assert_true(n > MANY_CALLS);
}

int main(int argc, char **argv)
{
    calls_left = -1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_fails_no_job_is_lost)};
    if (argc < 2)
        return 2;
    fake_worker = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
