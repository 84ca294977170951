/* The handler that leaves a record of a crash. Its own file because nothing but what is safe in a signal handler may be called
 * here; a handler finds its things only in variables of the whole program, so these are here too. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef GPEN_HAVE_BACKTRACE
#include <execinfo.h>
#endif

#include "batch/crash.h"
#include "batch/crash_room.h"

enum { MOST_DEPTH = 64, STACK_BYTES = 64 * 1024 };

static volatile int record_end = -1, memory_file = -1;
static atomic_flag recorded = ATOMIC_FLAG_INIT;
static volatile sig_atomic_t memory_ran_out;

typedef struct crash_place {
    uint64_t item;
    job_stage stage;
} crash_place;

static _Thread_local volatile struct {
    crash_place place;
    bool marked; /* this thread says what it works on */
} here;
static volatile crash_place computing; /* where the thread that has helpers is */
static _Thread_local void *own_stack;

/* ---------------------------------------------------------------- marks */

static bool has_helpers(job_stage stage)
{
    return stage == JOB_DETECT || stage == JOB_RESTORE || stage == JOB_PASTE;
}

void crash_mark(uint64_t item, job_stage stage)
{
    bool computed = has_helpers(here.place.stage);
    here.place.item = item;
    here.place.stage = stage;
    here.marked = true;
    if (has_helpers(stage) || computed) {
        computing.item = item;
        computing.stage = stage;
    }
}

void crash_mark_memory(void)
{
    memory_ran_out = 1;
}

/* ---------------------------------------------------------------- the handler */

/* The second number of /proc/self/statm, in pages. */
static int64_t resident_bytes(void)
{
    char text[128];
    ssize_t length = memory_file >= 0 ? pread(memory_file, text, sizeof text - 1, 0) : -1;
    int64_t pages = 0;
    ssize_t i = 0;
    while (i < length && text[i] != ' ')
        i++;
    for (i++; i < length && text[i] >= '0' && text[i] <= '9'; i++)
        pages = pages * 10 + (text[i] - '0');
    return pages * 4096;
}

static void write_trace(void)
{
#ifdef GPEN_HAVE_BACKTRACE
    void *frames[MOST_DEPTH];
    backtrace_symbols_fd(frames, backtrace(frames, MOST_DEPTH), record_end);
#endif
}

static void leave_record(int signal_number)
{
    if (!atomic_flag_test_and_set(&recorded)) {
        job_stage stage = here.marked ? here.place.stage : computing.stage;
        const crash_head head = {.magic = CRASH_MAGIC,
                                 .signal = signal_number,
                                 .stage = (int32_t)stage,
                                 .knows_item = stage != JOB_WAITING,
                                 .out_of_memory = (uint8_t)memory_ran_out,
                                 .item = here.marked ? here.place.item : computing.item,
                                 .resident_bytes = resident_bytes()};
        if (write(record_end, &head, sizeof head) == (ssize_t)sizeof head)
            write_trace();
    }
    (void)raise(signal_number); /* the handler is gone by now: it ends the process */
}

gpen_status crash_watch(int descriptor, gpen_error *error)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    const struct sigaction action = {.sa_handler = leave_record,
                                     .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER)};
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)) /* a full pipe must not keep a dying process */
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no pipe for a crash's record");
    record_end = descriptor;
    memory_file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
#ifdef GPEN_HAVE_BACKTRACE
    void *frame[1];
    (void)backtrace(frame, 1); /* loads what it needs, which the handler may not */
#endif
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaction(signals[i], &action, NULL);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- stacks */

gpen_status crash_thread_begin(gpen_error *error)
{
    void *block = malloc(STACK_BYTES);
    const stack_t stack = {.ss_sp = block, .ss_size = STACK_BYTES};
    if (!block)
        return gpen_fail_memory(error, "a signal stack", STACK_BYTES);
    if (sigaltstack(&stack, NULL)) {
        free(block);
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a signal stack could not be set");
    }
    own_stack = block;
    return GPEN_OK;
}

void crash_thread_end(void)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (own_stack && !sigaltstack(&none, NULL)) {
        free(own_stack);
        own_stack = NULL;
    }
}
