/* A worker that does as the photo's name tells it, so that a test can have any misfortune at will:
 *
 *     fake_worker [die|refuse|mute]     what becomes of it at its start; it refuses a restorer called bad-model, too
 *
 *     ok...       a result; "ok" holds nothing but "done\n"       slow...   the same, after a while
 *     fail...     a result that failed                            crash...  SIGSEGV, with a record
 *     kill...     SIGKILL                                         exit...   exit status 7
 *     hang...     alive, but never done                           stop...   SIGSTOP
 *     garbage...  bytes that are no message                       half...   half a message, then silence
 *     huge...     a head that claims more than a message may have
 *     foreign...  a result of a job that nobody gave it           crop...   a face by itself, then a result
 *     small...    both small pictures, then a result              lost...    the first of them, then a result that failed
 *     swell...    takes 300 MiB, then hangs                           long...   a result after four seconds; listens meanwhile */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/channel.h"
#include "batch/crash.h"
#include "batch/worker.h"

static channel line;

static void say(const message *m, const int *files)
{
    if (channel_send(&line, m, files, NULL))
        _exit(4);
}

static void say_stage(const job_order *order, job_stage stage)
{
    say(&(message){.kind = MESSAGE_STAGE, .stage = {order->id, stage}}, NULL);
    crash_mark(order->id, stage);
}

static void say_result(uint64_t id, gpen_status status)
{
    message m = {.kind = MESSAGE_RESULT, .result = {.id = id}};
    if (status)
        gpen_fail(&m.result.result.error, status, "as it was told");
    say(&m, NULL);
}

static void write_bytes(int file, const void *bytes, size_t count)
{
    if (write(file, bytes, count) != (ssize_t)count)
        _exit(5);
}

/* Never comes back, but shows that it is alive. */
static void hang(void)
{
    for (;;) {
        say(&(message){.kind = MESSAGE_HEARTBEAT}, NULL);
        (void)poll(NULL, 0, 20);
    }
}

static void finish(const job_order *order, int output)
{
    write_bytes(output, "done\n", 5);
    say_stage(order, JOB_ENCODE);
    say_stage(order, JOB_WAITING);
    say_result(order->id, GPEN_OK);
}

static void send_crop(const job_order *order)
{
    int file = file_nameless(NULL);
    write_bytes(file, "a face\n", 7);
    say(&(message){.kind = MESSAGE_CROP, .crop = {.id = order->id, .face = 0, .restored = true}}, &file);
    close(file);
}

static void send_thumbnail(const job_order *order, bool after)
{
    int file = file_nameless(NULL);
    write_bytes(file, after ? "after\n" : "before\n", after ? 6 : 7);
    say(&(message){.kind = MESSAGE_THUMBNAIL, .thumbnail = {order->id, after}}, &file);
    close(file);
}

/* Orders that came while it worked on another, and were not taken back. */
enum { MOST_PENDING = 16 };
static struct {
    job_order order;
    int files[MOST_FRAME_FILES];
} pending[MOST_PENDING];
static int pending_count;

static void give_back(uint64_t id)
{
    for (int i = 0; i < pending_count; i++) {
        if (pending[i].order.id != id)
            continue;
        close(pending[i].files[0]);
        close(pending[i].files[1]);
        pending_count--;
        memmove(&pending[i], &pending[i + 1], (size_t)(pending_count - i) * sizeof *pending);
        say_result(id, GPEN_CANCELLED);
        return;
    }
}

static void work_long(void)
{
    enum { SECONDS = 4 };
    static message m;
    struct pollfd wanted = {.fd = WORKER_CHANNEL, .events = POLLIN};
    int files[MOST_FRAME_FILES];
    for (double begun = clock_seconds(); clock_seconds() - begun < SECONDS;) {
        say(&(message){.kind = MESSAGE_HEARTBEAT}, NULL);
        if (poll(&wanted, 1, 20) <= 0 || channel_receive(&line, &m, files, NULL) != CHANNEL_MESSAGE)
            continue;
        if (m.kind == MESSAGE_TAKE_BACK) {
            give_back(m.unwanted);
        } else if (m.kind == MESSAGE_ORDER && pending_count < MOST_PENDING) {
            pending[pending_count].order = m.order;
            memcpy(pending[pending_count++].files, files, sizeof files);
        }
    }
}

