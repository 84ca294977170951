/* A crash's record in the supervisor's hands: checked, named, written down. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "batch/crash.h"
#include "batch/crash_room.h"

/* clang-format off */
static const struct {
    int number;
    const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"},
               {SIGTRAP, "SIGTRAP"}, {SIGSYS, "SIGSYS"}, {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},
               {SIGHUP, "SIGHUP"}, {SIGQUIT, "SIGQUIT"}, {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"},
               {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}};
/* clang-format on */

const char *crash_signal_name(int signal_number)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].number == signal_number)
            return signals[i].name;
    return "another signal";
}

/* Lines of printable ASCII: it goes into logs and files. */
static void take_trace(char *trace, const unsigned char *bytes, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used < CRASH_MOST_BYTES - 1; i++)
        trace[used++] = (char)((bytes[i] >= 0x20 && bytes[i] < 0x7F) || bytes[i] == '\n' ? bytes[i] : '?');
    trace[used] = '\0';
}

void crash_record_read(crash_record *record, const unsigned char *bytes, size_t length)
{
    crash_head head;
    record->signal = 0;
    record->knows_item = record->out_of_memory = false;
    record->item = 0;
    record->stage = JOB_WAITING;
    record->resident_bytes = 0;
    record->trace[0] = '\0';
    if (length < sizeof head)
        return;
    memcpy(&head, bytes, sizeof head);
    if (head.magic != CRASH_MAGIC || head.signal <= 0 || head.signal > 64 || head.stage < 0 ||
        head.stage >= JOB_STAGES || head.resident_bytes < 0)
        return;
    record->signal = head.signal;
    record->knows_item = head.knows_item == 1;
    record->out_of_memory = head.out_of_memory == 1;
    record->item = head.item;
    record->stage = (job_stage)head.stage;
    record->resident_bytes = head.resident_bytes;
    take_trace(record->trace, bytes + sizeof head, length - sizeof head);
}

gpen_status crash_record_save(const crash_record *record, const char *what, const char *photo, const char *path,
                              gpen_error *error)
{
    char *text = NULL;
    int length = asprintf(&text, "gpen %s\n%s\nphoto: %s\nstage: %s\nmemory: %lld MiB\n%s%s", gpen_version(), what,
                          photo ? photo : "none", job_stage_name(record->stage),
                          (long long)(record->resident_bytes >> 20), *record->trace ? "trace:\n" : "", record->trace);
    if (length < 0)
        return gpen_fail_memory(error, "a crash's record", sizeof *record);
    atomic_file file;
    gpen_status status = atomic_file_begin(&file, path, error);
    if (!status)
        status = atomic_file_write(&file, text, (size_t)length, error);
    if (!status)
        status = atomic_file_commit(&file, true, error);
    else
        atomic_file_abandon(&file);
    free(text);
    return status;
}
