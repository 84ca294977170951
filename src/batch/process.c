/* Worker processes, from outside. Its own file because between fork and exec next to nothing is allowed. */
#include "batch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "batch/worker.h"

/* ---------------------------------------------------------------- the child, before it is another program */

enum { FIRST_UNWANTED = WORKER_CRASH_PIPE + 1, EXIT_NO_PROGRAM = 127 };

/* Only calls that are safe in the child of a process with threads. */
static void close_from(int first)
{
#ifdef SYS_close_range
    if (!syscall(SYS_close_range, (unsigned)first, ~0U, 0))
        return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    if (most < 0 || most > 65536)
        most = 65536;
    for (int descriptor = first; descriptor < most; descriptor++)
        (void)close(descriptor);
}

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Both descriptors are first moved out of the way of the numbers that they will have. */
static int place_descriptors(int channel_end, int crash_end)
{
    int null = open("/dev/null", O_RDWR);
    int channel_high = fcntl(channel_end, F_DUPFD, FIRST_UNWANTED),
        crash_high = fcntl(crash_end, F_DUPFD, FIRST_UNWANTED);
    if (null < 0 || channel_high < 0 || crash_high < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup2(channel_high, WORKER_CHANNEL) < 0 ||
        dup2(crash_high, WORKER_CRASH_PIPE) < 0)
        return -1;
    close_from(FIRST_UNWANTED);
    return 0;
}

static void become(const char *program, const char *const *arguments, int channel_end, int crash_end)
{
    (void)setpgid(0, 0);
    reset_signals();
    if (!place_descriptors(channel_end, crash_end))
        execv(program, (char *const *)(uintptr_t)arguments);
    _exit(EXIT_NO_PROGRAM);
}

/* ---------------------------------------------------------------- the parent */

static int pipe_closed_on_exec(int ends[2])
{
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends))
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

static int do_not_block(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/* Signals are blocked meanwhile: between fork and exec the child still has its parent's handlers. */
static pid_t fork_into(const char *program, const char *const *arguments, int channel_end, int crash_end)
{
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t number = fork();
    if (!number)
        become(program, arguments, channel_end, crash_end);
    int reason = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return number;
}

gpen_status process_start(process *p, const char *program, const char *const *arguments, gpen_error *error)
{
    int ends[2], pipe_ends[2];
    *p = (process){.crash_pipe = -1};
    if (access(program, X_OK))
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s cannot be run: %s", program, strerror(errno));
    gpen_status status = channel_pair(ends, error);
    if (status)
        return status;
    if (pipe_closed_on_exec(pipe_ends)) {
        status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "a pipe: %s", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return status;
    }
    p->crash_pipe = pipe_ends[0];
    status = channel_open(&p->channel, ends[0], error);
    if (!status && (do_not_block(ends[0]) || do_not_block(pipe_ends[0])))
        status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "a worker's channel: %s", strerror(errno));
    if (!status) {
        pid_t number = fork_into(program, arguments, ends[1], pipe_ends[1]);
        if (number < 0)
            status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "a worker process could not be started: %s", strerror(errno));
        else
            p->number = number;
    }
    close(ends[1]);
    close(pipe_ends[1]);
    if (status)
        process_release(p);
    return status;
}

void process_kill(process *p)
{
    if (p->number > 0 && !p->killed)
        p->killed = !kill(p->number, SIGKILL);
}

bool process_ended(process *p, int *how)
{
    pid_t ended;
    if (!p->number)
        return true;
    do
        ended = waitpid(p->number, how, WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (!ended)
        return false;
    if (ended < 0)
        *how = 0; /* somebody else in this program has reaped it */
    p->number = 0;
    return true;
}

size_t process_crash_bytes(const process *p, unsigned char *bytes, size_t capacity)
{
    size_t used = 0;
    while (used < capacity) {
        ssize_t count = read(p->crash_pipe, bytes + used, capacity - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        used += (size_t)count;
    }
    return used;
}

void process_release(process *p)
{
    channel_close(&p->channel);
    if (p->crash_pipe >= 0)
        close(p->crash_pipe);
    *p = (process){.crash_pipe = -1};
}