static void swell(void)
{
    enum { BYTES = 300 << 20, PAGE = 4096 };
    volatile char *block = malloc(BYTES);
    for (int i = 0; block && i < BYTES; i += PAGE)
        block[i] = 1;
    hang();
}

static void misbehave(const job_order *order)
{
    static const unsigned char half[] = {'g', 'P', 1, MESSAGE_HEARTBEAT, 0, 0};
    static const unsigned char huge[] = {'g', 'P', 1, MESSAGE_RESULT, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F};
    const char *name = order->input_name;
    if (!strncmp(name, "crash", 5)) {
        (void)raise(SIGSEGV); /* a store to nowhere would be the sanitizer's */
    } else if (!strncmp(name, "kill", 4)) {
        (void)raise(SIGKILL);
    } else if (!strncmp(name, "exit", 4)) {
        _exit(7);
    } else if (!strncmp(name, "stop", 4)) {
        (void)raise(SIGSTOP);
    } else if (!strncmp(name, "garbage", 7)) {
        write_bytes(WORKER_CHANNEL, "this is no message at all", 25);
    } else if (!strncmp(name, "half", 4)) {
        write_bytes(WORKER_CHANNEL, half, sizeof half);
        for (;;)
            (void)pause();
    } else if (!strncmp(name, "huge", 4)) {
        write_bytes(WORKER_CHANNEL, huge, sizeof huge);
    } else if (!strncmp(name, "foreign", 7)) {
        say_result(order->id + 1000000, GPEN_OK);
    } else if (!strncmp(name, "swell", 5)) {
        swell();
    }
    hang();
}

static void obey(const job_order *order, int input, int output)
{
    const char *name = order->input_name;
    say_stage(order, JOB_DECODE);
    if (!strncmp(name, "slow", 4))
        (void)poll(NULL, 0, 100);
    if (!strncmp(name, "crop", 4))
        send_crop(order);
    if (!strncmp(name, "long", 4))
        work_long();
    bool small = !strncmp(name, "small", 5), lost = !strncmp(name, "lost", 4);
    if (small || lost)
        send_thumbnail(order, false);
    if (small)
        send_thumbnail(order, true);
    if (!strncmp(name, "fail", 4) || lost)
        say_result(order->id, GPEN_UNREADABLE);
    else if (!strncmp(name, "ok", 2) || !strncmp(name, "slow", 4) || !strncmp(name, "long", 4) ||
             !strncmp(name, "crop", 4) || small)
        finish(order, output);
    else
        misbehave(order);
    crash_mark(0, JOB_WAITING);
    close(input);
    close(output);
}

int main(int argc, char **argv)
{
    const char *script = argc > 1 ? argv[1] : "";
    message m;
    int files[MOST_FRAME_FILES];
    if (!strcmp(script, "die"))
        return 9;
    if (channel_open(&line, WORKER_CHANNEL, NULL) || crash_watch(WORKER_CRASH_PIPE, NULL) ||
        channel_receive(&line, &m, files, NULL) != CHANNEL_MESSAGE)
        return 4;
    if (!strcmp(script, "mute"))
        for (;;)
            (void)pause();
    if (!strcmp(script, "refuse")) {
        gpen_error reason;
        gpen_fail(&reason, GPEN_MODEL_MISSING, "there is no such model");
        say(&(message){.kind = MESSAGE_REFUSED, .refused = reason}, NULL);
        return 3;
    }
    if (strstr(m.start.restorer.path, "bad-model")) {
        gpen_error reason;
        gpen_fail(&reason, GPEN_MODEL_INVALID, "this is no model");
        say(&(message){.kind = MESSAGE_REFUSED, .refused = reason}, NULL);
        return 3;
    }
    say(&(message){.kind = MESSAGE_READY}, NULL);
    while (channel_receive(&line, &m, files, NULL) == CHANNEL_MESSAGE && m.kind != MESSAGE_QUIT)
        if (m.kind == MESSAGE_ORDER) {
            obey(&m.order, files[0], files[1]);
            while (pending_count) {
                job_order order = pending[0].order;
                int input = pending[0].files[0], output = pending[0].files[1];
                pending_count--;
                memmove(&pending[0], &pending[1], (size_t)pending_count * sizeof *pending);
                obey(&order, input, output);
            }
        }
    channel_close(&line);
    return 0;
}
