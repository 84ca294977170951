/* The system calls that a worker needs, and no others. Its own file because the list is the wall. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "batch/sandbox.h"

/* Memory, threads and time; reading and writing what is open; an end. Names that an architecture or an old libseccomp lacks
 * are left out. */
static const char *const allowed[] = {
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "membarrier",
    "mlock",
    "munlock",
    "futex",
    "futex_time64",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "set_tid_address",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "sched_setaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "getcpu",
    "gettid",
    "getpid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getpgrp",
    "getpgid",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "nanosleep",
    "gettimeofday",
    "time",
    "times",
    "getrusage",
    "sysinfo",
    "uname",
    "getrandom",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigreturn",
    "sigaltstack",
    "rt_sigtimedwait",
    "restart_syscall",
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "lseek",
    "_llseek",
    "fstat",
    "fstat64",
    "fstatfs",
    "ftruncate",
    "ftruncate64",
    "fallocate",
    "fsync",
    "fdatasync",
    "fadvise64",
    "dup",
    "dup2",
    "dup3",
    "close",
    "memfd_create",
    "pipe2",
    "eventfd2",
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "pselect6",
    "sendmsg",
    "recvmsg",
    "shutdown",
    "exit",
    "exit_group",
};

/* A library that finds no clone3 takes clone, whose flags can be seen. */
static const char *const unknown[] = {"clone3", "statx", "openat2", "faccessat2"};

typedef struct wall {
    scmp_filter_ctx filter;
    int failed; /* the first errno, negative */
} wall;

static void note(wall *w, int result)
{
    if (result < 0 && !w->failed)
        w->failed = result;
}

static void add_names(wall *w, uint32_t action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        if (number >= 0) /* negative: not of this architecture */
            note(w, seccomp_rule_add(w->filter, action, number, 0));
    }
}

/* Only when (argument & mask) == value. */
static void add_masked(wall *w, int number, unsigned argument, uint64_t mask, uint64_t value)
{
    note(w,
         seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, number, 1, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value)));
}

/* Threads of this process, but no new process; signals to itself; no new code. */
static void add_bounded(wall *w)
{
    add_masked(w, SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())));
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0)));
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)));
    add_masked(w, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
    add_masked(w, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
    static const int asked[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_DUPFD};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                 SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)asked[i])));
}

/* Opening for reading, or for writing too, and looking; and what a filter that comes on top of this one takes. */
static void add_opening(wall *w, bool writing)
{
    const uint64_t refused = writing ? 0 : O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    static const char *const renaming[] = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "utimensat"};
    static const char *const looking[] = {"access",     "faccessat", "stat",       "stat64",  "lstat", "readlink",
                                          "readlinkat", "getcwd",    "getdents64", "seccomp", "ioctl"};
    add_masked(w, SCMP_SYS(openat), 2, refused, 0);
    add_masked(w, SCMP_SYS(open), 1, refused, 0);
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 0));
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS)));
    note(w, seccomp_rule_add(w->filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)));
    add_names(w, SCMP_ACT_ALLOW, looking, sizeof looking / sizeof *looking);
    if (writing)
        add_names(w, SCMP_ACT_ALLOW, renaming, sizeof renaming / sizeof *renaming);
}

/* fstat() of what is open is newfstatat with an empty path, which the filter cannot see: only the flag. */
static void add_looking_at_open(wall *w)
{
    const uint64_t empty_path = 0x1000; /* AT_EMPTY_PATH */
    add_masked(w, SCMP_SYS(newfstatat), 3, empty_path, empty_path);
}

bool sandbox_has_system_calls(void)
{
    return seccomp_api_get() >= 2; /* the kernel filters, and all threads at once */
}

gpen_status seccomp_enter(sandbox_opening opening, bool *done, gpen_error *error)
{
    wall w = {.filter = NULL};
    *done = false;
    if (!sandbox_has_system_calls())
        return GPEN_OK;
    w.filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!w.filter)
        return gpen_fail_memory(error, "the list of system calls", 0);
    note(&w, seccomp_attr_set(w.filter, SCMP_FLTATR_CTL_TSYNC, 1));
    add_names(&w, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof *allowed);
    add_names(&w, SCMP_ACT_ERRNO(ENOSYS), unknown, sizeof unknown / sizeof *unknown);
    add_bounded(&w);
    if (opening == OPEN_NOTHING)
        add_looking_at_open(&w);
    else
        add_opening(&w, opening == OPEN_WRITING);
    note(&w, w.failed ? 0 : seccomp_load(w.filter));
    seccomp_release(w.filter);
    *done = !w.failed;
    return w.failed ? gpen_fail(error, GPEN_BAD_ARGUMENT, "seccomp: %s", strerror(-w.failed)) : GPEN_OK;
}
